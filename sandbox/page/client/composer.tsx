/** Where somebody writes: the slash command, a mention, or words to the others. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Channel } from "../protocol.ts";
import { ATTACHABLE, AttachButton, Attached } from "./attachments.tsx";
import { type Known, type Suggestion, sentAs, suggestionsFor } from "./completion.ts";
import { federationNames } from "./federations.ts";
import { send, tell } from "./gestures.ts";
import { read } from "./given-files.ts";
import { Icon } from "./icons.tsx";
import { choice, person, world } from "./store.ts";

/** What the tour puts into the composer of the channel that is open. */
export const offered = signal<{ readonly text: string } | null>(null);

const known = (): Known => ({
  command: world.value?.app.command ?? "",
  bot: world.value?.app.name ?? "",
  hasCommand: person.value?.workspace === world.value?.app.workspace,
  federations: federationNames.value,
});

interface ComposerProps {
  readonly channel: Channel;
  readonly threadTs?: string;
}

export function Composer({ channel, threadTs }: ComposerProps): JSX.Element {
  const [typed, setTyped] = useState("");
  const [files, setFiles] = useState<readonly File[]>([]);
  const [picked, setPicked] = useState(0);
  const [shut, setShut] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const offer = offered.value;
  useEffect(() => {
    if (offer === null || threadTs !== undefined) return;
    offered.value = null;
    setTyped(offer.text);
    field.current?.focus();
  }, [offer, threadTs]);
  const suggestions = shut ? [] : suggestionsFor(typed, known());
  const chosen = Math.min(picked, suggestions.length - 1);

  const put = (text: string): void => {
    setTyped(text);
    setPicked(0);
    setShut(false);
  };
  const take = ({ text }: Suggestion): void => {
    put(text);
    field.current?.focus();
  };
  const submit = async (text: string): Promise<void> => {
    const words = text.trim();
    if (words === "") return;
    put("");
    setFiles([]);
    const came = await sendWords(words, files, {
      channel: channel.id,
      ...(threadTs === undefined ? {} : { threadTs }),
    });
    if (came) return;
    put(text);
    setFiles(files);
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Enter") {
      event.preventDefault();
      const suggestion = suggestions[chosen];
      const isIncomplete = suggestion !== undefined && !isWhole(typed);
      if (isIncomplete) take(suggestion);
      else void submit(typed);
    } else if (suggestions.length > 0) pick(event);
  };
  const pick = (event: KeyboardEvent): void => {
    const suggestion = suggestions[chosen];
    if (event.key === "Tab" && !event.shiftKey && suggestion !== undefined) take(suggestion);
    else if (event.key === "ArrowDown") setPicked((chosen + 1) % suggestions.length);
    else if (event.key === "ArrowUp") setPicked((chosen + suggestions.length - 1) % suggestions.length);
    else if (event.key === "Escape") setShut(true);
    else return;
    event.preventDefault();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(typed);
      }}
    >
      {suggestions.length === 0 ? null : (
        <div class="suggestions" id={`${id}-list`} role="listbox" aria-label="Suggestions">
          {suggestions.map((suggestion, nth) => (
            <div
              key={suggestion.text}
              id={`${id}-${nth}`}
              role="option"
              tabIndex={-1}
              aria-selected={nth === chosen}
              onPointerDown={(event) => {
                event.preventDefault();
                take(suggestion);
              }}
            >
              <strong>{suggestion.shown}</strong>
              <span>{suggestion.says}</span>
            </div>
          ))}
        </div>
      )}
      <Attached files={files} change={setFiles} />
      <AttachButton files={files} change={setFiles} />
      <input
        ref={field}
        type="text"
        autoComplete="off"
        value={typed}
        role="combobox"
        aria-label={threadTs === undefined ? `Message to ${channel.name}` : "Reply"}
        aria-expanded={suggestions.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(suggestions.length > 0 ? { "aria-activedescendant": `${id}-${chosen}` } : {})}
        placeholder={placeholderIn(channel, threadTs !== undefined)}
        onInput={({ currentTarget }) => put(currentTarget.value)}
        onKeyDown={keys}
      />
      <button type="submit" class="send" aria-label="Send" disabled={typed.trim() === ""}>
        <Icon name="send" />
      </button>
    </form>
  );
}

/** Whether what is typed can go as it is, although more could follow. */
function isWhole(typed: string): boolean {
  const { command, bot } = known();
  const sent = sentAs(typed.trimEnd(), { command, bot });
  return sent.kind === "message"
    ? !/^[/@]/.test(typed)
    : sent.text !== "" && !typed.endsWith(" ") && wordIsKnown(sent.text);
}

const wordIsKnown = (text: string): boolean =>
  ["deploy-site", "status", "zones", "help", "whoami", "certificate", "teardown"].includes(text.split(" ")[0] ?? "");

function placeholderIn(channel: Channel, isThread: boolean): string {
  if (isThread) return "Reply…";
  const { command, bot, hasCommand } = known();
  const words = hasCommand ? `${command} or @${bot}` : `@${bot}`;
  return channel.id.startsWith("D") ? `Message ${bot}: type ${words}` : `Message #${channel.name}: type ${words}`;
}

interface Place {
  readonly channel: string;
  readonly threadTs?: string;
}

/** @returns whether it was sent */
async function sendWords(words: string, files: readonly File[], place: Place): Promise<boolean> {
  const who = choice.value.person;
  const { command, bot, hasCommand } = known();
  const sent = sentAs(words, { command, bot });
  const what = { person: who, text: sent.text, ...place };
  if (sent.kind === "command" && !hasCommand) {
    tell(`${command} works for members of the workspace that installed the bot. Write @${bot} status instead.`);
    return false;
  }
  if (files.length === 0) return (await send({ do: sent.kind, what })).ok;
  if (sent.kind === "command") {
    tell(`Slack sends no files with a command. Write @${bot} instead.`);
    return false;
  }
  const chosen = await read(files, ATTACHABLE);
  if (!chosen.ok) tell(chosen.why);
  return chosen.ok && (await send({ do: sent.kind, what: { ...what, files: [...chosen.files] } })).ok;
}
