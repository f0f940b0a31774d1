/**
 * The card of a site, in its zone's own channel: it asks the owners about the newest version of what would run, and once
 * that is decided it shows what runs, how it is, and what they can do.
 */

import type { Directory } from "../../federation/deciding/visibility.ts";
import type { EventOf } from "../../federation/model/events.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import {
  currentProposal,
  type Deployment,
  type Federation,
  type Proposal,
  type Site,
} from "../../federation/model/state.ts";
import { siteCardKey } from "../keys.ts";
import { linkTo } from "../message.ts";
import { conditionLines, ownersOf } from "./conditions.ts";
import { differences } from "./difference.ts";
import { actions, type Blocks, context, header, section, sections } from "./elements.ts";
import { MARK } from "./marks.ts";
import { clip, codeBlock, count, escaped, mention, mentions, moment } from "./mrkdwn.ts";
import { progressText, siteProgress } from "./progress.ts";
import { siteButtons } from "./site-buttons.ts";
import { factsLine, siteFacts } from "./site-facts.ts";
import { endLines, issuerLines, reasonLines } from "./term-words.ts";
import { placeTitle, superNodesAt } from "./titles.ts";
import { endsLine } from "./tunnel-words.ts";
import { votes, whatIsMissing } from "./votes.ts";

const PLAIN_TRUTH = `${MARK.warning} *Approving lets the coordinator's organisation run code in these VMs, beside the data you attach.*`;
const PLAIN_TRUTH_COORDINATOR = `${MARK.warning} *Approving makes this zone the coordinator: whoever holds the ssh keys named above can run code in every training site's VMs.*`;

/** Nothing is proposed before all of these hold. */
const PREFLIGHT =
  `${MARK.done} credentials  ${MARK.done} version  ${MARK.done} TLS  ${MARK.done} VM template and images  ${MARK.done} network and free addresses  ${MARK.done} quota\n` +
  "They are looked at again before anything is created. The contents of an image, and rights given by ACL, cannot be seen from outside.";

/** Problems that are told with their detail. */
const MOST_PROBLEMS = 3;

export interface SiteCard {
  readonly text: string;
  readonly blocks: Blocks;
}

export interface SiteCardOptions {
  readonly directory: Directory;
  /** False where the zone has no channel: then the card shows nothing that only the zone may see. */
  readonly own: boolean;
}

/** Its owners are to decide on its newest version. */
export const isAsked = (federation: Federation, site: Site): boolean =>
  federation.ended === null && site.approvalState === "pending";

export function siteCard(federation: Federation, site: Site, proposal: Proposal, options: SiteCardOptions): SiteCard {
  if (currentProposal(site)?.card !== proposal.card || site.approvalState === "planning") {
    return supersededCard(federation, site, whySuperseded(site, proposal), options.directory);
  }
  return isAsked(federation, site)
    ? askingCard(federation, site, proposal, options)
    : decidedCard(federation, site, proposal, options);
}

function askingCard(
  federation: Federation,
  site: Site,
  proposal: Proposal,
  { directory, own }: SiteCardOptions,
): SiteCard {
  const where = placeTitle(directory, site);
  const owners = ownersOf(directory, site.name);
  const asked = `${owners.length === 0 ? "" : `For ${mentions(owners)}: `}${ask(federation, site)}`;
  return {
    text: `${escaped(where)}. ${asked} Approve, adjust or reject it on this card.`,
    blocks: [
      header(clip(`${where}: federation ${federation.name}`, 150)),
      section(asked),
      ...sections([...reasonLines(proposal.plan), ...issuerLines(federation)]),
      ...(own ? factsAsked(federation, site, proposal) : [HIDDEN]),
      context(PREFLIGHT),
      section(site.role === "coordinator" ? PLAIN_TRUTH_COORDINATOR : PLAIN_TRUTH),
      ...sections([...votes(federation, site, "run", directory), whatIsMissing(federation, site, proposal, directory)]),
      ...(site.deployment === null
        ? []
        : [section(goesOn(site.deployment)), ...state(federation, site, { directory, own })]),
      ...actions(...siteButtons(federation, site, proposal, own)),
    ],
  };
}

function decidedCard(federation: Federation, site: Site, proposal: Proposal, options: SiteCardOptions): SiteCard {
  const { directory, own } = options;
  const where = placeTitle(directory, site);
  const progress = siteProgress(federation, site, directory);
  const plan = site.deployment?.plan ?? proposal.plan;
  return {
    text: `${escaped(where)}, federation ${federation.name}: ${progressText(progress)}`,
    blocks: [
      header(clip(`${where}: federation ${federation.name}`, 150)),
      ...state(federation, site, options),
      own ? section(factsLine(plan)) : HIDDEN,
      ...(own ? sections(endsLine(federation, site)) : []),
      ...sections(site.approvalState === "excluded" ? [] : endLines(federation)),
      ...sections(votes(federation, site, "run", directory)),
      ...actions(...siteButtons(federation, site, proposal, own)),
    ],
  };
}

const goesOn = ({ failure, vms }: Deployment): string =>
  failure !== null && vms.size === 0
    ? "*What was created before is replaced then.*"
    : "*What runs now goes on meanwhile.*";

const HIDDEN = section("What would run, and its detail, is shown to this site's owners only.");

function ask(federation: Federation, site: Site): string {
  const part = site.role === "coordinator" ? "the coordinator" : count(superNodesAsked(site), "SuperNode");
  return `${mention(site.requester)} asks to run *${part}* of federation *${federation.name}* in this zone.`;
}

const superNodesAsked = (site: Site): number => superNodesAt({ ...site, deployment: null });

/** How it stands, what is wrong, and what its zone says of a failure. */
function state(federation: Federation, site: Site, { directory, own }: SiteCardOptions): Blocks {
  const progress = siteProgress(federation, site, directory);
  const failure = site.deployment?.failure ?? null;
  const delayed = site.removals.find((removal) => removal.delayed !== null)?.delayed ?? null;
  const details = own ? [failure?.reason.detail ?? "", delayed?.detail ?? ""].filter((detail) => detail !== "") : [];
  const problems = own && site.deployment !== null ? site.problems : [];
  return [
    section(`${MARK[progress.mark]} ${progressText(progress, 600)}`),
    ...(own ? sections(conditionLines(federation, site.name, directory)) : []),
    ...problems
      .slice(0, MOST_PROBLEMS)
      .map(({ code, detail }) => section(`${escaped(REASONS[code])}\n${codeBlock(detail, 600)}`)),
    ...(problems.length > MOST_PROBLEMS
      ? [section(`and ${count(problems.length - MOST_PROBLEMS, "more problem")}`)]
      : []),
    ...details.map((detail) => section(codeBlock(detail, 1500))),
  ];
}

function factsAsked(federation: Federation, site: Site, proposal: Proposal): Blocks {
  const before = site.deployment ?? site.proposals.filter(({ askedAt }) => askedAt >= site.requestedAt).at(-2);
  if (before === undefined || proposal.cause === "requested") return siteFacts(proposal.plan);
  const changed = section(`*${WHY[proposal.cause]}*\n${differences(before.plan, proposal.plan)}`);
  const isKnown = site.deployment !== null || wasAgreedTo(before.digest, federation);
  return isKnown ? [changed] : [changed, ...siteFacts(proposal.plan)];
}

/** Its owners had agreed to that version: they know it and need to see only what is different now. */
const wasAgreedTo = (digest: Proposal["digest"], { timeline }: Federation): boolean =>
  timeline.some(({ event }) => event.type === "consent-given" && event.digest === digest);

const WHY: Readonly<Record<EventOf<"site-planned">["cause"], string>> = {
  requested: "As it was asked for.",
  adjusted: "Adjusted by an owner; earlier votes are void:",
  "zone-changed": "Something changed since it was looked at, so earlier approvals are void:",
  "address-changed": "The address that was picked has been taken, so earlier approvals are void:",
  "bot-upgraded": "The bot was upgraded and would run another version of its own parts, so you are asked again:",
};

function whySuperseded(site: Site, proposal: Proposal): string {
  if (site.approvalState === "planning") return "The site was asked for again, and its zone is being looked at.";
  const next = site.proposals[site.proposals.findIndex(({ card }) => card === proposal.card) + 1];
  if (next === undefined) return "This card is out of date.";
  const who = next.by === null ? "" : ` by ${mention(next.by)}`;
  return `${next.cause === "adjusted" ? `Adjusted${who}` : "Replaced"} ${moment(next.askedAt)}.`;
}

/** A card on which nothing can be done any more, with the way to the one that counts. */
export function supersededCard(federation: Federation, site: Site, why: string, directory: Directory): SiteCard {
  const where = escaped(placeTitle(directory, site));
  const current = site.approvalState === "planning" ? null : currentProposal(site);
  const newer =
    current === null
      ? ""
      : ` ${linkTo(siteCardKey(site.name, current.card), "The newer card")} in this conversation is the one that counts.`;
  const text = `${where}, federation ${federation.name}: ${why}${newer}`;
  return { text, blocks: [section(`*${where}, federation ${federation.name}*\n${why}${newer}`)] };
}
