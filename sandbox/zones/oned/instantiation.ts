import { randomBytes, randomUUID } from "node:crypto";
import { granted, requireCreate } from "./access.ts";
import { isAdministrator, primaryGroup, type User } from "./accounts.ts";
import { type Attributes, merged, setText, textOf, type Vector, vector, vectorsOf } from "./attributes.ts";
import { contextOf } from "./contextualisation.ts";
import { diskOf } from "./disks.ts";
import { nameFault } from "./names.ts";
import { leasedNics, plannedNic } from "./nics.ts";
import { cannotAllocate, errorCode, OneError } from "./one-error.ts";
import { requireQuota } from "./quotas.ts";
import type { VirtualMachine } from "./virtual-machine.ts";
import type { Zone } from "./zone.ts";

/** Attributes that stay in TEMPLATE; every other one of a VM template goes to USER_TEMPLATE. */
const machineAttributes = new Set([
  "CONTEXT",
  "CPU",
  "CPU_MODEL",
  "DISK",
  "FEATURES",
  "GRAPHICS",
  "INPUT",
  "MEMORY",
  "NIC",
  "NIC_DEFAULT",
  "NUMA_NODE",
  "OS",
  "PCI",
  "RAW",
  "TOPOLOGY",
  "VCPU",
  "VIDEO",
]);

/** What an ordinary user may not bring along; from the default VM_RESTRICTED_ATTR. */
const restricted: ReadonlyMap<string, readonly string[]> = new Map([
  ["CONTEXT", ["FILES"]],
  ["NIC", ["MAC", "VLAN_ID", "BRIDGE"]],
  ["DISK", ["SOURCE", "TOTAL_BYTES_SEC"]],
]);

export interface Instantiation {
  readonly templateId: number;
  readonly name: string;
  readonly hold: boolean;
  readonly extra: Attributes;
  /** OneFlow merges CONTEXT entry by entry; `one.template.instantiate` replaces the whole vector. */
  readonly context: "merged" | "replaced";
}

/** Makes the VM and submits it. All refusals are OneErrors; after one, no lease and no id is used up. */
export function instantiate(zone: Zone, user: User, wish: Instantiation): VirtualMachine {
  const template = granted(user, "USE", "TEMPLATE", wish.templateId, zone.templates);
  if (wish.extra.size > 0) requireCreate(user, "TEMPLATE");
  requireNothingRestricted(user, wish.extra);
  const fault = wish.name === "" ? undefined : nameFault(wish.name);
  if (fault !== undefined) throw cannotAllocate(fault);
  const vm = zone.vms.add((id) => {
    const name = wish.name === "" ? `${template.name}-${id}` : wish.name;
    return machine(zone, user, { ...wish, name }, id, combined(template.attributes, wish));
  });
  zone.lifecycle.submit(vm);
  return vm;
}

function combined(template: Attributes, wish: Instantiation): Attributes {
  const all = merged(template, wish.extra);
  const [own] = vectorsOf(template, "CONTEXT");
  const [extra] = vectorsOf(wish.extra, "CONTEXT");
  if (wish.context === "merged" && own !== undefined && extra !== undefined) {
    all.set("CONTEXT", [new Map([...own, ...extra])]);
  }
  return all;
}

function machine(zone: Zone, user: User, wish: Instantiation, id: number, all: Attributes): VirtualMachine {
  requireCapacity(all);
  const vm = draft(zone, user, wish, id, all);
  const disks = vectorsOf(all, "DISK").map((disk, index) => diskOf(zone, user, disk, index));
  const nics = vectorsOf(all, "NIC").map((nic) => plannedNic(zone, user, nic));
  vm.attributes.set("DISK", disks);
  vm.attributes.set(
    "NIC",
    nics.map(({ given, network }) => (network ? new Map([...given, ["NETWORK_ID", String(network.id)]]) : given)),
  );
  requireQuota(zone, user, vm);
  const { vectors, contexts } = leasedNics(nics, id);
  vm.attributes.set("NIC", vectors);
  if (nics.some(({ network }) => network !== undefined)) vm.attributes.set("SECURITY_GROUP_RULE", securityGroupRules());
  const [given] = vectorsOf(all, "CONTEXT");
  if (given !== undefined) {
    const environment = { diskId: disks.length, oneGateUrl: zone.endpoints.oneGate };
    vm.attributes.set("CONTEXT", [contextOf(given, vm, user, contexts, environment)]);
  }
  return vm;
}

function draft(zone: Zone, user: User, wish: Instantiation, id: number, all: Attributes): VirtualMachine {
  const group = primaryGroup(user);
  const kept = [...all].filter(([name]) => name !== "NAME");
  const attributes: Attributes = new Map(kept.filter(([name]) => machineAttributes.has(name)));
  const [os = new Map<string, string>()] = vectorsOf(all, "OS");
  attributes.set("OS", [new Map([...os, ["UUID", randomUUID()]])]);
  setText(attributes, "AUTOMATIC_DS_REQUIREMENTS", '("CLUSTERS/ID" @> 0)');
  setText(attributes, "AUTOMATIC_NIC_REQUIREMENTS", '("CLUSTERS/ID" @> 0)');
  setText(attributes, "AUTOMATIC_REQUIREMENTS", "(CLUSTER_ID = 0) & !(PIN_POLICY = PINNED)");
  setText(attributes, "CREATED_BY", String(user.id));
  setText(attributes, "TEMPLATE_ID", String(wish.templateId));
  setText(attributes, "VMID", String(id));
  if (wish.hold) setText(attributes, "SUBMIT_ON_HOLD", "YES");
  return {
    id,
    uid: user.id,
    gid: group.id,
    uname: user.name,
    gname: group.name,
    name: wish.name,
    permissions: "600",
    phase: wish.hold ? "hold" : "pending",
    start: zone.clock.seconds(),
    end: 0,
    deployId: "",
    attributes,
    userTemplate: new Map(kept.filter(([name]) => !machineAttributes.has(name))),
    history: [],
    oneGateToken: randomBytes(16).toString("base64"),
  };
}

/** What is no number above 0 is refused, and so is a VM without CPU or memory. */
function requireCapacity(all: Attributes): void {
  const kinds = { MEMORY: "integer", CPU: "float or integer", VCPU: "integer" };
  for (const [name, kind] of Object.entries(kinds)) {
    const value = textOf(all, name) ?? (name === "VCPU" ? "1" : "");
    if (!(Number.parseFloat(value) > 0)) throw cannotAllocate(`${name} attribute must be a positive ${kind} value.`);
  }
}

function securityGroupRules(): Vector[] {
  return ["OUTBOUND", "INBOUND"].map((direction) =>
    vector({ PROTOCOL: "ALL", RULE_TYPE: direction, SECURITY_GROUP_ID: "0", SECURITY_GROUP_NAME: "default" }),
  );
}

function requireNothingRestricted(user: User, extra: Attributes): void {
  if (isAdministrator(user)) return;
  for (const [name, keys] of restricted) {
    if (vectorsOf(extra, name).some((value) => keys.some((key) => value.has(key)))) {
      throw new OneError(
        errorCode.authorization,
        `User [${user.id}] : User Template includes a restricted attribute ${name}.`,
      );
    }
  }
}
