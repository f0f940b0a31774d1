/** One sentence per thing that happened and that a person in the home channel cares about. */

import type { Directory } from "../../federation/deciding/visibility.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import type { Federation, StoryEntry } from "../../federation/model/state.ts";
import { zoneTitle } from "../blocks/federation-card.ts";
import { count, escaped, mention, moment, quoted } from "../blocks/mrkdwn.ts";
import { delayOf } from "../blocks/trouble.ts";

/** null: nothing worth a reply. Says only what every member of the home channel may know. */
export function sentenceOf({ event }: StoryEntry, federation: Federation, directory: Directory): string | null {
  const where = "site" in event ? `*${escaped(zoneTitle(directory, { zone: event.site }))}*` : "";
  switch (event.type) {
    case "federation-requested":
    case "authority-created":
    case "address-settled":
    case "template-registered":
    case "guest-seen":
    case "certificate-issued":
    case "key-accepted":
    case "key-revoked":
    case "nodes-seen":
    case "reminder-due":
    case "site-stopped":
    case "teardown-agreed":
    case "authority-destroyed":
    case "template-intended":
    case "service-intended":
    case "service-created":
    case "guests-verified":
    case "certificate-delivered":
    case "admissions-delivered":
    case "guest-told-admitted":
    case "message-posted":
    case "message-updated":
    case "message-given-up":
      return null;
    case "site-requested":
      return `${mention(event.requester)} asks ${escaped(zoneTitle(directory, event.wish))} to join with ${count(event.wish.superNodes, "SuperNode")}.`;
    case "preflight-failed":
      return event.problems
        .slice(0, 12)
        .map(({ site, code }) => `:x: *${escaped(zoneTitle(directory, { zone: site }))}*: ${escaped(REASONS[code])}`)
        .join("\n");
    case "preflight-asked-again":
      return `${mention(event.by)} has the zones looked at again.`;
    case "site-planned":
      return plannedAgain(event.cause, where);
    case "consent-given":
      return event.kind === "run"
        ? `:white_check_mark: ${mention(event.by)} approved for ${where}.`
        : `:white_check_mark: ${mention(event.by)} agreed to admit ${where}.`;
    case "consent-refused":
      return `:x: ${mention(event.by)} ${event.kind === "run" ? "rejected it for" : "refused to admit"} ${where}: ${quoted(event.because)}`;
    case "consent-withdrawn":
      return `${mention(event.by)} withdrew the approval for ${where}.`;
    case "site-approved":
      return `${where} is approved.`;
    case "site-left-out":
      return event.cause === "expired"
        ? `:hourglass: ${where} was not decided on in time and is left out.`
        : `${where} is left out.`;
    case "federation-ended":
      return endOf(event.cause);
    case "attempt-started":
      return event.attempt === 1
        ? `${where} is being deployed.`
        : `${where} is being deployed, attempt ${event.attempt}.`;
    case "coordinator-verified":
      return `:white_check_mark: ${where} serves. Its address and its CA are those of the plan.`;
    case "key-refused":
      return `:x: ${where}: ${escaped(REASONS[event.reason.code])}`;
    case "site-status-changed":
      return statusOf(
        event.status,
        `${event.online} of ${count(event.expected, "SuperNode")}`,
        where,
        isCoordinator(federation, event.site),
      );
    case "site-failed":
      return `:x: ${where}: ${escaped(REASONS[event.reason.code])} Its owner can ${isCoordinator(federation, event.site) ? "retry" : "retry or retire"} it.`;
    case "retry-asked":
      return `${mention(event.by)} has ${where} tried again.`;
    case "site-retired":
      return `${mention(event.by)} retired ${where}. Nothing else is touched.`;
    case "teardown-asked":
      return `${mention(event.by)} asks to tear this federation down. Every zone's owner decides about its own zone.`;
    case "stop-announced":
      return `:warning: ${mention(event.by)} stops the coordinator ${moment(event.stopsAt)}, whatever still runs then.`;
    case "twin-found":
      return `${where}: a service that was created twice is being removed.`;
    case "removal-delayed":
      return `:warning: ${where}: ${escaped(delayOf(event.reason.code))}`;
    case "service-removed":
      return `${where}: the service was removed.`;
  }
}

const isCoordinator = (federation: Federation, zone: string): boolean =>
  [...federation.sites.values()].some((site) => site.zone === zone && site.role === "coordinator");

function plannedAgain(
  cause: "requested" | "adjusted" | "zone-changed" | "address-changed",
  where: string,
): string | null {
  switch (cause) {
    case "requested":
      return `${where} has been looked at, and its owners are asked.`;
    case "adjusted":
      return `${where}: an owner adjusted what runs there.`;
    case "zone-changed":
      return `${where}: something changed since it was looked at, so its owners are asked again.`;
    case "address-changed":
      return `${where}: the SuperLink's address had to change, so its owners are asked again.`;
  }
}

function statusOf(status: "up" | "degraded" | "down", online: string, where: string, coordinator: boolean): string {
  if (coordinator)
    return status === "up" ? `:large_green_circle: ${where} serves.` : `:red_circle: ${where} does not serve any more.`;
  switch (status) {
    case "up":
      return `:large_green_circle: ${where} is up: ${online} online, as the SuperLink sees them.`;
    case "degraded":
      return `:large_yellow_circle: ${where} is degraded: ${online} online.`;
    case "down":
      return `:red_circle: ${where} is down: no SuperNode is online.`;
  }
}

function endOf(
  cause: "cancelled" | "coordinator-rejected" | "coordinator-expired" | "too-few-sites" | "torn-down",
): string {
  switch (cause) {
    case "cancelled":
      return "The request was cancelled. Nothing was created.";
    case "coordinator-rejected":
      return "The coordinator's owner rejected the request, so it ends here.";
    case "coordinator-expired":
      return "The coordinator's owner did not decide in time, so the request ends here.";
    case "too-few-sites":
      return "Too few training sites are left, so the request ends here.";
    case "torn-down":
      return "The federation is torn down. Nothing of it runs any more.";
  }
}
