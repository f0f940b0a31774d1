/** Puts together what carries federations out: store, trust, zones and the rollout between them. No Slack in here. */
import { type KeyObject, randomBytes } from "node:crypto";
import { join } from "node:path";
import { decide } from "./federation/deciding/decide.ts";
import { type FederationEvent, federationEvent } from "./federation/model/events.ts";
import { cardId, type FederationId, federationId, type SiteName, type ZoneName } from "./federation/model/identity.ts";
import type { ManifestLibrary } from "./federation/model/manifests.ts";
import type { Policy, SiteProfile } from "./federation/model/policy.ts";
import { EVENTS_SCHEMA, STATE_SCHEMA, upcast } from "./federation/model/schema.ts";
import { hasZone } from "./federation/model/site-profiles.ts";
import { type Federation, isSettled } from "./federation/model/state.ts";
import { ZoneError } from "./federation/model/zone-facts.ts";
import { tunnelStates } from "./federation/observing/tunnels.ts";
import type { Checkpoint, Log, LookFailure, PollHints } from "./federation/ports.ts";
import { zoneReason } from "./federation/proposing/preflight.ts";
import { tellEvents } from "./health/event-lines.ts";
import type { ZoneCall } from "./health/metrics.ts";
import { createPoller, type ZonePoller } from "./opennebula/poll.ts";
import type { Pace as LookPace } from "./opennebula/poll-interval.ts";
import { type OpenZone, openZone, type ZoneDoor, type ZoneOptions } from "./opennebula/zone.ts";
import type { ZonePool } from "./opennebula/zone-pool.ts";
import { organisationCertificates } from "./rollout/organisation-certificates.ts";
import { type Pace, Scheduler } from "./rollout/scheduler.ts";
import type { TaskContext } from "./rollout/task-context.ts";
import { Watch } from "./rollout/watch.ts";
import { zoneChecks } from "./rollout/zone-checks.ts";
import { ZoneLooks } from "./rollout/zone-looks.ts";
import { openStore, type Store } from "./store/open-store.ts";
import { signRequest } from "./trust/authority.ts";
import { type KeyStore, openKeyStore } from "./trust/key-store.ts";
import { checkNodeProof } from "./trust/node-proof.ts";
import { checkAuthority, checkChain } from "./trust/organisation.ts";
import { checkRequest } from "./trust/request-checks.ts";

export interface RuntimeOptions {
  readonly dataDirectory: string;
  /** What CA keys are encrypted with. */
  readonly storeKey: KeyObject;
  readonly policy: Policy;
  readonly sites: ReadonlyMap<SiteName, SiteProfile>;
  readonly access: ReadonlyMap<ZoneName, ZoneDoor>;
  /** Where zones are listed that the zones file counts on; null or absent: nowhere. */
  readonly pool?: ZonePool | null;
  /** Zones that are gone for good, by the operator's word. */
  readonly writtenOff: readonly ZoneName[];
  readonly manifests: ManifestLibrary;
  readonly looking: LookPace;
  readonly pace: Pace;
  readonly checkpoint: Checkpoint;
  /** Hears of every call to a zone. */
  readonly onZoneCall?: ((call: ZoneCall) => void) | undefined;
  readonly log: Log;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
/** 32 of 36 letters would bias nothing that matters; a byte over 251 is left out all the same. */
function randomName(length: number): string {
  let name = "";
  while (name.length < length) {
    for (const byte of randomBytes(length)) if (byte < 252 && name.length < length) name += ALPHABET[byte % 36];
  }
  return name;
}

export const newFederationId = (): FederationId => federationId.parse(`f${randomName(11)}`);
const newCardId = () => cardId.parse(`k${randomName(15)}`);

export type Runtime = ReturnType<typeof runtime>;

export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const stored = await openFiles(options);
  try {
    const keys = await openKeyStore(join(options.dataDirectory, "keys"), options.storeKey);
    return runtime(options, stored, keys);
  } catch (error) {
    await stored.close();
    throw error;
  }
}

const openFiles = (options: RuntimeOptions): Promise<Store> =>
  openStore({
    directory: options.dataDirectory,
    events: { schema: EVENTS_SCHEMA, upcast, parse: (event) => federationEvent.parse(event), describe },
    stateSchema: STATE_SCHEMA,
    context: {
      policy: options.policy,
      sites: options.sites,
      manifests: options.manifests,
      newCard: newCardId,
    },
    now: () => new Date().toISOString(),
    isSettled,
    checkpoint: options.checkpoint,
    log: options.log,
  });

const describe = (event: FederationEvent): string =>
  [event.type, ...("site" in event ? [event.site] : []), ...whichOf(event)].join(" ");

/** A gesture that is made again has another key, and is the same. */
function whichOf(event: FederationEvent): readonly string[] {
  if ("kind" in event) return [event.kind];
  if ("number" in event) return [String(event.number)];
  return "key" in event ? [event.key] : [];
}

function runtime(options: RuntimeOptions, stored: Store, keys: KeyStore) {
  const { log, checkpoint } = options;
  const store = stored.federations;
  const clients = new Map<ZoneName, OpenZone>();
  const pollers = new Map<ZoneName, ZonePoller>();
  const pollHints = (name: ZoneName): PollHints => pollers.get(name) ?? NO_POLLER;
  tellEvents(store, log);
  const looks = new ZoneLooks(options.access.keys(), log);
  const watch = new Watch({
    store,
    pollHints,
    clock: () => performance.now(),
    onSeen: (id) => scheduler.attend(id),
    isDisabled: (zone) => options.pool?.disabled.has(zone) === true,
  });
  const context: TaskContext = {
    store,
    log,
    trust: {
      ensureAuthority: (request) => keys.ensureAuthority(request),
      async sign({ federationId: id, csrPem, allowed, required, now, life }) {
        const authority = await keys.load(id);
        return signRequest({ authority, csrPem, rules: { allowed, required }, now, life });
      },
      checkRequest: ({ csrPem, ...rules }) => checkRequest(csrPem, rules),
      checkAuthority,
      checkChain,
      destroy: (id) => keys.destroy(id),
      checkNodeProof,
    },
    zone: (name) => known(clients, name),
    pollHints,
    latest: (name) => watch.latest(name),
    live: (id) => watch.live(id),
  };
  const scheduler = new Scheduler(context, options.pace);
  for (const [name, access] of options.access) {
    const onCall = (...[daemon, took, outcome]: Parameters<NonNullable<ZoneOptions["onCall"]>>) =>
      options.onZoneCall?.({ zone: name, daemon, took, outcome });
    clients.set(name, openZone({ ...access, name, checkpoint, onCall }));
  }
  return {
    store,
    receipts: stored.receipts,
    storeLost: stored.lost,
    storeTrouble: () => stored.trouble(),
    looks: () => looks.all(),
    zoneChecks: zoneChecks(context, options.sites),
    certificates: organisationCertificates(context),
    tunnelStates: (federation: Federation) => tunnelStates(federation, watch.live(federation.id)),
    /** From now on zones are looked at and what is due is done: whoever asks in Slack is answered already. */
    async start(): Promise<void> {
      await writeOff(store, options);
      tellMissing(store, options);
      await watch.missUnknownZones((zone) => hasZone(options.sites, zone));
      await options.pool?.start((zone) => pollHints(zone).pollSoon());
      for (const [name, zone] of clients) pollers.set(name, pollerOf(name, zone, { watch, looks }, options));
      store.onChange((federation) => watch.attend(federation));
      for (const federation of store.living()) watch.attend(federation);
      scheduler.start();
    },
    /** Nothing new begins; what is under way ends; then the store is closed. */
    async stop(): Promise<void> {
      options.pool?.stop();
      for (const poller of pollers.values()) poller.stop();
      await scheduler.stop();
      await store.idle();
      for (const client of clients.values()) client.close();
      await stored.close();
    },
  };
}

/** What the operator has written off is ended in every federation that still counts on it. */
async function writeOff(store: Store["federations"], { writtenOff, log }: RuntimeOptions): Promise<void> {
  for (const zone of writtenOff) {
    for (const { id } of [...store.inZone(zone)]) {
      const decision = await store.update(id, (federation, context) =>
        decide(federation, { kind: "write-off", zone, by: null, key: `write-off ${zone} ${federation.seq}` }, context),
      );
      if (decision.ok) log.warn({ federation: id, zone }, "the zone's part was written off");
    }
  }
}

/** What runs in a zone that nobody can reach any more goes on there: its operator is told at every start. */
function tellMissing(store: Store["federations"], { sites: configured, writtenOff, log }: RuntimeOptions): void {
  const places = [...store.living()].flatMap(({ sites }) =>
    [...sites.values()].filter(({ deployment, removals }) => deployment !== null || removals.length > 0),
  );
  for (const zone of new Set(places.map((site) => site.zone))) {
    if (hasZone(configured, zone) || writtenOff.includes(zone)) continue;
    const federations = places.filter((site) => site.zone === zone).length;
    log.warn(
      { zone, federations },
      `${federations === 1 ? "A federation has" : `${federations} federations have`} something running in ${zone}, which is not in the zones file. Put the zone back, or name it under writtenOff if it is gone for good.`,
    );
  }
}

/** A zone that has left the zones file is not looked at any more, and none is before the start. */
const NO_POLLER: PollHints = { expect: () => undefined, pollSoon: () => undefined };

function known<T>(clients: ReadonlyMap<ZoneName, T>, name: ZoneName): T {
  const client = clients.get(name);
  if (client === undefined)
    throw new Error(`${name} is no longer in the zones file. Put it back, or name it under writtenOff there.`);
  return client;
}

function pollerOf(
  name: ZoneName,
  zone: OpenZone,
  { watch, looks }: { readonly watch: Watch; readonly looks: ZoneLooks },
  { looking, log }: RuntimeOptions,
): ZonePoller {
  return createPoller({
    zone,
    policy: looking,
    clock: {
      now: () => performance.now(),
      date: () => new Date().toISOString(),
      after(milliseconds, run) {
        const timer = setTimeout(run, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    onSnapshot: (snapshot) => {
      looks.seen(name);
      return watch.see(name, snapshot);
    },
    onError: (failure) => {
      looks.failed(name, failure);
      if (failure.of !== "zone") return;
      watch.miss(name, reasonOf(failure)).catch((error: unknown) => {
        log.error({ zone: name, err: error }, "what follows from a zone that cannot be looked at broke off");
      });
    },
  });
}

const reasonOf = ({ error }: LookFailure) =>
  error instanceof ZoneError ? zoneReason(error) : { code: "zone-error" as const, detail: String(error) };
