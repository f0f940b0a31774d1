/** What a zone's owners must act on, said where they read it and under the card on which they act. */
import type { EventOf } from "../../federation/model/events.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import { currentProposal, type Federation, type Site, type TimelineEntry } from "../../federation/model/state.ts";
import { ownersOf } from "../blocks/conditions.ts";
import { section } from "../blocks/elements.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { codeBlock, escaped, mentions, moment } from "../blocks/mrkdwn.ts";
import { zoneTitle } from "../blocks/titles.ts";
import { siteCardKey } from "../keys.ts";
import { type DesiredMessage, linkTo } from "../message.ts";
import { placeOf, reply, underSiteCard } from "./place.ts";

/** Beside what conditions call for: failures, keys that were turned away, decisions that are waited for. */
export function alerts(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  const told = new Set<string>();
  return federation.timeline.flatMap((entry) => {
    if (!("site" in entry.event)) return [];
    const site = federation.sites.get(entry.event.site);
    if (site === undefined || ownersOf(options.directory, site.zone).length === 0) return [];
    const found = alertOf(federation, site, entry, options).filter(({ key }) => !told.has(key));
    for (const { key } of found) told.add(key);
    return found;
  });
}

function alertOf(
  federation: Federation,
  site: Site,
  { seq, event }: TimelineEntry,
  options: CardOptions,
): readonly DesiredMessage[] {
  switch (event.type) {
    case "site-failed":
      return failed(federation, site, `alert/${site.zone}/${seq}`, event, options);
    case "key-refused":
      return failed(federation, site, `alert/${site.zone}/${event.reason.code}/${site.attempts}`, event, options);
    case "reminder-due":
      return stillOpen(federation, site, `reminder/${site.zone}/${seq}`, "still waits for a decision on", options);
    case "approval-lapsed": {
      const why = "asks again: too few of those who approved may still decide on";
      return stillOpen(federation, site, `alert/${site.zone}/${seq}`, why, options);
    }
    default:
      return [];
  }
}

function failed(
  federation: Federation,
  site: Site,
  key: string,
  { reason }: EventOf<"site-failed" | "key-refused">,
  options: CardOptions,
): readonly DesiredMessage[] {
  const place = underSiteCard(federation, site, options);
  if (place === null) return [];
  const owners = mentions(ownersOf(options.directory, site.zone));
  const can = site.role === "coordinator" ? "Retry it" : "Retry or retire it";
  const text = `${owners} ${named(site, options)}, federation *${federation.name}*: ${escaped(REASONS[reason.code])} ${can} on ${toCard(site)}.`;
  const detail = reason.detail === "" ? [] : [section(codeBlock(reason.detail, 1500))];
  return [reply(key, place, text, [section(text), ...detail])];
}

/** Where its zone has no channel, in the federation's thread. */
function stillOpen(
  federation: Federation,
  site: Site,
  key: string,
  why: string,
  options: CardOptions,
): readonly DesiredMessage[] {
  if (site.approvalState !== "pending" || federation.ended !== null) return [];
  const place = underSiteCard(federation, site, options) ?? placeOf(federation, site, options).place;
  const owners = mentions(ownersOf(options.directory, site.zone));
  const expires = currentProposal(site)?.expiresAt;
  const until = expires === undefined ? "" : ` The time to decide ends ${moment(expires)}.`;
  const text = `${owners} Federation *${federation.name}* ${why} ${named(site, options)}. Decide on ${toCard(site)}.${until}`;
  return [reply(key, place, text)];
}

const named = (site: Site, { directory }: CardOptions): string => `*${escaped(zoneTitle(directory, site))}*`;

function toCard(site: Site): string {
  const newest = currentProposal(site);
  return newest === null ? "its card" : linkTo(siteCardKey(site.zone, newest.card), "its card");
}
