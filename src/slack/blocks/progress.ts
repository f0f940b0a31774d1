/** How far a site and its federation have come, in words and as a task's state. */
import type { TaskCardBlock } from "@slack/types";
import { missingConsents, neededKinds } from "../../federation/deciding/consent.ts";
import type { Directory } from "../../federation/deciding/visibility.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  type Run,
  type Site,
  trainingSitesOf,
} from "../../federation/model/state.ts";
import { count } from "./mrkdwn.ts";

export interface Progress {
  readonly status: TaskCardBlock["status"];
  readonly sentence: string;
}

const SIGN: Readonly<Record<TaskCardBlock["status"], string>> = {
  pending: ":white_circle:",
  in_progress: ":large_blue_circle:",
  complete: ":large_green_circle:",
  error: ":red_circle:",
};
export const sign = (progress: Progress): string => SIGN[progress.status];

const at = (status: Progress["status"], sentence: string): Progress => ({ status, sentence });

export const superNodesOf = (site: Site): number =>
  site.role === "coordinator" ? 0 : (currentProposal(site)?.plan.vms ?? site.wish.superNodes);

export function siteProgress(federation: Federation, site: Site, directory: Directory): Progress {
  if (site.standing === "left-out") return leftOut(site);
  if (site.run !== null) return running(federation, site, site.run);
  if (site.removals.length > 0) return at("in_progress", "What ran here is being removed.");
  if (site.attempts > 0 && federation.teardownAskedBy !== null) return at("complete", "Removed.");
  if (federation.ended !== null) return at("complete", "Nothing runs here.");
  return beforeRun(federation, site, directory);
}

function leftOut(site: Site): Progress {
  if (site.leftOut === "rejected") {
    const who = site.refusal?.kind === "admit" ? "Not admitted by the coordinator's owner" : "Rejected by its owner";
    return at("error", `${who} and left out.`);
  }
  if (site.leftOut === "expired") return at("error", "Nobody decided in time, so it is left out.");
  if (site.removals.length > 0) return at("in_progress", "Retired by its owner; what ran here is being removed.");
  return at("complete", "Retired by its owner.");
}

function beforeRun(federation: Federation, site: Site, directory: Directory): Progress {
  const problem = federation.problems.find((candidate) => candidate.site === site.zone);
  switch (site.standing) {
    case "left-out":
      return leftOut(site);
    case "planning":
      return problem === undefined ? at("pending", "Its zone is being looked at.") : at("error", REASONS[problem.code]);
    case "asking":
      return at("pending", waitsFor(federation, site, directory));
    case "approved":
      if (site.attempts > 0) return at("in_progress", "About to be tried again.");
      return at("pending", `Approved. ${whatApprovedWaitsFor(federation, site)}`);
  }
}

/** What is missing until a site stands approved, and whose word it is. */
function waitsFor(federation: Federation, site: Site, directory: Directory): string {
  const missing = neededKinds(site).flatMap((kind) => {
    const number = missingConsents(federation, site, kind, directory);
    if (number === 0) return [];
    return [
      kind === "run"
        ? `${count(number, "owner")} of this zone`
        : `${count(number, "owner")} of the coordinator to admit it`,
    ];
  });
  return `Waits for ${missing.join(" and ")}.`;
}

function whatApprovedWaitsFor(federation: Federation, site: Site): string {
  if (site.role === "training") return federation.trustedAt === null ? "Waits for the coordinator." : "About to start.";
  const approved = trainingSitesOf(federation).filter(({ standing }) => standing === "approved").length;
  const missing = federation.minimumTrainingSites - approved;
  return missing > 0 ? `Waits for the approval of ${count(missing, "training site")}.` : "About to start.";
}

function running(federation: Federation, site: Site, run: Run): Progress {
  if (run.failure !== null) return at("error", REASONS[run.failure.reason.code]);
  if (site.status !== null) return known(site, site.status);
  const verified = federation.verifiedVm !== null && run.guests.has(federation.verifiedVm);
  if (site.role === "coordinator" && verified) return at("complete", "Serves. Its address and CA are as planned.");
  if (run.serviceId === null) return at("in_progress", "Its OneFlow service is being created.");
  const stages = [...run.guests.values()].map(({ sighting }) => sighting.stage);
  if (stages.includes("failed")) return at("in_progress", "A guest says that it has failed.");
  if (stages.length > 0 && stages.every((stage) => stage === "serving")) {
    return at(
      "in_progress",
      site.role === "coordinator" ? "Serves, and is being checked." : "Says it serves; not yet seen by the SuperLink.",
    );
  }
  if (stages.includes("starting")) return at("in_progress", "Flower is starting.");
  if (stages.includes("awaiting-certificate")) return at("in_progress", "Waits for its certificate.");
  if (stages.includes("awaiting-admission")) return at("in_progress", "Waits for its keys to be admitted.");
  return at("in_progress", site.role === "coordinator" ? "Its VM is starting." : "Its VMs are starting.");
}

function known(site: Site, status: NonNullable<Site["status"]>): Progress {
  if (site.role === "coordinator") {
    return status === "up"
      ? at("complete", "Serves. Its address and CA are as planned.")
      : at("error", "The SuperLink does not serve.");
  }
  const online = `${site.online} of ${count(superNodesOf(site), "SuperNode")} online`;
  if (status === "up") return at("complete", `${online}, as the SuperLink sees them.`);
  return at("error", status === "degraded" ? `Degraded: ${online}.` : "Down: no SuperNode is online.");
}

const ENDED: Readonly<Record<NonNullable<Federation["ended"]>["cause"], string>> = {
  cancelled: "Cancelled by its requester. Nothing was created.",
  "coordinator-rejected": "Ended: the coordinator's owner rejected it.",
  "coordinator-expired": "Ended: the coordinator's owner did not decide in time.",
  "too-few-sites": "Ended: too few training sites are left.",
  "torn-down": "Torn down. Nothing of it runs any more.",
};

/** One sentence for the whole federation. */
export function phaseOf(federation: Federation): string {
  if (federation.ended !== null) return ENDED[federation.ended.cause];
  if (federation.teardownAskedBy !== null) return "Being torn down: each zone's owner decides about its own zone.";
  if (federation.problems.length > 0) return "Stopped before anybody was asked: a zone has a problem.";
  if (federation.trustedAt !== null) {
    const sites = trainingSitesOf(federation).filter(({ standing }) => standing !== "left-out");
    const up = sites.filter(({ status }) => status === "up").length;
    return `Running: ${up} of ${count(sites.length, "training site")} up.`;
  }
  const coordinator = coordinatorOf(federation);
  if (coordinator.run !== null) return "The coordinator is being deployed.";
  const planning = [...federation.sites.values()].some(({ standing }) => standing === "planning");
  return planning ? "The zones are being looked at." : "Waiting for approvals.";
}
