/** VMs, as `vmpool.info` lists them and `vmpool.infoset` tells them whole. */
import { z } from "zod";
import type { VmFacts, VmState } from "../../federation/model/zone-facts.ts";
import { attributes, decimal, group, integer, many, optionalText, parseElement } from "./xml.ts";

/** STATE where LCM_STATE says nothing more. */
const STATES: ReadonlyMap<number, VmState> = new Map([
  [0, "pending"],
  [1, "pending"],
  [2, "hold"],
  [4, "stopped"],
  [5, "suspended"],
  [6, "done"],
  [7, "failed"],
  [8, "poweroff"],
  [9, "undeployed"],
  [10, "pending"],
  [11, "failed"],
]);

const ACTIVE = 3;

/** LCM_STATE of an active VM. What is not here (hotplug, snapshot, migration) runs on meanwhile. */
const LIFE_CYCLE: ReadonlyMap<number, VmState> = new Map([
  ...states("booting", [0, 1, 2, 9, 19, 20, 21, 22, 31, 32]),
  ...states("shutting-down", [11, 12, 15, 23]),
  ...states("powering-off", [5, 6, 10, 18, 29, 30]),
  ...states("unknown", [16]),
  ...states("failed", [36, 37, 38, 39, 40, 41, 42, 44, 46, 47, 48, 49, 50, 61]),
]);

function states(state: VmState, numbers: readonly number[]): (readonly [number, VmState])[] {
  return numbers.map((number) => [number, state] as const);
}

function vmState(state: number, lifeCycle: number): VmState {
  if (state === ACTIVE) return LIFE_CYCLE.get(lifeCycle) ?? "running";
  return STATES.get(state) ?? "unknown";
}

const nic = z
  .object({ NAME: optionalText, NETWORK_ID: optionalText, IP: optionalText })
  .transform(({ NAME, NETWORK_ID, IP }) => ({
    name: NAME ?? "",
    // An address asked for without a network leases nothing, but it makes a NIC all the same.
    networkId: Number(NETWORK_ID ?? -1),
    ...(IP === undefined ? {} : { ip: IP }),
  }));

const vm = z
  .object({
    ID: integer,
    NAME: z.string(),
    STATE: integer,
    LCM_STATE: integer,
    TEMPLATE: group({
      CPU: decimal,
      VCPU: decimal.optional(),
      MEMORY: decimal,
      NIC: many(nic),
      DISK: many(z.object({ IMAGE_ID: optionalText })),
      CONTEXT: attributes,
    }),
    USER_TEMPLATE: attributes,
  })
  .transform(({ ID, NAME, STATE, LCM_STATE, TEMPLATE, USER_TEMPLATE }): VmFacts => {
    const { SERVICE_ID } = USER_TEMPLATE;
    return {
      id: ID,
      name: NAME,
      state: vmState(STATE, LCM_STATE),
      ...(SERVICE_ID !== undefined && /^\d+$/.test(SERVICE_ID) ? { serviceId: Number(SERVICE_ID) } : {}),
      cpu: TEMPLATE.CPU,
      vcpu: TEMPLATE.VCPU ?? 1,
      memory: TEMPLATE.MEMORY,
      nics: TEMPLATE.NIC,
      imageIds: TEMPLATE.DISK.flatMap(({ IMAGE_ID }) => (IMAGE_ID === undefined ? [] : [Number(IMAGE_ID)])),
      context: TEMPLATE.CONTEXT,
      attributes: USER_TEMPLATE,
    };
  });

const pool = group({ VM: many(vm) });
const idPool = group({ VM: many(z.object({ ID: integer })) });

/** VMs with CONTEXT and USER_TEMPLATE, from an extended answer. Throws `ZoneError` rubbish. */
export function parseVms(xml: string): readonly VmFacts[] {
  return parseElement(xml, "VM_POOL", pool).VM;
}

export function parseVmIds(xml: string): readonly number[] {
  return parseElement(xml, "VM_POOL", idPool).VM.map(({ ID }) => ID);
}

const one = z.object({ STATE: integer, LCM_STATE: integer });

/** The state alone, from `vm.info`. */
export function parseVmState(xml: string): VmState {
  const { STATE, LCM_STATE } = parseElement(xml, "VM", one);
  return vmState(STATE, LCM_STATE);
}
