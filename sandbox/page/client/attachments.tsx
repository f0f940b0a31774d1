/** Files that somebody attaches to what they write. */
import type { JSX } from "preact";
import { tell } from "./gestures.ts";
import { refusalOf } from "./given-files.ts";
import { Icon } from "./icons.tsx";

/** As many as Slack takes with one message; of any kind. */
export const ATTACHABLE = { types: [], most: 10 };

interface AttachmentsProps {
  readonly files: readonly File[];
  readonly change: (files: readonly File[]) => void;
}

export function AttachButton({ files, change }: AttachmentsProps): JSX.Element {
  const attach = (field: HTMLInputElement): void => {
    const all = [...files, ...(field.files ?? [])];
    // So that the same file can be chosen again once it was taken away.
    field.value = "";
    const why = refusalOf(all, ATTACHABLE);
    if (why === undefined) change(all);
    else tell(why);
  };
  return (
    <span class="attach">
      <input
        type="file"
        multiple
        aria-label="Attach files"
        title="Attach files"
        onChange={({ currentTarget }) => attach(currentTarget)}
      />
      <Icon name="attach" />
    </span>
  );
}

export function Attached({ files, change }: AttachmentsProps): JSX.Element | null {
  if (files.length === 0) return null;
  return (
    <ul class="attached" aria-label="Attached files">
      {files.map((file) => (
        <li key={file}>
          <Icon name="file" />
          <span>{file.name}</span>
          <button
            type="button"
            class="icon-button"
            aria-label={`Take ${file.name} away`}
            onClick={() => change(files.filter((other) => other !== file))}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
