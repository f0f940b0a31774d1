/** From a VM's facts and attributes to what is known of the guest in it. Everything a guest says is a claim. */
import { LINKS, PUBLISHED, REASONS, STAGES } from "../../guest-protocol/names.ts";
import { parseNodeKey } from "../../guest-protocol/node-key.ts";
import { sha256 } from "../model/digest.ts";
import type { Sighting } from "../model/events.ts";
import type { VmFacts, VmState } from "../model/zone-facts.ts";

/** Stands for a published key that cannot be read. */
export const UNREADABLE_KEY = "unreadable";

/** `undefined`: the zone no longer lists the VM, so it is gone; what it said last is kept. */
export function sightingOf(vm: VmFacts | undefined, before: Sighting | undefined, silent: boolean): Sighting {
  if (vm === undefined) {
    return {
      address: null,
      stage: null,
      reason: null,
      link: null,
      request: null,
      key: null,
      ...before,
      state: "gone",
      silent: false,
    };
  }
  const { attributes } = vm;
  const request = attributes[PUBLISHED.certificateRequest];
  const key = attributes[PUBLISHED.nodeKey];
  return {
    state: stateOf(vm.state),
    address: vm.nics[0]?.ip ?? null,
    silent,
    stage: oneOf(STAGES, attributes[PUBLISHED.stage]),
    reason: oneOf(REASONS, attributes[PUBLISHED.reason]),
    link: oneOf(LINKS, attributes[PUBLISHED.link]),
    request: request === undefined || request === "" ? null : sha256(request),
    key: key === undefined || key === "" ? null : fingerprintOf(key),
  };
}

function fingerprintOf(line: string): string {
  const parsed = parseNodeKey(line);
  return parsed.ok ? parsed.value.fingerprint : UNREADABLE_KEY;
}

function oneOf<T extends string>(allowed: readonly T[], text: string | undefined): T | null {
  return allowed.find((candidate) => candidate === text) ?? null;
}

function stateOf(state: VmState): Sighting["state"] {
  switch (state) {
    case "pending":
    case "hold":
    case "booting":
      return "coming";
    case "running":
      return "running";
    case "unknown":
      return "unknown";
    case "failed":
      return "failed";
    case "done":
      return "gone";
    case "shutting-down":
    case "powering-off":
    case "stopped":
    case "suspended":
    case "poweroff":
    case "undeployed":
      return "stopped";
  }
}
