/** One channel as a person sees it, and one of its threads. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Message } from "../protocol.ts";
import { Composer } from "./composer.tsx";
import { Icon } from "./icons.tsx";
import { MessageList } from "./message-list.tsx";
import { MessageView } from "./message-view.tsx";
import { channel, choice, choose, isSeen, messages, nameOf, world } from "./store.ts";

export function ChannelPane(): JSX.Element {
  const now = channel.value;
  if (now === undefined) return <main class="pane empty">This person is in no channel.</main>;
  const all = (messages.value.get(now.id) ?? []).filter(isSeen);
  const { roots, replies } = threadsOf(all);
  const { thread } = choice.value;
  const isDirect = now.id.startsWith("D");
  useRead(now.id, all.at(-1)?.ts);
  return (
    <main class="panes">
      <section class="pane" aria-label={`Channel ${now.name}`}>
        <header class="pane-head">
          <h1>
            <Icon name={isDirect ? "message" : "hash"} />
            {isDirect ? (world.value?.app.name ?? now.name) : now.name}
          </h1>
          <span class="pane-facts">
            {now.members.length + (now.botIsMember ? 1 : 0)} members
            {now.workspaces.length > 1 ? ` · shared with ${teamNames(now.workspaces.slice(1))}` : ""}
            {now.isArchived ? " · archived" : ""}
          </span>
        </header>
        <MessageList
          of="channel"
          key={`${choice.value.person}/${now.id}`}
          messages={roots}
          empty={emptyWords(now.botIsMember)}
        >
          {(message) => <MessageView key={message.ts} message={message} replies={replies.get(message.ts) ?? []} />}
        </MessageList>
        <Composer key={`composer/${choice.value.person}/${now.id}`} channel={now} />
      </section>
      {thread?.channel === now.id ? <ThreadPane root={thread.ts} all={all} /> : null}
    </main>
  );
}

function ThreadPane({ root, all }: { readonly root: string; readonly all: readonly Message[] }): JSX.Element | null {
  const now = channel.value;
  const inThread = all.filter(({ ts, threadTs }) => ts === root || threadTs === root);
  const close = () => choose({ thread: null });
  if (now === undefined) return null;
  return (
    <section class="pane thread" aria-label="Thread">
      <header class="pane-head">
        <h2>Thread</h2>
        <span class="pane-facts">#{now.name}</span>
        <button type="button" class="icon-button" aria-label="Close the thread" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <MessageList of="thread" key={root} messages={inThread} empty="This thread is gone.">
        {(message) => <MessageView key={message.ts} message={message} />}
      </MessageList>
      <Composer key={`composer/${choice.value.person}/${root}`} channel={now} threadTs={root} />
    </section>
  );
}

const teamNames = (ids: readonly string[]): string =>
  ids.map((id) => world.value?.workspaces.find((one) => one.id === id)?.name ?? id).join(", ");

const emptyWords = (botIsMember: boolean): string =>
  botIsMember
    ? `Nothing has been written here yet. ${nameOf(world.value?.app.botUserId ?? "")} is a member.`
    : "Nothing has been written here yet. The bot is not a member of this channel.";

function threadsOf(all: readonly Message[]) {
  const replies = new Map<string, Message[]>();
  const roots: Message[] = [];
  for (const message of all) {
    const { threadTs, ts } = message;
    if (threadTs === null || threadTs === ts) roots.push(message);
    else replies.set(threadTs, [...(replies.get(threadTs) ?? []), message]);
  }
  return { roots, replies };
}

function useRead(id: string, newest: string | undefined): void {
  const key = `${choice.value.person}/${id}`;
  useEffect(() => {
    if (newest !== undefined && (choice.value.read[key] ?? "") < newest) {
      choose({ read: { ...choice.value.read, [key]: newest } });
    }
  }, [key, newest]);
}
