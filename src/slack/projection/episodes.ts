/** Conditions as they came and went, told apart by the events that began them. Pure. */
import { type Condition, conditionKey, type Finding, isAvailability } from "../../federation/model/conditions.ts";
import type { EventOf } from "../../federation/model/events.ts";
import { type SiteName, siteOfZone } from "../../federation/model/identity.ts";
import type { Federation, Site, TimelineEntry } from "../../federation/model/state.ts";

export interface Episode {
  /** Number of the event that began it: stable while it lasts. */
  readonly seq: number;
  /** What it is told of: a site, or the zone by the site that bears its name. */
  readonly place: SiteName;
  /** Sites whose owners it concerns. */
  readonly sites: readonly SiteName[];
  readonly finding: Finding;
  readonly since: string;
  readonly count: number;
  readonly flapping: boolean;
  /** The site's attempt in which it began. */
  readonly attempt: number;
  /** The site had been up in that attempt. */
  readonly wasUp: boolean;
  /** The site was told to be down or degraded already, which shows it too. */
  readonly shownByAvailability: boolean;
  /** null while it stands. Without a number it ended with what it was about: a new attempt, a retired site. */
  readonly over: { readonly seq: number | null; readonly at: string | null } | null;
}

/** Where a site is while the timeline is walked. */
interface Stage {
  attempt: number;
  isUp: boolean;
}

const placeOf = ({ subject }: Pick<Finding, "subject">): SiteName =>
  subject.kind === "zone" ? siteOfZone(subject.zone) : subject.site;

const sitesOf = ({ sites }: Federation, { subject }: Pick<Finding, "subject">): readonly SiteName[] =>
  [...sites.values()]
    .filter(({ name, zone }) => (subject.kind === "zone" ? zone === subject.zone : name === subject.site))
    .map(({ name }) => name);

/** In the order in which they began. */
export function episodesOf(federation: Federation): readonly Episode[] {
  const walk = new Walk(federation);
  for (const entry of federation.timeline) walk.take(entry);
  return walk.end();
}

class Walk {
  readonly #federation: Federation;
  readonly #stages: ReadonlyMap<SiteName, Stage>;
  readonly #open = new Map<string, Episode>();
  readonly #findings = new Map<string, Finding>();
  readonly #closed: Episode[] = [];

  constructor(federation: Federation) {
    this.#federation = federation;
    const firsts = firstStageEvents(federation.timeline);
    this.#stages = new Map(
      [...federation.sites.values()].map((site) => [site.name, stageBefore(site, firsts.get(site.name))]),
    );
  }

  take({ seq, at, event }: TimelineEntry): void {
    switch (event.type) {
      case "condition-raised":
        this.#begin(seq, event, { since: event.since, count: 1, flapping: false });
        return;
      case "condition-flapping":
        this.#flap(seq, event);
        return;
      case "condition-cleared":
        this.#close(conditionKey(event), { seq, at });
        return;
      case "attempt-started":
        this.#enter(event.site, { attempt: event.attempt, isUp: false });
        this.#closeAllOf(event.site, at, false);
        return;
      case "site-up":
      case "coordinator-verified":
        this.#enter(event.site, { isUp: true });
        return;
      case "site-excluded":
      case "site-retired":
      case "site-written-off":
        this.#closeAllOf(event.site, at, true);
        return;
    }
  }

  /** What does not stand any more has ended with what it was about; what stands and began before the timeline is added. */
  end(): readonly Episode[] {
    const { conditions, ended } = this.#federation;
    for (const key of this.#open.keys()) {
      if (ended !== null || conditions.get(key)?.raised !== true) this.#close(key, { seq: null, at: null });
    }
    const standing = [...conditions].flatMap(([key, condition]) =>
      condition.raised && ended === null ? [this.#standing(this.#open.get(key), condition)] : [],
    );
    return [...this.#closed, ...standing].sort((one, other) => one.seq - other.seq);
  }

  #begin(seq: number, finding: Finding, course: Pick<Episode, "since" | "count" | "flapping">): void {
    const { subject, code, detail, vmIds, extent } = finding;
    const key = conditionKey(finding);
    this.#close(key, { seq: null, at: null });
    const known: Finding = { subject, code, detail, vmIds, extent };
    this.#findings.set(key, known);
    const sites = sitesOf(this.#federation, finding);
    const stage = this.#stageOf(sites);
    this.#open.set(key, {
      seq,
      place: placeOf(finding),
      sites,
      finding: known,
      ...course,
      attempt: stage?.attempt ?? 0,
      wasUp: stage?.isUp ?? false,
      shownByAvailability: [...this.#open.values()].some(
        (other) => other.place === placeOf(finding) && isAvailability(other.finding.code),
      ),
      over: null,
    });
  }

  #flap(seq: number, event: EventOf<"condition-flapping">): void {
    const key = conditionKey(event);
    const { count, since, subject, code } = event;
    const open = this.#open.get(key);
    if (open?.flapping === true) {
      this.#open.set(key, { ...open, count, since });
      return;
    }
    const finding = this.#findings.get(key) ?? { detail: "", vmIds: [], extent: null };
    this.#begin(seq, { ...finding, subject, code }, { since, count, flapping: true });
  }

  #close(key: string, over: NonNullable<Episode["over"]>): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    this.#closed.push({ ...open, over });
  }

  /** What was said of a site's VMs ends with them; what is said of its zone, with the federation's last part in it. */
  #closeAllOf(site: SiteName, at: string, ofZone: boolean): void {
    for (const [key, episode] of this.#open) {
      const ends = episode.finding.subject.kind === "zone" ? ofZone && !this.#stands(key, episode) : true;
      if (ends && episode.sites.includes(site)) this.#close(key, { seq: null, at });
    }
  }

  /** Another site of the zone goes on, and so does what is said of the zone. */
  #stands(key: string, { seq }: Episode): boolean {
    const standing = this.#federation.conditions.get(key);
    return standing?.raised === true && standing.raisedSeq === seq;
  }

  #stageOf([first]: readonly SiteName[]): Stage | undefined {
    return first === undefined ? undefined : this.#stages.get(first);
  }

  #enter(site: SiteName, change: Partial<Stage>): void {
    const stage = this.#stages.get(site);
    if (stage !== undefined) Object.assign(stage, change);
  }

  #standing(known: Episode | undefined, condition: Condition): Episode {
    const { subject, code, detail, vmIds, extent, since, count, flapping, raisedSeq } = condition;
    const sites = sitesOf(this.#federation, condition);
    const stage = this.#stageOf(sites);
    return {
      place: placeOf(condition),
      sites,
      attempt: stage?.attempt ?? 0,
      wasUp: stage?.isUp ?? false,
      shownByAvailability: false,
      ...known,
      seq: raisedSeq,
      finding: { subject, code, detail, vmIds, extent },
      since,
      count,
      flapping,
      over: null,
    };
  }
}

type StageEvent = EventOf<"attempt-started" | "site-up" | "coordinator-verified">;

function firstStageEvents(timeline: readonly TimelineEntry[]): ReadonlyMap<SiteName, StageEvent> {
  const firsts = new Map<SiteName, StageEvent>();
  for (const { event } of timeline) {
    if (event.type !== "attempt-started" && event.type !== "site-up" && event.type !== "coordinator-verified") continue;
    if (!firsts.has(event.site)) firsts.set(event.site, event);
  }
  return firsts;
}

/** How the site stood before the timeline begins: what is not known any more is taken to have been well. */
function stageBefore(site: Site, first: StageEvent | undefined): Stage {
  if (first?.type === "attempt-started") return { attempt: first.attempt - 1, isUp: first.attempt > 1 };
  const isUp = first === undefined && site.deployment !== null && site.deployment.upAt !== null;
  return { attempt: site.attempts, isUp };
}
