/** Turns looks at a zone into events of the federations there, and says what is awaited. */
import { setImmediate as breath } from "node:timers/promises";
import { decided } from "../federation/model/decision.ts";
import type { FederationEvent, Reason } from "../federation/model/events.ts";
import { after } from "../federation/model/evolve.ts";
import type { FederationId, ZoneName } from "../federation/model/identity.ts";
import type { DecisionContext } from "../federation/model/policy.ts";
import { rotationUnderWay } from "../federation/model/rotation.ts";
import { type Federation, isSettled, type Site } from "../federation/model/state.ts";
import type { ZoneSnapshot } from "../federation/model/zone-facts.ts";
import { type AwayCode, type AwayZones, findingsOf } from "../federation/observing/findings.ts";
import { NO_TRACK, type Tracker, track } from "../federation/observing/hysteresis.ts";
import {
  isConclusive,
  type LiveFederation,
  NOTHING_SEEN,
  seenLive,
  type ZoneLook,
} from "../federation/observing/live.ts";
import { observeLive, observeSite } from "../federation/observing/observation.ts";
import type { Awaited, Federations, PollHints } from "../federation/ports.ts";
import { awaitedSince } from "../federation/running/due-tasks.ts";
import { PUBLISHED } from "../guest-protocol/names.ts";

export interface WatchOptions {
  readonly store: Federations;
  readonly pollHints: (zone: ZoneName) => PollHints;
  /** Milliseconds by a clock that nobody sets. */
  readonly clock: () => number;
  /** A look shows what may make something due although nothing was journalled. */
  readonly onSeen: (id: FederationId) => void;
  /** Whether the zone's administrators have disabled it, by the zone pool's word. */
  readonly isDisabled?: (zone: ZoneName) => boolean;
}

/** What is remembered of a federation between looks. */
interface Seen {
  readonly live: LiveFederation;
  readonly tracker: Tracker;
}

/** Some VM is not shown any more, and has to be asked about. */
const isMissing = ({ sites }: LiveFederation): boolean =>
  [...sites.values()].some(({ vms }) => [...vms.values()].some(({ state }) => state === "missing"));

/**
 * Why a tunnel carries nothing is said by the VMs at its ends alone, and is to be told within half a minute: where tunnels
 * stand, the zone is looked at every 5 s, as what has been awaited for ten times as long.
 */
const TUNNELS_STAND: Awaited = { what: "tunnels that stand", forMs: 50_000, steady: true };

const hasTunnels = ({ ended }: Federation, { deployment }: Site): boolean =>
  ended === null && deployment?.plan.link.kind === "wireguard" && deployment.upAt !== null;

/** Whether an end knows a new key of another is said by looks only. */
const isRotating = ({ sites }: Federation): boolean =>
  [...sites.values()].some((site) => rotationUnderWay(site) !== null);

/** Federations that are concluded upon in one breath: the loop is not kept longer. */
const AT_A_TIME = 10;

export class Watch {
  readonly #options: WatchOptions;
  readonly #latest = new Map<ZoneName, ZoneSnapshot>();
  readonly #heartbeats = new Map<ZoneName, Map<number, { readonly heartbeat: string; readonly since: number }>>();
  readonly #away = new Map<ZoneName, Reason>();
  readonly #seen = new Map<FederationId, Seen>();
  /** Federations of which what one zone's look showed is being journalled. */
  readonly #journalling = new Map<FederationId, Promise<unknown>>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  latest(zone: ZoneName): ZoneSnapshot | undefined {
    return this.#latest.get(zone);
  }

  live(id: FederationId): LiveFederation {
    return this.#seen.get(id)?.live ?? NOTHING_SEEN;
  }

  /** One look serves every federation in the zone. */
  async see(zone: ZoneName, snapshot: ZoneSnapshot): Promise<void> {
    this.#latest.set(zone, snapshot);
    this.#away.delete(zone);
    this.#noteHeartbeats(zone, snapshot);
    await this.#concludeAll(zone, snapshot);
  }

  /** The zone could not be looked at: what is known of it is from before. */
  async miss(zone: ZoneName, reason: Reason): Promise<void> {
    this.#away.set(zone, reason);
    await this.#concludeAll(zone, null);
  }

  /** Of zones that have left the zones file, once: nobody looks at them any more. */
  async missUnknownZones(isKnown: (zone: ZoneName) => boolean): Promise<void> {
    const places = [...this.#options.store.living()].flatMap(({ sites }) => [...sites.values()]);
    for (const zone of new Set(places.map((site) => site.zone))) {
      if (!isKnown(zone)) await this.#concludeAll(zone, null);
    }
  }

  /** Tells the pollers what is awaited for this federation, and forgets one that has nothing left to do. */
  attend(federation: Federation): void {
    if (isSettled(federation)) this.#seen.delete(federation.id);
    for (const site of federation.sites.values()) {
      const since = isSettled(federation) ? null : awaitedSince(federation, site);
      const awaited = since === null ? null : { what: since, forMs: Math.max(0, Date.now() - Date.parse(since)) };
      const hints = this.#options.pollHints(site.zone);
      hints.expect(`${federation.id} ${site.name}`, awaited);
      const lasting = hasTunnels(federation, site) ? TUNNELS_STAND : null;
      hints.expect(`${federation.id} ${site.name} tunnels`, lasting);
    }
  }

  async #concludeAll(zone: ZoneName, snapshot: ZoneSnapshot | null): Promise<void> {
    const { store } = this.#options;
    let count = 0;
    let look: ZoneLook | null = null;
    for (const { id } of [...store.inZone(zone)]) {
      // Made once for all: it goes through every VM of the zone.
      if (snapshot !== null) look ??= this.#lookOf(zone, snapshot, store.decisionContext(id).policy.durations.silence);
      await this.#conclude(id, zone, look);
      count += 1;
      if (count % AT_A_TIME === 0) await breath();
    }
  }

  /** What follows is worked out first: where nothing does, nothing is asked of the journal. */
  async #conclude(id: FederationId, zone: ZoneName, look: ZoneLook | null): Promise<void> {
    const { store } = this.#options;
    // What another zone's look shows would be forgotten if this one began from what was known before it.
    for (let other = this.#journalling.get(id); other !== undefined; other = this.#journalling.get(id)) await other;
    const federation = store.get(id);
    if (federation === undefined) return;
    const before = this.#seen.get(id) ?? { live: NOTHING_SEEN, tracker: NO_TRACK };
    let concluded = this.#assess(before, federation, zone, look, store.decisionContext(id));
    const remember = () => this.#seen.set(id, { live: concluded.live, tracker: concluded.tracker });
    if (concluded.events.length === 0) remember();
    else {
      const update = store.update(id, (newest, context) => {
        concluded = this.#assess(before, newest, zone, look, context);
        return decided(...concluded.events);
      });
      await this.#meanwhile(id, update.then(remember));
    }
    const isFirst = sitesIn(federation, zone).some(({ name }) => !before.live.sites.has(name));
    if (isFirst || isMissing(concluded.live) || isRotating(federation)) this.#options.onSeen(id);
    for (const place of federation.sites.values()) {
      const pending = concluded.isPending ? { what: "to be raised or cleared", forMs: 0 } : null;
      this.#options.pollHints(place.zone).expect(`${id} pending`, pending);
    }
  }

  /** Looks at other zones wait until what this one showed is journalled, or cannot be. */
  async #meanwhile(id: FederationId, journalling: Promise<unknown>): Promise<void> {
    const end = (): boolean => this.#journalling.delete(id);
    this.#journalling.set(id, journalling.then(end, end));
    await journalling;
  }

  #assess(
    { live, tracker }: Seen,
    federation: Federation,
    zone: ZoneName,
    look: ZoneLook | null,
    context: DecisionContext,
  ): Seen & { readonly events: readonly FederationEvent[]; readonly isPending: boolean } {
    const names = sitesIn(federation, zone).map(({ name }) => name);
    if (names.length === 0 || federation.ended !== null) {
      return { live, tracker, events: late(federation, zone, look, context), isPending: false };
    }
    const { now, policy } = context;
    const ofZone = look === null ? [] : observeSites(federation, zone, look, context);
    const known = after(federation, ofZone, now);
    const seen = look === null ? live : names.reduce((sum, name) => seenLive(sum, known, name, look), live);
    const ofAll = observeLive(known, seen);
    const then = after(known, ofAll, now);
    const findings = findingsOf(then, seen, this.#awayOf(then), context, this.#options.isDisabled);
    const moment = { ms: this.#options.clock(), now, zone };
    const tracked = track(tracker, then, findings, moment, policy.durations);
    return {
      live: seen,
      tracker: tracked.tracker,
      events: [...ofZone, ...ofAll, ...tracked.events],
      isPending: tracked.isPending,
    };
  }

  #awayOf(federation: Federation): AwayZones {
    const away = new Map<ZoneName, { code: AwayCode; reason: Reason }>();
    for (const site of federation.sites.values()) {
      const reason = this.#away.get(site.zone);
      const latest = this.#latest.get(site.zone);
      if (reason !== undefined) away.set(site.zone, { code: "zone-away", reason });
      else if (latest !== undefined && !isConclusive(site, latest)) {
        const detail = `it answers for the account ${latest.account.name}`;
        const code = latest.account.administrator ? "zone-administrator" : "zone-account";
        away.set(site.zone, { code, reason: { code: "zone-credentials", detail } });
      }
    }
    return away;
  }

  #lookOf(zone: ZoneName, snapshot: ZoneSnapshot, silence: number): ZoneLook {
    const now = this.#options.clock();
    const heartbeats = [...(this.#heartbeats.get(zone) ?? [])];
    // A guest that has never had a heartbeat is not silent yet, only slow: its boot has a deadline of its own.
    const silent = heartbeats.filter(([, { heartbeat, since }]) => heartbeat !== "" && now - since > silence);
    return { snapshot, silent: new Set(silent.map(([vmId]) => vmId)) };
  }

  #noteHeartbeats(zone: ZoneName, snapshot: ZoneSnapshot): void {
    const before = this.#heartbeats.get(zone) ?? new Map();
    const now = this.#options.clock();
    const entries = snapshot.vms.map((vm) => {
      const heartbeat = vm.attributes[PUBLISHED.heartbeat] ?? "";
      const known = before.get(vm.id);
      return [vm.id, known?.heartbeat === heartbeat ? known : { heartbeat, since: now }] as const;
    });
    this.#heartbeats.set(zone, new Map(entries));
  }
}

const sitesIn = ({ sites }: Federation, zone: ZoneName): readonly Site[] =>
  [...sites.values()].filter((site) => site.zone === zone);

/** What one look at a zone adds of each of the federation's sites there. */
function observeSites(
  federation: Federation,
  zone: ZoneName,
  look: ZoneLook,
  context: DecisionContext,
): readonly FederationEvent[] {
  let state = federation;
  return sitesIn(federation, zone).flatMap((site) => {
    const found = observeSite(state, site, look, context);
    state = after(state, found, context.now);
    return found;
  });
}

/** Of an ended federation only what came late matters: it is to be removed. */
function late(
  federation: Federation,
  zone: ZoneName,
  look: ZoneLook | null,
  context: DecisionContext,
): readonly FederationEvent[] {
  if (look === null) return [];
  return observeSites(federation, zone, look, context).filter(({ type }) => type === "duplicate-found");
}
