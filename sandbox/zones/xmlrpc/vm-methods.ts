import { granted, may, passesFilter, range, requireFilter } from "../oned/access.ts";
import type { Recovery } from "../oned/lifecycle.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { phases, type VirtualMachine } from "../oned/virtual-machine.ts";
import { fullVmXml, shortVmXml } from "../oned/virtual-machine-xml.ts";
import { type VmAction, vmActions } from "../oned/vm-actions.ts";
import { element } from "../xml.ts";
import type { Caller, Method } from "./method.ts";
import { appends, type Parameters } from "./parameters.ts";

export const vmMethods = {
  "one.vm.info": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    return fullVmXml(granted(user, "USE", "VM", id, zone.vms));
  },

  "one.vm.update": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const text = parameters.string();
    const append = appends(parameters);
    parameters.end();
    zone.updateVm(granted(user, "MANAGE", "VM", id, zone.vms), text, append);
    return id;
  },

  "one.vm.action": ({ zone, user }, parameters) => {
    const action = parameters.string();
    const id = parameters.integer();
    parameters.end();
    const forAdministrators = action === "resched" || action === "unresched";
    const vm = granted(user, forAdministrators ? "ADMIN" : "MANAGE", "VM", id, zone.vms);
    if (forAdministrators) return id;
    if (!isVmAction(action)) throw new OneError(errorCode.action, `Action "${action}" is not supported`);
    zone.lifecycle.act(vm, action, { uid: user.id, gid: user.groups[0]?.id ?? -1 });
    return id;
  },

  /** Wants ADMIN, which the plain owner of a VM has not. */
  "one.vm.recover": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const operation = recoveries[parameters.integer()];
    parameters.end();
    const vm = granted(user, "ADMIN", "VM", id, zone.vms);
    if (operation === undefined) throw new OneError(errorCode.action, "Wrong recovery operation code");
    zone.lifecycle.recover(vm, operation);
    return id;
  },

  "one.vmpool.info": (caller, parameters) => pool(vmsOf(caller, parameters).map(shortVmXml)),

  "one.vmpool.infoextended": (caller, parameters) => pool(vmsOf(caller, parameters).map(fullVmXml)),

  /** Ids that do not exist, or that the caller may not see, are left out in silence. */
  "one.vmpool.infoset": ({ zone, user }, parameters) => {
    const ids = new Set(parameters.string().split(",").map(Number));
    const extended = parameters.boolean();
    parameters.end();
    const vms = zone.vms.newestFirst().filter((vm) => ids.has(vm.id) && may(user, "USE", "VM", vm));
    return pool(vms.map(extended ? fullVmXml : shortVmXml));
  },
} satisfies Record<string, Method>;

/** By their numbers. */
const recoveries: readonly (Recovery | undefined)[] = ["failure", "success", "retry", "delete"];

const anyState = -2;
const notDone = -1;
const LAST_STATE = 11;

function vmsOf({ zone, user }: Caller, parameters: Parameters): VirtualMachine[] {
  const filter = parameters.integer();
  const start = parameters.integer();
  const end = parameters.integer();
  const state = parameters.integer();
  const search = parameters.optionalString();
  parameters.end();
  requireFilter(filter);
  if (state < anyState || state > LAST_STATE) throw new OneError(errorCode.rpc, "Incorrect filter_flag, state");
  const seen = zone.vms
    .newestFirst()
    .filter((vm) => passesFilter(user, filter, "VM", vm) && inState(vm, state) && matches(vm, search));
  return range(seen, start, end);
}

function inState(vm: VirtualMachine, state: number): boolean {
  if (state === anyState) return true;
  return state === notDone ? vm.phase !== "done" : phases[vm.phase].state === state;
}

/** `NAME=value` is looked for in the VM's body. */
function matches(vm: VirtualMachine, search: string): boolean {
  const equals = search.indexOf("=");
  if (equals < 0) return true;
  const [name, value] = [search.slice(0, equals), search.slice(equals + 1)];
  const body = fullVmXml(vm);
  return body.includes(`<${name}>${value}</${name}>`) || body.includes(`<${name}><![CDATA[${value}]]></${name}>`);
}

function pool(vms: readonly string[]): string {
  return element("VM_POOL", ...vms);
}

function isVmAction(action: string): action is VmAction {
  return vmActions.some((known) => known === action);
}
