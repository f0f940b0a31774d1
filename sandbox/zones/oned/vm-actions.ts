import type { Phase } from "./virtual-machine.ts";

export const vmActions = [
  "terminate",
  "terminate-hard",
  "poweroff",
  "poweroff-hard",
  "resume",
  "stop",
  "suspend",
  "undeploy",
  "undeploy-hard",
  "reboot",
  "reboot-hard",
  "hold",
  "release",
] as const;
export type VmAction = (typeof vmActions)[number];

/** oned's numbers for what ended a stay on a host; 0 is not written down. */
export const actionNumbers: Readonly<Record<VmAction, number>> = {
  terminate: 27,
  "terminate-hard": 28,
  poweroff: 19,
  "poweroff-hard": 20,
  resume: 0,
  stop: 9,
  suspend: 10,
  undeploy: 5,
  "undeploy-hard": 6,
  reboot: 0,
  "reboot-hard": 0,
  hold: 0,
  release: 0,
};

const endable: readonly Phase[] = [
  "pending",
  "hold",
  "running",
  "unknown",
  "bootFailure",
  "stopped",
  "suspended",
  "poweroff",
  "undeployed",
];

/** Ended by nobody's action: the monitoring found it so. */
export const MONITORED = 44;

/** From which phases each action may be asked for. What is on its way somewhere cannot even be ended. */
export const allowedFrom: Readonly<Record<VmAction, readonly Phase[]>> = {
  terminate: endable,
  "terminate-hard": [...endable, "shutdown"],
  poweroff: ["running", "unknown"],
  "poweroff-hard": ["running", "unknown", "poweringOff"],
  resume: ["poweroff", "suspended", "stopped", "undeployed", "unknown"],
  stop: ["running", "suspended"],
  suspend: ["running"],
  undeploy: ["running", "unknown", "poweroff"],
  "undeploy-hard": ["running", "unknown", "poweroff"],
  reboot: ["running"],
  "reboot-hard": ["running"],
  hold: ["pending"],
  release: ["hold"],
};
