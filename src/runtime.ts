/** Puts together what carries federations out: journal, trust, zones and the rollout between them. No Slack in here. */
import { type KeyObject, randomBytes } from "node:crypto";
import { join } from "node:path";
import { federationEvent } from "./federation/model/events.ts";
import { cardId, type FederationId, federationId, type ZoneName } from "./federation/model/identity.ts";
import type { Manifests } from "./federation/model/manifests.ts";
import type { Policy, ZoneProfile } from "./federation/model/policy.ts";
import type { Checkpoint, Log, PollHints } from "./federation/ports.ts";
import { createPoller, type ZonePoller } from "./opennebula/poll.ts";
import type { Pace as LookPace } from "./opennebula/poll-interval.ts";
import { type OpenZone, openZone, type ZoneOptions } from "./opennebula/zone.ts";
import { type Pace, Rollout } from "./rollout/scheduler.ts";
import type { TaskContext } from "./rollout/task-context.ts";
import { Watch } from "./rollout/watch.ts";
import { zoneChecks } from "./rollout/zone-checks.ts";
import { FederationStore } from "./store/federation-store.ts";
import { openJournal } from "./store/journal.ts";
import { signRequest } from "./trust/authority.ts";
import { openKeyStore } from "./trust/key-store.ts";
import { checkNodeProof } from "./trust/node-proof.ts";

export interface RuntimeOptions {
  readonly dataDirectory: string;
  /** What CA keys are encrypted with. */
  readonly storeKey: KeyObject;
  readonly policy: Policy;
  readonly zones: ReadonlyMap<ZoneName, ZoneProfile>;
  readonly access: ReadonlyMap<ZoneName, Omit<ZoneOptions, "name" | "checkpoint">>;
  readonly manifests: Manifests;
  readonly looking: LookPace;
  readonly pace: Pace;
  readonly checkpoint: Checkpoint;
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

export async function openRuntime(options: RuntimeOptions) {
  const { log, checkpoint } = options;
  const journal = await openJournal({
    directory: options.dataDirectory,
    parse: (stored) => federationEvent.parse(stored),
    checkpoint,
    describe: (event) =>
      [event.type, ...("site" in event ? [event.site] : []), ...("key" in event ? [event.key] : [])].join(" "),
    onTornLine: (torn) => log.warn(torn, "a line that was never acknowledged was dropped from a journal"),
  });
  const keys = await openKeyStore(join(options.dataDirectory, "keys"), options.storeKey);
  const store = new FederationStore(
    journal,
    { policy: options.policy, zones: options.zones, manifests: options.manifests, newCard: newCardId },
    () => new Date().toISOString(),
  );
  const watch = new Watch(store, Date.now);
  const clients = new Map<ZoneName, OpenZone>();
  const pollers = new Map<ZoneName, ZonePoller>();
  for (const [name, access] of options.access) {
    const zone = openZone({ ...access, name, checkpoint });
    clients.set(name, zone);
    pollers.set(name, pollerOf(name, zone, watch, options));
  }
  const context: TaskContext = {
    store,
    log,
    trust: {
      ensureAuthority: (request) => keys.ensureAuthority(request),
      async sign({ federationId: id, csrPem, allowed, required, now, life }) {
        const authority = await keys.load(id);
        return signRequest({ authority, csrPem, rules: { allowed, required }, now, life });
      },
      destroy: (id) => keys.destroy(id),
      checkNodeProof,
    },
    zone: (name) => known(clients, name),
    pollHints: (name) => pollers.get(name) ?? NO_POLLER,
    latest: (name) => watch.latest(name),
  };
  const attend = () => {
    for (const federation of store.all()) watch.attend(federation, context.pollHints);
  };
  store.onChange((federation) => watch.attend(federation, context.pollHints));
  attend();
  const rollout = new Rollout(context, options.pace);
  return {
    store,
    looks: zoneChecks(context, options.zones),
    start: () => rollout.start(),
    /** Nothing new begins; what is under way ends; then the journal is closed. */
    async stop(): Promise<void> {
      for (const poller of pollers.values()) poller.stop();
      await rollout.stop();
      await store.idle();
      await Promise.all([...clients.values()].map((client) => client.close()));
      await journal.close();
    },
  };
}

/** A zone that has left the zones file is not looked at any more. */
const NO_POLLER: PollHints = { expect: () => undefined, pollSoon: () => undefined };

function known<T>(clients: ReadonlyMap<ZoneName, T>, name: ZoneName): T {
  const client = clients.get(name);
  if (client === undefined)
    throw new Error(`${name} is no longer in the zones file. Put it back so that its part can be ended.`);
  return client;
}

function pollerOf(name: ZoneName, zone: OpenZone, watch: Watch, { looking, log }: RuntimeOptions): ZonePoller {
  return createPoller({
    zone,
    policy: looking,
    clock: {
      now: Date.now,
      after(milliseconds, run) {
        const timer = setTimeout(run, milliseconds);
        return () => clearTimeout(timer);
      },
    },
    onSnapshot: (snapshot) => watch.see(name, snapshot),
    onError: (error) => log.warn({ zone: name, err: error }, "the zone could not be looked at"),
  });
}
