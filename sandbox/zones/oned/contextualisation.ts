import type { User } from "./accounts.ts";
import { textOf, type Vector, vector } from "./attributes.ts";
import type { Network } from "./objects.ts";
import { cannotAllocate } from "./one-error.ts";
import type { VirtualMachine } from "./virtual-machine.ts";

/** What oned writes into CONTEXT per NIC, empty where the network says nothing. */
const nicFields = [
  "DNS",
  "EXTERNAL",
  "GATEWAY",
  "IP",
  "IP6",
  "IP6_GATEWAY",
  "IP6_METHOD",
  "IP6_METRIC",
  "IP6_PREFIX_LENGTH",
  "IP6_ULA",
  "MAC",
  "MASK",
  "METHOD",
  "METRIC",
  "MTU",
  "NETWORK",
  "ROUTES",
  "SEARCH_DOMAIN",
  "VLAN_ID",
  "VROUTER_IP",
  "VROUTER_IP6",
  "VROUTER_MANAGEMENT",
] as const;

export interface ContextNic {
  readonly ip: string | undefined;
  readonly mac: string | undefined;
  readonly network: Network | undefined;
}

/** The CONTEXT that the guest gets: the template's, its variables filled in, and what oned adds. */
export function contextOf(
  given: Vector,
  vm: VirtualMachine,
  user: User,
  nics: readonly ContextNic[],
  environment: { diskId: number; oneGateUrl: string },
): Vector {
  const context = new Map<string, string>();
  for (const [name, value] of given) {
    context.set(
      name,
      filledIn(value, (variable) => variableOf(variable, vm), user),
    );
  }
  if (isYes(context.get("NETWORK"))) {
    for (const [index, nic] of nics.entries()) addNic(context, index, nic);
  }
  if (isYes(context.get("TOKEN"))) context.set("ONEGATE_ENDPOINT", environment.oneGateUrl);
  context.set("VMID", String(vm.id));
  context.set("DISK_ID", String(environment.diskId));
  context.set("TARGET", "hda");
  return context;
}

function addNic(context: Map<string, string>, index: number, { ip, mac, network }: ContextNic): void {
  const known = vector({
    DNS: network?.dns,
    GATEWAY: network?.gateway,
    IP: ip,
    MAC: mac,
    MASK: network?.mask,
    NETWORK: network?.networkAddress,
  });
  for (const field of nicFields) context.set(`ETH${index}_${field}`, known.get(field) ?? "");
}

/**
 * `$NAME` is an attribute of the VM, `$USER[NAME]` one of its owner, and any other `$` an error. What a variable brings
 * in loses what stands in `${}`, and all of it the blanks at its ends.
 */
function filledIn(value: string, variable: (name: string) => string, user: User): string {
  if (/\$(?!\w)/.test(value)) throw cannotAllocate(`Error parsing: ${value}`);
  return value
    .replace(/\$USER\[(\w+)\]/g, (_, name: string) => user.attributes.get(name) ?? "")
    .replace(/\$(\w+)/g, (_, name: string) => variable(name.toUpperCase()))
    .replace(/\$\{[^}]*\}/g, "")
    .trim();
}

function variableOf(name: string, vm: VirtualMachine): string {
  const own = { VMID: vm.id, NAME: vm.name, UID: vm.uid, UNAME: vm.uname, GID: vm.gid, GNAME: vm.gname };
  const known = Object.entries(own).find(([key]) => key === name);
  if (known !== undefined) return String(known[1]);
  return textOf(vm.userTemplate, name) ?? textOf(vm.attributes, name) ?? "";
}

function isYes(value: string | undefined): boolean {
  return value?.toUpperCase() === "YES";
}
