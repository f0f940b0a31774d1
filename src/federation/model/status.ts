/** Up, degraded, down, unsteady, unknown: derived from what stands. A running VM proves nothing. */
import { type Condition, isOfZone } from "./conditions.ts";
import { type SiteName, zoneOf } from "./identity.ts";
import { flowerPart } from "./plan.ts";
import { coordinatorOf, type Federation, type Site } from "./state.ts";

/**
 * `unsteady`: fewer than approved serve again and again, and all of them in between: how many now, is not journalled.
 * `unknown`: the zone cannot be seen, or that of the SuperLink, whose word it is. What is shown is from before.
 */
export type SiteStatus = "up" | "degraded" | "down" | "unsteady" | "unknown";

export interface Status {
  /** null: it is still coming up, in time, or nothing runs. */
  readonly status: SiteStatus | null;
  readonly online: number;
  readonly expected: number;
  /** false: so few are online at times only. */
  readonly isSteady: boolean;
}

/** Conditions that stand, newest last. */
export const raisedConditions = (federation: Federation): readonly Condition[] =>
  [...federation.conditions.values()]
    .filter(({ raised }) => raised)
    .sort((one, other) => one.raisedSeq - other.raisedSeq);

/** Those that stand about a site, its link, and its zone. */
export const conditionsOf = (federation: Federation, site: SiteName): readonly Condition[] =>
  raisedConditions(federation).filter(({ subject }) =>
    subject.kind === "zone" ? subject.zone === zoneOf(site) : subject.site === site,
  );

export function statusOf(federation: Federation, site: Site): Status {
  const { deployment } = site;
  if (deployment === null) return { status: null, online: 0, expected: 0, isSteady: true };
  const expected = flowerPart(deployment.plan).vms;
  const reached = [...deployment.vms.values()].filter(({ wasOnline }) => wasOnline).length;
  const about = conditionsOf(federation, site.name);
  const low = about.find(({ code }) => code === "supernodes-offline" || code === "superlink-down");
  const online = low?.extent?.online ?? (deployment.upAt === null ? reached : expected);
  const isSteady = low?.flapping !== true;
  if (deployment.upAt === null && !(deployment.failure !== null && site.role === "training")) {
    return { status: null, online, expected, isSteady };
  }
  if (isUnseen(federation, site)) return { status: "unknown", online, expected, isSteady };
  if (!isSteady) return { status: "unsteady", online, expected, isSteady };
  return { status: online >= expected ? "up" : online > 0 ? "degraded" : "down", online, expected, isSteady };
}

/** Its own zone, or the coordinator's, cannot be looked at. */
function isUnseen(federation: Federation, site: Site): boolean {
  const zones = new Set([site.zone, coordinatorOf(federation).zone]);
  return raisedConditions(federation).some(
    ({ subject, code }) => subject.kind === "zone" && zones.has(subject.zone) && isOfZone(code),
  );
}

/** A verified SuperLink that is not known to be down: one that keeps coming back is told in between what it is to know. */
export function coordinatorServes(federation: Federation): boolean {
  const site = coordinatorOf(federation);
  const { deployment } = site;
  if (deployment === null || federation.verifiedVm === null || !deployment.vms.has(federation.verifiedVm)) return false;
  return !conditionsOf(federation, site.name).some(({ code, flapping }) => code === "superlink-down" && !flapping);
}
