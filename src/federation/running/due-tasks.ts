/** State, what is seen, now -> what is due. Every task may be carried out again: it looks first, and its outcome is an event. */
import { isExpired, runsAsProposed } from "../deciding/approval.ts";
import { concludeTeardown } from "../deciding/teardown.ts";
import { hubKey } from "../model/hub.ts";
import type { SiteName } from "../model/identity.ts";
import { deploymentKind } from "../model/plan.ts";
import type { DecisionContext, Durations } from "../model/policy.ts";
import { outcomeOf, rebootUnderWay } from "../model/reboot.ts";
import type { RebootOutcome } from "../model/reboot-words.ts";
import { rotationUnderWay } from "../model/rotation.ts";
import type { RotationOutcome } from "../model/rotation-words.ts";
import { routerLink } from "../model/router.ts";
import {
  coordinatorOf,
  currentProposal,
  type DeployedVm,
  type Deployment,
  type Federation,
  isEmpty,
  isTurnedAway,
  type Site,
  trainingSitesOf,
} from "../model/state.ts";
import { coordinatorServes } from "../model/status.ts";
import { hasTerminalFailure } from "../model/terminal-failure.ts";
import type { LiveFederation } from "../observing/live.ts";
import { isBlocked } from "../proposing/proposal.ts";
import { isAddressRefused } from "../proposing/superlink-endpoint.ts";
import { hasTunnel } from "../tunnels/crossing.ts";
import { isTellingDue } from "../tunnels/peers.ts";
import { admissionsDue, mayTellAdmitted } from "./admission.ts";
import { certificateWakes, superLinkTasks } from "./certificate-tasks.ts";
import { lateness, servingSince, stuckAfter, type TimeOutCode } from "./lateness.ts";
import {
  patienceEnds,
  type RotationStep,
  rotatingSince,
  rotationEnd,
  rotationOutcome,
  rotationStep,
} from "./rotation.ts";
import { type TermTask, termTasks, termWakes } from "./term-tasks.ts";
import { isTunnelKeyDue } from "./tunnel-keys.ts";

type OnSite<K extends string> = { readonly kind: K; readonly site: SiteName };
type OnVm<K extends string> = OnSite<K> & { readonly vmId: number };

export type Task =
  | TermTask
  | { readonly kind: "create-authority" | "propose" | "expire" | "conclude-teardown" | "destroy-authority" }
  | OnSite<
      "propose-later" | "remind" | "remind-teardown" | "begin" | "register-template" | "create" | "deliver-admissions"
    >
  | OnVm<
      | "certify"
      | "deliver-certificate"
      | "judge-key"
      | "tell-admitted"
      | "judge-tunnel-key"
      | "tell-tunnel-peers"
      | RotationStep
      | "prove-gone"
      | "reboot"
    >
  | (OnSite<"time-out"> & { readonly code: TimeOutCode })
  | (OnSite<"end-reboot"> & { readonly outcome: RebootOutcome })
  | (OnSite<"end-tunnel-rotation"> & { readonly outcome: RotationOutcome })
  | (OnSite<"remove"> & { readonly removal: string });

/** What makes two tasks the same one, so that it is carried out once at a time. */
export function taskKey(task: Task): string {
  return Object.values(task).join(" ");
}

export function dueTasks(federation: Federation, live: LiveFederation, context: DecisionContext): readonly Task[] {
  const sites = [...federation.sites.values()];
  const removals = sites.flatMap((site) =>
    site.removals.map(({ key }): Task => ({ kind: "remove", site: site.name, removal: key })),
  );
  if (federation.ended !== null) return [...removals, ...endTasks(federation, sites)];
  return [
    ...removals,
    ...planningTasks(federation, sites, context),
    ...sites.flatMap((site) => siteTasks(federation, site, live, context)),
    ...admissionTasks(federation),
    ...teardownReminders(federation, context),
    ...termTasks(federation, context),
    ...(concludes(federation, context) ? [{ kind: "conclude-teardown" } as const] : []),
  ];
}

function endTasks(federation: Federation, sites: readonly Site[]): Task[] {
  const keyLeft = federation.authorities.length > 0 && !federation.authorityDestroyed;
  return sites.every(isEmpty) && keyLeft ? [{ kind: "destroy-authority" }] : [];
}

function concludes(federation: Federation, context: DecisionContext): boolean {
  const decision = concludeTeardown(federation, context);
  return decision.ok && decision.events.length > 0;
}

function planningTasks(federation: Federation, sites: readonly Site[], context: DecisionContext): Task[] {
  if (federation.authorities.length === 0) {
    if (federation.issuer === "florist") return [{ kind: "create-authority" }];
    // Its owners are asked for it, and have as long as to decide.
    return sites.some((site) => isExpired(site, context)) ? [{ kind: "expire" }] : [];
  }
  const tasks: Task[] = [];
  const planning = sites.filter(({ approvalState }) => approvalState === "planning");
  const first = planning.filter(({ joinedLater }) => !joinedLater);
  if (first.length > 0 && !first.some(isBlocked)) tasks.push({ kind: "propose" });
  for (const site of planning) {
    if (site.joinedLater && !isBlocked(site)) tasks.push({ kind: "propose-later", site: site.name });
  }
  if (sites.some((site) => isExpired(site, context))) tasks.push({ kind: "expire" });
  for (const site of sites) if (isOverdue(site, context)) tasks.push({ kind: "remind", site: site.name });
  return tasks;
}

function isOverdue(site: Site, context: DecisionContext): boolean {
  const proposal = currentProposal(site);
  if (proposal === null || site.approvalState !== "pending" || site.reminded) return false;
  return Date.parse(context.now) >= Date.parse(proposal.askedAt) + context.policy.durations.approvalReminder;
}

function teardownReminders(federation: Federation, { now, policy }: DecisionContext): Task[] {
  const { teardown } = federation;
  if (teardown === null || teardown.because === "run-out") return [];
  if (Date.parse(now) < Date.parse(teardown.askedAt) + policy.durations.approvalReminder) return [];
  return [...federation.sites.values()]
    .filter((site) => waitsForTeardown(site) && site.teardown?.reminded === false)
    .map(({ name }) => ({ kind: "remind-teardown", site: name }));
}

/** Its owners were asked to end it, it runs, and they have said nothing yet. */
const waitsForTeardown = ({ teardown, deployment }: Site): boolean =>
  teardown !== null && teardown.agreedBy === null && deployment !== null;

function siteTasks(federation: Federation, site: Site, live: LiveFederation, context: DecisionContext): Task[] {
  const begins: Task[] = mayBegin(federation, site) ? [{ kind: "begin", site: site.name }] : [];
  const { deployment } = site;
  return deployment === null ? begins : [...begins, ...deploymentTasks(federation, site, deployment, live, context)];
}

function deploymentTasks(
  federation: Federation,
  site: Site,
  deployment: Deployment,
  live: LiveFederation,
  context: DecisionContext,
): Task[] {
  const asked = [...rebootTasks(federation, site, context), ...rotationEndTasks(federation, site, context)];
  if (hasTerminalFailure(deployment)) return asked;
  const late = lateness(site, deployment, live, context);
  const tasks: Task[] = [
    ...asked,
    ...(late === null ? [] : [{ kind: "time-out", site: site.name, code: late } as const]),
  ];
  // What is replaced gives its address and its place back first.
  if (deployment.ref === null && isMakingRoom(site)) return tasks;
  const registers = deploymentKind(deployment.plan) === "oneflow" && deployment.templateId === null;
  if (registers) return [...tasks, { kind: "register-template", site: site.name }];
  if (deployment.ref === null) return [...tasks, { kind: "create", site: site.name }];
  return [
    ...tasks,
    ...missingVms(site, deployment, live),
    ...[...deployment.vms.values()].flatMap((vm) => vmTasks(federation, site, vm, live, context)),
  ];
}

const isMakingRoom = ({ removals }: Site): boolean => removals.some(({ cause }) => cause !== "duplicate");

/** The coordinator first, once enough sites stand approved; each training site once its link to the SuperLink stands. */
export function mayBegin(federation: Federation, site: Site): boolean {
  if (site.approvalState !== "approved" || federation.teardown !== null) return false;
  const wanted =
    site.deployment === null ||
    site.retryAskedBy !== null ||
    !runsAsProposed(site) ||
    isAddressRefused(federation, site);
  if (!wanted || isMakingRoom(site) || isBlocked(site)) return false;
  if (site.role === "training") return isLinkReady(federation, site);
  const approved = trainingSitesOf(federation).filter(({ approvalState }) => approvalState === "approved").length;
  return federation.trustedAt !== null || approved >= federation.minimumTrainingSites;
}

/**
 * A public address needs nothing but the SuperLink that was verified to be there, a tunnel its hub's key as well; one
 * that is being replaced is waited for.
 */
function isLinkReady(federation: Federation, site: Site): boolean {
  const { deployment } = coordinatorOf(federation);
  if (federation.verifiedVm === null || deployment === null || hasTerminalFailure(deployment)) return false;
  switch (currentProposal(site)?.plan.link.kind) {
    case "wireguard":
      return hubKey(federation) !== null && (routerLink(site) === null || site.router !== null);
    case "public-address":
    case undefined:
      return true;
  }
}

/** What its owner asked for is done VM by VM, and ends by what is seen then, or by time. */
function rebootTasks(federation: Federation, site: Site, { now, policy }: DecisionContext): Task[] {
  const reboot = rebootUnderWay(site);
  if (reboot === null) return [];
  const outcome = outcomeOf(federation, site, reboot, now, policy.durations.boot);
  if (outcome !== null) return [{ kind: "end-reboot", site: site.name, outcome }];
  const open = reboot.vms.filter(({ answer }) => answer === null);
  return open.map(({ vmId }) => ({ kind: "reboot", site: site.name, vmId }));
}

/** It ends by what the ends' keys are then, or by time. */
function rotationEndTasks(federation: Federation, site: Site, { now, policy }: DecisionContext): Task[] {
  const rotation = rotationUnderWay(site);
  const outcome = rotation === null ? null : rotationOutcome(federation, site, rotation, now, policy.durations);
  return outcome === null ? [] : [{ kind: "end-tunnel-rotation", site: site.name, outcome }];
}

/** VMs that the newest look does not show: nothing follows from that until the zone has proven that they are done. */
function missingVms(site: Site, deployment: Deployment, live: LiveFederation): Task[] {
  const seen = live.sites.get(site.name);
  if (seen === undefined || seen.attempt !== deployment.attempt) return [];
  return [...deployment.vms.values()]
    .filter(({ vmId, gone }) => !gone && seen.vms.get(vmId)?.state === "missing")
    .map(({ vmId }) => ({ kind: "prove-gone", site: site.name, vmId }));
}

function vmTasks(
  federation: Federation,
  site: Site,
  vm: DeployedVm,
  live: LiveFederation,
  context: DecisionContext,
): Task[] {
  if (!vm.verified || vm.gone) return [];
  const own =
    site.role === "coordinator" ? superLinkTasks(federation, site, vm, context) : superNodeTasks(federation, site, vm);
  return [...own, ...tunnelTasks(federation, site, vm, live, context)];
}

function superNodeTasks(federation: Federation, { name: site }: Site, vm: DeployedVm): Task[] {
  const { key } = vm.seen;
  if (key !== null && key !== vm.acceptedKey && !isTurnedAway(vm)) return [{ kind: "judge-key", site, vmId: vm.vmId }];
  return mayTellAdmitted(federation, vm) ? [{ kind: "tell-admitted", site, vmId: vm.vmId }] : [];
}

function tunnelTasks(
  federation: Federation,
  site: Site,
  vm: DeployedVm,
  live: LiveFederation,
  { now }: DecisionContext,
): Task[] {
  if (!hasTunnel(federation, site)) return [];
  const at = { site: site.name, vmId: vm.vmId };
  if (isTunnelKeyDue(federation, site, vm)) return [{ kind: "judge-tunnel-key", ...at }];
  if (isTellingDue(federation, site, vm)) return [{ kind: "tell-tunnel-peers", ...at }];
  const step = rotationStep(federation, site, vm, live, now);
  return step === null ? [] : [{ kind: step, ...at }];
}

function admissionTasks(federation: Federation): Task[] {
  const coordinator = coordinatorOf(federation);
  const { deployment } = coordinator;
  const told = deployment !== null && !hasTerminalFailure(deployment) && coordinatorServes(federation);
  return told && admissionsDue(federation) ? [{ kind: "deliver-admissions", site: coordinator.name }] : [];
}

/** When time alone may next make something due, in milliseconds since 1970; null while nothing waits for time. */
export function nextWake(federation: Federation, context: DecisionContext): number | null {
  const { now, policy } = context;
  const { durations } = policy;
  const after = (at: string, ...waits: readonly number[]): number[] => waits.map((wait) => Date.parse(at) + wait);
  const moments = [...federation.sites.values()].flatMap((site) => {
    const proposal = currentProposal(site);
    const asked =
      site.approvalState === "pending" && proposal !== null
        ? [Date.parse(proposal.expiresAt), ...after(proposal.askedAt, durations.approvalReminder)]
        : [];
    const planned = site.approvalState === "planning" ? after(site.requestedAt, durations.approvalExpiry) : [];
    return [...asked, ...planned, ...deploymentWakes(site, durations)];
  });
  if (federation.teardown !== null) moments.push(...after(federation.teardown.askedAt, durations.approvalReminder));
  if (federation.stopAnnounced !== null) moments.push(Date.parse(federation.stopAnnounced));
  if (federation.ended === null) moments.push(...termWakes(federation, context));
  const future = moments.filter((moment) => moment > Date.parse(now));
  return future.length === 0 ? null : Math.min(...future);
}

function deploymentWakes(site: Site, durations: Durations): number[] {
  const { deployment } = site;
  if (deployment === null) return [];
  const reboot = rebootUnderWay(site);
  const rebooted = reboot === null ? [] : [Date.parse(reboot.askedAt) + durations.boot + 1];
  const rotation = rotationUnderWay(site);
  const rotated = rotation === null ? [] : [rotationEnd(rotation, durations), ...patienceEnds(rotation)];
  const { boot, serve, certificateLife } = durations;
  const begun = Date.parse(deployment.createdAt ?? deployment.startedAt);
  // A moment later than the limit, which has to be passed.
  const limits =
    deployment.upAt === null ? [stuckAfter(durations), boot, boot + serve].map((limit) => begun + limit + 1) : [];
  const serving = deployment.upAt === null ? servingSince(deployment, boot) : null;
  if (serving !== null) limits.push(serving + serve + 1);
  const renewals = [...deployment.vms.values()].flatMap((vm) => certificateWakes(vm, certificateLife));
  return [...limits, ...renewals, ...rebooted, ...rotated];
}

/** Since when something is awaited of a site's zone; null when nothing is. Governs how often it is looked at. */
export function awaitedSince(federation: Federation, site: Site): string | null {
  const [removal] = site.removals;
  if (removal !== undefined) return removal.since;
  const reboot = rebootUnderWay(site);
  if (reboot !== null) return reboot.askedAt;
  const rotating = rotatingSince(federation, site);
  if (rotating !== null) return rotating;
  const { deployment } = site;
  if (deployment !== null && isOnItsWay(deployment))
    return latest(deployment.createdAt ?? deployment.startedAt, deployment);
  // Which keys it registered and which SuperNodes are online is said by the SuperLink, in its own zone.
  const joining = site.role === "coordinator" ? trainingSitesOf(federation).flatMap(joiningOf) : [];
  return joining.toSorted().at(-1) ?? null;
}

const isOnItsWay = (deployment: Deployment): boolean => deployment.upAt === null && !hasTerminalFailure(deployment);

/** When the VMs of a site on its way, which has told a key, last moved. */
function joiningOf({ deployment }: Site): readonly string[] {
  if (deployment === null || !isOnItsWay(deployment)) return [];
  return [...deployment.vms.values()].filter(({ seen }) => seen.key !== null).map(({ seenAt }) => seenAt);
}

function latest(begun: string, { vms }: Deployment): string {
  return [begun, ...[...vms.values()].map(({ seenAt }) => seenAt)].toSorted().at(-1) ?? begun;
}
