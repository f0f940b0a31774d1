import type { Logger } from "pino";
import { PUBLISHED, type Reason, type Stage } from "../../src/guest-protocol/names.ts";
import type { Disk } from "./disk.ts";
import type { Fault } from "./faults.ts";
import type { VmSpec } from "./hypervisor.ts";
import type { GuestId, LoopbackNetwork } from "./network.ts";
import type { OneGate } from "./one-gate.ts";
import type { Pace } from "./pace.ts";
import type { Publisher } from "./publisher.ts";
import type { Underlay } from "./tunnel/underlay.ts";
import type { ZoneGateways } from "./tunnel/zone-gateways.ts";
import type { ZoneRouters } from "./tunnel/zone-routers.ts";
import type { ZoneServices } from "./tunnel/zone-services.ts";

/** Milliseconds at speed 1. */
export const WAITS = {
  boot: 400,
  redial: 15_000,
  nodes: 15_000,
  heartbeat: 30_000,
} as const;

/** Milliseconds at speed 1 between two looks. */
const LOOKS = { fastest: 150, slowest: 3_000 } as const;

/**
 * How long to wait between two looks at what somebody else will bring: a tenth of the time in which nothing came. What
 * comes soon is seen at once, and what does not come costs little.
 */
export class Patience {
  readonly #pace: Pace;
  #moved = performance.now();

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Something came, or something new is awaited. */
  moved(): void {
    this.#moved = performance.now();
  }

  /** Milliseconds at speed 1. */
  get wait(): number {
    return Math.min(LOOKS.slowest, Math.max(LOOKS.fastest, this.#pace.since(this.#moved) / 10));
  }
}

/** Everything one guest works with; made anew at every boot, save the disk. */
export type GuestEnvironment = {
  readonly id: GuestId;
  readonly spec: VmSpec;
  readonly disk: Disk;
  readonly network: LoopbackNetwork;
  readonly oneGate: OneGate;
  readonly publisher: Publisher;
  readonly heartbeat: Heartbeat;
  readonly underlay: Underlay;
  readonly routers: ZoneRouters;
  readonly gateways: ZoneGateways;
  readonly services: ZoneServices;
  readonly pace: Pace;
  readonly faults: () => readonly Fault[];
  readonly log: Logger;
  /** Aborted when the VM stops, reboots or goes. */
  readonly signal: AbortSignal;
};

/** A guest's own program. It runs until its signal is aborted. */
export type GuestProgram = {
  run(): Promise<void>;
  /** What the control interface shows beside the attributes. */
  describe(): GuestDetails;
};

export type GuestDetails = {
  readonly fingerprint?: string;
  readonly port?: number;
  readonly refused?: Readonly<Record<string, number>>;
  readonly tunnels?: number;
};

export function stage(name: Stage, reason: Reason = "none"): Record<string, string> {
  return { [PUBLISHED.stage]: name, [PUBLISHED.reason]: reason };
}

/**
 * Tries until there is a result; what a try throws does not keep it from the next. Only the first failure in a row is a
 * warning: a OneGate may be away for long. @throws AbortError when the guest ends first.
 */
export async function until<T>(
  { log, pace, signal }: GuestEnvironment,
  waitMs: () => number,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  let failures = 0;
  for (;;) {
    const result = await attempt().then(
      (value) => {
        failures = 0;
        return value;
      },
      (error: unknown) => {
        failures += 1;
        if (!signal.aborted) {
          log[failures === 1 ? "warn" : "debug"]({ err: error }, "tried in vain, trying again");
        }
        return undefined;
      },
    );
    if (result !== undefined) {
      return result;
    }
    await pace.rest(waitMs(), signal);
  }
}

/** Does something again and again until the guest ends. */
export async function repeatedly(
  guest: GuestEnvironment,
  waitMs: () => number,
  turn: () => Promise<void>,
): Promise<void> {
  await until(guest, waitMs, async () => {
    await turn();
    return undefined;
  });
}

/** It moves on from the seconds since 1970, so that it moves at a reboot too. */
export class Heartbeat {
  #count = Math.floor(Date.now() / 1000);
  #companion: () => Readonly<Record<string, string>> = () => ({});

  /** What goes with every second one, and so costs no update of its own. */
  accompany(companion: () => Readonly<Record<string, string>>): void {
    this.#companion = companion;
  }

  next(): Readonly<Record<string, string>> {
    this.#count += 1;
    return { [PUBLISHED.heartbeat]: String(this.#count), ...(this.#count % 2 === 0 ? this.#companion() : {}) };
  }
}

/** Says that it boots, and moves the heartbeat from then on. */
export async function bootWithHeartbeat(guest: GuestEnvironment, run: () => Promise<void>): Promise<void> {
  const { heartbeat, pace, publisher, signal } = guest;
  await publisher.say({ ...stage("booting"), ...heartbeat.next() });
  const goOn = async (): Promise<void> => {
    await pace.wait(WAITS.heartbeat, signal);
    await publisher.say(heartbeat.next());
  };
  await Promise.all([repeatedly(guest, () => 0, goOn), run()]);
}
