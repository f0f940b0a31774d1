/** What a zone's owners must act on, said where they read it and under the card on which they act. */
import { missingConsents, neededKinds } from "../../federation/deciding/consent.ts";
import type { ConsentKind, EventOf } from "../../federation/model/events.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  openGoOn,
  type Site,
  type TimelineEntry,
} from "../../federation/model/state.ts";
import { ownersOf } from "../blocks/conditions.ts";
import { section } from "../blocks/elements.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { isAsked as isStillAsked } from "../blocks/go-on-card.ts";
import { MARK } from "../blocks/marks.ts";
import { codeBlock, escaped, mention, mentions, moment } from "../blocks/mrkdwn.ts";
import { rebootDetail, rebootSentence } from "../blocks/reboot.ts";
import { rotationSentence } from "../blocks/rotation.ts";
import { placeTitle } from "../blocks/titles.ts";
import { admitCardKey, goOnCardKey, siteCardKey, teardownCardKey } from "../keys.ts";
import { type DesiredMessage, linkTo } from "../message.ts";
import { placeOf, reply, underSiteCard } from "./place.ts";

/** Beside what conditions call for: failures, keys that were turned away, decisions that are waited for. */
export function alerts(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  const told = new Set<string>();
  return federation.timeline.flatMap((entry) => {
    if (!("site" in entry.event)) return [];
    const site = federation.sites.get(entry.event.site);
    if (site === undefined || ownersOf(options.directory, site.name).length === 0) return [];
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
      return failed(federation, site, `alert/${site.name}/${seq}`, event, options);
    case "key-refused":
    case "tunnel-key-refused":
      return failed(federation, site, `alert/${site.name}/${event.reason.code}/${site.attempts}`, event, options);
    case "reboot-asked":
      return rebooting(federation, site, seq, event, options);
    case "reboot-ended":
      return rebooted(federation, site, seq, event, options);
    case "tunnel-rotation-ended":
      return rotated(federation, site, seq, event, options);
    case "reminder-due":
      return reminders(federation, site, seq, options);
    case "teardown-reminder-due":
      return teardownReminder(federation, site, seq, options);
    case "go-on-reminder-due":
      return goOnReminder(federation, site, seq, options);
    case "site-run-out":
      return ranOut(federation, site, seq, options);
    case "approval-lapsed": {
      const why = "asks again: too few of those who approved may still decide on";
      return stillOpen(federation, site, `alert/${site.name}/${seq}`, why, options);
    }
    default:
      return [];
  }
}

function failed(
  federation: Federation,
  site: Site,
  key: string,
  { reason }: EventOf<"site-failed" | "key-refused" | "tunnel-key-refused">,
  options: CardOptions,
): readonly DesiredMessage[] {
  const place = underSiteCard(federation, site, options);
  if (place === null) return [];
  const owners = mentions(ownersOf(options.directory, site.name));
  const can = site.role === "coordinator" ? "Retry it" : "Retry or retire it";
  const text = `${owners} ${named(site, options)}, federation *${federation.name}*: ${escaped(REASONS[reason.code])} ${can} on ${toCard(site)}.`;
  const detail = reason.detail === "" ? [] : [section(codeBlock(reason.detail, 1500))];
  return [reply(key, place, text, [section(text), ...detail])];
}

/** What is done to which VM, under the card; nobody need do anything. */
function rebooting(
  federation: Federation,
  site: Site,
  seq: number,
  { by, vms }: EventOf<"reboot-asked">,
  options: CardOptions,
): readonly DesiredMessage[] {
  const place = underSiteCard(federation, site, options);
  if (place === null) return [];
  const text = `${mention(by)} has VMs rebooted: ${rebootDetail(vms)} They keep their disks and keys.`;
  return [reply(`reboot/${site.name}/${seq}`, { ...place, importance: "tell" }, text)];
}

/** To the owners: how the site is says it where it has helped. */
function rebooted(
  federation: Federation,
  site: Site,
  seq: number,
  { outcome }: EventOf<"reboot-ended">,
  options: CardOptions,
): readonly DesiredMessage[] {
  const said = rebootSentence(outcome);
  const place = underSiteCard(federation, site, options);
  if (said === null || place === null) return [];
  const owners = mentions(ownersOf(options.directory, site.name));
  const text = `${owners} ${named(site, options)}, federation *${federation.name}*: ${said} What you can do is on ${toCard(site)}.`;
  return [reply(`alert/${site.name}/${seq}`, place, text)];
}

/** To the owners where it has not come to what they wanted. */
function rotated(
  federation: Federation,
  site: Site,
  seq: number,
  { outcome }: EventOf<"tunnel-rotation-ended">,
  options: CardOptions,
): readonly DesiredMessage[] {
  const place = underSiteCard(federation, site, options);
  if (outcome === "changed" || place === null) return [];
  const owners = mentions(ownersOf(options.directory, site.name));
  const text = `${owners} ${named(site, options)}, federation *${federation.name}*: ${rotationSentence(outcome)} What you can do is on ${toCard(site)}.`;
  return [reply(`alert/${site.name}/${seq}`, place, text)];
}

/** To those only whose word is missing. */
function reminders(federation: Federation, site: Site, seq: number, options: CardOptions): readonly DesiredMessage[] {
  const missing = (kind: ConsentKind): boolean =>
    neededKinds(site).includes(kind) && missingConsents(federation, site, kind, options.directory) > 0;
  const key = `reminder/${site.name}/${seq}`;
  return [
    ...(missing("run") ? stillOpen(federation, site, key, "still waits for a decision on", options) : []),
    ...(missing("admit") ? admissionReminder(federation, site, `${key}/admit`, options) : []),
  ];
}

function admissionReminder(
  federation: Federation,
  site: Site,
  key: string,
  options: CardOptions,
): readonly DesiredMessage[] {
  const newest = currentProposal(site);
  if (site.approvalState !== "pending" || federation.ended !== null || newest === null) return [];
  const coordinator = coordinatorOf(federation);
  const asked = admitCardKey(site.name, newest.card);
  const { place, own } = placeOf(federation, coordinator, options);
  const owners = mentions(ownersOf(options.directory, coordinator.name));
  const text = `${owners} ${named(site, options)} still waits for your word whether it may join federation *${federation.name}*. Decide on ${linkTo(asked, "its card")}. The time to decide ends ${moment(newest.expiresAt)}.`;
  return [reply(key, own ? { ...place, thread: asked } : place, text)];
}

function teardownReminder(
  federation: Federation,
  site: Site,
  seq: number,
  options: CardOptions,
): readonly DesiredMessage[] {
  const { teardown, deployment } = site;
  if (teardown === null || teardown.agreedBy !== null || deployment === null || federation.ended !== null) return [];
  const asked = teardownCardKey(site.name, teardown.card);
  const { place, own } = placeOf(federation, site, options);
  const owners = mentions(ownersOf(options.directory, site.name));
  const text = `${owners} Federation *${federation.name}* is to be torn down, and ${named(site, options)} still runs. Decide on ${linkTo(asked, "its card")}.`;
  return [reply(`reminder/${site.name}/${seq}`, own ? { ...place, thread: asked } : place, text)];
}

function goOnReminder(
  federation: Federation,
  site: Site,
  seq: number,
  options: CardOptions,
): readonly DesiredMessage[] {
  const open = openGoOn(site);
  if (open === null || !isStillAsked(federation, site, open)) return [];
  const asked = goOnCardKey(site.name, open.card);
  const { place, own } = placeOf(federation, site, options);
  const owners = mentions(ownersOf(options.directory, site.name));
  const text = `${owners} ${named(site, options)} still waits for your word whether federation *${federation.name}* goes on. Say so on ${linkTo(asked, "its card")} by ${moment(open.answerBy)}; without an answer it is taken down then.`;
  return [reply(`reminder/${site.name}/${seq}`, own ? { ...place, thread: asked } : place, text)];
}

/** Nobody need do anything any more. */
function ranOut(federation: Federation, site: Site, seq: number, options: CardOptions): readonly DesiredMessage[] {
  const place = underSiteCard(federation, site, options);
  if (place === null) return [];
  const text = `${MARK.tooLate} Nobody said in time that ${named(site, options)} goes on in federation *${federation.name}*, so what ran here is removed. The federation goes on without it; its requester can ask for the site again.`;
  return [reply(`run-out/${site.name}/${seq}`, { ...place, importance: "tell" }, text)];
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
  const owners = mentions(ownersOf(options.directory, site.name));
  const expires = currentProposal(site)?.expiresAt;
  const until = expires === undefined ? "" : ` The time to decide ends ${moment(expires)}.`;
  const text = `${owners} Federation *${federation.name}* ${why} ${named(site, options)}. Decide on ${toCard(site)}.${until}`;
  return [reply(key, place, text)];
}

const named = (site: Site, { directory }: CardOptions): string => `*${escaped(placeTitle(directory, site))}*`;

function toCard(site: Site): string {
  const newest = currentProposal(site);
  return newest === null ? "its card" : linkTo(siteCardKey(site.name, newest.card), "its card");
}
