/** What a zone's owners are to read about its part in a federation. */

import { channelsFor } from "../../federation/deciding/visibility.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import { coordinatorOf, currentProposal, type Federation, type Site } from "../../federation/model/state.ts";
import { admitCard } from "../blocks/admit-card.ts";
import { approvalCard, retireButton } from "../blocks/approval-card.ts";
import { actions, type Blocks, button, section } from "../blocks/elements.ts";
import { type CardOptions, zoneTitle } from "../blocks/federation-card.ts";
import { code, count, escaped, mentions, moment } from "../blocks/mrkdwn.ts";
import { teardownCard } from "../blocks/teardown-card.ts";
import type { Trouble } from "../blocks/trouble.ts";
import { troubleCard } from "../blocks/trouble-card.ts";
import type { DesiredMessage } from "../message.ts";
import { CARD_KEY } from "../message.ts";
import { ACTION } from "../names.ts";

type Place = Pick<DesiredMessage, "channel" | "thread" | "audience">;

/** A zone's own channel, or the federation's thread where it has none. */
function placeOf(federation: Federation, site: Site, { directory }: CardOptions): Place & { readonly own: boolean } {
  const [own] = channelsFor(federation, directory, { kind: "zone", zone: site.zone });
  return own === undefined
    ? { channel: federation.homeChannel, thread: CARD_KEY, audience: null, own: false }
    : { channel: own, thread: null, audience: null, own: true };
}

export function siteMessages(
  federation: Federation,
  site: Site,
  troubles: readonly Trouble[],
  options: CardOptions,
): readonly DesiredMessage[] {
  return [
    ...preflightMessage(federation, site, options),
    ...approvals(federation, site, options),
    ...admissions(federation, site, options),
    ...reminders(federation, site, options),
    ...details(federation, site, troubles, options),
    ...teardown(federation, site, options),
  ];
}

/** A problem that was found before anybody was asked, in detail; rewritten when it is mended. */
function preflightMessage(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { own, ...place } = placeOf(federation, site, options);
  const failed = federation.story.findLast(
    ({ event }) => event.type === "preflight-failed" && event.problems.some((problem) => problem.site === site.zone),
  );
  if (!own || failed?.event.type !== "preflight-failed") return [];
  const where = escaped(zoneTitle(options.directory, site));
  const open = federation.problems.filter((problem) => problem.site === site.zone);
  const told = failed.event.problems.filter((problem) => problem.site === site.zone).slice(0, 8);
  const lines = told.map(({ code: reason, detail }) => `• ${escaped(REASONS[reason])} ${code(detail, 150)}`);
  const state =
    open.length > 0
      ? `*${where} cannot take part in federation ${federation.name} yet:*`
      : `:white_check_mark: *${where}, federation ${federation.name}: looked at again since this was found.*`;
  const check =
    open.length > 0 && federation.ended === null
      ? actions(button("Check again", ACTION.checkAgain, federation.id, { style: "primary" }))
      : [];
  const text = `${where} was looked at for federation ${federation.name}`;
  return [
    {
      kind: "card",
      key: `preflight/${site.zone}`,
      ...place,
      text,
      blocks: [section(`${state}\n${lines.join("\n")}`), ...check],
    },
  ];
}

function approvals(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { own, ...place } = placeOf(federation, site, options);
  return site.proposals.map((proposal) => ({
    kind: "card",
    key: `approval/${site.zone}/${proposal.card}`,
    ...place,
    ...approvalCard(federation, site, proposal, options.directory, own),
  }));
}

/** A newcomer's versions are also put before the coordinator's owners, without what runs in its zone. */
function admissions(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  if (!site.joinedLater) return [];
  const asked = lastRequest(federation, site);
  const { own: _, ...place } = placeOf(federation, coordinatorOf(federation), options);
  return site.proposals
    .filter(({ askedAt }) => askedAt >= asked)
    .map((proposal) => ({
      kind: "card",
      key: `admit/${site.zone}/${proposal.card}`,
      ...place,
      ...admitCard(federation, site, proposal, options.directory),
    }));
}

/** When the site was asked for last: earlier versions may be from before it left. */
function lastRequest(federation: Federation, site: Site): string {
  const asked = federation.story.findLast(
    ({ event }) => event.type === "site-requested" && event.wish.zone === site.zone,
  );
  return asked?.at ?? federation.requestedAt;
}

function reminders(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  const { own: _, ...place } = placeOf(federation, site, options);
  const where = escaped(zoneTitle(options.directory, site));
  const expires = currentProposal(site)?.expiresAt;
  return federation.story.flatMap(({ seq, event }): readonly DesiredMessage[] => {
    if (event.type !== "reminder-due" || event.site !== site.zone) return [];
    const owners = mentions(options.directory.zones.get(site.zone)?.owners ?? []);
    const until = expires === undefined ? "" : ` The time to decide ends ${moment(expires)}.`;
    const text = `${owners} Federation *${federation.name}* still waits for a decision on ${where}.${until}`;
    return [{ kind: "reply", key: `reminder/${site.zone}/${seq}`, ...place, text, blocks: [section(text)] }];
  });
}

function details(
  federation: Federation,
  site: Site,
  troubles: readonly Trouble[],
  options: CardOptions,
): readonly DesiredMessage[] {
  const { own, ...place } = placeOf(federation, site, options);
  const here = troubles.filter(({ zone }) => zone === site.zone);
  return here.map((trouble, index) => ({
    kind: "card",
    key: `detail/${site.zone}/${trouble.seq}`,
    ...place,
    ...troubleCard(federation, site, trouble, {
      directory: options.directory,
      newest: index === here.length - 1,
      inZoneChannel: own,
    }),
  }));
}

function teardown(federation: Federation, site: Site, options: CardOptions): readonly DesiredMessage[] {
  if (site.teardown === null) return [];
  const { own: _, ...place } = placeOf(federation, site, options);
  const card = teardownCard(federation, site, site.teardown, options.directory);
  return [{ kind: "card", key: `teardown/${site.zone}/${site.teardown.card}`, ...place, ...card }];
}

/** What the other zones are told, so that they can leave: a newcomer was let in, the coordinator stops. */
export function noticesToOthers(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  return federation.story.flatMap(({ seq, event }): readonly DesiredMessage[] => {
    if (event.type === "stop-announced") {
      return toZones(federation, options, `warning/${seq}`, event.site, (site) => [
        `:warning: The coordinator of federation *${federation.name}* stops ${moment(event.stopsAt)}. Whatever still trains in ${escaped(zoneTitle(options.directory, site))} ends then.`,
      ]);
    }
    const joinedLater = event.type === "site-approved" ? federation.sites.get(event.site) : undefined;
    if (joinedLater?.joinedLater !== true) return [];
    const joined = `*${escaped(zoneTitle(options.directory, joinedLater))}* joins federation *${federation.name}* with ${count(currentProposal(joinedLater)?.plan.vms ?? joinedLater.wish.superNodes, "SuperNode")}. If you do not want to train beside it, you can retire your own site.`;
    return toZones(federation, options, `newcomer/${seq}`, joinedLater.zone, () => [joined]);
  });
}

/** The same words to every other training zone that has a channel, each with the way out. */
function toZones(
  federation: Federation,
  options: CardOptions,
  key: string,
  except: Site["zone"],
  words: (site: Site) => readonly string[],
): readonly DesiredMessage[] {
  return [...federation.sites.values()].flatMap((site): readonly DesiredMessage[] => {
    const { own, ...place } = placeOf(federation, site, options);
    const proposal = currentProposal(site);
    if (
      !own ||
      site.zone === except ||
      site.role === "coordinator" ||
      site.standing !== "approved" ||
      proposal === null
    )
      return [];
    const text = words(site).join("\n");
    const blocks: Blocks = [section(text), ...actions(retireButton(proposal))];
    return [{ kind: "reply", key: `${key}/${site.zone}`, ...place, text, blocks }];
  });
}
