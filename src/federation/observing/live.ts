/** What looks show now, beside what the journal knows: replaced by every look, gone with the process. */
import { PUBLISHED } from "../../guest-protocol/names.ts";
import { decodeNodeList, type NodeEntry } from "../../guest-protocol/node-list.ts";
import type { DeploymentRef } from "../model/deployment-reference.ts";
import type { SiteName } from "../model/identity.ts";
import { coordinatorOf, type Federation, type Site } from "../model/state.ts";
import type { ServiceState, VmFacts, ZoneSnapshot } from "../model/zone-facts.ts";
import { indexOf } from "./snapshot-index.ts";
import { type LiveVm, liveVmOf, saysItServes, unseenVm } from "./vm-observation.ts";

/** A look at a zone, and VMs there whose heartbeat has not moved for the policy's silence; guests' clocks do not matter. */
export interface ZoneLook {
  readonly snapshot: ZoneSnapshot;
  readonly silent: ReadonlySet<number>;
}

export interface LiveSite {
  readonly attempt: number;
  /** null: there is none, it is not listed, or it cannot be read. */
  readonly service: ServiceState | null;
  readonly vms: ReadonlyMap<number, LiveVm>;
}

export interface LiveFederation {
  /** Of sites in zones that were looked at since the program started. */
  readonly sites: ReadonlyMap<SiteName, LiveSite>;
  /** What the verified SuperLink said last of the SuperNodes it knows; null when it has said nothing yet. */
  readonly nodes: readonly NodeEntry[] | null;
}

export const NOTHING_SEEN: LiveFederation = { sites: new Map(), nodes: null };

/** VMs of a deployment, also those that OneFlow does not list yet. */
export function vmsIn(site: Site, snapshot: ZoneSnapshot): readonly VmFacts[] {
  const ref = site.deployment?.ref ?? null;
  return ref === null ? [] : vmsOfRef(ref, snapshot).filter(({ state }) => state !== "done");
}

/** VMs of what the zone calls so. */
export function vmsOfRef(ref: DeploymentRef, snapshot: ZoneSnapshot): readonly VmFacts[] {
  const { vms, vmsByService } = indexOf(snapshot);
  switch (ref.kind) {
    case "oneflow":
      return vmsByService.get(ref.id) ?? [];
    case "vms":
      return ref.ids.flatMap((id) => vms.get(id) ?? []);
  }
}

/**
 * Whose answer it is belongs to the answer: when the zone answers for another account than the one that deployed, or
 * for an administrator, nothing can be concluded from what it shows.
 */
export const isConclusive = (
  { deployment }: Pick<Site, "deployment">,
  { account }: Pick<ZoneSnapshot, "account">,
): boolean => isAnswerFor(deployment?.account ?? null, account);

/** `known`: the account that deployed; null when it was never seen. */
export const isAnswerFor = (known: number | null, account: ZoneSnapshot["account"]): boolean =>
  !account.administrator && (known === null || account.id === known);

/** What the look shows of the federation, over what was seen before. */
export function seenLive(
  before: LiveFederation,
  federation: Federation,
  name: SiteName,
  look: ZoneLook,
): LiveFederation {
  const site = federation.sites.get(name);
  if (site?.deployment == null) return { ...before, sites: without(before.sites, name) };
  if (!isConclusive(site, look.snapshot)) return before;
  const sites = new Map(before.sites).set(
    name,
    liveSiteOf(site, site.deployment.attempt, look, before.sites.get(name)),
  );
  const nodes = site.role === "coordinator" ? nodesAfter(before, federation, look) : before.nodes;
  return { sites, nodes };
}

/** What an earlier SuperLink said of its SuperNodes says nothing of the one that takes its place. */
const nodesAfter = (
  { nodes }: LiveFederation,
  federation: Federation,
  { snapshot }: ZoneLook,
): LiveFederation["nodes"] => (federation.verifiedVm === null ? null : (nodesIn(federation, snapshot) ?? nodes));

const without = (sites: LiveFederation["sites"], name: SiteName): LiveFederation["sites"] =>
  new Map([...sites].filter(([other]) => other !== name));

function liveSiteOf(
  site: Site,
  attempt: number,
  { snapshot, silent }: ZoneLook,
  before: LiveSite | undefined,
): LiveSite {
  const present = vmsIn(site, snapshot).map((vm) => liveVmOf(vm, silent.has(vm.id), before?.vms.get(vm.id)));
  const vms = new Map(present.map((vm) => [vm.vmId, vm]));
  const unreadable = snapshot.unreadable.filter(({ kind }) => kind === "vm").map(({ id }) => id);
  for (const { vmId, gone } of site.deployment?.vms.values() ?? []) {
    if (gone) vms.set(vmId, unseenVm(vmId, "gone"));
    else if (!vms.has(vmId))
      vms.set(vmId, unseenVm(vmId, unreadable.some((id) => id === null || id === vmId) ? "unreadable" : "missing"));
  }
  const ref = site.deployment?.ref ?? null;
  const service = ref?.kind === "oneflow" ? snapshot.services.find(({ id }) => id === ref.id) : undefined;
  return { attempt, service: service?.state ?? null, vms };
}

/** What the verified SuperLink publishes; null when that is nothing, or cannot be read. */
function nodesIn(federation: Federation, snapshot: ZoneSnapshot): readonly NodeEntry[] | null {
  const { verifiedVm } = federation;
  if (verifiedVm === null) return null;
  const value = indexOf(snapshot).vms.get(verifiedVm)?.attributes[PUBLISHED.nodes];
  const list = value === undefined ? null : decodeNodeList(value);
  return list?.ok ? list.value : null;
}

/** The verified SuperLink serves, as it says itself. */
export function superLinkServes(federation: Federation, live: LiveFederation): boolean {
  const vm = live.sites.get(coordinatorOf(federation).name)?.vms.get(federation.verifiedVm ?? -1);
  return vm !== undefined && saysItServes(vm);
}

/** VMs that both say so of: the SuperLink that it sees the key, the SuperNode that it serves. */
export function onlineVms(federation: Federation, site: Site, live: LiveFederation): readonly number[] {
  if (!superLinkServes(federation, live)) return [];
  const seen = new Set(live.nodes?.flatMap(({ key, status }) => (status === "online" ? [key] : [])));
  const vms = live.sites.get(site.name)?.vms;
  return [...(site.deployment?.vms.values() ?? [])]
    .filter(({ vmId, acceptedKey }) => {
      const now = vms?.get(vmId);
      return acceptedKey !== null && seen.has(acceptedKey) && now !== undefined && saysItServes(now);
    })
    .map(({ vmId }) => vmId);
}
