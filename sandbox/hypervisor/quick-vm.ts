import type { Logger } from "pino";
import { parseRole } from "../../src/guest-protocol/claims.ts";
import { CONTEXT, type GuestRole } from "../../src/guest-protocol/names.ts";
import { type GuestContext, readContext } from "./context.ts";
import type { Disk } from "./disk.ts";
import { type Attributes, distorted } from "./distortion.ts";
import type { FaultBook } from "./faults.ts";
import { Gateway } from "./gateway.ts";
import {
  bootWithHeartbeat,
  type GuestDetails,
  type GuestEnvironment,
  type GuestProgram,
  Heartbeat,
  stage,
  WAITS,
} from "./guest.ts";
import { GuestFailure } from "./guest-failure.ts";
import type { VmSpec } from "./hypervisor.ts";
import type { GuestId, LoopbackNetwork } from "./network.ts";
import { OneGate } from "./one-gate.ts";
import type { Pace } from "./pace.ts";
import { Publisher } from "./publisher.ts";
import { Superlink } from "./superlink.ts";
import { Supernode } from "./supernode.ts";
import { Tunnel } from "./tunnel/tunnel.ts";
import type { Underlay } from "./tunnel/underlay.ts";
import type { ZoneGateways } from "./tunnel/zone-gateways.ts";
import type { ZoneRouters } from "./tunnel/zone-routers.ts";
import type { ZoneServices } from "./tunnel/zone-services.ts";

/** `dummy` is a VM whose CONTEXT is not ours: it only exists. `unknown` is ours, with a role that nobody knows. */
export type VmRole = GuestRole | "dummy" | "unknown";

/** What all VMs of one hypervisor share. */
export type QuickWorld = {
  readonly network: LoopbackNetwork;
  readonly underlay: Underlay;
  readonly routers: ZoneRouters;
  readonly gateways: ZoneGateways;
  readonly services: ZoneServices;
  readonly faults: FaultBook;
  readonly pace: Pace;
  readonly log: Logger;
  /** What another guest of this kind has said, for the faults that copy it. */
  readonly neighbourOf: (id: GuestId, role: GuestRole) => Attributes | undefined;
};

/** One VM from boot to stop; a reboot is a new one with the same disk. */
export class QuickVm {
  readonly spec: VmSpec;
  readonly id: GuestId;
  readonly role: VmRole;
  readonly #world: QuickWorld;
  readonly #disk: Disk;
  readonly #life = new AbortController();
  readonly #publisher: Publisher;
  readonly #oneGate: OneGate;
  readonly #heartbeat = new Heartbeat();
  #program: GuestProgram | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(spec: VmSpec, disk: Disk, world: QuickWorld) {
    this.spec = spec;
    this.id = `${spec.zone}/${spec.vmId}`;
    this.role = roleOf(spec.context);
    this.#world = world;
    this.#disk = disk;
    this.#oneGate = new OneGate({ ...spec.oneGate, vmId: spec.vmId });
    this.#publisher = new Publisher({
      oneGate: this.#oneGate,
      signal: this.#life.signal,
      failed: (error) => this.#log.debug({ err: error }, "OneGate did not take an update; it goes with the next"),
      distort: (said) => distorted(said, this.#faults(), (role) => world.neighbourOf(this.id, role)),
    });
  }

  /** What the guest holds to be true of itself. */
  get said(): Attributes {
    return this.#publisher.said;
  }

  get isAlive(): boolean {
    return !this.#life.signal.aborted;
  }

  describe(): GuestDetails {
    return this.#program?.describe() ?? {};
  }

  boot(): void {
    if (this.role !== "dummy") {
      this.#running = this.#live();
    }
  }

  /** Ends everything in the VM; with `hard` the connections fall without a goodbye. */
  async end(hard: boolean): Promise<void> {
    if (hard) {
      this.#world.network.drop(this.id);
    }
    this.#world.network.withdraw(this.id);
    this.#life.abort();
    await this.#running;
    this.#world.network.drop(this.id);
  }

  async #live(): Promise<void> {
    const { signal } = this.#life;
    try {
      await this.#world.pace.wait(this.#bootMs(), signal);
      await bootWithHeartbeat(this.#environment(), () => this.#run());
    } catch (error) {
      if (!signal.aborted) {
        this.#log.error({ err: error }, "a guest ended by a mistake of its own");
      }
    }
  }

  /** Whatever ends the program while the VM lives is said as a failure, never by silence. */
  async #run(): Promise<void> {
    try {
      const environment = this.#environment();
      const context = readContext(this.spec.context);
      const tunnel = context.tunnel === undefined ? undefined : await Tunnel.open(environment, context.tunnel);
      const program = programOf(environment, context, tunnel);
      this.#program = program;
      await Promise.all([program.run(), tunnel?.run()]);
    } catch (error) {
      if (this.#life.signal.aborted) {
        return;
      }
      this.#log.error({ err: error }, "the guest failed");
      await this.#publisher.say(stage("failed", error instanceof GuestFailure ? error.reason : "agent-error"));
    }
  }

  #environment(): GuestEnvironment {
    return {
      id: this.id,
      spec: this.spec,
      disk: this.#disk,
      network: this.#world.network,
      underlay: this.#world.underlay,
      routers: this.#world.routers,
      gateways: this.#world.gateways,
      services: this.#world.services,
      heartbeat: this.#heartbeat,
      oneGate: this.#oneGate,
      publisher: this.#publisher,
      pace: this.#world.pace,
      faults: () => this.#faults(),
      log: this.#log,
      signal: this.#life.signal,
    };
  }

  #bootMs(): number {
    const slow = this.#faults().find((fault) => fault.kind === "slow-boot");
    return slow?.kind === "slow-boot" ? slow.ms : this.#world.pace.around(WAITS.boot, this.id);
  }

  #faults() {
    return this.#world.faults.of({ ...this.spec, role: this.role });
  }

  get #log(): Logger {
    return this.#world.log.child({ vm: this.id, role: this.role });
  }
}

function programOf(environment: GuestEnvironment, context: GuestContext, tunnel: Tunnel | undefined): GuestProgram {
  switch (context.role) {
    case "superlink":
      return new Superlink(environment, context, tunnel);
    case "supernode":
      return new Supernode(environment, context, tunnel);
    case "gateway":
      if (tunnel === undefined) throw new GuestFailure("context-invalid", "A gateway has a tunnel.");
      return new Gateway(environment, context, tunnel);
  }
}

function roleOf(context: VmSpec["context"]): VmRole {
  if ((context[CONTEXT.protocol] ?? "") === "") {
    return "dummy";
  }
  const role = parseRole(context[CONTEXT.role] ?? "");
  return role.ok ? role.value : "unknown";
}
