/** Turns looks at a zone into events of the federations there, and says what is awaited. */
import { decided } from "../federation/decision.ts";
import { awaitedSince } from "../federation/due-tasks.ts";
import type { ZoneName } from "../federation/identity.ts";
import { observeZone } from "../federation/observation.ts";
import type { Federation } from "../federation/state.ts";
import type { ZoneSnapshot } from "../federation/zone-facts.ts";
import { PUBLISHED } from "../guest-protocol/names.ts";
import type { Ledger } from "./ledger.ts";
import type { Attention } from "./ports.ts";

export class Watch {
  readonly #ledger: Ledger;
  readonly #now: () => number;
  readonly #latest = new Map<ZoneName, ZoneSnapshot>();
  readonly #beats = new Map<ZoneName, Map<number, { readonly beat: string; readonly since: number }>>();

  /** `now`: milliseconds since 1970. */
  constructor(ledger: Ledger, now: () => number) {
    this.#ledger = ledger;
    this.#now = now;
  }

  latest(zone: ZoneName): ZoneSnapshot | undefined {
    return this.#latest.get(zone);
  }

  /** One look serves every federation in the zone. */
  async see(zone: ZoneName, snapshot: ZoneSnapshot): Promise<void> {
    this.#latest.set(zone, snapshot);
    this.#noteBeats(zone, snapshot);
    const concerned = this.#ledger.all().filter((federation) => federation.sites.has(zone));
    await Promise.all(
      concerned.map((federation) =>
        this.#ledger.change(federation.id, (newest, world) => {
          const site = newest.sites.get(zone);
          const silent = this.#silent(zone, world.policy.durations.silence);
          return site === undefined ? decided() : decided(...observeZone(newest, site, snapshot, silent, world));
        }),
      ),
    );
  }

  /** Tells the pollers since when something is awaited for this federation. */
  attend(federation: Federation, attention: (zone: ZoneName) => Attention): void {
    for (const site of federation.sites.values()) {
      const since = awaitedSince(site);
      attention(site.zone).await(federation.id, since === null ? null : Date.parse(since));
    }
  }

  #noteBeats(zone: ZoneName, snapshot: ZoneSnapshot): void {
    const before = this.#beats.get(zone) ?? new Map();
    const now = this.#now();
    const entries = snapshot.vms.map((vm) => {
      const beat = vm.attributes[PUBLISHED.beat] ?? "";
      const known = before.get(vm.id);
      return [vm.id, known?.beat === beat ? known : { beat, since: now }] as const;
    });
    this.#beats.set(zone, new Map(entries));
  }

  /** A guest that has never had a beat is not silent yet, only slow: its boot has a deadline of its own. */
  #silent(zone: ZoneName, silence: number): ReadonlySet<number> {
    const now = this.#now();
    const beats = [...(this.#beats.get(zone) ?? [])];
    return new Set(beats.filter(([, { beat, since }]) => beat !== "" && now - since > silence).map(([vmId]) => vmId));
  }
}
