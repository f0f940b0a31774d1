/** Federations as their journals hold them: a story of what the bot decides, told again of as many others as are needed. */
import { z } from "zod";
import { concludeTeardown } from "../../src/federation/deciding/teardown.ts";
import { type FederationEvent, federationEvent } from "../../src/federation/model/events.ts";
import { evolve } from "../../src/federation/model/evolve.ts";
import { type FederationId, federationId } from "../../src/federation/model/identity.ts";
import type { DecisionContext } from "../../src/federation/model/policy.ts";
import type { Federation } from "../../src/federation/model/state.ts";
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import type { RecordedEvent } from "../../src/federation/ports.ts";
import { agreeTeardown, askTeardown } from "../builders/commands.ts";
import { aDecisionContext, aZone, HOUR, MINUTE, sitesOf, zone, zoneNames } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";

/** Every zone that stories play in. */
export const CONTEXT: DecisionContext = aDecisionContext({ sites: sitesOf(zoneNames(8).map((name) => aZone(name))) });

/** Bytes of a long-lived federation's journal. */
const LONG_LIFE = 78_000;
/** Bytes that a line of the journal has beside its event. */
const LINE = 250;

export const idOf = (nth: number): FederationId => federationId.parse(`f${String(nth).padStart(11, "0")}`);
const nameOf = (nth: number): string => `tumour-study-${nth}`;

/** It runs in these zones, the first of which coordinates. */
export const runningStory = (zones: readonly string[] = ["alpha", "beta", "gamma"], superNodes = 2): Story =>
  aFederation({ zones, superNodes, context: { sites: CONTEXT.sites } }).running();

/** Its owners were asked lately and have not answered yet. */
export const waitingStory = (): Story =>
  aFederation({
    zones: ["alpha", "beta", "gamma"],
    context: { sites: CONTEXT.sites, now: new Date(Date.now() - HOUR).toISOString() },
  }).planned();

/** It has run for long, with a link that was down now and then, and has been torn down. */
export function endedStory(): Story {
  const story = runningStory();
  for (let nth = 0; sizeOf(story) < LONG_LIFE; nth += 1) troubled(story, nth % 2 === 0 ? "beta" : "gamma");
  story.passes(HOUR).does(askTeardown());
  for (const name of ["beta", "gamma", "alpha"]) story.does(agreeTeardown(name));
  story.passes(MINUTE).removes("beta").removes("gamma");
  story.takes(concludeTeardown(story.federation, story.context)).passes(MINUTE).removes("alpha");
  return story
    .takes(concludeTeardown(story.federation, story.context))
    .happens({ type: "authority-destroyed" })
    .passes(HOUR);
}

const sizeOf = ({ recorded }: Story): number =>
  recorded.reduce((sum, { event }) => sum + JSON.stringify(event).length + LINE, 0);

function troubled(story: Story, name: string): void {
  const site = zone(name);
  const link = { subject: { kind: "link", site }, code: "link-unreachable" } as const;
  const offline = { subject: { kind: "site", site }, code: "supernodes-offline" } as const;
  const vmIds = story.vms(name).map(({ vmId }) => vmId);
  const extent = { online: 0, expected: vmIds.length };
  const since = story.passes(HOUR).context.now;
  story
    .passes(MINUTE)
    .happens(
      { type: "condition-raised", ...link, detail: "", vmIds, extent: null, since },
      { type: "condition-raised", ...offline, detail: "", vmIds: [], extent, since },
    );
  story.passes(5 * MINUTE).happens({ type: "condition-cleared", ...link }, { type: "condition-cleared", ...offline });
}

/** What has happened and, where something runs, what its zones show. */
export interface Telling {
  readonly id: FederationId;
  readonly recorded: readonly RecordedEvent[];
  readonly zones: ReadonlyMap<string, Omit<ZoneSnapshot, "at">>;
}

const recordedShape = z.array(z.object({ seq: z.int(), at: z.string(), event: federationEvent })) satisfies z.ZodType<
  RecordedEvent[]
>;

/** Numbers that zones of stories give to services and VMs. */
const GIVEN = { first: 1000, last: 9999 } as const;
const NUMBERED: ReadonlySet<string> = new Set(["id", "vmId", "serviceId"]);

/**
 * The same story of the nth federation: another id, another name, other services and VMs. `others`: what zones, people
 * and channels are called instead.
 */
export function teller(story: Story, others: ReadonlyMap<string, string> = new Map()): (nth: number) => Telling {
  const { id, name, sites } = story.federation;
  const events = JSON.stringify(story.recorded);
  const names = [...sites.keys()];
  const seen = JSON.stringify(names.map((of) => story.zone(of).snapshot(story.context.now)));
  return (nth) => {
    const other = (text: string): string =>
      [...others].reduce(
        (told, [from, to]) => told.replaceAll(`"${from}"`, `"${to}"`),
        text.replaceAll(id, idOf(nth)).replaceAll(name, nameOf(nth)),
      );
    const renumbered = (key: string, value: unknown): unknown => {
      const moved = (number: unknown): unknown =>
        typeof number === "number" && number > GIVEN.first && number <= GIVEN.last
          ? number + nth * (GIVEN.last + 1)
          : number;
      if (NUMBERED.has(key)) return moved(value);
      return key === "vmIds" && Array.isArray(value) ? value.map(moved) : value;
    };
    const tellsNumbers = story.federation.ended === null;
    const retold: unknown = JSON.parse(other(events), tellsNumbers ? renumbered : undefined);
    const snapshots: readonly ZoneSnapshot[] = tellsNumbers ? JSON.parse(other(seen), renumbered) : [];
    return {
      id: idOf(nth),
      recorded: recordedShape.parse(retold),
      zones: new Map(snapshots.map((snapshot, index) => [names[index] ?? "", snapshot])),
    };
  };
}

/** The state after all that was told. */
export function stateOf({ recorded }: Pick<Telling, "recorded">): Federation {
  let state: Federation | null = null;
  for (const entry of recorded) state = evolve(state, entry);
  if (state === null) throw new Error("Nothing was told.");
  return state;
}

/** One look at a zone in which all of these run. */
export function lookAt(name: string, tellings: readonly Telling[], at: string): ZoneSnapshot {
  const shown = tellings.flatMap(({ zones }) => zones.get(name) ?? []);
  const services: ServiceFacts[] = shown.flatMap((snapshot) => [...snapshot.services]);
  const vms: VmFacts[] = shown.flatMap((snapshot) => [...snapshot.vms]);
  const account = shown[0]?.account ?? { id: 4, name: "florist", administrator: false };
  return { at, account, services, servicesAt: at, vms, unreadable: [] };
}

/** The same look a while later: heartbeats have moved, nothing else. */
export const later = (snapshot: ZoneSnapshot, at: string, count: number): ZoneSnapshot => ({
  ...snapshot,
  at,
  servicesAt: at,
  services: [...snapshot.services],
  vms: snapshot.vms.map((vm) => ({ ...vm, attributes: { ...vm.attributes, FL_HEARTBEAT: String(count) } })),
});

/** One more small thing that happens to a federation and changes little. */
export const askedAgain = (by: Federation["requester"]): FederationEvent => ({ type: "preflight-asked-again", by });
