/** How looking at each zone goes: a zone that cannot be looked at is told once, and once that it can again. */
import type { ZoneName } from "../federation/model/identity.ts";
import { ZoneError } from "../federation/model/zone-facts.ts";
import type { Log, LookFailure } from "../federation/ports.ts";

interface Looked {
  readonly state: "not-yet" | "seen" | "away";
  /** When the last look worked, by the clock that nobody sets. */
  readonly seenAt: number | null;
}

const NOT_YET: Looked = { state: "not-yet", seenAt: null };

export class ZoneLooks {
  readonly #looked: Map<ZoneName, Looked>;
  readonly #log: Log;
  readonly #clock: () => number;

  /** `clock`: milliseconds. */
  constructor(zones: Iterable<ZoneName>, log: Log, clock: () => number = () => performance.now()) {
    this.#looked = new Map([...zones].map((zone) => [zone, NOT_YET]));
    this.#log = log;
    this.#clock = clock;
  }

  seen(zone: ZoneName): void {
    if (this.#looked.get(zone)?.state === "away") this.#log.info({ zone }, "The zone can be looked at again.");
    this.#looked.set(zone, { state: "seen", seenAt: this.#clock() });
  }

  failed(zone: ZoneName, { error }: LookFailure): void {
    const { state, seenAt } = this.#looked.get(zone) ?? NOT_YET;
    this.#looked.set(zone, { state: "away", seenAt });
    if (state === "away") return;
    if (error instanceof ZoneError) this.#log.warn({ zone, code: error.code }, error.message);
    else this.#log.error({ zone, err: error }, "A look at the zone broke off, and is made again.");
  }

  /** `age`: milliseconds since the last look that worked. */
  all(): readonly { readonly zone: ZoneName; readonly state: Looked["state"]; readonly age: number | null }[] {
    const now = this.#clock();
    return [...this.#looked].map(([zone, { state, seenAt }]) => ({
      zone,
      state,
      age: seenAt === null ? null : now - seenAt,
    }));
  }
}
