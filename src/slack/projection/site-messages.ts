/** The cards that a zone's owners have: what is asked, how their site is, what is in its way, and its end. */

import { hubKey } from "../../federation/model/hub.ts";
import type { CardId } from "../../federation/model/identity.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import { hasHubChanged } from "../../federation/model/router.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  type Proposal,
  type Site,
  type TimelineEntry,
} from "../../federation/model/state.ts";
import { admitCard } from "../blocks/admit-card.ts";
import { ownersOf } from "../blocks/conditions.ts";
import { actions, button, section } from "../blocks/elements.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { goOnCard } from "../blocks/go-on-card.ts";
import { MARK } from "../blocks/marks.ts";
import { code, count, escaped, firstOf, mentions, moment } from "../blocks/mrkdwn.ts";
import { routerCard, routerFiles } from "../blocks/router-card.ts";
import { siteCard, supersededCard } from "../blocks/site-card.ts";
import { teardownCard, withdrawnCard } from "../blocks/teardown-card.ts";
import { placeTitle, superNodesAt } from "../blocks/titles.ts";
import { tunnelCard } from "../blocks/tunnel-card.ts";
import {
  admitCardKey,
  goOnCardKey,
  preflightKey,
  routerChangeKey,
  routerFileKey,
  routerKey,
  siteCardKey,
  teardownCardKey,
  tunnelKey,
} from "../keys.ts";
import { type DesiredMessage, linkTo } from "../message.ts";
import { ACTION } from "../names.ts";
import { card, placeOf, reply } from "./place.ts";

/** Problems of one zone that are told one by one. */
const MOST_PROBLEMS = 8;

export function siteMessages(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  return [
    ...preflight(federation, site, options),
    ...siteCards(federation, site, options),
    ...tunnel(federation, site, options),
    ...router(federation, site, options),
    ...admissions(federation, site, options),
    ...goOns(federation, site, options),
    ...teardown(federation, site, options),
  ];
}

/** Under the card of what runs, rewritten as its ends change. */
function tunnel(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { place, own } = placeOf(federation, site, options);
  if (!own || site.deployment === null) return [];
  const { card: version } = site.deployment;
  const shown = tunnelCard(federation, site, site.deployment);
  const thread = siteCardKey(site.name, version);
  return shown === null ? [] : [card(tunnelKey(site.name, version), { ...place, thread, importance: "tell" }, shown)];
}

/** Under the newest card, from when it can be set up on; what is to be applied there also as files, anew when it changes. */
function router(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { place, own } = placeOf(federation, site, options);
  const version = currentProposal(site)?.card;
  const shown = routerCard(federation, site);
  if (!own || version === undefined || shown === null) return [];
  const there = { ...place, thread: siteCardKey(site.name, version), importance: "tell" } as const;
  const files = routerFiles(federation, site).map(
    (file): DesiredMessage => ({ ...there, ...file, kind: "file", key: routerFileKey(site.name, version, file) }),
  );
  return [
    card(routerKey(site.name, version), there, shown),
    ...files,
    ...routerChange(federation, site, version, options),
  ];
}

/** Its owners are to act, where they have the configuration. */
function routerChange(
  federation: Federation,
  site: Site,
  version: CardId,
  options: CardOptions,
): readonly DesiredMessage[] {
  const hub = hubKey(federation);
  if (hub === null || !hasHubChanged(federation, site)) return [];
  const owners = ownersOf(options.directory, site.name);
  const asked = owners.length === 0 ? "" : `For ${mentions(owners)}: `;
  const text = `${asked}the hub's key has changed, and the configuration of this zone's router for federation ${federation.name} with it. The router does not follow by itself: set its peer's PublicKey to ${code(hub)}, as it stands above. Until then the SuperNodes here reach nothing.`;
  const { place } = placeOf(federation, site, options);
  return [reply(routerChangeKey(site.name, version, hub), { ...place, thread: siteCardKey(site.name, version) }, text)];
}

/** What stands in the way at a site, in detail; rewritten when it is mended. */
function preflight(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { place, own } = placeOf(federation, site, options);
  const told = toldProblems(federation, site);
  if (!own || told.length === 0) return [];
  const where = escaped(placeTitle(options.directory, site));
  const open = site.problems.length > 0 && federation.ended === null && site.approvalState !== "excluded";
  const owners = ownersOf(options.directory, site.name);
  const lines = firstOf(
    told.map(({ code: reason, detail }) => `• ${escaped(REASONS[reason])} ${code(detail, 150)}`),
    MOST_PROBLEMS,
    "problem",
  );
  const asked = owners.length === 0 ? "" : `For ${mentions(owners)}: `;
  const head = open
    ? `${asked}*${where} cannot take part in federation ${federation.name} yet:*`
    : `${MARK.done} *${where}, federation ${federation.name}: looked at again since this was found.*`;
  const check = open
    ? actions(
        button("Check again", ACTION.checkAgain, federation.id, {
          style: "primary",
          label: `Check ${site.name} again for federation ${federation.name}`,
        }),
      )
    : [];
  return [
    card(preflightKey(site.name), place, { text: head, blocks: [section(`${head}\n${lines.join("\n")}`), ...check] }),
  ];
}

/** What stands, else what was told last and stands no more. */
function toldProblems(federation: Federation, site: Site): Site["problems"] {
  if (site.problems.length > 0) return site.problems;
  const last = federation.timeline.findLast(
    ({ event }) => event.type === "preflight-failed" && event.site === site.name && event.problems.length > 0,
  );
  return last?.event.type === "preflight-failed" ? last.event.problems : [];
}

function siteCards(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { place, own } = placeOf(federation, site, options);
  const shown = { directory: options.directory, own };
  const cards = site.proposals.map((proposal) =>
    card(siteCardKey(site.name, proposal.card), place, siteCard(federation, site, proposal, shown)),
  );
  const dropped = droppedVersions(federation, site).map(({ key, why }) =>
    card(key, place, supersededCard(federation, site, why, options.directory)),
  );
  return [...cards, ...dropped];
}

/** Versions that will not run while what ran before goes on: they are no proposals any more, and their cards still stand. */
function droppedVersions(
  federation: Federation,
  site: Site,
): readonly { readonly key: string; readonly why: string }[] {
  const known = new Set(site.proposals.map((proposal: Proposal) => proposal.card));
  return federation.timeline.flatMap(({ seq, event }: TimelineEntry) => {
    if (event.type !== "site-planned" || event.site !== site.name || known.has(event.card)) return [];
    const drop = federation.timeline.find(
      (later) => later.seq > seq && later.event.type === "proposal-dropped" && later.event.site === site.name,
    );
    if (drop?.event.type !== "proposal-dropped") return [];
    const why = drop.event.cause === "rejected" ? "was rejected" : "was not decided on in time";
    const { card: id } = event;
    return [
      { key: siteCardKey(site.name, id), why: `This version ${why} ${moment(drop.at)}. What runs here goes on.` },
    ];
  });
}

/** A newcomer's versions are also put before the coordinator's owners, without what runs in its zone. */
function admissions(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  if (!site.joinedLater) return [];
  const { place } = placeOf(federation, coordinatorOf(federation), options);
  return site.proposals
    .filter(({ askedAt }) => askedAt >= site.requestedAt)
    .map((proposal) =>
      card(admitCardKey(site.name, proposal.card), place, admitCard(federation, site, proposal, options.directory)),
    );
}

function goOns(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { place } = placeOf(federation, site, options);
  return site.goOns.map((goOn) =>
    card(goOnCardKey(site.name, goOn.card), place, goOnCard(federation, site, goOn, options.directory)),
  );
}

function teardown(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { place } = placeOf(federation, site, options);
  const withdrawn = site.withdrawnTeardowns.map((id) =>
    card(teardownCardKey(site.name, id), place, withdrawnCard(federation, site, options.directory)),
  );
  if (site.teardown === null) return withdrawn;
  const shown = teardownCard(federation, site, site.teardown, options.directory);
  return [...withdrawn, card(teardownCardKey(site.name, site.teardown.card), place, shown)];
}

/** What the other zones are told, so that they can leave: a newcomer was let in, the coordinator stops. */
export function noticesToOthers(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  const stops = federation.timeline.flatMap(({ seq, event }) =>
    event.type === "stop-announced"
      ? toZones(
          federation,
          options,
          `warning/${seq}`,
          ({ deployment }) => deployment !== null,
          (site) =>
            `${MARK.warning} The coordinator of federation *${federation.name}* stops ${moment(event.stopsAt)}. Whatever still trains in ${escaped(placeTitle(options.directory, site))} ends then.`,
        )
      : [],
  );
  const joined = [...federation.sites.values()].filter(
    ({ joinedLater, approvalState }) => joinedLater && approvalState === "approved",
  );
  return [...stops, ...joined.flatMap((site) => aboutNewcomer(federation, site, options))];
}

function aboutNewcomer(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const who = escaped(placeTitle(options.directory, site));
  const text = `*${who}* joins federation *${federation.name}* with ${count(superNodesAt(site), "SuperNode")}.`;
  return toZones(
    federation,
    options,
    `newcomer/${site.name}/${site.requestedAt}`,
    ({ approvalState, requestedAt }) => approvalState === "approved" && requestedAt < site.requestedAt,
    (_, own) => `${text} If you do not want to train beside it, you can retire your own site on ${own}.`,
  );
}

/** To the training zones that are concerned, with the way to the card: nothing on that can be out of date. */
function toZones(
  federation: Federation,
  options: CardOptions,
  key: string,
  isConcerned: (site: Site) => boolean,
  words: (site: Site, card: string) => string,
): readonly DesiredMessage[] {
  return [...federation.sites.values()].flatMap((site): readonly DesiredMessage[] => {
    const { place, own } = placeOf(federation, site, options);
    const newest = site.proposals.at(-1);
    if (!own || site.role !== "training" || newest === undefined || !isConcerned(site)) return [];
    const owners = ownersOf(options.directory, site.name);
    const asked = owners.length === 0 ? "" : `${mentions(owners)} `;
    const text = `${asked}${words(site, linkTo(siteCardKey(site.name, newest.card), "its card"))}`;
    return [reply(`${key}/${site.name}`, place, text)];
  });
}
