/** What a VM is in the federation, read from what it was told and what it says. */
import { CONTEXT, GUEST_ROLES, type GuestRole, PUBLISHED } from "../../../src/guest-protocol/names.ts";
import type { ShownVm, ShownZone } from "../protocol.ts";

export type LinkState = "up" | "joining" | "down" | "cut" | "flapping" | "dead";

export interface Guest {
  readonly zone: string;
  readonly vm: ShownVm;
  readonly role: GuestRole | "other";
  readonly federation: string;
  /** What it says of itself, or nothing yet. */
  readonly stage: string;
  readonly reason: string;
  /** SuperNodes: how its own last dial ended. */
  readonly link: string;
  readonly state: LinkState;
}

export function guestsOf(zones: readonly ShownZone[]): readonly Guest[] {
  return zones.flatMap(({ name, vms }) => vms.toReversed().map((vm) => guestOf(name, vm)));
}

export function guestOf(zone: string, vm: ShownVm): Guest {
  const { context, attributes } = vm;
  const role = GUEST_ROLES.find((known) => known === context[CONTEXT.role]) ?? "other";
  const stage = attributes[PUBLISHED.stage] ?? "";
  const link = attributes[PUBLISHED.link] ?? "";
  return {
    zone,
    vm,
    role,
    federation: context[CONTEXT.federation] ?? "",
    stage,
    reason: attributes[PUBLISHED.reason] ?? "",
    link,
    state: stateOf(vm, role, stage, link),
  };
}

function stateOf({ faults, word }: ShownVm, role: Guest["role"], stage: string, link: string): LinkState {
  if (faults.includes("kill")) return "dead";
  if (faults.includes("flap")) return "flapping";
  if (faults.includes("cut")) return "cut";
  if (word !== "RUNNING" || stage === "failed") return word === "RUNNING" ? "down" : "joining";
  if (stage !== "serving") return "joining";
  return role === "supernode" && link !== "ok" && link !== "" ? "down" : "up";
}

export const STATE_WORDS: Readonly<Record<LinkState, string>> = {
  up: "serving",
  joining: "coming up",
  down: "not well",
  cut: "cut off",
  flapping: "comes and goes",
  dead: "killed",
};

/** One line of how far it is. */
export function stageWords({ vm, stage, state, link }: Guest): string {
  if (state === "dead" || state === "cut" || state === "flapping") return STATE_WORDS[state];
  if (vm.word !== "RUNNING") return vm.word.toLowerCase().replaceAll("_", " ");
  if (state === "down" && link !== "" && link !== "ok") return `link ${link}`;
  return stage === "" ? "boots" : stage.replaceAll("-", " ");
}
