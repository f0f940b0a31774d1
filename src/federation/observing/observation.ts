/** What a look at a zone adds to the journal: VMs that came and how far, what differs, who is online. Pure. */
import { partKeys, refKey } from "../model/deployment-reference.ts";
import { type FederationEvent, OBSERVED } from "../model/events.ts";
import { after } from "../model/evolve.ts";
import { siteCode } from "../model/identity.ts";
import { flowerPart, vmsOf } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { ReasonCode } from "../model/reasons.ts";
import { authorityOf, type Deployment, type Federation, type Site } from "../model/state.ts";
import type { ZoneSnapshot } from "../model/zone-facts.ts";
import { attemptTag, differences, serviceOrder } from "../proposing/manifest.ts";
import { isConclusive, type LiveFederation, onlineVms, vmsIn, type ZoneLook } from "./live.ts";
import { indexOf, type Tagged } from "./snapshot-index.ts";
import { verifyCoordinator } from "./verification.ts";
import { observationOf } from "./vm-observation.ts";

/** All that the snapshot of one zone adds about one of the federation's sites there. */
export function observeSite(
  federation: Federation,
  { name }: Site,
  { snapshot, silent }: ZoneLook,
  context: DecisionContext,
): readonly FederationEvent[] {
  const steps: readonly ((state: Federation, site: Site) => readonly FederationEvent[])[] = [
    (state, site) => findDuplicates(state, site, snapshot),
    (_state, site) => seeAccount(site, snapshot),
    (_state, site) => seeWhetherItComesUp(site, snapshot),
    (_state, site) => seeVms(site, snapshot),
    (state, site) => verifyVms(state, site, snapshot, context),
    (state, site) => (site.role === "coordinator" ? verifyCoordinator(state, snapshot, silent) : []),
  ];
  const events: FederationEvent[] = [];
  let state = federation;
  for (const step of steps) {
    const site = state.sites.get(name);
    if (site === undefined || !isConclusive(site, snapshot)) break;
    const found = step(state, site);
    state = after(state, found, context.now);
    events.push(...found);
  }
  return events;
}

/** What was deployed for this site and is neither what runs nor removed or on the way to it. */
export function strayIn(federation: Federation, site: Site, snapshot: ZoneSnapshot): readonly Tagged[] {
  const refs = [site.deployment?.ref ?? null, ...site.removals.map(({ ref }) => ref)];
  const known = new Set([...site.removed, ...refs.flatMap((ref) => (ref === null ? [] : partKeys(ref)))]);
  const tagged = indexOf(snapshot).taggedByFederation.get(federation.id) ?? [];
  return tagged.filter((found) => found.site === siteCode(site.name) && !known.has(refKey(found.ref)));
}

/**
 * A create whose answer was lost came late. One whose answer is still awaited is adopted by the create itself; all
 * others are to be removed.
 */
function findDuplicates(federation: Federation, site: Site, snapshot: ZoneSnapshot): FederationEvent[] {
  const { deployment } = site;
  const awaited = deployment !== null && deployment.ref === null ? deployment.tag : null;
  return strayIn(federation, site, snapshot)
    .filter(({ tag }) => tag !== awaited)
    .map(({ ref, tag }) => ({ type: "duplicate-found", site: site.name, ref, tag }));
}

/** Of what was begun before the account was noted with it. */
function seeAccount(site: Site, { account }: ZoneSnapshot): readonly FederationEvent[] {
  const { deployment } = site;
  if (deployment === null || deployment.ref === null || deployment.account !== null) return [];
  return [{ type: "account-seen", site: site.name, account: account.id }];
}

/** Whether the zone says that what was created will not come up any more. */
function seeWhetherItComesUp(site: Site, snapshot: ZoneSnapshot): readonly FederationEvent[] {
  const { deployment } = site;
  if (deployment === null || deployment.ref === null || deployment.createdAt === null) return [];
  if (deployment.failure !== null || deployment.upAt !== null) return [];
  switch (deployment.ref.kind) {
    case "oneflow":
      return snapshot.servicesAt <= deployment.createdAt ? [] : seeService(site, deployment.ref.id, snapshot);
    case "vms":
      return seeLoneVms(site, deployment, snapshot);
  }
}

function seeService(site: Site, id: number, snapshot: ZoneSnapshot): readonly FederationEvent[] {
  if (snapshot.unreadable.some((one) => one.kind === "service" && (one.id === null || one.id === id))) return [];
  const service = snapshot.services.find((one) => one.id === id);
  if (service === undefined || service.state === "done") return [failed(site, "deployment-vanished", `service ${id}`)];
  if (service.state !== "failed-deploying") return [];
  const why = service.errors.join("; ");
  return [failed(site, failureCode(site, why), why || whatVmsSay(site, snapshot) || `service ${id}`)];
}

/** All of them or none: without OneFlow nobody puts another VM in the place of one that has ended. */
function seeLoneVms(site: Site, { vms }: Deployment, snapshot: ZoneSnapshot): readonly FederationEvent[] {
  const gone = [...vms.values()].filter((vm) => vm.gone).map(({ vmId }) => `VM ${vmId}`);
  if (gone.length > 0) return [failed(site, "deployment-vanished", gone.join(", "))];
  const isFailed = vmsIn(site, snapshot).some(({ state }) => state === "failed");
  return isFailed ? [failed(site, "vms-failed", whatVmsSay(site, snapshot))] : [];
}

/** oned says the same of an address that is taken and of a network that has none left. */
export function failureCode({ deployment }: Pick<Site, "deployment">, why: string): ReasonCode {
  if (!/cannot get IP\/MAC lease/i.test(why)) return "deployment-failed";
  const asksFor = deployment?.plan.parts.some(({ nics }) => nics.some(({ address }) => address !== null)) ?? false;
  return asksFor ? "address-refused" : "no-lease";
}

/** Where OneFlow gives no reason, its VMs may. */
const whatVmsSay = (site: Site, snapshot: ZoneSnapshot): string =>
  vmsIn(site, snapshot)
    .filter(({ state }) => state !== "running")
    .map(({ id, state, schedMessage, error }) =>
      [`VM ${id} is ${state}`, schedMessage ?? error ?? []].flat().join(": "),
    )
    .join("; ");

export const failed = (site: Pick<Site, "name">, code: ReasonCode, detail: string): FederationEvent => ({
  type: "site-failed",
  site: site.name,
  reason: { code, detail },
});

function seeVms(site: Site, snapshot: ZoneSnapshot): readonly FederationEvent[] {
  const { deployment } = site;
  if (deployment === null) return [];
  const present = vmsIn(site, snapshot);
  const room = Math.max(0, MAX_SEEN * vmsOf(deployment.plan) - deployment.vms.size);
  const fresh = new Set(present.filter(({ id }) => !deployment.vms.has(id)).slice(0, room));
  return present
    .filter((vm) => deployment.vms.has(vm.id) || fresh.has(vm))
    .flatMap((vm): readonly FederationEvent[] => {
      const before = deployment.vms.get(vm.id);
      const observation = observationOf(vm, before, deployment.plan);
      if (before !== undefined && OBSERVED.every((member) => before.seen[member] === observation[member])) return [];
      return [{ type: "vm-observed", site: site.name, vmId: vm.id, observation }];
    });
}
/** OneFlow may put VMs in the place of lost ones; more than so many times those approved are not looked at. */
const MAX_SEEN = 5;

/** Compares each VM that came with what was approved, before anything of it is signed or admitted. */
function verifyVms(
  federation: Federation,
  site: Site,
  snapshot: ZoneSnapshot,
  context: DecisionContext,
): readonly FederationEvent[] {
  const { deployment } = site;
  if (deployment === null || deployment.tag === null) return [];
  // Its CONTEXT and addresses stand only once it has been placed.
  const unverified = vmsIn(site, snapshot).filter(
    ({ id, state }) => state === "running" && deployment.vms.get(id)?.verified === false,
  );
  if (unverified.length === 0) return [];
  const manifest = context.manifests.find(deployment.plan.manifest);
  const authority = authorityOf(federation, deployment.plan);
  if (manifest === undefined || authority === null) return [];
  const order = serviceOrder(deployment.plan, manifest, deployment.tag, authority.certificate);
  const verified: number[] = [];
  for (const vm of unverified) {
    const found = differences(deployment.plan, order, manifest, vm);
    if (found.length === 0) verified.push(vm.id);
    else if (deployment.failure?.reason.code !== "created-differs") {
      return [failed(site, "created-differs", `VM ${vm.id}: ${found.slice(0, 3).join("; ")}`)];
    }
  }
  return verified.length === 0 ? [] : [{ type: "vms-verified", site: site.name, vmIds: verified }];
}

/** What what is seen now adds over all zones: who is online for the first time, and which keys the SuperLink lists. */
export function observeLive(federation: Federation, live: LiveFederation): readonly FederationEvent[] {
  const keys = observeKeys(federation, live);
  const sites = [...federation.sites.values()].filter(({ role }) => role === "training");
  return [...keys, ...sites.flatMap((site) => observeOnline(federation, site, live))];
}

function observeOnline(federation: Federation, site: Site, live: LiveFederation): readonly FederationEvent[] {
  const { deployment, name } = site;
  if (deployment === null || deployment.upAt !== null) return [];
  const online = onlineVms(federation, site, live);
  const first = online.filter((vmId) => deployment.vms.get(vmId)?.wasOnline === false);
  const events: FederationEvent[] = first.map((vmId) => ({ type: "vm-online", site: name, vmId }));
  return online.length >= flowerPart(deployment.plan).vms ? [...events, { type: "site-up", site: name }] : events;
}

function observeKeys({ keys, admissions }: Federation, { nodes }: LiveFederation): readonly FederationEvent[] {
  if (nodes === null || admissions === null) return [];
  const listed = new Set(nodes.map(({ key }) => key));
  const cut = new Set(admissions.revoked);
  const all = [...keys.values()];
  const registered = all.filter((key) => !key.registered && !key.revoked && key.told && listed.has(key.key));
  const done = all.filter((key) => key.revoked && !key.settled && cut.has(key.key) && !listed.has(key.key));
  const named = (found: typeof all): string[] => found.map(({ key }) => key);
  return [
    ...(registered.length === 0 ? [] : [{ type: "keys-registered" as const, keys: named(registered) }]),
    ...(done.length === 0 ? [] : [{ type: "revocations-done" as const, keys: named(done) }]),
  ];
}

/** The tag the next create of a site would bear. */
export function nextTag(
  federation: Federation,
  site: Site,
  deployment: Deployment,
): { readonly sequence: number; readonly tag: string } {
  const sequence = site.sequences + 1;
  return { sequence, tag: attemptTag(federation.id, deployment.plan, deployment.digest, sequence) };
}
