/**
 * What is told of conditions: an episode once when it begins and once when it is over, with one message that is kept up
 * to date meanwhile; causes only where no such message shows them.
 */

import { isAvailability, isOfZone } from "../../federation/model/conditions.ts";
import type { SiteName } from "../../federation/model/identity.ts";
import { coordinatorOf, type Federation, type Site } from "../../federation/model/state.ts";
import { CAUSES } from "../blocks/condition-causes.ts";
import { detailSentence, ownersNamed, ownersOf, publicCauses, publicSentence } from "../blocks/conditions.ts";
import { section } from "../blocks/elements.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { MARK } from "../blocks/marks.ts";
import { code, count, escaped, mentions, moment } from "../blocks/mrkdwn.ts";
import { placeTitle } from "../blocks/titles.ts";
import { siteCardKey } from "../keys.ts";
import { type DesiredMessage, linkTo } from "../message.ts";
import { type Episode, episodesOf } from "./episodes.ts";
import { card, inHomeThread, placeOf, reply, toSiteCard, underSiteCard } from "./place.ts";
import { timelineKey } from "./timeline.ts";

/** Keys of a SuperLink's own list that are shown. */
const MOST_KEYS = 600;

interface Teller {
  readonly federation: Federation;
  readonly options: CardOptions;
  readonly where: (episode: Episode) => string;
}

export function conditionMessages(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  const where = ({ place: name }: Episode): string => `*${escaped(placeTitle(options.directory, { name }))}*`;
  const teller: Teller = { federation, options, where };
  const told = new Set<string>();
  return episodesOf(federation).flatMap((episode) => {
    if (isEpisode(episode)) return [...inHome(teller, episode), ...toOwners(teller, episode)];
    const fresh = causeOnce(teller, episode).filter(({ key }) => !told.has(key));
    for (const { key } of fresh) told.add(key);
    return fresh;
  });
}

/** Availability and what is wrong with a whole zone are told from beginning to end, everything else once. */
const isEpisode = ({ finding }: Episode): boolean =>
  isAvailability(finding.code) || isOfZone(finding.code) || finding.code === "zone-read-only";

/** One message that is rewritten while it lasts, and one when it is over. */
function inHome(teller: Teller, episode: Episode): readonly DesiredMessage[] {
  const { federation } = teller;
  const text = episode.over === null ? standingText(teller, episode) : pastText(teller, episode);
  const begun = card(timelineKey(episode.seq), inHomeThread(federation, "tell"), { text, blocks: [section(text)] });
  const { over } = episode;
  if (over === null || over.seq === null || toldBySiteUp(federation, episode)) return [begun];
  return [begun, reply(timelineKey(over.seq), inHomeThread(federation, "tell"), overText(teller, episode))];
}

/** The sentence that a site is up says it as well. */
const toldBySiteUp = ({ timeline }: Federation, { place, over }: Episode): boolean =>
  timeline.some(
    ({ at, event }) =>
      (event.type === "site-up" || event.type === "coordinator-verified") && event.site === place && at === over?.at,
  );

function standingText(teller: Teller, episode: Episode): string {
  const { federation, options } = teller;
  const { flapping, place } = episode;
  const said = flapping ? flappingText(teller, episode) : steadyText(teller, episode);
  const causes = isAvailability(episode.finding.code) ? publicCauses(federation, place, options.directory) : [];
  return [said, ...causes, whoActs(teller, episode)].filter((line) => line !== "").join("\n");
}

function steadyText({ where }: Teller, episode: Episode): string {
  const { finding, since } = episode;
  const at = where(episode);
  switch (finding.code) {
    case "superlink-down":
      return `${MARK.down} ${at} does not serve since ${moment(since)}. No training site is connected until it does.`;
    case "supernodes-offline":
      return `${isNone(episode) ? `${MARK.down} ${at} is down` : `${MARK.degraded} ${at} is degraded`}: ${onlineWords(episode)} since ${moment(since)}.`;
    case "zone-read-only":
      return `${MARK.degraded} ${at} is disabled in its OpenNebula since ${moment(since)}: what runs there goes on, and nothing can be changed there.`;
    case "zone-away":
      return `${MARK.unknown} ${at} has not answered since ${moment(since)}; what is shown is from then.`;
    default:
      return `${MARK.unknown} ${at}, since ${moment(since)}: ${CAUSES[finding.code].everybody ?? CAUSES[finding.code].what}`;
  }
}

function flappingText({ where, options }: Teller, episode: Episode): string {
  const { finding, since, count: times } = episode;
  const calm = Math.round(options.directory.policy.durations.calm / 60_000);
  const what = !isAvailability(finding.code) ? "keeps coming and going" : "keeps going up and down";
  return `${MARK.degraded} ${where(episode)} ${what}: ${times} times since ${moment(since)}. It is told here again when it has been steady for ${count(calm, "minute")}.`;
}

const isNone = ({ finding }: Episode): boolean => finding.extent === null || finding.extent.online === 0;

function onlineWords({ finding }: Episode): string {
  const { online, expected } = finding.extent ?? { online: 0, expected: 0 };
  return expected === 0 ? "not all SuperNodes are online" : `${online} of ${count(expected, "SuperNode")} online`;
}

/** The owners read it in their own channel; where they have none, here. */
function whoActs({ federation, options }: Teller, { sites, finding }: Episode): string {
  if (CAUSES[finding.code].owner === undefined) {
    const operator = CAUSES[finding.code].operator;
    return operator === undefined ? "" : `The bot's operator: ${operator}`;
  }
  const own = sites.find((name) => placeOf(federation, { name }, options).own);
  if (own !== undefined) return `Its owners are asked ${toSiteCard(federation, own, "in their own channel")}.`;
  const owners = sites.flatMap((site) => ownersOf(options.directory, site));
  return owners.length === 0 ? "" : `${mentions(owners)}: ${CAUSES[finding.code].owner}`;
}

function pastText({ where }: Teller, episode: Episode): string {
  const { finding, since, over, flapping, count: times } = episode;
  const until = over?.at === null || over === null ? "" : ` until ${moment(over.at)}`;
  const often = flapping ? `, ${times} times` : "";
  return `${MARK.out} ${where(episode)} ${pastWords(finding.code, flapping)} from ${moment(since)}${until}${often}.`;
}

function pastWords(code: Episode["finding"]["code"], flapping: boolean): string {
  if (code === "zone-read-only") return flapping ? "kept being disabled and enabled" : "was disabled";
  if (isOfZone(code)) return flapping ? "kept coming and going" : "could not be looked at";
  if (flapping) return "kept going up and down";
  return code === "superlink-down" ? "did not serve" : "had SuperNodes offline";
}

function overText({ where, options }: Teller, episode: Episode): string {
  const at = where(episode);
  const calm = Math.round(options.directory.policy.durations.calm / 60_000);
  const steady = episode.flapping ? ` and has been steady for ${count(calm, "minute")}` : "";
  if (episode.finding.code === "zone-read-only") return `${MARK.done} ${at} is enabled again${steady}.`;
  if (isOfZone(episode.finding.code)) return `${MARK.done} ${at} can be looked at again${steady}.`;
  return episode.finding.code === "superlink-down"
    ? `${MARK.up} ${at} serves again${steady}.`
    : `${MARK.up} ${at} is up again${steady}: ${allOf(episode)} online.`;
}

function allOf({ finding }: Episode): string {
  const expected = finding.extent?.expected ?? 0;
  return expected === 0 ? "all of its SuperNodes" : `${expected} of ${count(expected, "SuperNode")}`;
}

/** In each concerned site's own channel, mentioned: once for each episode. */
const toOwners = (teller: Teller, episode: Episode): readonly DesiredMessage[] =>
  episode.sites.flatMap((name) => toOwnersOf(teller, episode, name));

function toOwnersOf(teller: Teller, episode: Episode, name: SiteName): readonly DesiredMessage[] {
  const { federation, options } = teller;
  const { finding, seq, over } = episode;
  const site = federation.sites.get(name);
  const owners = ownersOf(options.directory, name);
  if (site === undefined || owners.length === 0 || CAUSES[finding.code].owner === undefined) return [];
  const place = underSiteCard(federation, site, options);
  // Whoever reads of it when it is over has nothing to do about it any more.
  if (place === null || over !== null) return [];
  const said = episode.flapping ? flappingText(teller, episode) : steadyText(teller, episode);
  const detail = finding.detail === "" ? "" : ` ${code(finding.detail, 300)}`;
  const text = `${mentions(owners)} ${said} ${detailSentence(federation, name, finding.code, options.directory)}${detail}${toCard(site)}`;
  return [reply(`alert/${name}/${seq}`, place, text)];
}

function toCard(site: Site): string {
  const newest = site.proposals.at(-1);
  return newest === undefined
    ? ""
    : ` ${linkTo(siteCardKey(site.name, newest.card), "Its card")} shows the causes and what you can do.`;
}

/** Once for each site, cause and attempt, and only where nothing else tells it. */
function causeOnce(teller: Teller, episode: Episode): readonly DesiredMessage[] {
  const { federation, options } = teller;
  const { place: name, finding, attempt, seq } = episode;
  const place = inHomeThread(federation, "act");
  switch (finding.code) {
    case "unknown-nodes": {
      const keys = finding.detail === "" ? "" : ` ${code(finding.detail, MOST_KEYS)}`;
      const coordinators = ownersNamed(options.directory, coordinatorOf(federation).name);
      const text = `${MARK.warning} ${CAUSES[finding.code].what}${keys} ${coordinators}: say here whose they are, or unregister them. Every other owner can retire their site.`;
      return [reply(timelineKey(seq), place, text)];
    }
    // It says less than how dialling ended, and ends by itself.
    case "guest-link-down":
      return [];
    case "key-changes":
    case "certificate-requests":
      break;
    default:
      if (episode.wasUp || episode.shownByAvailability) return [];
  }
  const said = publicSentence(federation, finding.code, options.directory);
  const text = `${MARK.warning} ${teller.where(episode)}: ${said}`;
  const key = `condition/${name}/${finding.code}/${attempt}`;
  return [reply(key, { ...place, importance: "tell" }, text), ...causeToOwners(teller, episode)];
}

/** Those who can mend it read in their own channel what it is. */
function causeToOwners(
  { federation, options }: Teller,
  { place: name, finding, attempt, over }: Episode,
): readonly DesiredMessage[] {
  const site = federation.sites.get(name);
  const owners = ownersOf(options.directory, name);
  if (site === undefined || owners.length === 0 || over !== null || CAUSES[finding.code].owner === undefined) return [];
  const said = detailSentence(federation, name, finding.code, options.directory);
  const place = underSiteCard(federation, site, options);
  if (place === null) return [];
  const detail = finding.detail === "" ? "" : ` ${code(finding.detail, 300)}`;
  const text = `${mentions(owners)} ${said}${detail}${toCard(site)}`;
  return [reply(`alert/${name}/${finding.code}/${attempt}`, place, text)];
}
