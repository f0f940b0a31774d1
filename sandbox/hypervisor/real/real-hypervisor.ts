import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { parseRole } from "../../../src/guest-protocol/claims.ts";
import { DATA_DISK } from "../../../src/guest-protocol/data.ts";
import { CONTEXT, type GuestRole } from "../../../src/guest-protocol/names.ts";
import type { Hypervisor, VmAddress, VmSpec, VmState } from "../hypervisor.ts";
import type { RouterConfiguration } from "../tunnel/zone-routers.ts";
import { setClock } from "./clock.ts";
import { makeDataDisk } from "./data-disk.ts";
import { Estate } from "./estate.ts";
import { flowerEnvironment, flowerReleases } from "./flower.ts";
import { Impostor, type ImpostorWish } from "./impostor.ts";
import { Internet, replaceTable } from "./internet.ts";
import { RealVm } from "./real-vm.ts";
import { RouterTunnel } from "./router-tunnel.ts";
import { nicsOf, ONEGATE_ADDRESS, ZoneNetwork } from "./zone-network.ts";
import type { UdpForward } from "./zone-router.ts";

type Entry = { readonly vm: RealVm; running: boolean; cut: boolean };

/** One VM as the control interface shows it. */
export type RealView = VmState & {
  /** What CONTEXT says; null for a VM that is none of ours. */
  readonly role: GuestRole | null;
  readonly cut: boolean;
  /** Its first process on this machine, null while it is off. */
  readonly pid: number | null;
  readonly space: string;
  readonly disk: string;
  readonly addresses: readonly string[];
  /** Where its connections come from, as other zones see them, if its own address is a private one. */
  readonly outerAddress: string;
};

/** VMs as namespaces of this machine: what CONTEXT brings runs in them for real, as root and behind walls of its own. */
export class RealHypervisor implements Hypervisor {
  readonly internet: Internet;
  readonly #estate: Estate;
  readonly #flower: string;
  readonly #log: Logger;
  readonly #zones = new Map<string, Promise<ZoneNetwork>>();
  readonly #forwards = new Map<string, UdpForward>();
  /** Zones whose switch lets nobody send from another's address. */
  readonly #filtered = new Set<string>();
  readonly #routerTunnels = new Map<string, RouterTunnel>();
  /** By zone, the device of the disk with data that its VMs share. */
  readonly #dataDisks = new Map<string, Promise<string>>();
  readonly #entries = new Map<string, Entry>();
  /** By the zone whose VMs meet it. */
  readonly #impostors = new Map<string, Impostor>();
  /** What is under way for a VM: the next thing waits for it. */
  readonly #turns = new Map<string, Promise<unknown>>();

  private constructor(parts: { estate: Estate; internet: Internet; flower: string; log: Logger }) {
    this.#estate = parts.estate;
    this.internet = parts.internet;
    this.#flower = parts.flower;
    this.#log = parts.log;
  }

  static async create(log: Logger): Promise<RealHypervisor> {
    const flower = await flowerEnvironment((sentence) => log.warn(sentence));
    const estate = await Estate.open();
    try {
      return new RealHypervisor({ estate, internet: await Internet.create(estate), flower, log });
    } catch (error) {
      await estate.close();
      throw error;
    }
  }

  start(spec: VmSpec): Promise<"started" | "already-running"> {
    return this.#inTurn(spec, async () => {
      const known = this.#entries.get(keyOf(spec));
      if (known?.running) return "already-running";
      const vm = known?.vm.spec === spec ? known.vm : new RealVm(spec, known?.vm.place ?? (await this.#place(spec)));
      this.#entries.set(keyOf(spec), { vm, running: true, cut: known?.cut ?? false });
      await this.#boot(vm);
      return "started";
    });
  }

  stop(vm: VmAddress, hard: boolean): Promise<void> {
    return this.#inTurn(vm, async () => {
      const entry = this.#entries.get(keyOf(vm));
      if (entry === undefined) return;
      entry.running = false;
      await entry.vm.end(hard);
    });
  }

  reboot(vm: VmAddress): Promise<"rebooted" | "unknown"> {
    return this.#inTurn(vm, async () => {
      const entry = this.#entries.get(keyOf(vm));
      if (entry === undefined) return "unknown";
      await entry.vm.end(false);
      if (entry.running) await this.#boot(entry.vm);
      return "rebooted";
    });
  }

  remove(vm: VmAddress): Promise<void> {
    return this.#inTurn(vm, async () => {
      const entry = this.#entries.get(keyOf(vm));
      if (entry === undefined) return;
      this.#entries.delete(keyOf(vm));
      await entry.vm.end(true);
      await this.#estate.removeSpace(entry.vm.place.space);
      await rm(entry.vm.place.disk, { recursive: true, force: true });
    });
  }

  list(): readonly VmState[] {
    return this.views().map(({ zone, vmId, state }) => ({ zone, vmId, state }));
  }

  views(): readonly RealView[] {
    return [...this.#entries.values()].map(({ vm, running, cut }) => {
      const { spec, place, pid } = vm;
      return {
        zone: spec.zone,
        vmId: spec.vmId,
        state: running ? "running" : "stopped",
        role: roleOf(spec),
        cut,
        pid: pid ?? null,
        space: place.space,
        disk: place.disk,
        addresses: nicsOf(spec.context).map(({ ip }) => ip),
        outerAddress: place.outerAddress,
      };
    });
  }

  /** Takes a VM off the network, or puts it back; its way to OneGate stays. */
  async setCut(address: VmAddress, cut: boolean): Promise<boolean> {
    const entry = this.#entries.get(keyOf(address));
    if (entry === undefined) return false;
    entry.cut = cut;
    const wall = [
      `chain in { type filter hook input priority -10; iifname "eth*" ip saddr != ${ONEGATE_ADDRESS} drop; }`,
      `chain out { type filter hook output priority -10; oifname "eth*" ip daddr != ${ONEGATE_ADDRESS} drop; }`,
    ];
    await replaceTable(entry.vm.place.space, "ip cut", cut ? wall.join("\n") : "");
    return true;
  }

  /** Sets a running VM's clock ahead by so many seconds, or behind; the first time the VM boots again for it. */
  setClock(address: VmAddress, offset: number): Promise<boolean> {
    return this.#inTurn(address, async () => {
      const vm = this.#entries.get(keyOf(address))?.vm;
      if (vm?.pid === undefined) return false;
      if ((await setClock(vm.pid, offset)) === "boot") {
        await vm.end(false);
        await this.#boot(vm);
      }
      return true;
    });
  }

  /** VMs of a zone meet this impostor instead of the one before; false if the zone has no VMs. */
  async addImpostor(wish: ImpostorWish): Promise<boolean> {
    const network = await this.#zones.get(wish.zone);
    if (network === undefined) return false;
    await this.endImpostor(wish.zone);
    this.#impostors.set(wish.zone, await Impostor.open(this.internet.space, network.outerAddress, wish));
    return true;
  }

  /** Also for a zone that has no VM yet. What comes to the port reaches the zone's VM that is a tunnel's hub. */
  async forward(zone: string, forward: UdpForward): Promise<void> {
    this.#forwards.set(zone, forward);
    await (await this.#zones.get(zone))?.forward(forward);
  }

  /** The zone's router gets another public address; false if the zone has no VMs. */
  async renumber(zone: string): Promise<boolean> {
    const network = await this.#zones.get(zone);
    await network?.renumber();
    return network !== undefined;
  }

  /** Also for a zone that has no VM yet. */
  async filterAddresses(zone: string, on: boolean): Promise<void> {
    if (on) this.#filtered.add(zone);
    else this.#filtered.delete(zone);
    await (await this.#zones.get(zone))?.filterAddresses(on);
  }

  /** Also for a zone that has no VM yet. @returns the public half of the key that the zone's router has for it */
  async setUpRouter(zone: string, configuration: RouterConfiguration): Promise<string> {
    const tunnel = new RouterTunnel(configuration);
    this.#routerTunnels.set(zone, tunnel);
    await (await this.#zones.get(zone))?.addTunnel(tunnel);
    return tunnel.publicKey;
  }

  async endImpostor(zone: string): Promise<void> {
    await this.#impostors.get(zone)?.close();
    this.#impostors.delete(zone);
  }

  async kill(address: VmAddress): Promise<boolean> {
    const entry = this.#entries.get(keyOf(address));
    await entry?.vm.kill();
    return entry !== undefined;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ vm }) => this.#inTurn(vm.spec, () => vm.end(true))));
    this.#entries.clear();
    for (const zone of await Promise.allSettled(this.#zones.values())) {
      if (zone.status === "fulfilled") zone.value.close();
    }
    for (const zone of this.#impostors.keys()) await this.endImpostor(zone);
    await this.#estate.close();
  }

  /** A VM whose CONTEXT cannot be taken runs as far as the zone knows and never says a word, as a real one would. */
  async #boot(vm: RealVm): Promise<void> {
    try {
      await vm.boot();
    } catch (error) {
      this.#log.error({ err: error, zone: vm.spec.zone, vm: vm.spec.vmId }, "the VM does not boot");
    }
  }

  async #place(spec: VmSpec): Promise<RealVm["place"]> {
    const network = await this.#network(spec);
    const disk = join(this.#estate.folder, `${spec.zone}-${spec.vmId}`);
    await mkdir(disk, { mode: 0o755 });
    const space = await this.#estate.addSpace(`${spec.zone}-${spec.vmId}`);
    const nics = nicsOf(spec.context);
    await network.plugIn(space, spec.vmId, nics);
    // One that is no hub may have the name with nothing in it.
    if ((spec.context[CONTEXT.tunnelPort] ?? "") !== "" && nics[0] !== undefined) await network.leadTo(nics[0].ip);
    const flower = await this.#flowerFor(spec);
    const dataDevice = spec.serials?.includes(DATA_DISK.serial) ? await this.#dataDisk(spec.zone) : undefined;
    return {
      space,
      disk,
      flower,
      dataDevice,
      oneGateUrl: network.oneGateUrl,
      get outerAddress() {
        return network.outerAddress;
      },
    };
  }

  #dataDisk(zone: string): Promise<string> {
    const disk = this.#dataDisks.get(zone) ?? makeDataDisk(this.#estate.folder, zone);
    this.#dataDisks.set(zone, disk);
    return disk;
  }

  /** Of the release that CONTEXT names. Where it names none that is known, the VM's image has another one. */
  async #flowerFor({ context }: VmSpec): Promise<string> {
    const wanted = context[CONTEXT.flowerVersion] ?? "";
    if (!(await flowerReleases()).includes(wanted)) return this.#flower;
    return await flowerEnvironment((sentence) => this.#log.warn(sentence), wanted);
  }

  #network(spec: VmSpec): Promise<ZoneNetwork> {
    const network = this.#zones.get(spec.zone) ?? this.#makeNetwork(spec);
    this.#zones.set(spec.zone, network);
    return network;
  }

  async #makeNetwork({ zone, oneGate }: VmSpec): Promise<ZoneNetwork> {
    const network = await ZoneNetwork.create(this.#estate, this.internet, zone, oneGate.url);
    const forward = this.#forwards.get(zone);
    if (forward !== undefined) await network.forward(forward);
    if (this.#filtered.has(zone)) await network.filterAddresses(true);
    const tunnel = this.#routerTunnels.get(zone);
    if (tunnel !== undefined) await network.addTunnel(tunnel);
    return network;
  }

  #inTurn<T>(vm: VmAddress, act: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(keyOf(vm)) ?? Promise.resolve()).then(act);
    this.#turns.set(
      keyOf(vm),
      turn.catch(() => undefined),
    );
    return turn;
  }
}

function roleOf({ context }: VmSpec): RealView["role"] {
  const role = context[CONTEXT.role];
  const parsed = role === undefined ? undefined : parseRole(role);
  return parsed?.ok ? parsed.value : null;
}

function keyOf({ zone, vmId }: VmAddress): string {
  return `${zone}/${vmId}`;
}
