import { cdataElement, element } from "../xml.ts";
import { type Accounts, type Group, type Limits, primaryGroup, type User } from "./accounts.ts";
import { vectorsOf } from "./attributes.ts";
import type { Image, Network, Owned } from "./objects.ts";
import { errorCode, OneError } from "./one-error.ts";
import type { Pool } from "./pool.ts";
import { countsAsRunning, numberOf, type VirtualMachine } from "./virtual-machine.ts";

/** Every row of a VM quota, in oned's order. */
const vmResources = [
  "CPU",
  "MEMORY",
  "PCI_DEV",
  "PCI_NIC",
  "RUNNING_CPU",
  "RUNNING_MEMORY",
  "RUNNING_PCI_DEV",
  "RUNNING_PCI_NIC",
  "RUNNING_VMS",
  "SYSTEM_DISK_SIZE",
  "VMS",
] as const;

/** Those with a limit, in the order in which oned looks at them. */
const checkedResources = [
  "MEMORY",
  "CPU",
  "VMS",
  "RUNNING_MEMORY",
  "RUNNING_CPU",
  "RUNNING_VMS",
  "SYSTEM_DISK_SIZE",
] as const;

const DEFAULT = -1;
const UNLIMITED = -2;

interface Usage {
  readonly vm: ReadonlyMap<string, number>;
  readonly leases: ReadonlyMap<number, number>;
  readonly images: ReadonlyMap<number, number>;
}

interface Pools {
  readonly accounts: Accounts;
  readonly vms: Pool<VirtualMachine>;
  readonly images: Pool<Image>;
  readonly networks: Pool<Network>;
}

/** Refuses when one more such VM would go beyond a limit of the user or of his group. */
export function requireQuota(pools: Pools, user: User, vm: VirtualMachine): void {
  requireRoom(pools, user, ({ vms, reservations }) => usageOf([...vms, vm], reservations));
}

/** The same for so many addresses of a network that would become one of the user's own. */
export function requireReservable(pools: Pools, user: User, parent: Network, size: number): void {
  requireRoom(pools, user, ({ vms, reservations }) => usageOf(vms, [...reservations, { parent: parent.id, size }]));
}

function requireRoom(pools: Pools, user: User, then: (now: Belongings) => Usage): void {
  const group = primaryGroup(user);
  const { defaultUserQuotas, defaultGroupQuotas } = pools.accounts;
  const mine = then(belongingsOf(pools, ({ uid }) => uid === user.id));
  const ours = then(belongingsOf(pools, ({ gid }) => gid === group.id));
  check(user, `user [${user.id}]`, user.quotas, defaultUserQuotas, mine);
  check(user, `group [${group.id}]`, group.quotas, defaultGroupQuotas, ours);
}

function check(user: User, who: string, limits: Limits, defaults: ReadonlyMap<string, number>, used: Usage): void {
  const refuse = (limit: number, resource: string, where: string) =>
    new OneError(
      errorCode.authorization,
      `User [${user.id}] : ${who} limit of ${limit} reached for ${resource} quota in ${where}.`,
    );
  for (const resource of checkedResources) {
    const limit = effective(limits.vm.get(resource), defaults.get(resource));
    if (limit >= 0 && (used.vm.get(resource) ?? 0) > limit) throw refuse(limit, resource, "VM");
  }
  for (const [network, count] of used.leases) {
    const limit = effective(limits.leases.get(network), undefined);
    if (limit >= 0 && count > limit) throw refuse(limit, "LEASES", `NETWORK with ID: ${network}`);
  }
}

function effective(own: number | undefined, fallback: number | undefined): number {
  return own === undefined || own === DEFAULT ? (fallback ?? UNLIMITED) : own;
}

type Reservation = Pick<Network, "parent" | "size">;

interface Belongings {
  readonly vms: readonly VirtualMachine[];
  readonly reservations: readonly Reservation[];
}

function belongingsOf(pools: Pools, belongs: (object: Owned) => boolean): Belongings {
  return {
    vms: pools.vms.newestFirst().filter((vm) => vm.phase !== "done" && belongs(vm)),
    reservations: pools.networks.newestFirst().filter((network) => network.parent !== undefined && belongs(network)),
  };
}

function usageOf(vms: readonly VirtualMachine[], reservations: readonly Reservation[]): Usage {
  const vm = new Map<string, number>();
  const images = new Map<number, number>();
  for (const machine of vms) {
    const disks = vectorsOf(machine.attributes, "DISK");
    const amounts = { CPU: numberOf(machine, "CPU"), MEMORY: numberOf(machine, "MEMORY"), VMS: 1 };
    for (const [name, amount] of Object.entries(amounts)) {
      increase(vm, name, amount);
      increase(vm, `RUNNING_${name}`, countsAsRunning(machine.phase) ? amount : 0);
    }
    for (const disk of disks) {
      increase(vm, "SYSTEM_DISK_SIZE", Number(disk.get("SIZE") ?? 0));
      increase(images, Number(disk.get("IMAGE_ID") ?? -1), 1);
    }
  }
  return { vm, leases: leasesOf(vms, reservations), images };
}

/** A reservation leases its addresses from the network that they are of, whether anybody uses them or not. */
function leasesOf(vms: readonly VirtualMachine[], reservations: readonly Reservation[]): ReadonlyMap<number, number> {
  const leases = new Map<number, number>();
  for (const nic of vms.flatMap(({ attributes }) => vectorsOf(attributes, "NIC"))) {
    const network = nic.get("NETWORK_ID");
    if (network !== undefined) increase(leases, Number(network), 1);
  }
  for (const { parent, size } of reservations) if (parent !== undefined) increase(leases, parent, size);
  return leases;
}

const usedBy = (pools: Pools, belongs: (object: Owned) => boolean): Usage => {
  const { vms, reservations } = belongingsOf(pools, belongs);
  return usageOf(vms, reservations);
};

function increase<Key>(amounts: Map<Key, number>, key: Key, by: number): void {
  amounts.set(key, (amounts.get(key) ?? 0) + by);
}

export function userQuotasXml(pools: Pools, user: User): string {
  return quotasXml(
    user.quotas,
    usedBy(pools, ({ uid }) => uid === user.id),
    datastores(pools, { uid: user.id }),
  );
}

export function groupQuotasXml(pools: Pools, group: Group): string {
  return quotasXml(
    group.quotas,
    usedBy(pools, ({ gid }) => gid === group.id),
    datastores(pools, { gid: group.id }),
  );
}

/** DEFAULT_USER_QUOTAS or DEFAULT_GROUP_QUOTAS: what a limit of -1 or an absent one means. */
export function defaultQuotasXml(name: string, limits: ReadonlyMap<string, number>): string {
  const rows = limits.size === 0 ? "" : vmRow(limits, new Map(), UNLIMITED);
  return element(
    name,
    element("DATASTORE_QUOTA"),
    element("NETWORK_QUOTA"),
    element("VM_QUOTA", rows),
    element("IMAGE_QUOTA"),
  );
}

function quotasXml(limits: Limits, used: Usage, datastoreRows: string): string {
  const vmRows = limits.vm.size === 0 && used.vm.size === 0 ? "" : vmRow(limits.vm, used.vm, DEFAULT);
  const networks = [...new Set([...limits.leases.keys(), ...used.leases.keys()])].sort((a, b) => a - b);
  const networkRows = networks.map((id) =>
    element(
      "NETWORK",
      cdataElement("ID", id),
      cdataElement("LEASES", limits.leases.get(id) ?? DEFAULT),
      cdataElement("LEASES_USED", used.leases.get(id) ?? 0),
    ),
  );
  const imageRows = [...used.images].map(([id, count]) =>
    element("IMAGE", cdataElement("ID", id), cdataElement("RVMS", DEFAULT), cdataElement("RVMS_USED", count)),
  );
  return (
    element("DATASTORE_QUOTA", datastoreRows) +
    element("NETWORK_QUOTA", ...networkRows) +
    element("VM_QUOTA", vmRows) +
    element("IMAGE_QUOTA", ...imageRows)
  );
}

function vmRow(limits: ReadonlyMap<string, number>, used: ReadonlyMap<string, number>, absent: number): string {
  const cells = vmResources.map(
    (name) =>
      cdataElement(name, limits.get(name) ?? absent) + cdataElement(`${name}_USED`, amountText(used.get(name) ?? 0)),
  );
  return element("VM", ...cells);
}

function amountText(amount: number): string {
  return Number.isInteger(amount) ? String(amount) : amount.toFixed(2);
}

/** Images count where they belong, so an ordinary user has none and the group of the seed's images does. */
function datastores(pools: Pools, owner: { uid: number } | { gid: number }): string {
  const images = pools.images
    .newestFirst()
    .filter((image) =>
      "uid" in owner ? image.uid === owner.uid && image.gid === 0 : image.gid === owner.gid && image.gid !== 0,
    );
  if (images.length === 0) return "";
  return element(
    "DATASTORE",
    cdataElement("ID", 1),
    cdataElement("IMAGES", DEFAULT),
    cdataElement("IMAGES_USED", images.length),
    cdataElement("SIZE", DEFAULT),
    cdataElement(
      "SIZE_USED",
      images.reduce((sum, image) => sum + image.sizeMb, 0),
    ),
  );
}
