/** Turns looks at a zone into events of the federations there, and says what is awaited. */
import { decided } from "../federation/model/decision.ts";
import type { ZoneName } from "../federation/model/identity.ts";
import type { Federation } from "../federation/model/state.ts";
import type { ZoneSnapshot } from "../federation/model/zone-facts.ts";
import { observeZone } from "../federation/observing/observation.ts";
import type { Federations, PollHints } from "../federation/ports.ts";
import { awaitedSince } from "../federation/running/due-tasks.ts";
import { PUBLISHED } from "../guest-protocol/names.ts";

export class Watch {
  readonly #store: Federations;
  readonly #now: () => number;
  readonly #latest = new Map<ZoneName, ZoneSnapshot>();
  readonly #heartbeats = new Map<ZoneName, Map<number, { readonly heartbeat: string; readonly since: number }>>();

  /** `now`: milliseconds since 1970. */
  constructor(store: Federations, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  latest(zone: ZoneName): ZoneSnapshot | undefined {
    return this.#latest.get(zone);
  }

  /** One look serves every federation in the zone. */
  async see(zone: ZoneName, snapshot: ZoneSnapshot): Promise<void> {
    this.#latest.set(zone, snapshot);
    this.#noteHeartbeats(zone, snapshot);
    const concerned = this.#store.all().filter((federation) => federation.sites.has(zone));
    await Promise.all(
      concerned.map((federation) =>
        this.#store.update(federation.id, (newest, deciding) => {
          const site = newest.sites.get(zone);
          const silent = this.#silent(zone, deciding.policy.durations.silence);
          return site === undefined ? decided() : decided(...observeZone(newest, site, snapshot, silent, deciding));
        }),
      ),
    );
  }

  /** Tells the pollers since when something is awaited for this federation. */
  attend(federation: Federation, pollHints: (zone: ZoneName) => PollHints): void {
    for (const site of federation.sites.values()) {
      const since = awaitedSince(site);
      pollHints(site.zone).expect(federation.id, since === null ? null : Date.parse(since));
    }
  }

  #noteHeartbeats(zone: ZoneName, snapshot: ZoneSnapshot): void {
    const before = this.#heartbeats.get(zone) ?? new Map();
    const now = this.#now();
    const entries = snapshot.vms.map((vm) => {
      const heartbeat = vm.attributes[PUBLISHED.heartbeat] ?? "";
      const known = before.get(vm.id);
      return [vm.id, known?.heartbeat === heartbeat ? known : { heartbeat, since: now }] as const;
    });
    this.#heartbeats.set(zone, new Map(entries));
  }

  /** A guest that has never had a heartbeat is not silent yet, only slow: its boot has a deadline of its own. */
  #silent(zone: ZoneName, silence: number): ReadonlySet<number> {
    const now = this.#now();
    const heartbeats = [...(this.#heartbeats.get(zone) ?? [])];
    return new Set(
      heartbeats.filter(([, { heartbeat, since }]) => heartbeat !== "" && now - since > silence).map(([vmId]) => vmId),
    );
  }
}
