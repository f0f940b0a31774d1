/** What is wrong now, from what is seen now: one finding for each thing and subject, whoever of its VMs shows it. */
import {
  type ConditionCode,
  type Extent,
  type Finding,
  guestCode,
  isOfBothEnds,
  linkCode,
  MAX_NAMED_VMS,
  type Subject,
} from "../model/conditions.ts";
import type { Reason } from "../model/events.ts";
import { type SiteName, type ZoneName, zoneOf } from "../model/identity.ts";
import { MAX_CERTIFICATES, MAX_IDENTITY_CHANGES } from "../model/limits.ts";
import { flowerPart, gatewayPart, vmsOf } from "../model/plan.ts";
import type { DecisionContext } from "../model/policy.ts";
import { hasZone } from "../model/site-profiles.ts";
import { coordinatorOf, type DeployedVm, type Deployment, type Federation, type Site } from "../model/state.ts";
import { type LiveFederation, onlineVms, superLinkServes } from "./live.ts";
import { isForgedBySomebody, straysOf, whyDropped } from "./tunnel-drops.ts";
import {
  isBeyondTunnel,
  isHubGatewayDown,
  placesOf,
  whyNotRouted,
  whyNotThroughGateway,
  whySilent,
} from "./tunnels.ts";
import { type LiveVm, saysItServes } from "./vm-observation.ts";

/** Why a zone cannot be looked at now; a zone that can be is not among them. */
export type AwayZones = ReadonlyMap<ZoneName, { readonly code: AwayCode; readonly reason: Reason }>;
export type AwayCode = "zone-away" | "zone-account" | "zone-administrator";

export interface Findings {
  readonly findings: readonly Finding[];
  /** Subjects of which nothing is known now: what stands about them stays as it is. */
  readonly isUnseen: (subject: Subject, code: ConditionCode) => boolean;
}

export function findingsOf(
  federation: Federation,
  live: LiveFederation,
  away: AwayZones,
  context: Pick<DecisionContext, "sites">,
  isDisabled: (zone: ZoneName) => boolean = () => false,
): Findings {
  const coordinator = coordinatorOf(federation).name;
  const isAway = (zone: ZoneName): boolean => away.has(zone) || !hasZone(context.sites, zone);
  const isSeen = (site: SiteName): boolean => live.sites.has(site) && !isAway(zoneOf(site));
  const running = [...federation.sites.values()].filter(({ deployment }) => deployment !== null);
  const zones = new Set(running.map(({ zone }) => zone));
  const findings = [
    ...[...zones].flatMap((zone) => zoneFindings(zone, away, context)),
    ...[...zones].filter(isDisabled).map(disabledFinding),
    ...running.flatMap((site) => (isSeen(site.name) ? siteFindings(federation, site, live, isSeen(coordinator)) : [])),
  ];
  return {
    findings,
    isUnseen: (subject, code) => {
      if (subject.kind === "zone") return false;
      return !isSeen(subject.site) || (isOfBothEnds(code) && !isSeen(coordinator));
    },
  };
}

function zoneFindings(zone: ZoneName, away: AwayZones, { sites }: Pick<DecisionContext, "sites">): readonly Finding[] {
  const subject: Subject = { kind: "zone", zone };
  const about = (code: ConditionCode, detail: string): Finding => ({ subject, code, detail, vmIds: [], extent: null });
  if (!hasZone(sites, zone)) return [about("zone-left-file", zone)];
  const known = away.get(zone);
  return known === undefined ? [] : [about(known.code, known.reason.detail)];
}

/** Whatever is seen there is seen all the same. */
const disabledFinding = (zone: ZoneName): Finding => ({
  subject: { kind: "zone", zone },
  code: "zone-read-only",
  detail: "",
  vmIds: [],
  extent: null,
});

function siteFindings(
  federation: Federation,
  site: Site,
  live: LiveFederation,
  superLinkSeen: boolean,
): readonly Finding[] {
  const { deployment } = site;
  const seen = live.sites.get(site.name);
  if (deployment === null || seen === undefined || seen.attempt !== deployment.attempt) return [];
  const found = new Map<ConditionCode, { subject: Subject; vmIds: number[]; detail: string }>();
  const present = [...seen.vms.values()].filter(({ state }) => state !== "gone");
  // VMs that are done are not missed once others have taken their place.
  const missed = present.length >= vmsOf(deployment.plan) ? present : [...seen.vms.values()];
  for (const vm of missed) {
    const own = deployment.vms.get(vm.vmId);
    const causes = causesOf(site, vm, own, deployment);
    const joined = own === undefined ? causes : joinedCauses(federation, live, site, own, causes, superLinkSeen);
    for (const { code, subject, detail } of joined) {
      const known = found.get(code) ?? { subject, vmIds: [], detail };
      known.vmIds.push(vm.vmId);
      found.set(code, known);
    }
  }
  const causes = [...found].map(
    ([code, { subject, vmIds, detail }]): Finding => ({
      subject,
      code,
      detail,
      vmIds: vmIds.slice(0, MAX_NAMED_VMS),
      extent: null,
    }),
  );
  const availability =
    site.role === "coordinator"
      ? superLinkFindings(federation, site, live)
      : superLinkSeen
        ? offlineFindings(federation, site, deployment, live)
        : [];
  const strays = site.role === "training" && superLinkSeen ? strayFindings(federation, site, live) : [];
  return [...availability, ...causes, ...strays];
}

const finding = (site: Site, code: ConditionCode, extent: Extent | null, detail = ""): Finding => ({
  subject: { kind: "site", site: site.name },
  code,
  detail,
  vmIds: [],
  extent,
});

function superLinkFindings(federation: Federation, site: Site, live: LiveFederation): readonly Finding[] {
  const down =
    federation.verifiedVm !== null && !superLinkServes(federation, live)
      ? [finding(site, "superlink-down", { online: 0, expected: 1 })]
      : [];
  const unknown = (live.nodes ?? []).filter(({ key }) => !federation.keys.has(key)).slice(0, MAX_NAMED_VMS);
  return [
    ...down,
    ...(isForgedBySomebody(federation, live) ? [finding(site, "tunnel-forged", null)] : []),
    ...(unknown.length === 0 ? [] : [finding(site, "unknown-nodes", null, unknown.map(({ key }) => key).join(" "))]),
  ];
}

function strayFindings(federation: Federation, site: Site, live: LiveFederation): readonly Finding[] {
  const { from, vmIds } = straysOf(federation, live, site);
  const subject: Subject = { kind: "link", site: site.name };
  const detail = from.slice(0, MAX_NAMED_VMS).join(" ");
  return from.length === 0
    ? []
    : [{ subject, code: "tunnel-strays", detail, vmIds: vmIds.slice(0, MAX_NAMED_VMS), extent: null }];
}

/** Of a site that has not been up yet nothing is missing: it is still coming, or its time runs out. */
function offlineFindings(
  federation: Federation,
  site: Site,
  deployment: Deployment,
  live: LiveFederation,
): readonly Finding[] {
  if (deployment.upAt === null) return [];
  const expected = flowerPart(deployment.plan).vms;
  const online = Math.min(expected, onlineVms(federation, site, live).length);
  return online < expected ? [finding(site, "supernodes-offline", { online, expected })] : [];
}

interface Cause {
  readonly subject: Subject;
  readonly code: ConditionCode;
  readonly detail: string;
}

/** What one VM shows, by its zone's word, by its own, and by what it has done. */
function causesOf(site: Site, vm: LiveVm, known: DeployedVm | undefined, deployment: Deployment): readonly Cause[] {
  const subject: Subject = { kind: "site", site: site.name };
  const state = stateCode(vm);
  const own = vm.state === "running" && !vm.silent ? reportedBy(site, vm) : [];
  const conduct = known === undefined ? [] : conductOf(known, deployment);
  return [
    ...(state === null ? [] : [{ subject, code: state, detail: vm.message ?? "" }]),
    ...own,
    ...conduct.map((code) => ({ subject, code, detail: `VM ${vm.vmId}` })),
  ];
}

function joinedCauses(
  federation: Federation,
  live: LiveFederation,
  site: Site,
  vm: DeployedVm,
  causes: readonly Cause[],
  superLinkSeen: boolean,
): readonly Cause[] {
  if (site.role === "coordinator") return causes.flatMap((cause) => beforeSuperLink(federation, live, cause));
  return superLinkSeen ? withHubsWord(federation, live, site, vm, causes) : causes;
}

/** A hub before the SuperLink dials that: where it does not answer anybody, that is told as that alone. */
function beforeSuperLink(federation: Federation, live: LiveFederation, cause: Cause): readonly Cause[] {
  if (cause.subject.kind !== "link") return [cause];
  const { name } = coordinatorOf(federation);
  if (!superLinkServes(federation, live)) return [];
  return [{ ...cause, subject: { kind: "site", site: name }, code: "hub-gateway-does-not-pass" }];
}

/** What the hub says of the VM's tunnel is beside what the VM says itself, or in its place where it says more. */
function withHubsWord(
  federation: Federation,
  live: LiveFederation,
  site: Site,
  vm: DeployedVm,
  causes: readonly Cause[],
): readonly Cause[] {
  const places = placesOf(federation, live, vm);
  const subject: Subject = { kind: "link", site: site.name };
  return [
    ...causes.flatMap((cause) => {
      if (isBehindGateway(site, vm)) return behindGateway(live, site, cause);
      if (isOfTunnel(cause) && isHubGatewayDown(federation, live))
        return { ...cause, code: "hub-gateway-down" as const };
      if (cause.code !== "link-tunnel-silent" && cause.code !== "link-unreachable") return cause;
      const dropped = whyDropped(federation, live, site, vm);
      if (dropped !== null) return { ...cause, code: dropped };
      if (cause.code === "link-tunnel-silent") return { ...cause, code: whySilent(federation, live, site, vm) };
      const isBeyond = isBeyondTunnel(federation, live, site, vm);
      return { ...cause, code: isBeyond ? ("tunnel-beyond" as const) : whyNotRouted(federation, live, site) };
    }),
    ...(places.length === 0 ? [] : [{ subject, code: "tunnel-two-places" as const, detail: places.join(" ") }]),
  ];
}

const isOfTunnel = ({ code }: Cause): boolean => code === "link-tunnel-silent" || code === "link-tunnel-refused";

const isBehindGateway = ({ deployment }: Site, { seen }: DeployedVm): boolean =>
  deployment !== null && gatewayPart(deployment.plan) !== null && seen.part !== "gateway";

/** What a gateway says of its own tunnel is told as that, once; of the VMs behind it remains what is not by that. */
function behindGateway(live: LiveFederation, site: Site, cause: Cause): readonly Cause[] {
  if (cause.code !== "link-unreachable" && cause.code !== "link-refused") return [cause];
  const code = whyNotThroughGateway(live, site);
  return code === null ? [] : [{ ...cause, code }];
}

function stateCode({ state, silent, message }: LiveVm): ConditionCode | null {
  switch (state) {
    case "running":
      return silent ? "vm-silent" : null;
    case "pending":
      return message === null ? null : "vm-unplaced";
    case "held":
      return "vm-held";
    case "booting":
      return null;
    case "stopped":
      return "vm-stopped";
    case "failed":
      return "vm-failed";
    case "unknown":
      return "vm-unknown";
    case "missing":
      return "vm-missing";
    case "unreadable":
      return "vm-unreadable";
    case "gone":
      return "vm-gone";
  }
}

/**
 * That a link is down says less than how dialling it ended, and nothing any more once that went well: a guest takes
 * the reason back a moment later.
 */
function reportedBy(site: Site, vm: LiveVm): readonly Cause[] {
  const { reason, link } = vm;
  const dialled: readonly Cause[] =
    link === null || link === "ok"
      ? []
      : [
          {
            subject: { kind: "link", site: site.name },
            code: linkCode(link),
            detail: "",
          },
        ];
  if (reason === null || reason === "none" || (reason === "link-down" && link !== null)) return dialled;
  if (saysItServes(vm) && reason === "still-counted-online") return dialled;
  return [{ subject: { kind: "site", site: site.name }, code: guestCode(reason), detail: "" }, ...dialled];
}

/** More than a VM is granted. */
function conductOf(vm: DeployedVm, { plan }: Deployment): readonly ConditionCode[] {
  const refused = [...vm.refusedKeys, ...vm.refusedTunnelKeys];
  const keys = vm.identityChanges >= MAX_IDENTITY_CHANGES || refused.some(({ code }) => code === "key-changes");
  const requests =
    plan.role === "coordinator" &&
    vm.issuedAt.length >= MAX_CERTIFICATES &&
    vm.certificate !== null &&
    vm.certificate.request !== vm.seen.request;
  return [...(keys ? (["key-changes"] as const) : []), ...(requests ? (["certificate-requests"] as const) : [])];
}
