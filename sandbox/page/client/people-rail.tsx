/** Whom somebody can be: a press on a face, and the page is theirs. */
import type { JSX } from "preact";
import { firstOwnerIn, zoneOwner } from "../../zones-file.ts";
import { Avatar } from "./avatar.tsx";
import { channels, choice, choose, messages, nameOf, world, zones } from "./store.ts";
import { waiting } from "./waiting.ts";

export function PeopleRail(): JSX.Element {
  const people = world.value?.people ?? [];
  const all = waiting(messages.value);
  const rank = (id: string) =>
    rankOf(
      id,
      people.findIndex((one) => one.id === id),
    );
  const sorted = people.toSorted((a, b) => rank(a.id) - rank(b.id));
  return (
    <nav class="rail" aria-label="People">
      {sorted.map(({ id, name, workspace }) => {
        const waits = all.filter((one) => one.person === id).length;
        const team = world.value?.workspaces.find((one) => one.id === workspace)?.name ?? "";
        const role = roleOf(id);
        return (
          <button
            type="button"
            key={id}
            class="face"
            aria-pressed={id === choice.value.person}
            title={`${name}, ${role}, ${team}`}
            aria-label={`Be ${name}, ${role}, of ${team}${waits > 0 ? `; ${waits} to decide` : ""}`}
            onClick={() => choose({ person: id, thread: null })}
          >
            <Avatar id={id} />
            <span class="team" data-drawn={team.slice(0, 1)} aria-hidden="true" />
            {waits > 0 ? <span class="count" data-drawn={waits} aria-hidden="true" /> : null}
          </button>
        );
      })}
    </nav>
  );
}

/** Who asks, who decides, who is a stranger; second owners come last. */
function rankOf(id: string, place: number): number {
  if (id === "U0REQUEST1") return 0;
  const first = zones.value.findIndex(({ name }) => zoneOwner(name, 1) === id);
  if (first >= 0) return 1 + first;
  return roleOf(id) === "second owner" ? 200 + place : 100 + place;
}

export function roleOf(id: string): string {
  if (id === "U0REQUEST1") return "requester";
  const zone = zones.value.find(({ name }) => zoneOwner(name, 1) === id);
  if (zone !== undefined) return `owner of ${zone.title}`;
  const department = channels.value.find(({ id: channel }) => firstOwnerIn(channel) === id);
  if (department !== undefined) return `owner in #${nameOf(department.id)}`;
  const isOwner = /^U0OWNER/.test(id);
  if (isOwner) return "second owner";
  const isMember = channels.value.some(({ members, id: channel }) => channel !== "C0RANDOM01" && members.includes(id));
  return isMember ? "stranger" : "outsider";
}
