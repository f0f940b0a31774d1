import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askToGoOn, concludeTerm } from "../../../src/federation/deciding/term.ts";
import { waitingFor } from "../../../src/federation/deciding/waiting.ts";
import type { Task } from "../../../src/federation/running/due-tasks.ts";
import { dueTasks, nextWake } from "../../../src/federation/running/due-tasks.ts";
import {
  agreeTeardown,
  askTeardown,
  goOn,
  requestSite,
  retire,
  retry,
  withdrawTeardown,
} from "../../builders/commands.ts";
import { DAY, HOUR, ownerOf, REQUESTER, STRANGER } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

/** Asked for on 2 March 2026 at eight. */
const UNTIL = "2026-06-30";
const END = "2026-07-01T00:00:00.000Z";

const TERM: ReadonlySet<Task["kind"]> = new Set<Task["kind"]>([
  "tell-end-near",
  "ask-to-go-on",
  "remind-go-on",
  "conclude-term",
]);
const due = ({ federation, live, context }: Story): readonly string[] =>
  dueTasks(federation, live, context)
    .filter(({ kind }) => TERM.has(kind))
    .map((task) => Object.values(task).join(" "));

const at = (story: Story, now: string): Story => story.inContext({ now });
const running = (): Story => aFederation({ until: UNTIL }).running();
const asks = (story: Story): Story => story.takes(askToGoOn(story.federation, story.context));
const asked = (): Story => asks(at(running(), "2026-06-24T00:00:00.000Z"));
const concludes = (story: Story): Story => story.takes(concludeTerm(story.federation, story.context));
const outcomes = (story: Story): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries([...story.federation.sites].map(([zone, { goOns }]) => [zone, goOns.at(-1)?.outcome]));

describe("a federation's last day", () => {
  it("is told when it is near, asked about a week before it ends, and waited for by the clock", () => {
    const story = running();
    const moments = ["2026-06-17T00:00:00.000Z", "2026-06-24T00:00:00.000Z"];
    assert.deepEqual(due(story), []);
    assert.deepEqual(due(at(story, moments[0] ?? "")), ["tell-end-near"]);
    story.happens({ type: "end-near" });
    assert.deepEqual(due(story), []);
    assert.ok((nextWake(story.federation, story.context) ?? 0) <= Date.parse(moments[1] ?? ""));
    assert.deepEqual(due(at(story, moments[1] ?? "")), ["ask-to-go-on"]);
  });

  it("comes to a federation without one never", () => {
    assert.deepEqual(due(at(aFederation().running(), "2036-06-24T00:00:00.000Z")), []);
  });

  it("ends what never ran, without a question", () => {
    const story = aFederation({ until: UNTIL }).planned();
    assert.deepEqual(due(at(story, "2026-06-30T23:59:59.000Z")), []);
    assert.deepEqual(due(at(story, END)), ["ask-to-go-on"]);
    assert.equal(asks(story).federation.ended?.cause, "run-out");
  });

  it("is asked about at each site that runs, and the whole goes on once all have said so", () => {
    const story = asked();
    assert.deepEqual(outcomes(story), { alpha: "open", beta: "open", gamma: "open" });
    story.does(goOn("alpha")).does(goOn("beta"));
    assert.deepEqual(due(story), []);
    story.does(goOn("gamma", ownerOf("gamma", 2)));
    assert.deepEqual(due(story), ["conclude-term"]);
    concludes(story);
    assert.deepEqual(outcomes(story), { alpha: "goes-on", beta: "goes-on", gamma: "goes-on" });
    assert.deepEqual(story.federation.term, { until: "2026-09-28", reminded: false, question: null });
    assert.deepEqual(due(at(story, END)), []);
    assert.deepEqual(due(at(story, "2026-09-22T00:00:00.000Z")), ["ask-to-go-on"]);
  });

  it("is asked about at sites that are approved and on their way, too", () => {
    const story = asks(at(aFederation({ until: UNTIL }).approved().deployed("alpha"), "2026-06-25T00:00:00.000Z"));
    assert.deepEqual(outcomes(story), { alpha: "open", beta: "open", gamma: "open" });
    concludes(at(story.does(goOn("alpha")).does(goOn("beta")), END));
    assert.deepEqual([story.site("beta").excluded, story.site("gamma").excluded], [null, "run-out"]);
  });

  it("reminds those who have not answered when half of the time is over, each once", () => {
    const story = asked().does(goOn("alpha")).does(goOn("beta"));
    assert.deepEqual(due(story.passes(3 * DAY)), []);
    assert.deepEqual(due(story.passes(DAY)), ["remind-go-on gamma"]);
    assert.deepEqual(due(story.happens({ type: "go-on-reminder-due", site: story.site("gamma").name })), []);
  });

  it("takes training sites down that did not answer, with their keys, and the others go on", () => {
    const story = asked().does(goOn("alpha")).does(goOn("beta"));
    assert.deepEqual(due(at(story, "2026-06-30T23:59:59.000Z")), ["remind-go-on gamma"]);
    assert.deepEqual(due(at(story, END)), ["conclude-term"]);
    concludes(story);
    assert.equal(story.site("gamma").excluded, "run-out");
    assert.deepEqual(
      story.site("gamma").removals.map(({ cause }) => cause),
      ["teardown"],
    );
    assert.ok([...story.federation.keys.values()].filter(({ site }) => site === "gamma").every((key) => key.revoked));
    assert.notEqual(story.deployment("beta"), null);
    assert.equal(story.federation.term?.until, "2026-09-28");
    assert.equal(story.removes("gamma").refusalOf(requestSite("gamma")), null);
  });

  it("ends the whole without a word of the coordinator's: training sites at once, the coordinator after them", () => {
    const story = asked().does(goOn("beta"));
    concludes(at(story, END));
    assert.equal(story.federation.teardown?.because, "run-out");
    for (const name of ["beta", "gamma"]) assert.equal(story.site(name).deployment, null);
    assert.deepEqual(
      story.tasks().filter(({ kind }) => kind === "conclude-teardown"),
      [],
    );
    story.removes("beta").removes("gamma");
    assert.equal(story.tasks().filter(({ kind }) => kind === "conclude-teardown").length, 1);
    assert.equal(story.refusalOf(withdrawTeardown(REQUESTER)), "run-out");
    assert.equal(story.refusalOf(goOn("beta")), "go-on-over");
  });

  it("is answered by the zone's own owners, once, and only while it is asked", () => {
    const story = asked();
    assert.equal(story.refusalOf(goOn("beta", STRANGER)), "not-an-owner");
    assert.equal(story.refusalOf(goOn("beta", ownerOf("alpha"))), "not-an-owner");
    story.does(goOn("beta"));
    assert.deepEqual(story.decides(goOn("beta", ownerOf("beta", 2))), { ok: true, events: [] });
    story.does(retire("gamma"));
    assert.equal(story.refusalOf(goOn("gamma")), "go-on-over");
    concludes(story.does(goOn("alpha")));
    assert.equal(story.refusalOf(goOn("beta")), "go-on-over");
  });

  it("waits for the owners of each site that has not answered, as their home says", () => {
    const story = asked().does(goOn("beta"));
    const waits = (name: string) => waitingFor(ownerOf(name), story.federation, story.context).map(({ kind }) => kind);
    assert.deepEqual(["alpha", "beta", "gamma"].map(waits), [["go-on"], [], ["go-on"]]);
    concludes(at(story, END));
    assert.deepEqual(["alpha", "beta", "gamma"].map(waits), [[], [], []]);
  });

  it("is not asked about while the federation is torn down, and anew when that is withdrawn", () => {
    const story = asked().does(goOn("alpha")).does(askTeardown());
    assert.deepEqual(outcomes(story), { alpha: "dropped", beta: "dropped", gamma: "dropped" });
    assert.deepEqual(due(at(story, END)), []);
    story.does(withdrawTeardown());
    assert.deepEqual(due(story), ["ask-to-go-on"]);
    asks(story);
    assert.deepEqual(due(story), []);
    assert.deepEqual(due(story.passes(DAY - HOUR)), ["remind-go-on alpha", "remind-go-on beta", "remind-go-on gamma"]);
  });

  it("leaves a day to answer when the bot was not there to ask in time", () => {
    const story = asks(at(running(), "2026-08-01T09:00:00.000Z"));
    assert.equal(story.federation.term?.question?.answerBy, "2026-08-02T09:00:00.000Z");
    assert.equal(story.federation.term?.question?.until, "2026-10-30");
  });

  it("voids no approval when it moves: a retry begins with what was approved", () => {
    const story = asked();
    for (const name of ["alpha", "beta", "gamma"]) story.does(goOn(name));
    concludes(story);
    const { digest } = story.deployment("beta");
    story.happens({
      type: "site-failed",
      site: story.site("beta").name,
      reason: { code: "deployment-failed", detail: "" },
    });
    story.does(retry("beta")).begins("beta");
    assert.equal(story.deployment("beta").digest, digest);
  });

  it("is today's for a site that joins after it moved", () => {
    const story = aFederation({ zones: ["alpha", "beta"], until: UNTIL }).running();
    asks(at(story, "2026-06-24T00:00:00.000Z"));
    concludes(story.does(goOn("alpha")).does(goOn("beta")));
    story.does(requestSite("gamma")).planned();
    assert.equal(story.proposal("gamma").plan.until, "2026-09-28");
    assert.equal(story.proposal("beta").plan.until, UNTIL);
  });

  it("is over with the coordinator's own teardown, too", () => {
    const story = asked()
      .does(askTeardown(ownerOf("alpha")))
      .does(agreeTeardown("beta"));
    assert.equal(story.refusalOf(goOn("gamma")), "go-on-over");
  });
});
