/** What a look at a zone changes: sightings of guests, failures, who is online. Pure; only what moved becomes an event. */
import { parseAttempt } from "../../guest-protocol/attempt.ts";
import { PUBLISHED } from "../../guest-protocol/names.ts";
import { decodeNodeList } from "../../guest-protocol/node-list.ts";
import { canonical } from "../model/digest.ts";
import type { FederationEvent, Sighting } from "../model/events.ts";
import { evolve } from "../model/evolve.ts";
import type { DecisionContext } from "../model/policy.ts";
import { coordinatorOf, currentProposal, type Federation, type Guest, type Run, type Site } from "../model/state.ts";
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../model/zone-facts.ts";
import { attemptTag, differences, serviceOrder } from "../proposing/manifest.ts";
import { statusChanges } from "./status.ts";
import { verifyCoordinator } from "./verification.ts";
import { sightingOf } from "./vm-observation.ts";

/** VMs of the zone whose heartbeat has not moved for the policy's silence; clocks of guests do not matter. */
export type Silent = ReadonlySet<number>;

/** All that the snapshot of one zone tells about the federation's site there. */
export function observeZone(
  federation: Federation,
  site: Site,
  snapshot: ZoneSnapshot,
  silent: Silent,
  context: DecisionContext,
): readonly FederationEvent[] {
  const events: FederationEvent[] = [];
  let state = federation;
  const happen = (found: readonly FederationEvent[]): void => {
    for (const event of found) {
      state = evolve(state, { seq: state.seq, at: context.now, event });
      events.push(event);
    }
  };
  happen(findTwins(federation, site, snapshot.services));
  if (site.run !== null && site.run.serviceId !== null) {
    happen(seeService(site, site.run, snapshot));
    happen(seeGuests(site, site.run, snapshot, silent));
    happen(verifyGuests(state, site, snapshot, context));
    if (site.role === "coordinator") {
      happen(verifyCoordinator(state, snapshot));
      happen(seeNodes(state, snapshot));
    }
  }
  happen(statusChanges(state));
  return events;
}

/**
 * Services of ours for this site beside the current one: a create whose answer was lost came late. The one with the
 * newest tag is adopted while its answer is still awaited; all others are to be removed.
 */
function findTwins(federation: Federation, site: Site, services: readonly ServiceFacts[]): FederationEvent[] {
  const known = new Set([...site.removed, ...site.removals.map(({ serviceId }) => serviceId)]);
  return services.flatMap((service): FederationEvent[] => {
    const attempt = service.attempt === undefined ? null : parseAttempt(service.attempt);
    if (attempt === null || !attempt.ok) return [];
    if (attempt.value.federation !== federation.id || attempt.value.site !== site.zone) return [];
    const current = service.id === site.run?.serviceId;
    const awaited = site.run !== null && site.run.serviceId === null && service.attempt === site.run.tag;
    return current || awaited || known.has(service.id)
      ? []
      : [{ type: "twin-found", site: site.zone, serviceId: service.id }];
  });
}

function seeService(site: Site, run: Run, snapshot: ZoneSnapshot): FederationEvent[] {
  if (run.failure !== null || site.status !== null) return [];
  if (run.createdAt === null || snapshot.at <= run.createdAt) return [];
  const service = snapshot.services.find(({ id }) => id === run.serviceId);
  if (service === undefined) {
    return [failed(site, "service-vanished", `service ${run.serviceId}`)];
  }
  if (service.state === "failed-deploying") {
    return [failed(site, "deployment-failed", service.log.at(-1) ?? `service ${service.id}`)];
  }
  return [];
}

export const failed = (
  site: Site,
  code: Extract<FederationEvent, { type: "site-failed" }>["reason"]["code"],
  detail: string,
): FederationEvent => ({ type: "site-failed", site: site.zone, reason: { code, detail } });

/** VMs of a service, also those that OneFlow does not list yet. */
export const vmsOf = (serviceId: number | null, snapshot: ZoneSnapshot): readonly VmFacts[] =>
  serviceId === null ? [] : snapshot.vms.filter((vm) => vm.serviceId === serviceId && vm.state !== "done");

function seeGuests(site: Site, run: Run, snapshot: ZoneSnapshot, silent: Silent): FederationEvent[] {
  const present = new Map(vmsOf(run.serviceId, snapshot).map((vm) => [vm.id, vm]));
  const ids = new Set([...run.guests.keys(), ...present.keys()]);
  return [...ids].flatMap((vmId): FederationEvent[] => {
    const before = run.guests.get(vmId);
    const sighting = sightingOf(present.get(vmId), before?.sighting, silent.has(vmId));
    if (before !== undefined && sameSighting(before.sighting, sighting)) return [];
    const seen: FederationEvent = { type: "guest-seen", site: site.zone, vmId, sighting };
    const lostKey = sighting.state === "gone" ? (before?.acceptedKey ?? null) : null;
    return lostKey === null ? [seen] : [seen, { type: "key-revoked", site: site.zone, vmId, key: lostKey }];
  });
}

const sameSighting = (one: Sighting, other: Sighting): boolean => canonical(one) === canonical(other);

/** Compares each VM that came with what was approved, before anything of it is signed or admitted. */
function verifyGuests(
  federation: Federation,
  before: Site,
  snapshot: ZoneSnapshot,
  context: DecisionContext,
): FederationEvent[] {
  const site = federation.sites.get(before.zone);
  const proposal = site === undefined ? null : currentProposal(site);
  if (site?.run == null || site.run.tag === null || proposal === null || federation.authority === null) return [];
  const { plan } = proposal;
  const order = serviceOrder(plan, context.manifests, site.run.tag, federation.authority.certificate);
  const unverified = [...site.run.guests.values()].filter((guest) => !guest.verified && isAssembled(guest));
  const verified: number[] = [];
  for (const { vmId } of unverified) {
    const vm = snapshot.vms.find(({ id }) => id === vmId);
    if (vm === undefined) continue;
    const found = differences(plan, order, context.manifests, vm);
    if (found.length === 0) verified.push(vmId);
    else if (site.run.failure?.reason.code !== "created-differs") {
      return [failed(site, "created-differs", `VM ${vmId}: ${found.slice(0, 3).join("; ")}`)];
    }
  }
  return verified.length === 0 ? [] : [{ type: "guests-verified", site: site.zone, vmIds: verified }];
}

/** Its CONTEXT and addresses stand only once it has been placed. */
const isAssembled = ({ sighting }: Guest): boolean => sighting.state === "running";

/** What the verified SuperLink says of the SuperNodes it knows. */
function seeNodes(federation: Federation, snapshot: ZoneSnapshot): FederationEvent[] {
  const { verifiedVm } = federation;
  if (verifiedVm === null || coordinatorOf(federation).run?.guests.get(verifiedVm) === undefined) return [];
  const value = snapshot.vms.find(({ id }) => id === verifiedVm)?.attributes[PUBLISHED.nodes];
  const list = value === undefined ? null : decodeNodeList(value);
  if (list === null || !list.ok) return [];
  const nodes = list.value.map(({ key, nodeId, status }) => ({ key, nodeId, status }));
  return canonical(nodes) === canonical(federation.nodes) ? [] : [{ type: "nodes-seen", nodes }];
}

/** The tag the next create of a site would bear. */
export function nextTag(federation: Federation, site: Site): { readonly sequence: number; readonly tag: string } {
  const proposal = currentProposal(site);
  if (proposal === null) throw new Error(`${site.zone} has no plan to create.`);
  const sequence = site.sequences + 1;
  return { sequence, tag: attemptTag(federation.id, proposal.plan, proposal.digest, sequence) };
}
