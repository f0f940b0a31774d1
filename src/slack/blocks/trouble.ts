/** What has gone wrong at a site, event by event: one sentence for everybody, the detail for the zone alone. Pure. */
import type { EventOf, Sighting } from "../../federation/model/events.ts";
import type { ZoneName } from "../../federation/model/identity.ts";
import { REASONS, type ReasonCode } from "../../federation/model/reasons.ts";
import type { Federation, StoryEntry } from "../../federation/model/state.ts";
import { linkDetail, linkSentence, REASON_CAUSES, SILENT, STATE_CAUSES } from "../blocks/guest-causes.ts";

export interface Trouble {
  readonly seq: number;
  readonly at: string;
  readonly zone: ZoneName;
  /** For every member of the home channel. */
  readonly sentence: string;
  /** For the zone's own channel: raw detail of the zone and what each guest said at the time. */
  readonly detail: string;
  readonly guests: readonly string[];
  /** The home thread has no other sentence about it. */
  readonly alone: boolean;
  /** The event with which a guest stopped saying so; null while it does, and for what is no guest's word. */
  readonly overAt: number | null;
}

type Begun = Omit<Trouble, "overAt">;

/** Why what ran in a zone is not removed yet; nobody has to do it by hand. */
export const delayOf = (code: ReasonCode): string =>
  `${REASONS[code]} The bot goes on trying to remove what ran there.`;

type Sightings = ReadonlyMap<string, Sighting>;

/** Every trouble in the federation's story, oldest first. */
export function troublesOf(federation: Federation): readonly Trouble[] {
  const found: Begun[] = [];
  const sightings = new Map<string, Sighting>();
  for (const entry of federation.story) {
    const { event } = entry;
    const trouble = troubleIn(entry, sightings);
    if (trouble !== null) found.push(trouble);
    if (event.type === "guest-seen") sightings.set(guestName(event), event.sighting);
    // A new attempt has new guests; what the old ones said is no part of its troubles.
    if (event.type === "attempt-started") forget(sightings, event.site);
  }
  const ends = endsOf(federation);
  return found.map((trouble) => ({ ...trouble, overAt: ends.get(trouble.seq) ?? null }));
}

/** Of each event with which a guest began to say that something is wrong, the event with which it stopped. */
function endsOf({ story }: Federation): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  const lasting = new Map<string, { readonly seq: number; readonly causes: string }>();
  for (const { seq, event } of story) {
    if (event.type !== "guest-seen") continue;
    const name = guestName(event);
    const causes = causesOf(event.sighting).join();
    const before = lasting.get(name);
    if (before?.causes === causes) continue;
    if (before !== undefined) ends.set(before.seq, seq);
    if (causes === "") lasting.delete(name);
    else lasting.set(name, { seq, causes });
  }
  return ends;
}

const guestName = ({ site, vmId }: { readonly site: string; readonly vmId: number }): string => `${site} ${vmId}`;

function forget(sightings: Map<string, Sighting>, site: string): void {
  for (const name of sightings.keys()) if (name.startsWith(`${site} `)) sightings.delete(name);
}

function troubleIn({ seq, at, event }: StoryEntry, sightings: Sightings): Begun | null {
  switch (event.type) {
    case "site-failed":
    case "removal-delayed":
    case "key-refused": {
      const { site: zone, reason } = event;
      const guests = event.type === "site-failed" ? guestsOf(zone, sightings) : [];
      const sentence = event.type === "removal-delayed" ? delayOf(reason.code) : REASONS[reason.code];
      return { seq, at, zone, sentence, detail: reason.detail, guests, alone: false };
    }
    case "site-status-changed": {
      if (event.status === "up") return null;
      const sentence = `${event.online} of ${event.expected} online.`;
      return { seq, at, zone: event.site, sentence, detail: "", guests: guestsOf(event.site, sightings), alone: false };
    }
    case "guest-seen":
      return guestTrouble({ seq, at, event }, sightings.get(guestName(event)));
    default:
      return null;
  }
}

/** A guest has begun to say that something is wrong, or says something else than before. */
function guestTrouble(
  { seq, at, event }: { readonly seq: number; readonly at: string; readonly event: EventOf<"guest-seen"> },
  before: Sighting | undefined,
): Begun | null {
  const now = causesOf(event.sighting);
  if (now.length === 0 || (before !== undefined && causesOf(before).join() === now.join())) return null;
  return {
    seq,
    at,
    zone: event.site,
    sentence: sentenceOf(event.sighting),
    detail: "",
    guests: [lineOf(event.vmId, now)],
    alone: true,
  };
}

function guestsOf(zone: string, sightings: Sightings): readonly string[] {
  return [...sightings].flatMap(([name, sighting]) => {
    const [site, vmId] = name.split(" ");
    const causes = site === zone ? [...stateOf(sighting), ...causesOf(sighting)] : [];
    return causes.length === 0 ? [] : [lineOf(Number(vmId), causes)];
  });
}

const lineOf = (vmId: number, causes: readonly string[]): string => `VM ${vmId}: ${causes.join(" ")}`;

/**
 * What a guest itself says is wrong, or that it has stopped saying anything. That a link is down says less than how
 * dialling it ended, and nothing any more once that went well: a guest takes the reason back a moment later.
 */
function causesOf(sighting: Sighting): readonly string[] {
  const { reason, link } = sighting;
  const way = link === null ? null : linkDetail(link);
  const own = reason === null || (reason === "link-down" && link !== null) ? null : REASON_CAUSES[reason];
  return [isMute(sighting) ? SILENT : null, own, way].filter((cause) => cause !== null);
}

/** Of a VM that does not run the zone itself says why it is silent. */
const isMute = ({ silent, state }: Sighting): boolean => silent && state === "running";

/** For everybody in the home channel. */
function sentenceOf(sighting: Sighting): string {
  if (isMute(sighting)) return "A guest has stopped reporting. Its owner sees the detail.";
  const way = sighting.link === null ? null : linkSentence(sighting.link);
  return way ?? "A guest reports a problem. Its owner sees the detail.";
}

/** What the zone says of the VM, where that explains something. */
function stateOf({ state, stage }: Sighting): readonly string[] {
  const cause = STATE_CAUSES[state];
  return [...(cause === null ? [] : [cause]), ...(stage === "failed" ? ["The guest has given up for now."] : [])];
}
