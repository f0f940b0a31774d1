/**
 * Whole stories of a federation, step by step as its people and zones take them: every step is what the bot itself
 * would decide. After each one Slack is told what is new.
 */

import { expireProposals } from "../../src/federation/deciding/approval.ts";
import { concludeTeardown } from "../../src/federation/deciding/teardown.ts";
import { askToGoOn, concludeTerm } from "../../src/federation/deciding/term.ts";
import type { FederationEvent, Issuer } from "../../src/federation/model/events.ts";
import { AUTHORITY } from "../builders/chronicle.ts";
import {
  agreeTeardown,
  askTeardown,
  goOn,
  reject,
  retire,
  retry,
  stopCoordinator,
  withdraw,
} from "../builders/commands.ts";
import { aDecisionContext, aZone, DAY, HOUR, MINUTE, STRANGER, sitesOf, zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { THOROUGHNESS } from "../thoroughness.ts";

export interface WholeStory {
  readonly name: string;
  readonly zones: readonly string[];
  /** What each zone's owners have to act on, by zone; once each where it is not named. */
  readonly asked: Readonly<Record<string, number>>;
  /** How often its requester is told something that only they wait for. */
  readonly requesterTold: number;
  /** The most that may stand in one zone's channel. */
  readonly inOneZone: number;
  readonly steps: (story: Story) => Iterable<unknown>;
  readonly begin: () => Story;
}

const named = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `site${String(nth + 1).padStart(3, "0")}`);

const coordinatorOf = ([first = ""]: readonly string[]): string => first;

function* isApproved(story: Story, zones: readonly string[]): Iterable<unknown> {
  yield story.planned();
  for (const name of zones) yield story.passes(MINUTE).approvedBy(name);
}

function* comesUp(story: Story, zones: readonly string[]): Iterable<unknown> {
  const [coordinator = "", ...training] = zones;
  yield story.passes(MINUTE).deployed(coordinator);
  yield story.passes(MINUTE).trusted();
  for (const name of training) yield story.passes(MINUTE).joins(name);
}

function* isTornDown(story: Story, zones: readonly string[]): Iterable<unknown> {
  const [coordinator = "", ...training] = zones;
  yield story.passes(DAY).does(askTeardown());
  for (const name of training) {
    yield story.passes(MINUTE).does(agreeTeardown(name));
    yield story.removes(name);
  }
  yield story.does(agreeTeardown(coordinator));
  yield concludes(story);
  yield concludes(story.removes(coordinator));
}

const concludes = (story: Story): Story => story.takes(concludeTeardown(story.federation, story.context));

interface Told {
  readonly asked?: Readonly<Record<string, number>>;
  readonly requesterTold?: number;
  readonly inOneZone?: number;
  /** Its last day. */
  readonly until?: string;
  readonly issuer?: Issuer;
}

function aStory(
  name: string,
  count: number,
  steps: (story: Story, zones: readonly string[]) => Iterable<unknown>,
  { asked = {}, requesterTold = 1, inOneZone = 7, ...more }: Told = {},
): WholeStory {
  const zones = named(count);
  return {
    name,
    zones,
    asked,
    requesterTold,
    inOneZone,
    steps: (story) => steps(story, zones),
    begin: () =>
      aFederation({
        zones,
        ...more,
        superNodes: count > 20 ? 1 : 2,
        context: aDecisionContext({ sites: sitesOf(zones.map((each) => aZone(each))) }),
      }),
  };
}

function* wholeLife(story: Story, zones: readonly string[]): Iterable<unknown> {
  yield* isApproved(story, zones);
  yield* comesUp(story, zones);
  yield* isTornDown(story, zones);
}

/** Each zone is asked to approve, and to end its part. */
const twiceEach = (count: number): Readonly<Record<string, number>> =>
  Object.fromEntries(named(count).map((name) => [name, 2]));

export const WHOLE_STORIES: readonly WholeStory[] = [
  ...[3, 8, 26, ...(THOROUGHNESS < 1 ? [] : [100])].map((count) =>
    aStory(`stood up and torn down`, count, wholeLife, { asked: twiceEach(count), requesterTold: 2 }),
  ),
  aStory(
    "one site rejects",
    3,
    function* (story, zones) {
      yield story.planned();
      yield story.does(reject("site003"));
      for (const name of zones.slice(0, 2)) yield story.passes(MINUTE).approvedBy(name);
      yield* comesUp(story, zones.slice(0, 2));
    },
    { requesterTold: 2 },
  ),
  aStory("the coordinator rejects", 3, function* (story, zones) {
    yield story.planned();
    yield story.does(reject(coordinatorOf(zones)));
  }),
  aStory(
    "one site lets the time run out",
    3,
    function* (story, zones) {
      yield story.planned();
      for (const name of zones.slice(0, 2)) yield story.passes(MINUTE).approvedBy(name);
      yield* comesUp(story, zones.slice(0, 2));
      yield story.passes(2 * DAY).happens({ type: "reminder-due", site: zone("site003") });
      yield story.passes(6 * DAY).takes(expireProposals(story.federation, story.context));
    },
    { asked: { site003: 2 }, requesterTold: 2 },
  ),
  aStory("an approval is withdrawn and given again", 3, function* (story, zones) {
    yield story.planned();
    yield story.passes(MINUTE).approvedBy("site003");
    yield story.passes(MINUTE).does(withdraw("site003"));
    yield story.passes(HOUR).approvedBy("site003");
    for (const name of zones.slice(0, 2)) yield story.passes(MINUTE).approvedBy(name);
    yield* comesUp(story, zones);
  }),
  aStory(
    "a site fails and is retried",
    3,
    function* (story, zones) {
      yield* isApproved(story, zones);
      yield* comesUp(story, zones);
      yield story.passes(DAY).happens(failed("site003"));
      yield story.passes(HOUR).does(retry("site003"));
      yield story.passes(MINUTE).joins("site003");
    },
    { asked: { site003: 2 } },
  ),
  aStory("a site is retired", 3, function* (story, zones) {
    yield* isApproved(story, zones);
    yield* comesUp(story, zones);
    yield story.passes(DAY).does(retire("site003"));
    yield story.removes("site003");
  }),
  aStory(
    "the coordinator's organisation issues the certificates",
    3,
    function* (story, zones) {
      const [coordinator = "", ...training] = zones;
      yield story.happens({
        type: "authority-created",
        generation: 1,
        ...AUTHORITY,
        expiresAt: "2036-03-02T08:00:00.000Z",
      });
      yield* isApproved(story, zones);
      yield story.passes(MINUTE).deployed(coordinator);
      yield story.says(coordinator, { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" }).observes(coordinator);
      yield story.happens(asksForCertificate(story, coordinator));
      yield story.passes(HOUR).trusted();
      for (const name of training) yield story.passes(MINUTE).joins(name);
      yield story.passes(40 * DAY).happens(asksForCertificate(story, coordinator));
    },
    // The CA, the request with its card, and its renewal are asked for where the coordinator is.
    { asked: { site001: 4 }, inOneZone: 9, issuer: "organisation" },
  ),
  aStory(
    "its last day comes, and one site does not answer",
    3,
    function* (story, zones) {
      yield* isApproved(story, zones);
      yield* comesUp(story, zones);
      yield story.happens({ type: "end-near" });
      yield story.passes(DAY).takes(askToGoOn(story.federation, story.context));
      yield story.passes(DAY).does(goOn("site001"));
      yield story.does(goOn("site002"));
      yield story.passes(4 * DAY).happens({ type: "go-on-reminder-due", site: zone("site003") });
      yield story.passes(50 * DAY).takes(concludeTerm(story.federation, story.context));
      yield story.removes("site003");
    },
    { asked: { site001: 2, site002: 2, site003: 3 }, requesterTold: 2, until: "2026-04-01" },
  ),
  aStory(
    "its last day comes, and nobody of the coordinator's zone answers",
    3,
    function* (story, zones) {
      yield* isApproved(story, zones);
      yield* comesUp(story, zones);
      yield story.takes(askToGoOn(story.federation, story.context));
      yield story.passes(DAY).does(goOn("site003"));
      yield story.passes(50 * DAY).takes(concludeTerm(story.federation, story.context));
      yield story.removes("site002").removes("site003");
      yield concludes(story);
      yield concludes(story.removes(coordinatorOf(zones)));
    },
    { asked: { site001: 2, site002: 2, site003: 2 }, requesterTold: 3, until: "2026-04-01" },
  ),
  aStory(
    "a teardown that one site does not agree to",
    3,
    function* (story, zones) {
      yield* isApproved(story, zones);
      yield* comesUp(story, zones);
      // Of somebody whose federation it is not nothing is told to anybody else.
      if (story.refusalOf(askTeardown(STRANGER)) === null) throw new Error("A stranger may ask for a teardown.");
      yield story.passes(DAY).does(askTeardown());
      yield story.does(agreeTeardown("site002"));
      yield story.removes("site002");
      yield story.passes(DAY).does(stopCoordinator(coordinatorOf(zones)));
      yield concludes(story.passes(2 * HOUR));
      yield concludes(story.removes(coordinatorOf(zones)));
    },
    { asked: { site001: 2, site002: 2, site003: 3 } },
  ),
];

function failed(name: string): FederationEvent {
  const reason = { code: "deployment-failed" as const, detail: "quota exceeded" };
  return { type: "site-failed", site: zone(name), reason };
}

function asksForCertificate(story: Story, name: string): FederationEvent {
  const { vmId, seen } = story.vm(name);
  return { type: "certificate-asked", site: zone(name), vmId, request: seen.request ?? "", csr: "a request" };
}
