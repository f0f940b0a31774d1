/** What happened, one sentence per thing that a person in the home channel acts on or waits for. */

import type { Directory } from "../../federation/deciding/visibility.ts";
import type { EventOf, FederationEvent } from "../../federation/model/events.ts";
import type { SiteName } from "../../federation/model/identity.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import { keeperOf } from "../../federation/model/site-profiles.ts";
import type { Federation, TimelineEntry } from "../../federation/model/state.ts";
import { ownersNamed } from "../blocks/conditions.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { MARK } from "../blocks/marks.ts";
import { count, escaped, firstOf, listed, mention, moment, quoted } from "../blocks/mrkdwn.ts";
import { rebootSentence } from "../blocks/reboot.ts";
import { rotationSentence } from "../blocks/rotation.ts";
import { placeTitle, superNodesAt } from "../blocks/titles.ts";
import { siteCardKey, trustKey } from "../keys.ts";
import { linkTo, type Reply } from "../message.ts";
import { inHomeThread, placeOf, reply, toSiteCard } from "./place.ts";
import { endSentence, termSentence } from "./term-sentences.ts";

export const timelineKey = (seq: number): string => `timeline/${seq}`;

/** Sites that one sentence names. */
const MOST_NAMED = 12;
/** Problems of one zone that one sentence tells. */
const MOST_PROBLEMS = 3;

/** What was decided at once, in order: the first of it is told, with what followed from it. */
type Batch = readonly [TimelineEntry, ...TimelineEntry[]];

export function timelineReplies(federation: Federation, options: CardOptions): readonly Reply[] {
  const told = new Set<string>();
  return batchesOf(federation.timeline).flatMap((batch) =>
    batch.flatMap((entry, index): readonly Reply[] => {
      const teller = new Teller(federation, options, batch, index, told);
      const text = teller.sentence(entry.event);
      return text === null ? [] : [reply(timelineKey(entry.seq), inHomeThread(federation, "tell"), text)];
    }),
  );
}

function batchesOf(timeline: readonly TimelineEntry[]): readonly Batch[] {
  const batches: [TimelineEntry, ...TimelineEntry[]][] = [];
  for (const entry of timeline) {
    const last = batches.at(-1);
    const previous = last?.at(-1);
    if (last !== undefined && previous?.seq === entry.seq - 1 && previous.at === entry.at) last.push(entry);
    else batches.push([entry]);
  }
  return batches;
}

/** Says what every member of the home channel may know, and nothing twice. */
class Teller {
  readonly #federation: Federation;
  readonly #options: CardOptions;
  readonly #before: readonly FederationEvent[];
  readonly #after: readonly FederationEvent[];
  /** What was told before, by its meaning. */
  readonly #told: Set<string>;

  constructor(federation: Federation, options: CardOptions, batch: Batch, index: number, told: Set<string>) {
    this.#federation = federation;
    this.#options = options;
    const events = batch.map(({ event }) => event);
    this.#before = events.slice(0, index);
    this.#after = events.slice(index + 1);
    this.#told = told;
  }

  /** null: nothing worth a reply, or told with what it followed from. */
  sentence(event: FederationEvent): string | null {
    switch (event.type) {
      case "site-requested":
        return `${mention(event.requester)} asks ${this.#title(event.wish.site)} to join with ${count(event.wish.superNodes, "SuperNode")}. Its owners and the coordinator's are asked.`;
      case "preflight-failed":
        return this.#problems(event);
      case "site-planned":
        return this.#plannedAgain(event);
      case "consent-given":
        return this.#consent(event);
      case "consent-refused":
        return `${MARK.refused} ${mention(event.by)} ${event.kind === "run" ? "rejected it for" : "refused to admit"} ${this.#at(event)}: ${quoted(event.because)}${this.#consequence()}`;
      case "consent-withdrawn": {
        const what = event.kind === "run" ? "the approval for" : "the agreement to admit";
        const holds = this.#follows("site-approved") ? " Enough others agree, so it stays approved." : "";
        return `${mention(event.by)} withdrew ${what} ${this.#at(event)}.${holds}`;
      }
      case "approval-lapsed":
        return `${this.#at(event)}: too few of those who approved may still decide, so ${this.#asks(event.site)} again.`;
      case "site-excluded":
        return event.cause === "expired" ? this.#expired(event) : null;
      case "proposal-dropped":
        return this.#dropped(event);
      case "federation-ended":
        return this.#ended(event);
      case "attempt-started":
        return this.#started(event);
      case "coordinator-verified":
        return `${MARK.up} ${this.#at(event)} serves. Its address and CA are those of the plan: ${linkTo(trustKey(this.#federation.homeChannel), "compare them")}.`;
      case "site-up":
        return this.#up(event);
      case "site-failed":
        return this.#failed(event);
      case "deployment-abandoned":
        return `${MARK.warning} ${this.#at(event)}: OneFlow has made no VM yet. What there is of the service is removed, and then it is asked for again by itself.`;
      case "key-refused":
      case "tunnel-key-refused":
        return this.#keyRefused(event);
      case "retry-asked":
        return `${mention(event.by)} has ${this.#at(event)} tried again. Its zone is looked at first.`;
      case "reboot-asked":
        return `${mention(event.by)} has VMs of ${this.#at(event)} rebooted. They keep their disks and keys.`;
      case "reboot-ended":
        return this.#rebooted(event);
      case "tunnel-rotation-asked":
        return `${mention(event.by)} has the tunnel keys of ${this.#at(event)} changed. Traffic goes on meanwhile.`;
      case "tunnel-rotation-ended": {
        const mark = event.outcome === "changed" ? "" : `${MARK.warning} `;
        return `${mark}${this.#at(event)}: ${rotationSentence(event.outcome)}`;
      }
      case "site-retired":
        return `${mention(event.by)} retired ${this.#at(event)}. Nothing else is touched.${this.#consequence()}`;
      case "site-written-off":
        return `${MARK.out} The bot's operator has written ${this.#at(event)} off: its zone is gone.${this.#consequence()}`;
      case "teardown-asked":
        return this.#teardown(event);
      case "teardown-withdrawn":
        return this.#teardownWithdrawn(event);
      case "stop-announced":
        return `${MARK.warning} ${mention(event.by)} stops the coordinator ${moment(event.stopsAt)}, whatever still runs then.`;
      case "end-near":
      case "go-on-asked":
      case "go-on-agreed":
      case "site-run-out":
      case "term-extended":
        return this.#ofTerm(event);
      case "removal-delayed":
        return `${MARK.warning} ${this.#at(event)}: ${escaped(REASONS[event.reason.code])} The bot goes on trying to remove what ran there.`;
      default:
        return null;
    }
  }

  #title(name: SiteName): string {
    return escaped(placeTitle(this.#options.directory, { name }));
  }

  #at({ site }: { readonly site: SiteName }): string {
    return `*${this.#title(site)}*`;
  }

  #ofTerm(event: Parameters<typeof termSentence>[0]): string | null {
    const beside = { before: this.#before, after: this.#after };
    return termSentence(event, beside, (site) => this.#at({ site }), this.#federation);
  }

  #isCoordinator(site: SiteName): boolean {
    return this.#federation.sites.get(site)?.role === "coordinator";
  }

  get #requester(): string {
    return mention(this.#federation.requester);
  }

  get #directory(): Directory {
    return this.#options.directory;
  }

  #follows(type: FederationEvent["type"]): boolean {
    return this.#after.some((event) => event.type === type);
  }

  /** Those who must act, with the card on which they do where everybody may know of it. */
  #asks(name: SiteName): string {
    const { own } = placeOf(this.#federation, { name }, this.#options);
    const there = toSiteCard(this.#federation, name, "in their own channel");
    return own ? `its owners are asked ${there}` : `${ownersNamed(this.#directory, name)} are asked`;
  }

  /** What followed at once from a refusal, or from a site that left. */
  #consequence(): string {
    const requester = this.#requester;
    for (const event of this.#after) {
      if (event.type === "federation-ended") return ` ${endSentence(event.cause)} ${requester}`;
      if (event.type === "teardown-asked") return " Every owner is asked to end the own part of this federation.";
    }
    for (const event of this.#after) {
      if (event.type === "proposal-dropped") return " What runs there goes on.";
      if (event.type === "site-excluded") return ` It is left out. ${requester}`;
    }
    return "";
  }

  #consent(event: EventOf<"consent-given">): string {
    const what = event.kind === "run" ? "approved for" : "agreed to admit";
    const quorum = keeperOf(this.#directory.sites, event.site)?.quorum ?? 1;
    const complete = quorum > 1 && this.#follows("site-approved") ? " That is enough: it is approved." : "";
    const again = this.#isNews(`${event.kind} ${event.site} ${event.by.team} ${event.by.user}`) ? "" : " again";
    return `${MARK.done} ${mention(event.by)} ${what} ${this.#at(event)}${again}.${complete}`;
  }

  /** What is wrong at several sites is one reply; what was told of a site and is the same is none. */
  #problems(event: EventOf<"preflight-failed">): string | null {
    if (this.#before.some(({ type }) => type === "preflight-failed")) return null;
    const found = [event, ...this.#after].flatMap((one) => (one.type === "preflight-failed" ? [one] : []));
    const fresh = found.filter(({ site, problems }) => {
      const attempt = this.#federation.sites.get(site)?.attempts ?? 0;
      return (
        problems.length > 0 && this.#isNews(`problem ${site} ${attempt} ${problems.map(({ code }) => code).join()}`)
      );
    });
    if (fresh.length === 0) return null;
    const lines = fresh.map((one) => {
      const sentences = [...new Set(one.problems.map(({ code }) => escaped(REASONS[code])))];
      return `${MARK.down} ${this.#at(one)}: ${firstOf(sentences, MOST_PROBLEMS, "problem").join(" ")}`;
    });
    return firstOf(lines, MOST_NAMED, "site").join("\n");
  }

  #isNews(meaning: string): boolean {
    const news = !this.#told.has(meaning);
    this.#told.add(meaning);
    return news;
  }

  #plannedAgain({ cause, site }: EventOf<"site-planned">): string | null {
    switch (cause) {
      case "requested":
        return null;
      case "adjusted":
        // The vote that came with it says who; this says that it is another version.
        return `${this.#at({ site })}: an owner adjusted what runs there.`;
      case "zone-changed":
        return `${this.#at({ site })}: something changed since it was looked at, so ${this.#asks(site)} again.`;
      case "bot-upgraded":
        return `${this.#at({ site })}: the bot was upgraded and would run another version of its parts, so ${this.#asks(site)} again.`;
      case "address-changed":
        return this.#addressChanged(site);
    }
  }

  /** The address is everybody's, so all who are asked again are told of at once. */
  #addressChanged(site: SiteName): string | null {
    const isMoved = (event: FederationEvent): event is EventOf<"site-planned"> =>
      event.type === "site-planned" && event.cause === "address-changed";
    if (this.#before.some(isMoved)) return null;
    const sites = [site, ...this.#after.filter(isMoved).map((event) => event.site)];
    const names = sites.map((name) => `*${this.#title(name)}*`);
    return `The SuperLink's address had to change, so the owners of ${listed(names, MOST_NAMED)} are asked again.`;
  }

  /** Of training sites the card tells; of a new attempt whoever asked for it was told. */
  #started({ site, attempt }: EventOf<"attempt-started">): string | null {
    return attempt === 1 && this.#isCoordinator(site) ? `${this.#at({ site })} is being deployed.` : null;
  }

  /** That a coordinator is up is told when it was verified. */
  #up({ site: name }: EventOf<"site-up">): string | null {
    const site = this.#federation.sites.get(name);
    if (site === undefined || site.role === "coordinator") return null;
    const number = superNodesAt(site);
    const again = this.#isNews(`up ${name}`) ? "" : " again";
    return `${MARK.up} ${this.#at({ site: name })} is up${again}: ${number} of ${count(number, "SuperNode")} online, as the SuperLink sees them.`;
  }

  #dropped({ site, cause }: EventOf<"proposal-dropped">): string | null {
    return cause === "expired"
      ? `${MARK.tooLate} The newer version for ${this.#at({ site })} was not decided on in time. What runs there goes on.`
      : null;
  }

  #expired(event: EventOf<"site-excluded">): string | null {
    const isExpired = (one: FederationEvent): one is EventOf<"site-excluded"> =>
      one.type === "site-excluded" && one.cause === "expired";
    if (this.#before.some(isExpired)) return null;
    const sites = [event, ...this.#after.filter(isExpired)].map((one) => this.#at(one));
    const ended = this.#after.find((one) => one.type === "federation-ended");
    const end = ended?.type === "federation-ended" ? ` ${endSentence(ended.cause)}` : "";
    const was = sites.length === 1 ? "was not decided on in time and is" : "were not decided on in time and are";
    return `${MARK.tooLate} ${listed(sites, MOST_NAMED)} ${was} left out.${end} ${this.#requester}`;
  }

  /** Told with what it followed from: a refusal, a site that left, the time that ran out. */
  #ended({ cause }: EventOf<"federation-ended">): string | null {
    const isCause = ({ type }: FederationEvent): boolean =>
      type === "consent-refused" || type === "site-excluded" || type === "site-retired" || type === "site-written-off";
    return this.#before.some(isCause) ? null : `${endSentence(cause)} ${this.#requester}`;
  }

  #failed({ site, reason }: EventOf<"site-failed">): string {
    const said = `${MARK.down} ${this.#at({ site })}: ${escaped(REASONS[reason.code])}`;
    const { own } = placeOf(this.#federation, { name: site }, this.#options);
    if (own) return `${said} Its owners are asked ${toSiteCard(this.#federation, site, "in their own channel")}.`;
    const can = this.#isCoordinator(site) ? "retry it" : "retry or retire it";
    return `${said} ${ownersNamed(this.#directory, site)} can ${can} on ${this.#siteCard(site)}.`;
  }

  #siteCard(site: SiteName): string {
    const card = this.#federation.sites.get(site)?.proposals.at(-1)?.card;
    return card === undefined ? "its card" : linkTo(siteCardKey(site, card), "its card");
  }

  /** However many keys its VMs publish, each reason is told once. */
  #keyRefused({ site, reason }: EventOf<"key-refused" | "tunnel-key-refused">): string | null {
    const attempt = this.#federation.sites.get(site)?.attempts ?? 0;
    return this.#isNews(`key ${site} ${attempt} ${reason.code}`)
      ? `${MARK.refused} ${this.#at({ site })}: ${escaped(REASONS[reason.code])}`
      : null;
  }

  #rebooted({ site, outcome }: EventOf<"reboot-ended">): string | null {
    const said = rebootSentence(outcome);
    return said === null ? null : `${MARK.warning} ${this.#at({ site })}: ${said}`;
  }

  #teardown({ by, because }: EventOf<"teardown-asked">): string | null {
    if (because === "run-out") {
      return `${MARK.tooLate} None of the coordinator's owners said in time that this federation goes on, so it is taken down: training sites first, the coordinator last. ${this.#requester}`;
    }
    if (this.#before.some(({ type }) => type === "site-written-off")) return null;
    const who = by === null ? "The bot's operator" : mention(by);
    const back = by === null ? "" : " The card has a button to withdraw this while the coordinator runs.";
    return `${who} asks to tear this federation down. Every site's owners decide about their own site.${back}`;
  }

  #teardownWithdrawn({ by }: EventOf<"teardown-withdrawn">): string {
    const gone = this.#after.flatMap((one) => (one.type === "site-excluded" ? [this.#at(one)] : []));
    const rest =
      gone.length === 0
        ? ""
        : ` ${listed(gone, MOST_NAMED)} had agreed already and ${gone.length === 1 ? "is" : "are"} left out.`;
    return `${mention(by)} withdrew the teardown, so the federation goes on.${rest}`;
  }
}
