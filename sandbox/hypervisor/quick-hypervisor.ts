import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { CONTEXT, type GuestRole, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { Disk } from "./disk.ts";
import { FaultBook } from "./faults.ts";
import type { Hypervisor, VmAddress, VmSpec, VmState } from "./hypervisor.ts";
import { LoopbackNetwork } from "./network.ts";
import type { Pace } from "./pace.ts";
import { QuickVm, type QuickWorld, type VmRole } from "./quick-vm.ts";
import { Underlay } from "./tunnel/underlay.ts";
import { ZoneGateways } from "./tunnel/zone-gateways.ts";
import { ZoneRouters } from "./tunnel/zone-routers.ts";
import { ZoneServices } from "./tunnel/zone-services.ts";

/** One guest as the control interface shows it: what it holds to be true of itself, not what a fault makes of it. */
export type GuestView = VmState & {
  readonly role: VmRole;
  /** Whether a process in it still lives; a killed guest is a VM that runs and does nothing. */
  readonly alive: boolean;
  readonly cut: boolean;
  readonly stage: string | null;
  readonly reason: string | null;
  readonly link: string | null;
  readonly heartbeat: number;
  /** SuperNode: of its own identity key. */
  readonly fingerprint: string | null;
  /** SuperLink: its loopback port. */
  readonly port: number | null;
  /** SuperLink: how often each key was turned away. */
  readonly refused: Readonly<Record<string, number>>;
  /** With how many other ends it has a WireGuard tunnel now; null where it is to have none. */
  readonly tunnels: number | null;
};

type Entry = { vm: QuickVm; readonly disk: Disk; running: boolean };

/** Guests that live in this process: the protocol, keys, TLS and connections are real, what runs inside is not. */
export class QuickHypervisor implements Hypervisor {
  readonly faults = new FaultBook();
  readonly network = new LoopbackNetwork();
  readonly underlay: Underlay;
  readonly routers: ZoneRouters;
  readonly #gateways = new ZoneGateways();
  readonly #services = new ZoneServices();
  readonly #entries = new Map<string, Entry>();
  readonly #folder: string;
  readonly #world: QuickWorld;

  private constructor(folder: string, parts: { pace: Pace; log: Logger }) {
    this.#folder = folder;
    this.underlay = new Underlay({ isCut: (id) => this.network.isCut(id), now: () => parts.pace.now });
    this.routers = new ZoneRouters({ underlay: this.underlay, now: () => parts.pace.now });
    this.#world = {
      ...parts,
      faults: this.faults,
      network: this.network,
      underlay: this.underlay,
      routers: this.routers,
      gateways: this.#gateways,
      services: this.#services,
      neighbourOf: (id, role) => this.#neighbourOf(id, role),
    };
  }

  static async create(parts: { pace: Pace; log: Logger }): Promise<QuickHypervisor> {
    return new QuickHypervisor(await mkdtemp(join(tmpdir(), "florist-guests-")), parts);
  }

  async start(spec: VmSpec): Promise<"started" | "already-running"> {
    const known = this.#find(spec);
    if (known !== undefined && !known.running) {
      // It may still be on its way down, and two of it must not share a disk.
      await known.vm.end(false);
    }
    if (this.#find(spec)?.running) {
      return "already-running";
    }
    const disk = known?.disk ?? new Disk(join(this.#folder, encodeURIComponent(spec.zone), String(spec.vmId)));
    this.#boot(spec, disk);
    return "started";
  }

  async stop(vm: VmAddress, hard: boolean): Promise<void> {
    const entry = this.#find(vm);
    if (entry !== undefined) {
      entry.running = false;
      this.underlay.unplug(entry.vm.id);
      await entry.vm.end(hard);
    }
  }

  async reboot(vm: VmAddress): Promise<"rebooted" | "unknown"> {
    const entry = this.#find(vm);
    if (entry === undefined) {
      return "unknown";
    }
    await entry.vm.end(true);
    if (this.#find(vm) === entry && entry.running) {
      this.#boot(entry.vm.spec, entry.disk);
    }
    return "rebooted";
  }

  async remove(vm: VmAddress): Promise<void> {
    const entry = this.#find(vm);
    if (entry !== undefined) {
      this.#entries.delete(keyOf(vm));
      this.network.heal(entry.vm.id);
      this.underlay.unplug(entry.vm.id);
      await entry.vm.end(true);
      await entry.disk.destroy();
    }
  }

  /** Divides every wait of the guests that begins from now on. */
  setSpeed(speed: number): void {
    this.#world.pace.setSpeed(speed);
  }

  list(): readonly VmState[] {
    return [...this.#entries.values()].map(({ vm, running }) => ({
      zone: vm.spec.zone,
      vmId: vm.spec.vmId,
      state: running ? "running" : "stopped",
    }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ vm }) => vm.end(true)));
    this.#entries.clear();
    // A guest that was ended hard may be about to finish what it was writing.
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The process in the VM dies without a word; the VM itself goes on, as a zone sees it. */
  async kill(vm: VmAddress): Promise<boolean> {
    const entry = this.#find(vm);
    await entry?.vm.end(true);
    return entry !== undefined;
  }

  /** The second VM boots from a copy of the first one's disk, in place of its own. */
  async clone(from: VmAddress, to: VmAddress): Promise<boolean> {
    const [original, copy] = [this.#find(from), this.#find(to)];
    if (original === undefined || copy === undefined) {
      return false;
    }
    await copy.vm.end(true);
    await copy.disk.becomeCopyOf(original.disk);
    this.#boot(copy.vm.spec, copy.disk);
    return true;
  }

  /** Takes a guest off the network, or puts it back; its way to OneGate stays. */
  setCut(vm: VmAddress, cut: boolean): boolean {
    const entry = this.#find(vm);
    if (entry === undefined) {
      return false;
    }
    if (cut) {
      this.network.cut(entry.vm.id);
    } else {
      this.network.heal(entry.vm.id);
    }
    return true;
  }

  guests(): readonly GuestView[] {
    return this.list().flatMap((state) => {
      const vm = this.#find(state)?.vm;
      return vm === undefined ? [] : [{ ...state, ...this.#view(vm) }];
    });
  }

  #view(vm: QuickVm): Omit<GuestView, keyof VmState> {
    const { fingerprint = null, port = null, refused = {}, tunnels = null } = vm.describe();
    return {
      role: vm.role,
      alive: vm.isAlive,
      cut: this.network.isCut(vm.id),
      stage: vm.said.get(PUBLISHED.stage) ?? null,
      reason: vm.said.get(PUBLISHED.reason) ?? null,
      link: vm.said.get(PUBLISHED.link) ?? null,
      heartbeat: Number(vm.said.get(PUBLISHED.heartbeat) ?? 0),
      fingerprint,
      port,
      refused,
      tunnels,
    };
  }

  #boot(spec: VmSpec, disk: Disk): void {
    const vm = new QuickVm(spec, disk, this.#world);
    this.#entries.set(keyOf(spec), { vm, disk, running: true });
    this.underlay.plugIn(vm.id, spec.zone, portToListenAt(spec.context));
    vm.boot();
  }

  #neighbourOf(id: string, role: GuestRole) {
    const said = role === "supernode" ? PUBLISHED.nodeKey : PUBLISHED.tunnelKey;
    const others = [...this.#entries.values()].filter(
      ({ vm }) => vm.id !== id && vm.role === role && vm.said.has(said),
    );
    return others[0]?.vm.said;
  }

  #find(vm: VmAddress): Entry | undefined {
    return this.#entries.get(keyOf(vm));
  }
}

function keyOf({ zone, vmId }: VmAddress): string {
  return `${zone}/${vmId}`;
}

/** The UDP port that CONTEXT gives a SuperLink. */
function portToListenAt(context: VmSpec["context"]): number | undefined {
  const port = Number(context[CONTEXT.tunnelPort] ?? "");
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
