import { type Attributes, textOf } from "./attributes.ts";
import type { Owned } from "./objects.ts";

/** STATE, LCM_STATE and the name that oned's refusals use, of every phase that a VM here can be in. */
export const phases = {
  pending: { state: 1, lcm: 0, word: "PENDING" },
  hold: { state: 2, lcm: 0, word: "HOLD" },
  starting: { state: 3, lcm: 0, word: "LCM_INIT" },
  prolog: { state: 3, lcm: 1, word: "PROLOG" },
  boot: { state: 3, lcm: 2, word: "BOOT" },
  running: { state: 3, lcm: 3, word: "RUNNING" },
  saving: { state: 3, lcm: 5, word: "SAVE_STOP" },
  epilog: { state: 3, lcm: 11, word: "EPILOG" },
  shutdown: { state: 3, lcm: 12, word: "SHUTDOWN" },
  unknown: { state: 3, lcm: 16, word: "UNKNOWN" },
  poweringOff: { state: 3, lcm: 18, word: "SHUTDOWN_POWEROFF" },
  booting: { state: 3, lcm: 20, word: "BOOT_POWEROFF" },
  bootFailure: { state: 3, lcm: 36, word: "BOOT_FAILURE" },
  stopped: { state: 4, lcm: 0, word: "STOPPED" },
  suspended: { state: 5, lcm: 0, word: "SUSPENDED" },
  done: { state: 6, lcm: 0, word: "DONE" },
  poweroff: { state: 8, lcm: 0, word: "POWEROFF" },
  undeployed: { state: 9, lcm: 0, word: "UNDEPLOYED" },
} as const;

export type Phase = keyof typeof phases;

/** One stay on a host. Times are seconds, 0 while open. */
export interface History {
  readonly sequence: number;
  readonly hostName: string;
  readonly hostId: number;
  readonly start: number;
  end: number;
  prologStart: number;
  prologEnd: number;
  runningStart: number;
  runningEnd: number;
  epilogStart: number;
  epilogEnd: number;
  /** oned's number of what ended it, 0 while nothing did. */
  action: number;
  uid: number;
  gid: number;
  requestId: number;
}

export interface VirtualMachine extends Owned {
  phase: Phase;
  readonly start: number;
  end: number;
  deployId: string;
  /** TEMPLATE: what oned itself understands. */
  attributes: Attributes;
  /** USER_TEMPLATE: all the rest. */
  userTemplate: Attributes;
  readonly history: History[];
  /** Known to OneGate and to the guest, to nobody else. */
  readonly oneGateToken: string;
}

/** Does it take part in quotas of running VMs? PENDING counts too. */
export function countsAsRunning(phase: Phase): boolean {
  return !["poweroff", "stopped", "suspended", "undeployed", "done"].includes(phase);
}

export function serviceIdOf(vm: VirtualMachine): number | undefined {
  const id = textOf(vm.userTemplate, "SERVICE_ID");
  return id === undefined ? undefined : Number(id);
}

export function numberOf(vm: VirtualMachine, name: "CPU" | "MEMORY"): number {
  return Number(textOf(vm.attributes, name) ?? 0);
}
