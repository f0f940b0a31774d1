/**
 * From findings to conditions: raised once they have stood, cleared once they have not, and counted instead of told
 * while they come and go. What has not stood yet lives in memory only.
 */
import {
  type Condition,
  type ConditionCode,
  conditionKey,
  type Finding,
  isClaim,
  isOfBothEnds,
} from "../model/conditions.ts";
import type { FederationEvent } from "../model/events.ts";
import { type SiteName, type ZoneName, zoneOf } from "../model/identity.ts";
import type { Durations } from "../model/policy.ts";
import type { Federation } from "../model/state.ts";
import { type Allowance, isLeft, spent } from "./allowance.ts";
import type { Findings } from "./findings.ts";

/** Looks that must agree before anything is raised or cleared: nothing follows from one. */
const LOOKS = 2;
/** Milliseconds: how often the count of what keeps coming and going is journalled. */
const COUNT_PAUSE = 3_600_000;
/** What goes and comes back so often, each time soon after the last, keeps coming and going although it was never over. */
const RETURNS = 3;
/**
 * Other extents of one condition that are told at once, and again in two hours; the newest is told in time. Ten SuperNodes
 * that come back one by one are to be followed.
 */
const MAX_CHANGES = 12;
/**
 * What one site's guests say of themselves is told so often at once, and again in two hours, whatever they say; what still
 * stands, in time. Whoever mends a link reads a cause after each try: it is to be more than those take.
 */
const MAX_CLAIMS = 12;

interface Standing {
  /** Monotonic milliseconds of the first look. */
  readonly from: number;
  /** The same moment for people, ISO 8601. */
  readonly since: string;
  readonly looks: number;
}

/** What is remembered of one condition between looks. */
interface Track {
  /** It is found and not raised yet. */
  readonly coming: Standing | null;
  /** It is raised and not found any more. */
  readonly going: Standing | null;
  /** It is raised and found to another extent, or at other VMs. */
  readonly turning: { readonly to: string; readonly stood: Standing } | null;
  /** Times it has come back since its count was journalled, or of late, and when last. */
  readonly returns: number;
  readonly returnedAt: number;
  readonly toldAt: number;
  /** Other extents that were told. */
  readonly changes: Allowance;
}

export interface Tracker {
  /** By `conditionKey`. */
  readonly tracks: ReadonlyMap<string, Track>;
  /** What guests' claims were told of, by site. */
  readonly claims: ReadonlyMap<SiteName, Allowance>;
}
export const NO_TRACK: Tracker = { tracks: new Map(), claims: new Map() };

/** `ms` is monotonic and alone decides how long something has stood; `now` is for people. */
export interface Moment {
  readonly ms: number;
  readonly now: string;
  /** Whose look it is: what is in another zone was not looked at again. Absent: all zones were. */
  readonly zone?: ZoneName;
}

export interface Tracked {
  readonly tracker: Tracker;
  readonly events: readonly FederationEvent[];
  /** Something is about to be raised or cleared: look again soon. */
  readonly isPending: boolean;
}

type Limits = Pick<Durations, "raise" | "clear" | "flapWindow" | "calm">;

export function track(
  before: Tracker,
  federation: Federation,
  { findings, isUnseen }: Findings,
  moment: Moment,
  limits: Limits,
): Tracked {
  const tracks = new Map<string, Track>();
  const claims = new Claims(before.claims, moment);
  const events: FederationEvent[] = [];
  const found = new Map(findings.map((finding) => [conditionKey(finding), finding]));
  const step = (key: string, next: Step): void => {
    if (next.track !== null) tracks.set(key, next.track);
    if (next.event !== null) events.push(next.event);
  };
  for (const [key, finding] of found) {
    const standing = federation.conditions.get(key);
    const known = before.tracks.get(key) ?? untracked(moment);
    const now = { moment, limits, mayTell: claims.mayTell(finding), shown: isShown(finding, moment) };
    const next = follow(known, standing, finding, now);
    if (next.event !== null) claims.told(finding);
    step(key, next);
  }
  for (const [key, condition] of federation.conditions) {
    if (!condition.raised || found.has(key)) continue;
    const known = before.tracks.get(key) ?? untracked(moment);
    const isHidden = isUnseen(condition.subject, condition.code);
    const now = { moment, limits, shown: isShown(condition, moment) };
    step(key, isHidden ? { track: unseen(known, condition, moment), event: null } : going(known, condition, now));
  }
  const isPending = [...tracks].some(([key, known]) => isAbout(known, federation.conditions.get(key), moment, limits));
  return { tracker: { tracks, claims: claims.all }, events, isPending };
}

interface Now {
  readonly moment: Moment;
  readonly limits: Limits;
  /** false: its site's guests have had their say for now. */
  readonly mayTell: boolean;
  /** This look is one at it. */
  readonly shown: boolean;
}

/** How many SuperNodes are online, or why a tunnel is silent, is in two zones: their own, and that of the SuperLink. */
const isShown = ({ subject, code }: Pick<Finding, "subject" | "code">, { zone }: Moment): boolean =>
  zone === undefined || isOfBothEnds(code) || (subject.kind === "zone" ? subject.zone : zoneOf(subject.site)) === zone;

/** What guests say of themselves is told so often for each site; what is seen from outside is not held back. */
class Claims {
  readonly all: Map<SiteName, Allowance>;
  readonly #ms: number;

  constructor(before: Tracker["claims"], { ms }: Moment) {
    this.all = new Map(before);
    this.#ms = ms;
  }

  mayTell({ subject, code }: Finding): boolean {
    return subject.kind === "zone" || !isClaim(code) || isLeft(this.all.get(subject.site), this.#ms, MAX_CLAIMS);
  }

  told({ subject, code }: Finding): void {
    if (subject.kind === "zone" || !isClaim(code)) return;
    this.all.set(subject.site, spent(this.all.get(subject.site), this.#ms, MAX_CLAIMS));
  }
}

const follow = (known: Track, standing: Condition | undefined, finding: Finding, now: Now): Step =>
  standing?.raised ? staying(known, standing, finding, now) : coming(known, standing, finding, now);

/** Another look or two will raise, change or clear it; what has stood and is not told yet waits for longer. */
function isAbout(known: Track, condition: Condition | undefined, moment: Moment, { raise }: Limits): boolean {
  const near = [known.coming, known.turning?.stood ?? null];
  if (near.some((standing) => standing !== null && !hasStood(standing, moment, raise))) return true;
  return known.going !== null && condition?.flapping !== true;
}

interface Step {
  readonly track: Track | null;
  readonly event: FederationEvent | null;
}

const untracked = ({ ms }: Moment): Track => ({
  coming: null,
  going: null,
  turning: null,
  returns: 0,
  returnedAt: ms,
  toldAt: ms,
  changes: { since: ms, used: 0 },
});

const stood = (standing: Standing | null, { moment: { ms, now }, shown }: Pick<Now, "moment" | "shown">): Standing =>
  standing === null ? { from: ms, since: now, looks: 1 } : { ...standing, looks: standing.looks + (shown ? 1 : 0) };

const hasStood = ({ from, looks }: Standing, { ms }: Moment, needed: number): boolean =>
  looks >= LOOKS && ms - from >= needed;

/** What no second look could show otherwise: the zones file says it, or the zone has proven it. */
const CERTAIN: ReadonlySet<ConditionCode> = new Set<ConditionCode>(["zone-left-file", "vm-gone"]);

/** Found, and not raised yet. What comes again soon after it was over keeps coming and going. */
function coming(known: Track, standing: Condition | undefined, finding: Finding, now: Now): Step {
  const { moment, limits, mayTell } = now;
  const { raise, flapWindow } = limits;
  const near = stood(known.coming, now);
  const stands = CERTAIN.has(finding.code) || hasStood(near, moment, raise);
  if (!stands || !mayTell) return { track: { ...known, coming: near }, event: null };
  const { subject, code, detail, vmIds, extent } = finding;
  const again = standing?.clearedAt != null && Date.parse(moment.now) - Date.parse(standing.clearedAt) <= flapWindow;
  return {
    track: untracked(moment),
    event: again
      ? { type: "condition-flapping", subject, code, count: standing.count + 1, since: standing.since }
      : { type: "condition-raised", subject, code, detail, vmIds: [...vmIds], extent, since: near.since },
  };
}

/**
 * Found, and raised: how often it came back is counted, and another extent is told once it has stood as well. What has
 * stayed for long does not come and go any more.
 */
function staying(known: Track, standing: Condition, finding: Finding, now: Now): Step {
  const { ms } = now.moment;
  const present: Track = { ...known, coming: null, going: null, ...returned(known, standing, now) };
  const { returns, returnedAt } = present;
  const stays = standing.flapping && ms - returnedAt >= now.limits.calm;
  const isDue = standing.flapping ? returns > 0 && (stays || ms - known.toldAt >= COUNT_PAUSE) : returns >= RETURNS;
  if (isDue && now.mayTell) {
    const { subject, code, since } = standing;
    return {
      track: { ...present, returns: 0, toldAt: ms },
      event: { type: "condition-flapping", subject, code, count: standing.count + returns, since },
    };
  }
  return stays && now.mayTell ? settled(present, finding, now) : turning(present, standing, finding, now);
}

/** It is raised anew as what is found now, since it came last: its extent may have changed more often than was told. */
function settled({ returnedAt, changes }: Track, finding: Finding, { moment }: Now): Step {
  const { subject, code, detail, vmIds, extent } = finding;
  const since = new Date(Date.parse(moment.now) - (moment.ms - returnedAt)).toISOString();
  return {
    track: { ...untracked(moment), changes },
    event: { type: "condition-raised", subject, code, detail, vmIds: [...vmIds], extent, since },
  };
}

/** What comes and goes may have done so meanwhile: how long it stays is counted from the next look at it. */
const unseen = (known: Track, { flapping }: Condition, { ms }: Moment): Track =>
  flapping ? { ...known, returnedAt: ms } : known;

/** While it does not count as flapping, one look that did not find it is no return, and old ones are forgotten. */
function returned(
  { going, returns, returnedAt }: Track,
  { flapping }: Condition,
  { moment: { ms }, limits }: Now,
): Pick<Track, "returns" | "returnedAt"> {
  const counted = flapping || ms - returnedAt <= limits.flapWindow ? returns : 0;
  if (going === null || (!flapping && going.looks < LOOKS)) return { returns: counted, returnedAt };
  return { returns: counted + 1, returnedAt: ms };
}

function turning(known: Track, standing: Condition, finding: Finding, now: Now): Step {
  const { moment, limits, mayTell } = now;
  const to = extentKey(finding);
  if (to === extentKey(standing)) return { track: { ...known, turning: null }, event: null };
  const near = { to, stood: stood(known.turning?.to === to ? known.turning.stood : null, now) };
  const stands = hasStood(near.stood, moment, limits.raise);
  if (!stands || !mayTell || !isLeft(known.changes, moment.ms, MAX_CHANGES)) {
    return { track: { ...known, turning: near }, event: null };
  }
  const { subject, code } = standing;
  const { vmIds, extent } = finding;
  return {
    track: { ...known, turning: null, changes: spent(known.changes, moment.ms, MAX_CHANGES) },
    event: { type: "condition-changed", subject, code, vmIds: [...vmIds], extent },
  };
}

const extentKey = ({ extent, vmIds }: Finding): string => `${extent?.online} of ${extent?.expected}: ${vmIds.join()}`;

/** Raised, and not found any more. */
function going(known: Track, { subject, code, flapping }: Condition, now: Omit<Now, "mayTell">): Step {
  const { moment, limits } = now;
  const { clear, calm } = limits;
  const gone = stood(known.going, now);
  if (!hasStood(gone, moment, flapping ? calm : clear)) {
    return { track: { ...known, coming: null, turning: null, going: gone }, event: null };
  }
  return { track: null, event: { type: "condition-cleared", subject, code } };
}
