/** From a look at a zone to the plan of what would run there. */
import { digestOf } from "../model/digest.ts";
import type { Adjustment, EventOf, Reason } from "../model/events.ts";
import type { Digest, Person } from "../model/identity.ts";
import { type Manifest, manifestDigest, manifestFor } from "../model/manifests.ts";
import { type Part, PLAN_VERSION, partOf, type SitePlan } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import { hasZone } from "../model/site-profiles.ts";
import {
  authorityOf,
  currentAuthority,
  currentProposal,
  type Federation,
  type Proposal,
  type Site,
} from "../model/state.ts";
import type { TakenDisk } from "../model/taken-disk.ts";
import type { NetworkFacts, SurveyResult } from "../model/zone-facts.ts";
import { hasTunnel } from "../tunnels/crossing.ts";
import { judgeTunnel, linkFor } from "../tunnels/planner.ts";
import { type Credit, type Needs, NO_CREDIT, NO_NEEDS, needsIn, needsOf, together } from "./headroom.ts";
import { pinnedAddresses } from "./pinned-addresses.ts";
import { type Choice, chooseFor, judge, type UsableSurvey, type UsableTemplate } from "./preflight.ts";
import { addressLost, type ChosenEndpoint, dialledBy } from "./superlink-endpoint.ts";

/** A look at a zone that can carry what is asked of it, and what would be used there. */
export interface Usable extends UsableSurvey {
  readonly choice: Choice;
}

export const isUsable = (outcome: Usable | readonly Reason[]): outcome is Usable => "choice" in outcome;

/** What a site's owner has chosen so far. */
const adjustmentOf = (site: Site): Adjustment =>
  site.approvalState === "planning" ? {} : (currentProposal(site)?.adjustment ?? {});

/** What to look at in a site's zone. */
export function choiceFor(
  federation: Federation,
  site: Site,
  context: DecisionContext,
  adjustment: Adjustment = adjustmentOf(site),
): Choice | Reason {
  const profile = context.sites.get(site.name);
  if (profile === undefined) {
    return { code: hasZone(context.sites, site.zone) ? "site-left-file" : "zone-left-file", detail: site.name };
  }
  const choice = chooseFor(profile, site.wish, federation.settings, adjustment);
  if (!("code" in choice) && choice.tunnelWay === "router" && profile.channel === null && hasTunnel(federation, site)) {
    return { code: "router-without-channel", detail: site.name };
  }
  if ("code" in choice || !hasTunnel(federation, site)) return choice;
  if (choice.tunnelWay === "router") return { ...choice, opens: { protocol: "tcp", direction: "outbound" } };
  const isHub = site.role === "coordinator";
  const opens = { protocol: "udp", direction: isHub ? "inbound" : "outbound" } as const;
  if (choice.tunnelWay === "own") return { ...choice, opens };
  const { gateway } = profile.templates;
  if (gateway === null) return { code: "gateway-not-offered", detail: site.name };
  return { ...choice, gateway, gatewayDials: isHub, opens };
}

/** The facts a plan can be made of, or all that stands in the way. */
export function assess(
  federation: Federation,
  site: Site,
  survey: SurveyResult,
  context: DecisionContext,
  adjustment: Adjustment = adjustmentOf(site),
  beside: Needs = plannedBeside(federation, site),
): Usable | readonly Reason[] {
  const choice = choiceFor(federation, site, context, adjustment);
  if ("code" in choice) return [choice];
  if (!survey.ok) return [survey.reason];
  const judged = judge(survey.survey, choice, creditOf(site), beside);
  if (!("template" in judged)) return judged;
  const tunnel = judgeTunnel(federation, site, judged, choice.tunnelWay, context.takenTunnels);
  if (tunnel.length > 0) return tunnel;
  const { gateway, network } = judged;
  // One that is lost makes room for no other.
  const kept = addressLost(federation, site, network) ? null : federation.address;
  const isRoom =
    gateway === null || pinnedAddresses(federation, site, network, context, dialledAt(site, kept)) !== null;
  if (!isRoom) return [{ code: "no-free-address", detail: network.name }];
  return { ...judged, choice };
}

/** The SuperLink's address, where sites dial it in its own network. */
const dialledAt = ({ role }: Site, address: string | null): string | null => (role === "coordinator" ? address : null);

/** What a look at a site's zone shows it to take. */
export function neededBy({ template, gateway, network, choice, data }: Usable): Needs {
  const gateways = gateway === null ? 0 : 1;
  const inNetwork = { network: network.id, addresses: choice.vms + gateways };
  return needsIn({ template, gateway, data }, { vms: choice.vms, gateways, ...inNetwork });
}

/** What the federation's other sites in the zone are asked to take and have not taken yet, as their plans say it. */
function plannedBeside(federation: Federation, { name, zone }: Site): Needs {
  const others = [...federation.sites.values()].filter(
    (other) => other.zone === zone && other.name !== name && other.deployment === null,
  );
  const open = others.filter(({ approvalState }) => approvalState === "pending" || approvalState === "approved");
  return together(open.flatMap((other) => currentProposal(other) ?? []).flatMap(neededAsPlanned));
}

function neededAsPlanned({ plan: { parts, data }, disk }: Proposal): readonly Needs[] {
  const ofParts = parts.map(({ name, vms, template, nics }) => {
    const attached = name === "supernode" && data?.kind === "disk" ? [data.image] : [];
    // No part says what its disks take.
    const taking = { ...template, images: [...template.images, ...attached], disks: [] };
    return needsOf([{ template: taking, vms }], { network: nics[0]?.network.id ?? -1, addresses: vms });
  });
  const datastores = new Map(disk.datastores.map(({ id, size }) => [id, size]));
  return [...ofParts, { ...NO_NEEDS, systemDisk: disk.system, datastores }];
}

/** What of a site's needs no plan says. */
export function diskOf(facts: Usable): TakenDisk {
  const { systemDisk, datastores } = neededBy(facts);
  return { system: systemDisk, datastores: [...datastores].map(([id, size]) => ({ id, size })) };
}

/** What runs makes room for what replaces it. */
function creditOf({ deployment }: Site): Credit {
  if (deployment === null) return NO_CREDIT;
  const present = [...deployment.vms.values()].filter(({ gone }) => !gone);
  const templates = present.map(({ seen }) => partOf(deployment.plan, seen.part).template);
  return {
    vms: present.length,
    gateways: present.filter(({ seen }) => seen.part === "gateway").length,
    cpu: templates.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: templates.reduce((sum, { memory }) => sum + memory, 0),
    addresses: present.flatMap(({ seen }) => (seen.address === null ? [] : [seen.address])),
  };
}

/** A plan from facts; bound to the manifest, the authority and the last day given. */
export interface Bindings {
  readonly manifest: Manifest;
  readonly caFingerprint: string;
  /** null: it has none. */
  readonly until: string | null;
}

/** What this version of the program gives, the newest authority, and the last day as it is now. */
export const newestBindings = (federation: Federation, site: Site, context: DecisionContext): Bindings => ({
  manifest: manifestFor(context.manifests, site.role),
  caFingerprint: currentAuthority(federation)?.fingerprint ?? "",
  until: federation.term?.until ?? null,
});

/** Those that an earlier plan was made with, as far as they are still to be had; null when its manifest is not. */
export function bindingsOf(federation: Federation, plan: SitePlan, context: DecisionContext): Bindings | null {
  const manifest = context.manifests.find(plan.manifest);
  if (manifest === undefined) return null;
  const authority = authorityOf(federation, plan) ?? currentAuthority(federation);
  return { manifest, caFingerprint: authority?.fingerprint ?? "", until: plan.until ?? null };
}

export function planOf(
  federation: Federation,
  site: Site,
  facts: Usable,
  chosen: ChosenEndpoint,
  context: DecisionContext,
  { manifest, caFingerprint, until }: Bindings,
): SitePlan {
  const coordinator = site.role === "coordinator";
  return {
    version: PLAN_VERSION,
    federation: federation.id,
    name: federation.name,
    site: site.name,
    zone: site.zone,
    role: site.role,
    parts: partsOf(federation, site, facts, dialledAt(site, chosen.address), context),
    link: linkFor(federation, site, facts.network, chosen.range, facts.choice.tunnelWay),
    manifest: manifestDigest(manifest),
    agent: manifest.agent.sha256,
    endpoint: dialledBy(federation, site, chosen),
    caFingerprint,
    settings: federation.settings,
    sshKeys: coordinator ? (context.sites.get(site.name)?.sshKeys ?? []) : [],
    nodeConfig: coordinator ? {} : facts.choice.nodeConfig,
    ...asideOf(facts),
    ...(facts.choice.deploy === undefined ? {} : { deploy: facts.choice.deploy }),
    ...(federation.purpose === "" ? {} : { purpose: federation.purpose }),
    ...(until === null ? {} : { until }),
    ...attachedTo(facts),
  };
}

function attachedTo({ choice, data }: Usable): Pick<SitePlan, "data"> {
  if (choice.data?.kind === "folder") return { data: choice.data };
  if (data === null) return {};
  const { id, name, registeredAt } = data;
  return { data: { kind: "disk", image: { id, name, registeredAt } } };
}

/** Cards that are named. */
const MAX_CARDS = 20;

/** Nothing where the template is taken as it is but for its network card. */
function asideOf({ template }: Usable): Pick<SitePlan, "aside"> {
  const { otherNics, pciNics, hasStartScript } = template;
  if (otherNics.length === 0 && pciNics.length === 0 && !hasStartScript) return {};
  return {
    aside: {
      droppedCards: otherNics.slice(0, MAX_CARDS),
      keptCards: pciNics.slice(0, MAX_CARDS),
      startScriptReplaced: hasStartScript,
    },
  };
}

/** A gateway is there before those that dial it. */
function partsOf(
  federation: Federation,
  site: Site,
  { template, gateway, network, choice }: Usable,
  dialled: string | null,
  context: DecisionContext,
): readonly Part[] {
  const name = site.role === "coordinator" ? "superlink" : "supernode";
  const own = (pinned: string | null): Part => madePart({ name, vms: choice.vms }, template, network, pinned);
  if (gateway === null) return [own(dialled)];
  const pinned = pinnedAddresses(federation, site, network, context, dialled);
  if (pinned === null) throw new Error(`No address is left for the gateway of ${site.name}.`);
  return [madePart({ name: "gateway", vms: 1 }, gateway, network, pinned.gateway), own(pinned.superlink)];
}

function madePart(
  { name: part, vms }: Pick<Part, "name" | "vms">,
  template: UsableTemplate,
  network: NetworkFacts,
  address: string | null,
): Part {
  const { id, name, contentDigest, cpu, vcpu, memory, images, nic } = template;
  return {
    name: part,
    vms,
    template: {
      id,
      name,
      contentDigest,
      cpu,
      vcpu,
      memory,
      images: images.map(({ id: image, name: called, registeredAt }) => ({ id: image, name: called, registeredAt })),
    },
    nics: [
      {
        network: { id: network.id, name: network.name },
        address,
        model: nic.model ?? null,
        securityGroups: nic.securityGroups ?? null,
      },
    ],
  };
}

/** The digest of a plan in the words of the version that an earlier one was made with. */
export const comparableDigest = (plan: SitePlan, earlier: SitePlan): Digest => digestOf(plan, earlier.version);

export interface Origin {
  readonly cause: EventOf<"site-planned">["cause"];
  readonly by?: Person | null;
  readonly adjustment?: Adjustment;
}

/** Puts a plan before the owners of its zone. */
export function proposed(
  site: Site,
  { plan, disk }: Pick<Proposal, "plan" | "disk">,
  context: DecisionContext,
  origin: Origin,
): EventOf<"site-planned"> {
  return {
    type: "site-planned",
    site: site.name,
    card: context.newCard(),
    plan,
    digest: digestOf(plan),
    disk,
    cause: origin.cause,
    by: origin.by ?? null,
    adjustment: origin.adjustment ?? currentProposal(site)?.adjustment ?? {},
    expiresAt: expiryFrom(context),
  };
}

/** When a question asked now runs out of time. */
export const expiryFrom = ({ now, policy }: Pick<DecisionContext, "now" | "policy">): string =>
  new Date(Date.parse(now) + policy.durations.approvalExpiry).toISOString();
