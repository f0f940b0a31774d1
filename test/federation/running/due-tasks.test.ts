import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askPreflightAgain } from "../../../src/federation/deciding/lifecycle.ts";
import type { ReasonCode } from "../../../src/federation/model/reasons.ts";
import { awaitedSince, dueTasks, type Task, taskKey } from "../../../src/federation/running/due-tasks.ts";
import { DAY, MINUTE, ownerOf, REQUESTER, SECOND, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const tasks = (story: Story): readonly Task[] => dueTasks(story.federation, story.context);
const kinds = (story: Story): readonly string[] =>
  tasks(story).map((task) => ("site" in task ? `${task.kind} ${task.site}` : task.kind));
const fails = (story: Story, name: string, code: ReasonCode): Story =>
  story.happens({ type: "site-failed", site: zone(name), reason: { code, detail: "" } });

describe("what is due", () => {
  it("is one wave after the other: plan, coordinator, then all training sites at once", () => {
    const story = aFederation();
    assert.deepEqual(kinds(story), ["propose"]);
    assert.deepEqual(kinds(story.planned()), []);
    assert.deepEqual(kinds(story.approvedBy("beta").approvedBy("gamma")), []);
    assert.deepEqual(kinds(story.approvedBy("alpha")), ["begin alpha"]);
    assert.deepEqual(kinds(story.begins("alpha")), ["register-template alpha"]);
    story.happens({ type: "template-registered", site: zone("alpha"), templateId: 5 });
    assert.deepEqual(kinds(story), ["create-service alpha"]);
    assert.deepEqual(kinds(story.creates("alpha").observes("alpha")), []);
    story.says("alpha", { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" }).observes("alpha");
    assert.deepEqual(kinds(story), ["certify alpha"]);
    assert.deepEqual(kinds(story.issues(1)), []);
    assert.deepEqual(kinds(story.says("alpha", story.announcement()).observes("alpha")), ["begin beta", "begin gamma"]);
  });

  it("the coordinator waits for the minimum number of approved training sites, and no longer", () => {
    const story = aFederation({ minimumTrainingSites: 2 }).planned().approvedBy("alpha").approvedBy("beta");
    assert.deepEqual(kinds(story), []);
    assert.deepEqual(kinds(story.approvedBy("gamma")), ["begin alpha"]);
  });

  it("a training site approved late begins when it is approved; nobody waits for it", () => {
    const story = aFederation().planned().approvedBy("alpha").approvedBy("beta").trusted();
    assert.deepEqual(kinds(story), ["begin beta"]);
    story.joins("beta");
    assert.deepEqual(kinds(story.approvedBy("gamma")), ["begin gamma"]);
  });

  it("a certificate that was issued and not delivered is delivered", () => {
    const story = aFederation().approved().deployed("alpha").certified();
    const undelivered = story.recorded.findLast(({ event }) => event.type === "certificate-issued")?.event;
    assert.ok(undelivered?.type === "certificate-issued");
    story.happens({ ...undelivered, serial: "2" });
    assert.deepEqual(kinds(story), ["deliver-certificate alpha"]);
  });

  it("a certificate is renewed at half of its life, and when its guest asks with another request", () => {
    const story = aFederation().running();
    assert.deepEqual(kinds(story.passes(15 * DAY - MINUTE)), []);
    assert.deepEqual(kinds(story.passes(MINUTE)), ["certify alpha"]);
    assert.deepEqual(kinds(story.issues(2)), []);
    story.says("alpha", { FL_TLS_CSR: "another request" }).observes("alpha");
    assert.deepEqual(kinds(story), ["certify alpha"]);
  });

  it("a federation that runs has nothing due", () => {
    assert.deepEqual(tasks(aFederation().running()), []);
  });

  it("the same task has the same key, another has another", () => {
    const all: readonly Task[] = [
      { kind: "propose" },
      { kind: "begin", site: zone("beta") },
      { kind: "begin", site: zone("gamma") },
      { kind: "judge-key", site: zone("beta"), vmId: 1 },
      { kind: "judge-key", site: zone("beta"), vmId: 2 },
      { kind: "certify", site: zone("beta"), vmId: 1 },
      { kind: "time-out", site: zone("beta"), code: "boot-timeout" },
      { kind: "time-out", site: zone("beta"), code: "serve-timeout" },
    ];
    assert.equal(new Set(all.map(taskKey)).size, all.length);
    assert.equal(taskKey({ kind: "begin", site: zone("beta") }), taskKey({ kind: "begin", site: zone("beta") }));
  });
});

describe("time", () => {
  it("reminds owners who have not decided, once, and expires what they do not decide", () => {
    const story = aFederation().planned().approvedBy("alpha").approvedBy("gamma").begins("alpha");
    const due = (): readonly string[] => kinds(story).filter((kind) => !kind.startsWith("register"));
    assert.deepEqual(due(), []);
    story.passes(2 * DAY);
    assert.deepEqual(due(), ["remind beta"]);
    story.happens({ type: "reminder-due", site: zone("beta") });
    assert.deepEqual(due(), []);
    story.passes(5 * DAY);
    assert.deepEqual(due(), ["expire"]);
  });

  it("a guest that does not report in time is told, from the creation of its service on", () => {
    const story = aFederation()
      .approved()
      .deployed("alpha")
      .passes(20 * MINUTE);
    assert.deepEqual(tasks(story), [{ kind: "time-out", site: "alpha", code: "boot-timeout" }]);
    assert.deepEqual(kinds(fails(story, "alpha", "boot-timeout")), []);
  });

  it("a training site whose SuperNodes have not all reported is late too", () => {
    const story = aFederation().trusted().deployed("beta").says("beta", { FL_NODE_KEY: "key" }).observes("beta");
    story.passes(20 * MINUTE);
    assert.ok(tasks(story).some((task) => task.kind === "time-out" && task.code === "boot-timeout"));
  });

  it("a guest that reported and does not serve in time is told", () => {
    const story = aFederation()
      .approved()
      .deployed("alpha")
      .certified()
      .passes(29 * MINUTE);
    assert.deepEqual(tasks(story), []);
    story.passes(2 * MINUTE);
    assert.deepEqual(tasks(story), [{ kind: "time-out", site: "alpha", code: "serve-timeout" }]);
  });

  it("a guest that is only late is still served when it comes", () => {
    const story = fails(aFederation().approved().deployed("alpha"), "alpha", "boot-timeout");
    story.says("alpha", { FL_TLS_CSR: "request" }).observes("alpha");
    assert.deepEqual(kinds(story), ["certify alpha"]);
  });

  it("nothing is due at a site whose failure needs its owner", () => {
    for (const code of ["created-differs", "deployment-failed", "request-foreign-name"] as const) {
      const story = aFederation().approved().deployed("alpha");
      story.says("alpha", { FL_TLS_CSR: "request" }).observes("alpha");
      assert.deepEqual(kinds(fails(story, "alpha", code)), [], code);
    }
  });
});

describe("a zone that is in the way", () => {
  it("is looked at again only when somebody asks, if a person has to do something", () => {
    const story = aFederation()
      .shows("beta", (usual) => ({ ...usual, version: "6.10.0" }))
      .planned();
    assert.deepEqual(kinds(story), []);
    story.takes(askPreflightAgain(story.federation, story.context, REQUESTER));
    assert.deepEqual(kinds(story), ["propose"]);
  });

  it("is looked at again by itself, if what is wrong may pass", () => {
    const story = aFederation().hides("beta", { code: "zone-unreachable", detail: "" }).planned();
    assert.deepEqual(kinds(story), ["propose"]);
  });

  it("holds up its own site and no other", () => {
    const story = aFederation()
      .trusted()
      .shows("beta", (usual) => ({ ...usual, version: "6.10.0" }))
      .begins("beta");
    assert.deepEqual(kinds(story), ["begin gamma"]);
    story.takes(askPreflightAgain(story.federation, story.context, ownerOf("beta")));
    assert.deepEqual(kinds(story), ["begin beta", "begin gamma"]);
  });

  it("two zones with problems of their own are told of once each", () => {
    const story = aFederation().trusted();
    for (const name of ["beta", "gamma"]) story.hides(name, { code: "zone-unreachable", detail: "" }).begins(name);
    const { length } = story.recorded;
    story.begins("beta").begins("gamma");
    assert.equal(story.recorded.length, length);
  });
});

describe("how long something has been awaited", () => {
  it("is known while a site is on its way, and nothing is once it is up or stopped", () => {
    const story = aFederation().approved();
    assert.equal(awaitedSince(story.site("alpha")), null);
    story.deployed("alpha");
    assert.equal(awaitedSince(story.site("alpha")), story.context.now);
    story.passes(SECOND).trusted();
    assert.equal(awaitedSince(story.site("alpha")), null);
    const stopped = fails(aFederation().approved().deployed("alpha"), "alpha", "created-differs");
    assert.equal(awaitedSince(stopped.site("alpha")), null);
  });

  it("counts from the removal while one is under way", () => {
    const story = aFederation().running().passes(DAY);
    story.happens({ type: "site-retired", site: zone("beta"), by: ownerOf("beta") });
    assert.equal(awaitedSince(story.site("beta")), story.context.now);
  });
});
