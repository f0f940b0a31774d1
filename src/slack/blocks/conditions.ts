/** Conditions as people read them: a line each, with since when and how often. */

import type { Directory } from "../../federation/deciding/visibility.ts";
import type { Condition, ConditionCode } from "../../federation/model/conditions.ts";
import { isAvailability, isOfZone } from "../../federation/model/conditions.ts";
import type { Person, SiteName } from "../../federation/model/identity.ts";
import { keeperOf } from "../../federation/model/site-profiles.ts";
import { coordinatorOf, type Federation } from "../../federation/model/state.ts";
import { conditionsOf } from "../../federation/model/status.ts";
import { CAUSES } from "./condition-causes.ts";
import { code as codeSpan, firstOf, listed, mentions, moment } from "./mrkdwn.ts";

const MOST_LINES = 8;
/** VMs that one line names, and causes that everybody reads of one site. */
const MOST_VMS = 10;
const MOST_CAUSES = 4;

export const ownersOf = (directory: Pick<Directory, "sites">, site: SiteName): readonly Person[] =>
  keeperOf(directory.sites, site)?.owners ?? [];

/** Mentions of a site's owners; in words where the zones file has none any more. */
export function ownersNamed(directory: Directory, site: SiteName): string {
  const owners = ownersOf(directory, site);
  return owners.length === 0 ? "the site's owner" : mentions(owners);
}

/** For the site's own channel: what it is, and who can do what. */
export function detailSentence(
  federation: Federation,
  site: SiteName,
  code: ConditionCode,
  directory: Directory,
): string {
  const { what, owner, coordinator, operator, requester, itself } = CAUSES[code];
  const isCoordinators = coordinatorOf(federation).name === site;
  const parts = [
    what,
    itself,
    owner === undefined ? undefined : `Here: ${owner}`,
    coordinator === undefined || isCoordinators
      ? undefined
      : `At the coordinator, ${ownersNamed(directory, coordinatorOf(federation).name)}: ${coordinator}`,
    operator === undefined ? undefined : `The bot's operator: ${operator}`,
    requester === undefined ? undefined : `${mentions([federation.requester])}: ${requester}`,
  ];
  return parts.filter((part) => part !== undefined).join(" ");
}

/** For every member of the home channel; null where nothing but the zone's detail would say more. */
function publicWords(federation: Federation, code: ConditionCode, directory: Directory): string | null {
  const { what, everybody, coordinator } = CAUSES[code];
  const asked =
    coordinator === undefined ? "" : ` ${ownersNamed(directory, coordinatorOf(federation).name)}: ${coordinator}`;
  if (code.startsWith("link-")) return `A SuperNode reports: ${what}${asked}`;
  return everybody === undefined ? null : `${everybody}${asked}`;
}

/** mrkdwn, complete sentences. */
export const publicSentence = (federation: Federation, code: ConditionCode, directory: Directory): string =>
  publicWords(federation, code, directory) ?? "A guest reports a problem. Its owner sees the detail.";

/** The same as plain text, without anybody's name. */
export function plainSentence(code: ConditionCode): string {
  const { what, everybody } = CAUSES[code];
  if (code.startsWith("link-")) return `A SuperNode reports: ${what}`;
  return everybody ?? "A guest reports a problem. Its owner sees the detail.";
}

/** Since when, and how often if it comes and goes. */
export function sinceWords({ since, count: times, flapping }: Pick<Condition, "since" | "count" | "flapping">): string {
  return flapping ? `since ${moment(since)}, ${times} times, keeps coming and going` : `since ${moment(since)}`;
}

/** What stands at a site beside its availability and its zone, which its status tells. */
export const causesAt = (federation: Federation, site: SiteName): readonly Condition[] =>
  conditionsOf(federation, site).filter(({ code }) => !isAvailability(code) && !isOfZone(code));

/** That of a site's zone, which makes everything else old. */
export const zoneCondition = (federation: Federation, site: SiteName): Condition | undefined =>
  conditionsOf(federation, site).find(({ code }) => isOfZone(code));

/** For the site's own channel, one line for each code, mrkdwn; at most eight and how many more there are. */
export function conditionLines(federation: Federation, site: SiteName, directory: Directory): readonly string[] {
  const standing = [...conditionsOf(federation, site)].filter(({ code }) => !isAvailability(code));
  const lines = standing.map((condition) => {
    const vms = condition.vmIds.length === 0 ? "" : `, VM ${listed(condition.vmIds.map(String), MOST_VMS)}`;
    const detail = condition.detail === "" ? "" : ` ${codeSpan(condition.detail, 150)}`;
    return `• ${detailSentence(federation, site, condition.code, directory)} (${sinceWords(condition)}${vms})${detail}`;
  });
  return firstOf(lines, MOST_LINES, "condition");
}

/** For every member of the home channel: each sentence once, mrkdwn. */
export function publicCauses(federation: Federation, site: SiteName, directory: Directory): readonly string[] {
  const sentences = causesAt(federation, site).map(
    ({ code, flapping }) => `${publicSentence(federation, code, directory)}${flapping ? " This comes and goes." : ""}`,
  );
  return firstOf(
    [...new Set(sentences)].map((sentence) => `• ${sentence}`),
    MOST_CAUSES,
    "cause",
  );
}
