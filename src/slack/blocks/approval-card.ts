/** The card that asks a zone's owners about one version of what would run in their zone. */
import type { Button } from "@slack/types";
import { missingConsents, standingConsents } from "../../federation/deciding/consent.ts";
import { canRetry } from "../../federation/deciding/lifecycle.ts";
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { EventOf } from "../../federation/model/events.ts";
import { currentProposal, type Federation, type Proposal, type Site } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { differences } from "./difference.ts";
import { actions, type Blocks, button, context, header, section } from "./elements.ts";
import { zoneTitle } from "./federation-card.ts";
import { clip, count, escaped, mention, mentions, moment, quoted } from "./mrkdwn.ts";
import { siteFacts } from "./site-facts.ts";

const PLAIN_TRUTH =
  ":warning: *Approving lets the coordinator's organisation run code in these VMs, beside the data you attach.*";
const PLAIN_TRUTH_COORDINATOR =
  ":warning: *Approving makes this zone the coordinator: whoever holds the ssh keys named above can run code in every training site's VMs.*";

export interface SiteCard {
  readonly text: string;
  readonly blocks: Blocks;
}

/** @param inZoneChannel false where the zone has no channel: then the card shows nothing that only the zone may see */
export function approvalCard(
  federation: Federation,
  site: Site,
  proposal: Proposal,
  directory: Directory,
  inZoneChannel: boolean,
): SiteCard {
  const where = zoneTitle(directory, site);
  const current = currentProposal(site);
  const text = `${escaped(where)}: what would run here for federation ${federation.name}`;
  if (current?.card !== proposal.card) {
    return {
      text,
      blocks: [section(`*${escaped(where)}, federation ${federation.name}*\n${supersededBy(site, proposal)}`)],
    };
  }
  const ask = askedFor(federation, site, proposal, directory);
  const facts = inZoneChannel
    ? factsShown(federation, site, proposal)
    : [section("What would run is shown to this zone's owners only.")];
  return {
    text,
    blocks: [
      header(clip(`${where}: federation ${federation.name}`, 150)),
      section(ask),
      ...facts,
      ...(wasDecided(federation, site) ? [] : [context(PREFLIGHT), section(truthOf(site))]),
      section(standing(federation, site, proposal, directory)),
      ...actions(...buttons(federation, site, proposal)),
    ],
  };
}

/** Nothing is proposed before all of these hold. */
const PREFLIGHT =
  ":white_check_mark: credentials  :white_check_mark: version  :white_check_mark: TLS  :white_check_mark: VM template and images  :white_check_mark: network and free addresses  :white_check_mark: quota\n" +
  "They are looked at again before anything is created. The contents of an image, and rights given by ACL, cannot be seen from outside.";

const truthOf = (site: Site): string => (site.role === "coordinator" ? PLAIN_TRUTH_COORDINATOR : PLAIN_TRUTH);

const wasDecided = (federation: Federation, site: Site): boolean =>
  federation.ended !== null || site.standing !== "asking";

function askedFor(federation: Federation, site: Site, proposal: Proposal, directory: Directory): string {
  const owners = mentions(directory.zones.get(site.zone)?.owners ?? []);
  const part = site.role === "coordinator" ? "the coordinator" : count(proposal.plan.vms, "SuperNode");
  const ask = `${mention(site.requester)} asks to run *${part}* of federation *${federation.name}* in this zone.`;
  return wasDecided(federation, site) ? ask : `${owners} ${ask}`;
}

function factsShown(federation: Federation, site: Site, proposal: Proposal): Blocks {
  const before = site.proposals.at(-2);
  if (before === undefined || proposal.cause === "requested") return siteFacts(proposal.plan);
  const changed = section(`*${whyNew(proposal)}*\n${differences(before.plan, proposal.plan)}`);
  return hadConsent(federation, before) ? [changed] : [changed, ...siteFacts(proposal.plan)];
}

/** Somebody had agreed to that version; its owners know it and need to see only what is different now. */
const hadConsent = (federation: Federation, proposal: Proposal): boolean =>
  federation.story.some(({ event }) => event.type === "consent-given" && event.digest === proposal.digest);

const WHY: Readonly<Record<EventOf<"site-planned">["cause"], string>> = {
  requested: "As it was asked for.",
  adjusted: "Adjusted by an owner; earlier votes are void:",
  "zone-changed": "Something changed since it was looked at, so earlier approvals are void:",
  "address-changed": "The address that was picked has been taken, so earlier approvals are void:",
};
const whyNew = (proposal: Proposal): string => WHY[proposal.cause];

function supersededBy(site: Site, proposal: Proposal): string {
  const next = site.proposals[site.proposals.findIndex(({ card }) => card === proposal.card) + 1];
  if (next === undefined) return "This card is out of date.";
  const who = next.by === null ? "" : ` by ${mention(next.by)}`;
  const how = next.cause === "adjusted" ? `Adjusted${who}` : "Replaced";
  return `${how} ${moment(next.askedAt)}. The newer card in this conversation is the one to decide on.`;
}

/** Who has decided what and when, and what is still missing. */
function standing(federation: Federation, site: Site, proposal: Proposal, directory: Directory): string {
  const lines = standingConsents(federation, site, "run", directory).map(
    ({ by, at }) => `:white_check_mark: ${mention(by)} approved ${moment(at)}.`,
  );
  if (site.refusal !== null && site.refusal.kind === "run") {
    lines.push(`:x: ${mention(site.refusal.by)} rejected ${moment(site.refusal.at)}: ${quoted(site.refusal.because)}`);
  }
  lines.push(outcome(federation, site, proposal, directory));
  return lines.join("\n");
}

function outcome(federation: Federation, site: Site, proposal: Proposal, directory: Directory): string {
  if (site.leftOut === "expired") return ":hourglass: Nobody decided in time. This site is left out.";
  if (site.leftOut === "retired") return "This site has been retired.";
  if (site.leftOut === "rejected") {
    return site.refusal?.kind === "admit"
      ? ":x: The coordinator's owner did not admit this site. It is left out."
      : "This site is left out.";
  }
  if (federation.ended !== null) return "The federation has ended.";
  if (site.standing === "approved")
    return site.run === null ? "*Approved.* It can be withdrawn until the deployment starts." : "*Approved.*";
  const missing = missingConsents(federation, site, "run", directory);
  const need =
    missing === 0
      ? "Waits for the coordinator's owner to admit this site."
      : `Still needed: ${count(missing, "owner")}.`;
  return `${need} The time to decide ends ${moment(proposal.expiresAt)}.`;
}

function buttons(federation: Federation, site: Site, proposal: Proposal): readonly Button[] {
  const see = button("See what runs", ACTION.seeWhatRuns, proposal.card);
  if (federation.ended !== null || site.standing === "left-out") return [see];
  if (site.run !== null) return [...siteButtons(site, proposal), see];
  const withdraw = site.consents.some(({ kind }) => kind === "run")
    ? [button("Withdraw my approval", ACTION.withdraw, proposal.card)]
    : [];
  if (site.standing !== "asking") return [...withdraw, see];
  return [
    button("Approve", ACTION.approve, proposal.card, { style: "primary" }),
    button("Adjust and approve", ACTION.adjust, proposal.card),
    button("Reject", ACTION.reject, proposal.card, { style: "danger" }),
    ...withdraw,
    see,
  ];
}

/** What an owner can do about a site that has been started. */
export function siteButtons(site: Site, proposal: Proposal): readonly Button[] {
  const retry = canRetry(site) ? [button("Retry", ACTION.retry, proposal.card, { style: "primary" })] : [];
  if (site.role === "coordinator") return retry;
  return [...retry, retireButton(proposal)];
}

export const retireButton = (proposal: Proposal): Button =>
  button("Retire this site", ACTION.retire, proposal.card, {
    style: "danger",
    confirm: {
      title: "Retire this site?",
      text: "Its VMs are removed and its keys are no longer admitted. Nobody else has to agree, and nobody else's site is touched.",
      yes: "Retire it",
    },
  });
