import type { Clock } from "../clock.ts";
import type { Hypervisor } from "../hypervisor.ts";
import type { FlowDocument } from "../oneflow/bodies.ts";
import type { ZoneSeed } from "../seed.ts";
import { granted, may, requireCreate } from "./access.ts";
import { Accounts, primaryGroup, type User } from "./accounts.ts";
import { type Attributes, attributesFromJson, merged, textOf, vectorsOf } from "./attributes.ts";
import { releaseLeases, releaseReservation, reserveRange, takeLease } from "./leases.ts";
import { Lifecycle } from "./lifecycle.ts";
import type { Image, Network, NetworkTemplate, OtherDocument, Owned, VmTemplate } from "./objects.ts";
import { errorCode, OneError } from "./one-error.ts";
import { Pool } from "./pool.ts";
import { requireReservable } from "./quotas.ts";
import type { Host } from "./scheduling.ts";
import { parseTemplateText } from "./template-text.ts";
import { serviceIdOf, type VirtualMachine } from "./virtual-machine.ts";

/** Where the three daemons are reached; known once they listen. */
export interface Endpoints {
  xmlRpc: string;
  oneFlow: string;
  oneGate: string;
}

/** Who wants to hear of VMs: OneFlow, and whoever waits for changes. */
export interface VmWatcher {
  moved(vm: VirtualMachine): void;
  /** The text of an update as it was given, which is what OneFlow's ready gate looks at. */
  updated(vm: VirtualMachine, text: string): void;
}

const ON_HOLD = -1;

/** One OpenNebula: its accounts and pools, and what happens to its VMs. */
type NewImage = Pick<Image, "name" | "sizeMb" | "type" | "persistent" | "attributes">;

export class Zone {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly hosts: readonly Host[];
  readonly templates = new Pool<VmTemplate>();
  readonly images = new Pool<Image>();
  readonly networks = new Pool<Network>();
  readonly networkTemplates = new Pool<NetworkTemplate>();
  readonly vms = new Pool<VirtualMachine>();
  readonly documents = new Pool<FlowDocument>();
  /** Documents that are not OneFlow's, numbered with them. */
  readonly otherDocuments = new Pool<OtherDocument>();
  readonly lifecycle: Lifecycle;
  readonly endpoints: Endpoints = { xmlRpc: "", oneFlow: "", oneGate: "" };
  readonly watchers = new Set<VmWatcher>();
  /** In a federation the first zone's oned writes what all share. */
  masterAnswers = (): boolean => true;
  /** A disabled zone answers what is only read. */
  enabled = true;
  /** As the federation's pool has it: whether it is in it, and where; null: where it is. */
  listed = true;
  listedAt: string | null = null;
  /** Further zones of that pool, which nobody stands in for. */
  others: readonly OtherZone[] = [];

  constructor(id: number, name: string, seed: ZoneSeed, clock: Clock, hypervisor: Hypervisor) {
    this.id = id;
    this.name = name;
    this.version = seed.version;
    this.clock = clock;
    this.accounts = new Accounts(id, seed, clock);
    this.hosts = seed.hosts.map((host, index) => ({ id: index, ...host }));
    this.#fill(seed);
    this.lifecycle = new Lifecycle({
      zoneName: name,
      clock,
      hypervisor,
      capacity: this,
      oneGateUrl: () => this.endpoints.oneGate,
      moved: (vm) => {
        for (const watcher of this.watchers) watcher.moved(vm);
      },
      ended: (vm) => this.#releaseAddresses(vm),
    });
  }

  /** Whatever would change something comes by here, also from OneFlow. */
  requireEnabled(): void {
    if (!this.enabled) throw new OneError(errorCode.internal, "Cannot process request, zone disabled");
  }

  /** In the first zone of a federation the default VDC lets every group use the networks. */
  mayUseNetwork(user: User, network: Network): boolean {
    return this.id === 0 || may(user, "USE", "NET", network);
  }

  /** `one.vm.update`: appends by name or replaces the whole USER_TEMPLATE. OneGate comes this way as well. */
  updateVm(vm: VirtualMachine, text: string, append: boolean): void {
    const given = parseTemplateText(text);
    vm.userTemplate = append ? merged(vm.userTemplate, given) : given;
    for (const watcher of this.watchers) watcher.updated(vm, text);
  }

  vmsOfService(serviceId: number): VirtualMachine[] {
    return this.vms.newestFirst().filter((vm) => serviceIdOf(vm) === serviceId);
  }

  /** The living VMs with a disk of that image. */
  vmsOfImage(image: Image): VirtualMachine[] {
    return this.vms
      .newestFirst()
      .filter((vm) => vm.phase !== "done")
      .filter((vm) => vectorsOf(vm.attributes, "DISK").some((disk) => disk.get("IMAGE_ID") === String(image.id)));
  }

  addTemplate(owner: Ownership, name: string, attributes: Attributes): VmTemplate {
    const registered = this.clock.seconds();
    const kept: Attributes = new Map([...attributes].filter(([key]) => key !== "NAME"));
    return this.templates.add((id) => ({ ...this.#owned(id, name, owner), registered, attributes: kept }));
  }

  addImage(owner: Ownership, { name, sizeMb, type, persistent, attributes }: NewImage): Image {
    const now = this.clock.seconds();
    return this.images.add((id) => ({
      ...this.#owned(id, name, owner),
      registered: now,
      modified: now,
      state: "ready",
      ...{ sizeMb, type, persistent },
      attributes: merged(new Map([["DEV_PREFIX", ["sd"]]]), attributes),
    }));
  }

  /** Free addresses of a network, in a row, as a network of the user's own. Refuses with a OneError. */
  reserve(user: User, parent: Network, name: string, size: number): Network {
    if (!(size > 0)) throw new OneError(errorCode.action, "Reservation SIZE must be a greater than 0");
    requireReservable(this, user, parent, size);
    const id = this.networks.nextId;
    const firstIp = reserveRange(parent, id, size);
    if (firstIp === undefined) {
      throw new OneError(errorCode.action, "Not enough free addresses in an address range");
    }
    const owned = this.#owned(id, name, { owner: user.name, group: primaryGroup(user).name, permissions: "600" });
    const { bridge, dns, gateway, networkAddress, mask } = parent;
    return this.networks.add(() => ({
      ...{ bridge, dns, gateway, networkAddress, mask },
      ...owned,
      ...{ firstIp, size, nextIndex: 0, leases: new Map(), parent: parent.id },
    }));
  }

  addNetworkTemplate(owner: Ownership, name: string, attributes: Attributes): NetworkTemplate {
    const registered = this.clock.seconds();
    return this.networkTemplates.add((id) => ({ ...this.#owned(id, name, owner), registered, attributes }));
  }

  /** A network of the user's own, as the template with what is said beside it has it: its first range of IPv4. */
  makeNetwork(user: User, templateId: number, name: string, extra: Attributes): Network {
    const template = granted(user, "USE", "VNTEMPLATE", templateId, this.networkTemplates);
    requireCreate(user, "NET");
    const attributes = merged(template.attributes, extra);
    const [range] = vectorsOf(attributes, "AR");
    const text = (attribute: string): string => textOf(attributes, attribute) ?? "";
    return this.networks.add((id) => ({
      ...this.#owned(id, name, { owner: user.name, group: primaryGroup(user).name, permissions: "600" }),
      bridge: text("BRIDGE"),
      dns: text("DNS"),
      gateway: text("GATEWAY"),
      networkAddress: text("NETWORK_ADDRESS"),
      mask: text("NETWORK_MASK"),
      firstIp: range?.get("IP") ?? "0.0.0.0",
      size: Number(range?.get("SIZE") ?? 0),
      nextIndex: 0,
      leases: new Map(),
    }));
  }

  removeNetwork(network: Network): void {
    this.networks.remove(network.id);
    const parent = network.parent === undefined ? undefined : this.networks.get(network.parent);
    if (parent !== undefined) releaseReservation(parent, network.id);
  }

  #fill(seed: ZoneSeed): void {
    for (const image of seed.images)
      this.addImage(image, { ...image, attributes: attributesFromJson(image.attributes) });
    for (const { held, owner, group, permissions, name, ...range } of seed.networks) {
      const network = this.networks.add((id) => ({
        ...range,
        ...this.#owned(id, name, { owner, group, permissions }),
        nextIndex: 0,
        leases: new Map(),
      }));
      for (const ip of held) {
        if (takeLease(network, ON_HOLD, ip) === undefined)
          throw new Error(`the seed holds ${ip}, which ${name} has not`);
      }
    }
    for (const template of seed.vmTemplates) {
      const attributes = parseTemplateText(template.text);
      this.addTemplate(template, textOf(attributes, "NAME") ?? template.name, attributes);
    }
    this.vms.startAt(seed.startIds.vms ?? 0);
    this.templates.startAt(seed.startIds.templates ?? 0);
    this.images.startAt(seed.startIds.images ?? 0);
  }

  #owned(id: number, name: string, { owner, group, permissions }: Ownership): Owned {
    const { id: uid, name: uname } = this.accounts.userNamed(owner);
    const { id: gid, name: gname } = this.accounts.groupNamed(group);
    return { id, uid, gid, uname, gname, name, permissions };
  }

  #releaseAddresses(vm: VirtualMachine): void {
    for (const network of this.networks.newestFirst()) releaseLeases(network, vm.id);
  }
}

export interface OtherZone {
  readonly id: number;
  readonly name: string;
  readonly endpoint: string;
}

export interface Ownership {
  readonly owner: string;
  readonly group: string;
  readonly permissions: string;
}
