/** One sentence for the whole federation. */
import { coordinatorOf, type Federation, trainingSitesOf } from "../../federation/model/state.ts";
import { type SiteStatus, statusOf } from "../../federation/model/status.ts";
import { count } from "./mrkdwn.ts";

const ENDED: Readonly<Record<NonNullable<Federation["ended"]>["cause"], string>> = {
  cancelled: "Cancelled by its requester. Nothing was created.",
  "coordinator-rejected": "Ended: the coordinator's owner rejected it.",
  "coordinator-expired": "Ended: the coordinator's owner did not decide in time.",
  "too-few-sites": "Ended: too few training sites are left.",
  "run-out": "Ended: its last day is over, and nothing of it ever ran.",
  "torn-down": "Torn down. Nothing of it runs any more.",
};

/** Plain text. */
export function phaseOf(federation: Federation): string {
  if (federation.ended !== null) return ENDED[federation.ended.cause];
  if (federation.teardown?.because === "run-out") return "Its last day is over: it is being taken down.";
  if (federation.teardown !== null) return "Being torn down: each site's owners decide about their own site.";
  if (federation.trustedAt !== null) return running(federation);
  const { deployment } = coordinatorOf(federation);
  if (deployment !== null) {
    return deployment.failure === null
      ? "The coordinator is being deployed."
      : "Stopped: the coordinator has failed. Its owner can retry it.";
  }
  return asked(federation);
}

function asked(federation: Federation): string {
  const sites = [...federation.sites.values()].filter(({ approvalState }) => approvalState !== "excluded");
  const blocked = sites.filter(({ problems }) => problems.length > 0).length;
  if (blocked > 0) {
    return sites.every(({ proposals }) => proposals.length === 0)
      ? `Stopped before anybody was asked: ${blocked === 1 ? "a zone has a problem" : `${blocked} zones have a problem`}.`
      : `Waits: ${blocked === 1 ? "a zone has a problem" : `${blocked} zones have a problem`}.`;
  }
  if (sites.some(({ approvalState }) => approvalState === "planning")) return "The zones are being looked at.";
  return sites.some(({ approvalState }) => approvalState === "pending")
    ? "Waiting for approvals."
    : "Approved: the coordinator is about to be deployed.";
}

function running(federation: Federation): string {
  const sites = trainingSitesOf(federation).filter(({ approvalState }) => approvalState !== "excluded");
  const numberOf = (wanted: SiteStatus): number =>
    sites.filter((site) => statusOf(federation, site).status === wanted).length;
  const up = `${numberOf("up")} of ${count(sites.length, "training site")} up`;
  const [unsteady, unknown] = [numberOf("unsteady"), numberOf("unknown")];
  const more = [
    unsteady === 0 ? "" : `, ${unsteady} unsteady`,
    unknown === 0 ? "" : `, nothing is known of ${unknown} now`,
  ].join("");
  const coordinator = statusOf(federation, coordinatorOf(federation)).status;
  if (sites.length === 0) return "Running without a training site: add one, or ask for a teardown.";
  if (coordinator === "down") return `The SuperLink does not serve: ${up}${more}.`;
  return coordinator === "unsteady" ? `At times the SuperLink does not serve: ${up}${more}.` : `Running: ${up}${more}.`;
}
