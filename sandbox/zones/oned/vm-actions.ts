import { type Phase, phases } from "./virtual-machine.ts";

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

/** Ended by nobody's action: the monitoring found it so. */
export const MONITORED = 44;

/** From which phases each action may be asked for; `terminate-hard` from all but DONE. */
export const allowedFrom: Readonly<Record<VmAction, readonly Phase[]>> = {
  terminate: ["pending", "hold", "running", "unknown", "bootFailure", "stopped", "suspended", "poweroff", "undeployed"],
  "terminate-hard": Object.keys(phases)
    .filter(isPhase)
    .filter((phase) => phase !== "done"),
  poweroff: ["running", "unknown"],
  "poweroff-hard": ["running", "unknown"],
  resume: ["poweroff", "suspended", "stopped", "undeployed", "unknown"],
  stop: ["running"],
  suspend: ["running"],
  undeploy: ["running", "poweroff"],
  "undeploy-hard": ["running", "poweroff"],
  reboot: ["running"],
  "reboot-hard": ["running"],
  hold: ["pending"],
  release: ["hold"],
};

function isPhase(name: string): name is Phase {
  return name in phases;
}
