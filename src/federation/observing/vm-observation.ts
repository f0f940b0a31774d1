/** From a VM's facts and attributes to what is known of the guest in it. Everything a guest says is a claim. */
import { LINKS, type Link, PUBLISHED, REASONS, type Reason, STAGES, type Stage } from "../../guest-protocol/names.ts";
import { parseNodeKey } from "../../guest-protocol/node-key.ts";
import { parseTunnelKey } from "../../guest-protocol/tunnel.ts";
import { sha256 } from "../model/digest.ts";
import type { VmObservation } from "../model/events.ts";
import { MAX_IDENTITY_CHANGES } from "../model/limits.ts";
import { hasTunnelEnd, type Part, type PartName, type SitePlan } from "../model/plan.ts";
import type { DeployedVm } from "../model/state.ts";
import type { VmFacts, VmState } from "../model/zone-facts.ts";
import { partOfVm } from "../proposing/manifest.ts";
import { type TunnelSaid, tunnelSaid } from "./tunnels.ts";

/** Stands for a published key that cannot be read. */
export const UNREADABLE_KEY = "unreadable";

/** How far a guest has come; one that has given up has come no further. */
const RANK: Readonly<Record<Stage, number>> = {
  booting: 1,
  "awaiting-certificate": 2,
  "awaiting-admission": 2,
  starting: 3,
  serving: 4,
  failed: 0,
};

/**
 * What is kept of a VM: an address, the furthest stage, and the request and key it publishes. A VM that publishes one
 * after another is believed the first few times only, so that what it says never grows the journal without bound.
 */
export function observationOf(vm: VmFacts, before: DeployedVm | undefined, plan: SitePlan): VmObservation {
  const { attributes } = vm;
  const stage = oneOf(STAGES, attributes[PUBLISHED.stage]);
  const part = partOfVm(plan, vm);
  const claimed = claimedBy(attributes, plan, part.name);
  const spent = before !== undefined && before.identityChanges >= MAX_IDENTITY_CHANGES;
  const identity = spent ? identityOf(before.seen) : claimed;
  const reached = furthest(before?.seen.stage ?? null, stage);
  return { part: part.name, address: addressIn(vm, part), stage: reached, ...identity };
}

/** A gateway has nothing but a tunnel. */
const claimedBy = (
  attributes: VmFacts["attributes"],
  plan: SitePlan,
  part: PartName,
): Pick<VmObservation, "request" | "key" | "tunnelKey"> => ({
  request: part === "gateway" ? null : requestOf(attributes),
  key: part === "gateway" ? null : keyOf(attributes),
  tunnelKey: hasTunnelEnd(plan, part) ? readKey(attributes[PUBLISHED.tunnelKey]) : null,
});

const identityOf = ({
  request,
  key,
  tunnelKey,
}: VmObservation): Pick<VmObservation, "request" | "key" | "tunnelKey"> => ({
  request,
  key,
  tunnelKey,
});

function readKey(key = ""): string | null {
  if (key === "") return null;
  return parseTunnelKey(key).ok ? key : UNREADABLE_KEY;
}

function furthest(one: Stage | null, other: Stage | null): Stage | null {
  const rank = (stage: Stage | null): number => (stage === null ? 0 : RANK[stage]);
  return rank(other) > rank(one) ? other : one;
}

/** On the network where the plan has the part's first card. */
function addressIn({ nics }: VmFacts, part: Part): string | null {
  const network = part.nics[0]?.network.id;
  return nics.find(({ networkId }) => networkId === network)?.ip ?? null;
}

function requestOf(attributes: VmFacts["attributes"]): string | null {
  const request = attributes[PUBLISHED.certificateRequest];
  return request === undefined || request === "" ? null : sha256(request);
}

function keyOf(attributes: VmFacts["attributes"]): string | null {
  const line = attributes[PUBLISHED.nodeKey];
  if (line === undefined || line === "") return null;
  const parsed = parseNodeKey(line);
  return parsed.ok ? parsed.value.fingerprint : UNREADABLE_KEY;
}

/** What a VM is like at one moment. It lives in memory: only what stands becomes an event. */
export interface LiveVm {
  readonly vmId: number;
  readonly state:
    | "pending"
    | "held"
    | "booting"
    | "running"
    | "stopped"
    | "unknown"
    | "failed"
    | "missing"
    | "unreadable"
    | "gone";
  /** Its heartbeat has not moved for longer than the policy's silence. */
  readonly silent: boolean;
  readonly stage: Stage | null;
  readonly reason: Reason | null;
  readonly link: Link | null;
  /** What it says of its tunnels; null while it says nothing. */
  readonly tunnel: TunnelSaid | null;
  /** The tunnel key that it names as its next: looked at only while an owner has it changed. */
  readonly nextTunnelKey: string | null;
  /** The zone's own words for why it is so. */
  readonly message: string | null;
}

export function liveVmOf(vm: VmFacts, silent: boolean, before: LiveVm | undefined): LiveVm {
  const { attributes } = vm;
  return {
    vmId: vm.id,
    state: stateOf(vm.state),
    silent,
    stage: oneOf(STAGES, attributes[PUBLISHED.stage]),
    reason: oneOf(REASONS, attributes[PUBLISHED.reason]),
    link: oneOf(LINKS, attributes[PUBLISHED.link]),
    tunnel: tunnelSaid(attributes[PUBLISHED.tunnelLinks], before?.tunnel ?? null),
    nextTunnelKey: readKey(attributes[PUBLISHED.nextTunnelKey]),
    message: messageOf(vm),
  };
}

/** What went wrong once stands in a VM long after it is well again. */
function messageOf({ state, schedMessage, error }: VmFacts): string | null {
  switch (state) {
    case "pending":
      return schedMessage ?? null;
    case "failed":
      return error ?? null;
    default:
      return null;
  }
}

/** A VM of which nothing can be seen now. */
export const unseenVm = (vmId: number, state: "missing" | "unreadable" | "gone"): LiveVm => ({
  vmId,
  state,
  silent: false,
  stage: null,
  reason: null,
  link: null,
  tunnel: null,
  nextTunnelKey: null,
  message: null,
});

/**
 * It says itself that it serves, reaches the SuperLink, and still says anything. That its host is not monitored says
 * nothing about it.
 */
export const saysItServes = ({ state, stage, silent, link }: LiveVm): boolean =>
  (state === "running" || state === "unknown") && stage === "serving" && !silent && (link === null || link === "ok");

function oneOf<T extends string>(allowed: readonly T[], text: string | undefined): T | null {
  return allowed.find((candidate) => candidate === text) ?? null;
}

function stateOf(state: VmState): LiveVm["state"] {
  switch (state) {
    case "hold":
      return "held";
    case "pending":
    case "booting":
    case "running":
      return state;
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
