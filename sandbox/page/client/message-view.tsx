/** One message: who, when, what, its files, and the way to its thread. */
import type { JSX } from "preact";
import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { Message } from "../protocol.ts";
import { Avatar } from "./avatar.tsx";
import { Blocks } from "./blocks.tsx";
import { pointerOf, type Use } from "./elements.tsx";
import { send } from "./gestures.ts";
import { Icon } from "./icons.tsx";
import { timeOf } from "./moments.ts";
import { Fence, Mrkdwn } from "./mrkdwn-text.tsx";
import { choice, choose, nameOf } from "./store.ts";

interface MessageProps {
  readonly message: Message;
  /** Replies to it, where they are not shown below it. */
  readonly replies?: readonly Message[];
}

const dateOf = ({ ts }: Message): Date => new Date(Number(ts.split(".")[0]) * 1000);

function DrawnMessage({ message, replies = [] }: MessageProps): JSX.Element {
  const { author, isBot, blocks, fallback, isEdited, files, onlyFor, channel, ts } = message;
  const use: Use = async (used) => {
    // Without the block's id: Slack makes up new ones whenever a card is rewritten, also between a look and a click.
    const came = await send({
      do: "click",
      what: { person: choice.value.person, channel, ts, ...pointerOf(used), confirm: true },
    });
    return came.ok ? came.experience?.problem : came.why;
  };
  const at = dateOf(message);
  return (
    <article class={`message ${onlyFor === null ? "" : "ephemeral"}`} data-ts={ts}>
      <Avatar id={author} />
      <div class="message-body">
        <header>
          <strong>{nameOf(author)}</strong>
          {isBot ? <span class="badge">APP</span> : null}
          <time dateTime={at.toISOString()}>{timeOf(at)}</time>
          {isEdited ? <span class="edited">(edited)</span> : null}
        </header>
        {onlyFor === null ? null : (
          <p class="only-you">
            <Icon name="eye" /> Only visible to you
          </p>
        )}
        {blocks.length === 0 ? <Mrkdwn text={fallback} /> : <Blocks blocks={blocks} use={use} />}
        {files.map((file) => (
          <File key={file.id} file={file} />
        ))}
        {replies.length === 0 ? null : <ThreadLink message={message} replies={replies} />}
      </div>
    </article>
  );
}

/** Drawn anew only when something about it changed. */
export const MessageView = memo(
  DrawnMessage,
  (before: MessageProps, now: MessageProps) =>
    before.message === now.message &&
    (before.replies?.length ?? 0) === (now.replies?.length ?? 0) &&
    before.replies?.at(-1) === now.replies?.at(-1),
);

function ThreadLink({
  message,
  replies,
}: {
  readonly message: Message;
  readonly replies: readonly Message[];
}): JSX.Element {
  const last = replies.at(-1);
  const count = replies.length;
  return (
    <button
      type="button"
      class="thread-link"
      onClick={() => choose({ thread: { channel: message.channel, ts: message.ts } })}
    >
      <Icon name="thread" />
      <strong>
        {count} {count === 1 ? "reply" : "replies"}
      </strong>
      {last === undefined ? null : <span>last at {timeOf(dateOf(last))}</span>}
    </button>
  );
}

function File({ file }: { readonly file: Message["files"][number] }): JSX.Element {
  const [open, setOpen] = useState(false);
  const lines = file.text.split("\n").length;
  return (
    <div class="file">
      <button type="button" class="file-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="file" />
        <span>
          <strong>{file.title || file.name}</strong>
          <small>
            {file.name} · {lines} lines · {open ? "hide" : "show"}
          </small>
        </span>
      </button>
      {open ? <Fence text={file.text} /> : null}
    </div>
  );
}
