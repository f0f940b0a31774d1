/** Files that somebody chooses in the browser: their contents as text, as the stand-in for Slack takes them. */

/** All files of one choice together: more than the bot takes, so that what it says to too much can be seen. */
const MOST_FILE_BYTES = 100_000;

export interface GivenFile {
  readonly name: string;
  readonly content: string;
}

interface Accepted {
  /** Endings of names, without their dot; empty takes every file. */
  readonly types: readonly string[];
  readonly most: number;
}

export type Chosen =
  | { readonly ok: true; readonly files: readonly GivenFile[] }
  | { readonly ok: false; readonly why: string };

/** Reads none of them unless all can be given. */
export async function read(files: readonly File[], accepted: Accepted): Promise<Chosen> {
  const why = refusalOf(files, accepted);
  if (why !== undefined) return { ok: false, why };
  try {
    const all = files.map(async (file) => ({ name: file.name, content: await file.text() }));
    return { ok: true, files: await Promise.all(all) };
  } catch {
    return { ok: false, why: "The browser cannot read this file any more. Choose it again." };
  }
}

type Announced = Pick<File, "name" | "size">;

export function refusalOf(files: readonly Announced[], { types, most }: Accepted): string | undefined {
  if (files.length > most) return `Choose no more than ${most === 1 ? "one file" : `${most} files`}.`;
  const other = files.find(({ name }) => types.length > 0 && !types.some((type) => endsWith(name, type)));
  if (other !== undefined) return `${other.name} is of another kind. Choose files that end in ${acceptOf(types)}.`;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return bytes > MOST_FILE_BYTES ? `Choose files of no more than ${MOST_FILE_BYTES / 1000} kB together.` : undefined;
}

const endsWith = (name: string, type: string): boolean => name.toLowerCase().endsWith(`.${type.toLowerCase()}`);

/** As a file input offers them in its dialog. */
export const acceptOf = (types: readonly string[]): string => types.map((type) => `.${type}`).join(", ");
