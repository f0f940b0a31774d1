/** The channels of whoever somebody is. */
import type { JSX } from "preact";
import type { Channel } from "../protocol.ts";
import { Icon } from "./icons.tsx";
import { roleOf } from "./people-rail.tsx";
import {
  channel,
  choice,
  choose,
  HOME,
  hasHome,
  isAtHome,
  isSeen,
  messages,
  ownChannels,
  person,
  world,
} from "./store.ts";

export function Sidebar(): JSX.Element {
  const who = person.value;
  const team = world.value?.workspaces.find(({ id }) => id === who?.workspace)?.name ?? "";
  return (
    <nav class="sidebar" aria-label="Channels">
      <div class="workspace">
        <strong>{team}</strong>
        <span>
          {who?.name ?? ""} · {who === undefined ? "" : roleOf(who.id)}
        </span>
      </div>
      <ul>
        {hasHome.value ? <HomeEntry /> : null}
        {ownChannels.value.map((one) => (
          <Entry key={one.id} entry={one} />
        ))}
      </ul>
      <p class="sidebar-foot">Everything here is a stand-in on this machine. Press a face to be somebody else.</p>
    </nav>
  );
}

function HomeEntry(): JSX.Element {
  return (
    <li>
      <button type="button" aria-current={isAtHome.value ? "page" : undefined} onClick={() => goTo(HOME)}>
        <Icon name="home" />
        <span>{world.value?.app.name ?? ""} home</span>
      </button>
    </li>
  );
}

function Entry({ entry: { id, name, workspaces } }: { readonly entry: Channel }): JSX.Element {
  const isDirect = id.startsWith("D");
  const isShown = id === channel.value?.id && !isAtHome.value;
  const unread = isShown ? 0 : unreadIn(id);
  return (
    <li>
      <button
        type="button"
        class={unread > 0 ? "unread" : ""}
        aria-current={isShown ? "page" : undefined}
        onClick={() => goTo(id)}
      >
        <Icon name={isDirect ? "message" : "hash"} />
        <span>{isDirect ? (world.value?.app.name ?? name) : name}</span>
        {workspaces.length > 1 ? (
          <span class="shared" title="Shared by Slack Connect">
            <Icon name="shared" />
          </span>
        ) : null}
        {unread > 0 ? (
          <span class="count">
            {unread > 99 ? "99+" : unread}
            <span class="hidden"> unread</span>
          </span>
        ) : null}
      </button>
    </li>
  );
}

export function goTo(id: string, who: string = choice.value.person): void {
  const { thread, channels: open } = choice.value;
  choose({ person: who, channels: { ...open, [who]: id }, thread: thread?.channel === id ? thread : null });
}

function unreadIn(id: string): number {
  const seen = choice.value.read[`${choice.value.person}/${id}`] ?? "";
  return (messages.value.get(id) ?? []).filter((message) => message.ts > seen && isSeen(message)).length;
}
