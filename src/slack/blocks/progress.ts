/** How a site stands, in one mark and one sentence: the same on every card and in every answer. */
import { runsAsProposed } from "../../federation/deciding/approval.ts";
import { missingConsents, neededKinds } from "../../federation/deciding/consent.ts";
import type { Directory } from "../../federation/deciding/visibility.ts";
import { type Condition, isAvailability } from "../../federation/model/conditions.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import { rebootUnderWay } from "../../federation/model/reboot.ts";
import { rotationUnderWay } from "../../federation/model/rotation.ts";
import { awaitsRouterKey } from "../../federation/model/router.ts";
import {
  coordinatorOf,
  type Deployment,
  type Federation,
  type Site,
  trainingSitesOf,
} from "../../federation/model/state.ts";
import { conditionsOf, type Status, statusOf } from "../../federation/model/status.ts";
import { causesAt, plainSentence, sinceWords, zoneCondition } from "./conditions.ts";
import type { Standing } from "./marks.ts";
import { count, escaped } from "./mrkdwn.ts";

export interface Progress {
  readonly mark: Standing;
  /** Plain text, complete sentences. */
  readonly sentence: string;
  /** Since when it is so, and how often, where that is known. */
  readonly since: Pick<Condition, "since" | "count" | "flapping"> | null;
}

/** For mrkdwn. */
export function progressText({ sentence, since }: Progress, most = 300): string {
  const text = escaped(sentence, most);
  return since === null ? text : `${text} S${sinceWords(since).slice(1)}.`;
}

const at = (mark: Standing, sentence: string, since: Progress["since"] = null): Progress => ({ mark, sentence, since });

export function siteProgress(federation: Federation, site: Site, directory: Directory): Progress {
  if (site.approvalState === "excluded") return excluded(site);
  if (site.deployment !== null) return running(federation, site, site.deployment);
  if (site.removals.length > 0) return at("coming", removing(site));
  if (site.attempts > 0 && federation.teardown !== null) return at("out", "Removed.");
  if (federation.ended !== null) return at("out", "Nothing runs here.");
  return beforeDeployment(federation, site, directory);
}

const removing = ({ removals }: Site): string =>
  removals.some(({ delayed }) => delayed !== null)
    ? "What ran here is being removed, and its zone has not finished yet."
    : "What ran here is being removed.";

function excluded(site: Site): Progress {
  const left = site.removals.length > 0 ? ` ${removing(site)}` : "";
  switch (site.excluded) {
    case "rejected":
      return at(
        "out",
        site.refusal?.kind === "admit"
          ? "Not admitted by the coordinator's owner, so it is left out."
          : "Rejected by its owner, so it is left out.",
      );
    case "expired":
      return at("out", "Nobody decided in time, so it is left out.");
    case "run-out":
      return at("out", `Nobody said in time that it goes on, so it is left out.${left}`);
    case "written-off":
      return at("out", "Written off by the bot's operator: its zone is gone.");
    case "retired":
    case null:
      return at("out", `Retired by its owner.${left}`);
  }
}

function beforeDeployment(federation: Federation, site: Site, directory: Directory): Progress {
  const [problem] = site.problems;
  if (problem !== undefined) return at("down", REASONS[problem.code]);
  switch (site.approvalState) {
    case "excluded":
      return excluded(site);
    case "planning":
      return at("pending", whatPlanningWaitsFor(federation, site));
    case "pending":
      return at("pending", waitsFor(federation, site, directory));
    case "approved":
      if (site.attempts > 0) return at("coming", "About to be tried again.");
      return at("pending", `Approved. ${whatApprovedWaitsFor(federation, site)}`);
  }
}

/** All that were asked for first are planned together: one with a problem holds the others. */
function whatPlanningWaitsFor(federation: Federation, { joinedLater }: Site): string {
  const first = [...federation.sites.values()].filter((site) => site.approvalState === "planning" && !site.joinedLater);
  return !joinedLater && first.some(({ problems }) => problems.length > 0)
    ? "Nothing is wrong in its zone. It waits for the zones that have a problem."
    : "Its zone is being looked at.";
}

/** What is missing until a site stands approved, and whose word it is. */
export function waitsFor(federation: Federation, site: Site, directory: Directory): string {
  const missing = neededKinds(site).flatMap((kind) => {
    const number = missingConsents(federation, site, kind, directory);
    if (number === 0) return [];
    return [
      kind === "run"
        ? `${count(number, "owner")} of this site`
        : `${count(number, "owner")} of the coordinator to admit it`,
    ];
  });
  return missing.length === 0 ? "About to be approved." : `Waits for ${missing.join(" and ")}.`;
}

function whatApprovedWaitsFor(federation: Federation, site: Site): string {
  if (site.role === "training") {
    if (federation.trustedAt === null) return "Waits for the coordinator.";
    return awaitsRouterKey(federation, site)
      ? "Waits for the public key of the zone's router, which an owner gives under the card in its channel."
      : "About to start.";
  }
  const approved = trainingSitesOf(federation).filter(({ approvalState }) => approvalState === "approved").length;
  const missing = federation.minimumTrainingSites - approved;
  return missing > 0 ? `Waits for the approval of ${count(missing, "training site")}.` : "About to start.";
}

function running(federation: Federation, site: Site, deployment: Deployment): Progress {
  const shown = asItRuns(federation, site, deployment);
  if (federation.ended !== null || federation.teardown !== null) return shown;
  const next = nextFor(site);
  return next === null ? shown : { ...shown, sentence: `${shown.sentence} ${next}` };
}

/** What is asked beside what runs. */
function nextFor(site: Site): string | null {
  const [problem] = site.problems;
  if (problem !== undefined) {
    const what = site.deployment?.ref === null ? "be created" : "be tried again";
    return `It cannot ${what} yet: ${REASONS[problem.code]}`;
  }
  if (site.retryAskedBy !== null && site.approvalState === "approved") return "It is about to be tried again.";
  if (rebootUnderWay(site) !== null) return "VMs of it are being rebooted.";
  if (rotationUnderWay(site) !== null) return "Its tunnel keys are being changed.";
  if (runsAsProposed(site)) return null;
  return site.approvalState === "pending" ? "A newer version waits for its owners." : null;
}

function asItRuns(federation: Federation, site: Site, deployment: Deployment): Progress {
  const status = statusOf(federation, site);
  const away = zoneCondition(federation, site.name);
  if (status.status === "unknown" || away !== undefined) return unknown(federation, site, status, away);
  if (deployment.failure !== null) {
    const online = status.online > 0 && site.role === "training" ? ` It has ${onlineWords(status)}.` : "";
    return at("down", `${REASONS[deployment.failure.reason.code]}${online}`, onceSince(deployment.failure.at));
  }
  if (status.status === null) return coming(federation, site, deployment);
  return known(federation, site, status);
}

const onceSince = (since: string): Progress["since"] => ({ since, count: 1, flapping: false });

function unknown(federation: Federation, site: Site, status: Status, away: Condition | undefined): Progress {
  const last = lastKnown(site, status);
  if (away?.flapping === true) return at("unknown", `At times its zone cannot be looked at. Last known: ${last}`, away);
  if (away !== undefined) return at("unknown", `${plainSentence(away.code)} Known from before: ${last}`, away);
  return zoneCondition(federation, coordinatorOf(federation).name)?.flapping === true
    ? at("unknown", `At times the coordinator's zone cannot be looked at. Last known: ${last}`)
    : at("unknown", `The coordinator's zone cannot be looked at. Known from before: ${last}`);
}

function lastKnown(site: Site, status: Status): string {
  if (site.role === "training") return `${onlineWords(status)}.`;
  if (!status.isSteady) return "at times it did not serve.";
  return status.online > 0 ? "it served." : "it did not serve.";
}

/** Of a site that comes and goes, what it has come down to: how many there are now, nobody has journalled. */
function onlineWords({ online, expected, isSteady }: Status): string {
  if (isSteady) return `${online} of ${count(expected, "SuperNode")} online`;
  return online === 0
    ? "at times no SuperNode online"
    : `at times only ${online} of ${count(expected, "SuperNode")} online`;
}

function known(federation: Federation, site: Site, status: Status): Progress {
  const low = conditionsOf(federation, site.name).find(({ code }) => isAvailability(code)) ?? null;
  if (site.role === "coordinator") {
    if (!status.isSteady) return at("degraded", "Unsteady: at times the SuperLink does not serve.", low);
    return status.status === "up"
      ? at("up", "Serves. Its address and CA are as planned.")
      : at("down", "The SuperLink does not serve.", low);
  }
  switch (status.status) {
    case "up":
      return at("up", `${onlineWords(status)}, as the SuperLink sees them.`);
    case "degraded":
      return at("degraded", `Degraded: ${onlineWords(status)}.`, low);
    case "unsteady":
      return at("degraded", `Unsteady: ${onlineWords(status)}.`, low);
    default:
      return at("down", "Down: no SuperNode is online.", low);
  }
}

function coming(federation: Federation, site: Site, deployment: Deployment): Progress {
  const [cause] = causesAt(federation, site.name);
  const stage = stageOf(federation, site, deployment);
  return cause === undefined ? at("coming", stage) : at("coming", `${stage} ${plainSentence(cause.code)}`, cause);
}

function stageOf(federation: Federation, site: Site, { ref, vms }: Deployment): string {
  const isCoordinator = site.role === "coordinator";
  if (isCoordinator && federation.verifiedVm !== null && vms.has(federation.verifiedVm)) {
    return "Serves. Its address and CA are as planned.";
  }
  if (ref === null) return "Its VMs are being asked for.";
  if (vms.size === 0 && ref.kind === "oneflow") return "OneFlow has been asked, and has made no VM yet.";
  const flowers = [...vms.values()].filter(({ gone, seen }) => !gone && seen.part !== "gateway");
  const stages = flowers.map(({ seen }) => seen.stage);
  if (stages.length > 0 && stages.every((stage) => stage === "serving")) {
    return isCoordinator ? "Serves, and is being checked." : "Says it serves; not yet seen by the SuperLink.";
  }
  if (stages.includes("failed")) return "A guest says that it has failed.";
  if (stages.includes("starting")) return "Flower is starting.";
  if (stages.includes("awaiting-certificate")) return "Waits for its certificate.";
  if (stages.includes("awaiting-admission")) return "Waits for its keys to be admitted.";
  return isCoordinator ? "Its VM is starting." : "Its VMs are starting.";
}
