/** A federation and the zones it lives in at one moment of a walk: plain data, from which every look is made. */

import type { DeploymentKind, DeploymentRef } from "../../../src/federation/model/deployment-reference.ts";
import type { FederationEvent } from "../../../src/federation/model/events.ts";
import { after } from "../../../src/federation/model/evolve.ts";
import { type SiteName, siteOfZone, type ZoneName, zoneName, zoneOf } from "../../../src/federation/model/identity.ts";
import type { DecisionContext } from "../../../src/federation/model/policy.ts";
import {
  coordinatorOf,
  type DeployedVm,
  type Deployment,
  type Federation,
  type Site,
} from "../../../src/federation/model/state.ts";
import type { SurveyResult, VmFacts, ZoneSnapshot } from "../../../src/federation/model/zone-facts.ts";
import { type AwayZones, findingsOf } from "../../../src/federation/observing/findings.ts";
import { NO_TRACK, type Tracker, track } from "../../../src/federation/observing/hysteresis.ts";
import { type LiveFederation, NOTHING_SEEN, seenLive } from "../../../src/federation/observing/live.ts";
import { observeLive, observeSite } from "../../../src/federation/observing/observation.ts";
import { serviceOrder } from "../../../src/federation/proposing/manifest.ts";
import { encodePem } from "../../../src/guest-protocol/certificates.ts";
import { encodeNodeList } from "../../../src/guest-protocol/node-list.ts";
import { encodeTunnelLinks } from "../../../src/guest-protocol/tunnel.ts";
import { AUTHORITY } from "../../builders/chronicle.ts";
import { aDecisionContext, aZone, cardNumbered, HOUR, SECOND, sitesOf } from "../../builders/decision-context.ts";
import { aNodeKey } from "../../builders/node-key.ts";
import { aNetwork, aSurvey, aTemplate } from "../../builders/survey.ts";
import { aTunnelKey } from "../../builders/tunnel-key.ts";
import { TestZone } from "../../builders/zone.ts";

/** How what runs at a site fares. `off` VMs were powered off, `missing` VMs are not shown and nothing is proven of them, `gone` ones are proven done. */
export type Health =
  | "fine"
  | "silent"
  | "off"
  | "down"
  | "lying"
  | "differing"
  | "undeployable"
  | "vanished"
  | "missing"
  | "gone";

/** How a zone fares, and all its sites with it. */
export interface Place {
  readonly inFile: boolean;
  readonly away: boolean;
  readonly survey: "usual" | "changed" | "blocked";
}
const USUAL: Place = { inFile: true, away: false, survey: "usual" };

export interface World {
  readonly federation: Federation;
  readonly now: string;
  readonly places: ReadonlyMap<ZoneName, Place>;
  readonly healths: ReadonlyMap<SiteName, Health>;
  readonly live: LiveFederation;
  /** As what sites are deployed. */
  readonly deploy: DeploymentKind;
}

export const placeOf = ({ places }: World, zone: ZoneName): Place => places.get(zone) ?? USUAL;
export const healthOf = ({ healths }: World, site: SiteName): Health => healths.get(site) ?? "fine";
export const isReachable = ({ inFile, away }: Place): boolean => inFile && !away;
export const isUsual = (place: Place): boolean => JSON.stringify(place) === JSON.stringify(USUAL);

/** How many zones, and sites in them, are not as they should be. */
export const amissIn = ({ places, healths }: World): number =>
  [...places.values()].filter((place) => !isUsual(place)).length +
  [...healths.values()].filter((health) => health !== "fine").length;

export function withPlace(world: World, zone: ZoneName, change: Partial<Place>): World {
  return { ...world, places: new Map(world.places).set(zone, { ...placeOf(world, zone), ...change }) };
}

export function withHealth(world: World, site: SiteName, health: Health): World {
  return { ...world, healths: new Map(world.healths).set(site, health) };
}

/** Takes no part unless it is asked to join. */
export const NEWCOMER = zoneName.parse("gamma");

export function contextOf(world: World): DecisionContext {
  const names = new Set([...world.federation.sites.keys(), siteOfZone(NEWCOMER)]);
  const profiles = [...names]
    .filter((name) => placeOf(world, zoneOf(name)).inFile)
    .map((name) => aZone(name, { deploy: world.deploy }));
  let cards = 0;
  return aDecisionContext({
    now: world.now,
    sites: sitesOf(profiles),
    newCard: () => {
      cards += 1;
      return cardNumbered(100 * world.federation.seq + cards);
    },
  });
}

export const happens = (world: World, events: readonly FederationEvent[]): World => ({
  ...world,
  federation: after(world.federation, events, world.now),
});

export const passes = (world: World, milliseconds: number): World => ({
  ...world,
  now: new Date(Date.parse(world.now) + milliseconds).toISOString(),
});

export function surveyOf(world: World, site: SiteName): SurveyResult {
  const place = placeOf(world, zoneOf(site));
  if (!isReachable(place)) return { ok: false, reason: { code: "zone-unreachable", detail: "" } };
  const isCoordinator = coordinatorOf(world.federation).name === site;
  const template = isCoordinator ? aTemplate({ id: 20, name: "Flower SuperLink" }) : aTemplate();
  const network = place.survey === "changed" ? aNetwork({ id: 30 }) : aNetwork();
  const version = place.survey === "blocked" ? "6.10.0" : "7.4.0";
  return { ok: true, survey: aSurvey({ template, network, version }) };
}

/** Every zone is looked at twice, long enough apart for all that stands to be told and all that is over to be cleared. */
export function watched(world: World): World {
  const first = looked(world, NO_TRACK, 0);
  const { world: then } = looked(first.world, first.tracker, HOUR);
  return plain(then);
}

/** What is amiss and concerns nothing any more is forgotten. */
function plain(world: World): World {
  const { sites, ended } = world.federation;
  let state = world;
  const inUse = new Set<ZoneName>();
  for (const { name, zone, approvalState, deployment, removals } of sites.values()) {
    if (deployment?.ref == null && healthOf(world, name) !== "fine") state = withHealth(state, name, "fine");
    const isOut = approvalState === "excluded" || ended !== null;
    if (!isOut || deployment !== null || removals.length > 0) inUse.add(zone);
  }
  for (const [zone, place] of world.places) {
    if (!inUse.has(zone) && !isUsual(place)) state = withPlace(state, zone, USUAL);
  }
  return state;
}

function looked(before: World, tracker: Tracker, ms: number): { readonly world: World; readonly tracker: Tracker } {
  let world: World = { ...passes(before, SECOND), live: NOTHING_SEEN };
  const away: AwayZones = new Map(
    [...world.federation.sites.values()]
      .filter(({ zone }) => placeOf(world, zone).away)
      .map(({ zone }) => [zone, { code: "zone-away", reason: { code: "zone-unreachable", detail: "" } }]),
  );
  if (world.federation.ended !== null) return { world, tracker };
  const context = contextOf(world);
  for (const [name, site] of world.federation.sites) {
    if (!isReachable(placeOf(world, site.zone))) continue;
    const look = { snapshot: snapshotOf(world, site.zone), silent: new Set<number>() };
    world = happens(world, observeSite(world.federation, site, look, context));
    world = { ...world, live: seenLive(world.live, world.federation, name, look) };
    world = happens(world, observeLive(world.federation, world.live));
  }
  const findings = findingsOf(world.federation, world.live, away, context);
  const moment = { ms, now: world.now };
  const tracked = track(tracker, world.federation, findings, moment, context.policy.durations);
  return { world: happens(world, tracked.events), tracker: tracked.tracker };
}

/** What a zone shows of all its sites. */
function snapshotOf(world: World, zone: ZoneName): ZoneSnapshot {
  const sites = [...world.federation.sites.values()].filter((site) => site.zone === zone);
  const shown = sites.flatMap((site) => shownOf(world, site));
  return {
    ...new TestZone(zone, 0).snapshot(world.now),
    services: shown.flatMap(({ services }) => services),
    vms: shown.flatMap(({ vms }) => vms),
  };
}

function shownOf(world: World, { name, zone, deployment }: Site): readonly ZoneSnapshot[] {
  const health = healthOf(world, name);
  const ref = deployment?.ref ?? null;
  if (deployment === null || ref === null || health === "vanished") return [];
  const stand = asCreated(world, zone, deployment, ref);
  const isService = ref.kind === "oneflow";
  if (health === "undeployable" && isService) {
    stand.changeService(ref.id, (one) => ({ ...one, state: "failed-deploying" }));
  }
  for (const { id } of stand.vms(isService ? ref.id : null)) {
    if (health === "missing" || health === "gone") stand.removeVm(id);
    else stand.changeVm(id, (vm) => guest(world, deployment, vm, health));
  }
  return [stand.snapshot(world.now)];
}

function asCreated(world: World, zone: ZoneName, { plan, tag }: Deployment, ref: DeploymentRef): TestZone {
  const stand = new TestZone(zone, (ref.kind === "vms" ? (ref.ids[0] ?? 1) : ref.id) - 1);
  const manifest = contextOf(world).manifests.find(plan.manifest);
  if (manifest === undefined) return stand;
  const order = serviceOrder(plan, manifest, tag ?? "", AUTHORITY.certificate);
  if (ref.kind === "oneflow") stand.create(plan, order, manifest);
  else stand.createVms(plan, order, manifest);
  return stand;
}

/** A guest gets as far as it may. */
function guest(world: World, deployment: Deployment, vm: VmFacts, health: Health): VmFacts {
  if (health === "silent") return vm;
  if (health === "undeployable") return vm.serviceId === undefined ? { ...vm, state: "failed" } : vm;
  if (health === "off") return { ...vm, state: "poweroff" };
  const known = deployment.vms.get(vm.id);
  const says = deployment.plan.role === "coordinator" ? superLink(world, deployment, known) : superNode(known, vm.id);
  const stage = health === "down" ? { FL_STAGE: "failed" } : {};
  const lie = health === "lying" ? { FL_ENDPOINT: "evil.example.org:1" } : {};
  const memory = health === "differing" ? 1 : vm.memory;
  const tunnel = deployment.plan.link.kind === "wireguard" ? tunnelEnd(deployment, vm.id) : {};
  return { ...vm, memory, attributes: { ...says, ...tunnel, ...lie, ...stage } };
}

/** Its key and, where it was asked for one, its next; and that it knows the ends that it was told. */
function tunnelEnd({ vms, rotations }: Deployment, vmId: number): Record<string, string> {
  const own = rotations.flatMap(({ number, vms: all }) =>
    all.flatMap(({ vmId: id, told, switched }) => (id === vmId && told ? [{ number, switched }] : [])),
  );
  const nameOf = (number: number | undefined): string =>
    aTunnelKey(number === undefined ? `VM ${vmId}` : `VM ${vmId} ${number}`);
  const told = vms.get(vmId)?.tunnelTold;
  const known = told == null ? [] : [...told.peers, ...told.successors.map(({ key }) => key)];
  const peers = known.map((key) => ({ key, age: 1, rx: 1, tx: 1, endpoint: null, allowed: [], moves: 0 }));
  return {
    WG_PUBLIC_KEY: nameOf(own.findLast(({ switched }) => switched === "delivered")?.number),
    ...(own.length === 0 ? {} : { WG_NEXT_KEY: nameOf(own.at(-1)?.number) }),
    ...(told == null ? {} : { WG_LINKS: encodeTunnelLinks({ peers, knocks: [], strays: [], forged: 0 }) }),
  };
}

export const nodeKeyOf = (vmId: number): ReturnType<typeof aNodeKey> => aNodeKey(`VM ${vmId}`);

const superNode = (known: DeployedVm | undefined, vmId: number): Record<string, string> => ({
  FL_STAGE: known?.toldAdmitted ? "serving" : "awaiting-admission",
  FL_NODE_KEY: nodeKeyOf(vmId).line,
  FL_NODE_PROOF: "proof",
});

function superLink(world: World, { plan }: Deployment, known: DeployedVm | undefined): Record<string, string> {
  const request = { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" };
  const certificate = known?.certificate ?? null;
  if (certificate === null || !certificate.delivered) return request;
  return {
    ...request,
    FL_STAGE: "serving",
    FL_ENDPOINT: `${plan.endpoint.host}:${plan.endpoint.port}`,
    FL_CA_CERT: encodePem([AUTHORITY.certificate]),
    FL_TLS_FINGERPRINT: certificate.fingerprint,
    FL_VERSION: plan.settings.flowerVersion,
    FL_NODES: encodeNodeList(nodesOf(world, known?.vmId ?? null)),
  };
}

function nodesOf(world: World, vmId: number | null): Parameters<typeof encodeNodeList>[0] {
  const { admissions, keys, sites } = world.federation;
  if (admissions === null || admissions.vmId !== vmId) return [];
  const dropped = new Set(admissions.revoked);
  return admissions.admitted
    .filter((key) => !dropped.has(key))
    .map((key, nth) => {
      const owner = keys.get(key);
      const vm = sites.get(owner?.site ?? coordinatorOf(world.federation).name)?.deployment?.vms.get(owner?.vmId ?? -1);
      const serves = vm?.toldAdmitted === true && owner !== undefined && healthOf(world, owner.site) === "fine";
      return { key, nodeId: String(nth + 1), status: serves ? ("online" as const) : ("registered" as const) };
    });
}
