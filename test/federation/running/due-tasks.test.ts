import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digest } from "../../../src/federation/model/identity.ts";
import type { ReasonCode } from "../../../src/federation/model/reasons.ts";
import { awaitedSince, type Task, taskKey } from "../../../src/federation/running/due-tasks.ts";
import { checkAgain, retire, retry } from "../../builders/commands.ts";
import { aZone, DAY, MINUTE, ownerOf, SECOND, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const kinds = (story: Story): readonly string[] =>
  story.tasks().map((task) => ("site" in task ? `${task.kind} ${task.site}` : task.kind));
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
    assert.deepEqual(kinds(story), ["create alpha"]);
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
    assert.deepEqual(kinds(story.joins("beta").approvedBy("gamma")), ["begin gamma"]);
  });

  it("a training site waits while the SuperLink lies, and begins once its owner has replaced it", () => {
    const story = fails(aFederation().trusted(), "alpha", "false-authority");
    assert.deepEqual(kinds(story), []);
  });

  it("a certificate that was issued and not delivered is delivered", () => {
    const story = aFederation().approved().deployed("alpha").certified();
    const undelivered = story.recorded.findLast(({ event }) => event.type === "certificate-issued")?.event;
    assert.ok(undelivered?.type === "certificate-issued");
    assert.deepEqual(kinds(story.happens({ ...undelivered, serial: "2" })), ["deliver-certificate alpha"]);
  });

  it("a federation that runs has nothing due", () => {
    assert.deepEqual(aFederation().running().tasks(), []);
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
      { kind: "remove", site: zone("beta"), removal: "oneflow 1" },
      { kind: "remove", site: zone("beta"), removal: "tag 1" },
    ];
    assert.equal(new Set(all.map(taskKey)).size, all.length);
    assert.equal(taskKey({ kind: "begin", site: zone("beta") }), taskKey({ kind: "begin", site: zone("beta") }));
  });
});

describe("a certificate", () => {
  it("is renewed at half of its life, and when its guest asks with another request", () => {
    const story = aFederation().running();
    assert.deepEqual(kinds(story.passes(15 * DAY - MINUTE)), []);
    assert.deepEqual(kinds(story.passes(MINUTE)), ["certify alpha"]);
    assert.deepEqual(kinds(story.issues(2)), []);
    story.says("alpha", { FL_TLS_CSR: "another request" }).observes("alpha");
    assert.deepEqual(kinds(story), ["certify alpha"]);
  });

  it("is renewed also while another version of its site waits for its owner, or was dropped", () => {
    const story = aFederation().running();
    story.happens({ ...planned(story, "alpha"), card: story.context.newCard() });
    assert.equal(story.site("alpha").approvalState, "pending");
    assert.ok(kinds(story.passes(15 * DAY)).includes("certify alpha"));
    story.happens({ type: "proposal-dropped", site: zone("alpha"), cause: "expired" });
    assert.ok(kinds(story).includes("certify alpha"));
  });

  it("is issued a few times only in half of its life, whatever its guest asks; then its site says so", () => {
    const story = aFederation().trusted();
    let issued = 0;
    for (let nth = 0; nth < 50; nth += 1) {
      story.says("alpha", { FL_TLS_CSR: `request ${nth}` }).observes("alpha");
      if (!kinds(story).includes("certify alpha")) continue;
      story.issues(100 + nth);
      issued += 1;
    }
    assert.equal(issued, 3, "with the first one four in all");
    story.watches("alpha", 40);
    const codes = [...story.federation.conditions.values()].map(({ code }) => code);
    assert.ok(codes.includes("certificate-requests"));
  });

  it("is issued again once half of a life has passed", () => {
    const story = aFederation().trusted();
    for (let nth = 0; nth < 50; nth += 1) {
      story.says("alpha", { FL_TLS_CSR: `request ${nth}` }).observes("alpha");
      if (kinds(story).includes("certify alpha")) story.issues(100 + nth);
    }
    assert.deepEqual(kinds(story.passes(15 * DAY)).includes("certify alpha"), true);
  });
});

/** The newest version of a site's plan, with something changed, as it would be proposed. */
function planned(story: Story, name: string) {
  const found = story.recorded.findLast(({ event }) => event.type === "site-planned" && event.site === name)?.event;
  assert.ok(found?.type === "site-planned");
  return { ...found, cause: "zone-changed", digest: digest.parse("1".repeat(64)) } as const;
}

describe("time", () => {
  it("reminds owners who have not decided, once, and expires what they do not decide", () => {
    const story = aFederation().planned().approvedBy("alpha").approvedBy("gamma").trusted();
    const due = (): readonly string[] => kinds(story).filter((kind) => kind === "expire" || kind.startsWith("remind"));
    assert.deepEqual(due(), []);
    story.passes(2 * DAY);
    assert.deepEqual(due(), ["remind beta"]);
    story.happens({ type: "reminder-due", site: zone("beta") });
    assert.deepEqual(due(), []);
    story.passes(5 * DAY);
    assert.deepEqual(due(), ["expire"]);
  });

  it("nothing that was asked for is created for ever: the create is told to be late, and goes on", () => {
    const story = aFederation().approved().begins("alpha");
    assert.deepEqual(kinds(story.passes(20 * MINUTE)), ["register-template alpha"]);
    assert.deepEqual(story.passes(MINUTE).due(), ["time-out alpha create-timeout", "register-template alpha"]);
    assert.deepEqual(kinds(fails(story, "alpha", "create-timeout")), ["register-template alpha"]);
    assert.equal(story.refusalOf(retry("alpha")), null);
  });

  it("a guest that does not report in time is told, from the creation of its service on", () => {
    const story = aFederation()
      .approved()
      .deployed("alpha")
      .passes(20 * MINUTE);
    assert.deepEqual(story.due(), ["time-out alpha boot-timeout"]);
    assert.deepEqual(kinds(fails(story, "alpha", "boot-timeout")), []);
  });

  it("what came while this program did not run is not late: it is looked for first", () => {
    const story = aFederation()
      .approved()
      .deployed("alpha")
      .restarts()
      .passes(25 * MINUTE);
    assert.deepEqual(story.due(), []);
    story.says("alpha", { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" }).observes("alpha");
    assert.deepEqual(kinds(story), ["certify alpha"]);
    const silent = aFederation()
      .approved()
      .deployed("alpha")
      .restarts()
      .passes(25 * MINUTE);
    assert.deepEqual(silent.observes("alpha").due(), ["time-out alpha boot-timeout"]);
  });

  it("a training site whose SuperNodes have not all reported is late too", () => {
    const story = aFederation().trusted().deployed("beta").publishes("beta", 0, "one").observes("beta");
    assert.ok(
      story
        .passes(21 * MINUTE)
        .due()
        .includes("time-out beta boot-timeout"),
    );
  });

  it("a guest that reported and does not serve in time is told", () => {
    const story = aFederation()
      .approved()
      .deployed("alpha")
      .certified()
      .passes(29 * MINUTE);
    assert.deepEqual(story.due(), []);
    assert.deepEqual(story.passes(2 * MINUTE).due(), ["time-out alpha serve-timeout"]);
  });

  it("a guest that is only late is still served when it comes, and its site is well again", () => {
    const story = fails(aFederation().approved().deployed("alpha"), "alpha", "boot-timeout");
    story.says("alpha", { FL_TLS_CSR: "request" }).observes("alpha");
    assert.deepEqual(kinds(story), ["certify alpha"]);
    assert.equal(story.trusted().deployment("alpha").failure, null);
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
    assert.deepEqual(kinds(story.does(checkAgain())), ["propose"]);
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
    assert.deepEqual(kinds(story.does(checkAgain(ownerOf("beta")))), ["begin beta", "begin gamma"]);
  });

  it("two zones with problems of their own are told of once each", () => {
    const story = aFederation().trusted();
    for (const name of ["beta", "gamma"]) story.hides(name, { code: "zone-unreachable", detail: "" }).begins(name);
    const { length } = story.recorded;
    assert.equal(story.begins("beta").begins("gamma").recorded.length, length);
  });
});

describe("just before a site is created", () => {
  const others = aZone("beta", { owners: [ownerOf("beta", 2)] });

  it("those who approved are still owners and as many as are needed, or it is asked again", () => {
    for (const changed of [others, aZone("beta", { quorum: 2 })]) {
      const story = aFederation().trusted();
      story.inContext({ sites: sitesOf([aZone("alpha"), changed, aZone("gamma")]) });
      const { card } = story.proposal("beta");
      story.begins("beta");
      assert.equal(story.recorded.at(-1)?.event.type, "approval-lapsed");
      assert.equal(story.site("beta").approvalState, "pending");
      assert.equal(story.proposal("beta").card, card, "the same version on the same card");
      assert.deepEqual(kinds(story), ["begin gamma"]);
      story.approvedBy("beta", ownerOf("beta", 2));
      assert.ok(kinds(story).includes("begin beta"));
      assert.equal(story.begins("beta").deployment("beta").attempt, 1);
    }
  });

  it("and what is asked again has the whole time to be decided", () => {
    const story = aFederation()
      .trusted()
      .passes(6 * DAY);
    story.inContext({ sites: sitesOf([aZone("alpha"), others, aZone("gamma")]) }).begins("beta");
    assert.equal(kinds(story.passes(5 * DAY)).includes("expire"), false);
    assert.equal(kinds(story.passes(2 * DAY)).includes("expire"), true);
  });
});

describe("how long something has been awaited", () => {
  it("is known while a site is on its way, and nothing is once it is up or stopped", () => {
    const story = aFederation().approved();
    assert.equal(awaitedSince(story.federation, story.site("alpha")), null);
    story.deployed("alpha");
    assert.equal(awaitedSince(story.federation, story.site("alpha")), story.context.now);
    story.passes(SECOND).trusted();
    assert.equal(awaitedSince(story.federation, story.site("alpha")), null);
    const stopped = fails(aFederation().approved().deployed("alpha"), "alpha", "created-differs");
    assert.equal(awaitedSince(stopped.federation, stopped.site("alpha")), null);
  });

  it("is known of the coordinator's zone too while SuperNodes that told their keys are not seen by the SuperLink", () => {
    const story = aFederation().trusted().deployed("beta");
    assert.equal(awaitedSince(story.federation, story.site("alpha")), null);
    story.passes(SECOND).publishes("beta", 0, "some key").observes("beta");
    assert.equal(awaitedSince(story.federation, story.site("alpha")), story.context.now);
    story.passes(SECOND).joins("beta");
    assert.equal(awaitedSince(story.federation, story.site("alpha")), null);
  });

  it("counts from the removal while one is under way", () => {
    const story = aFederation().running().passes(DAY).does(retire("beta"));
    assert.equal(awaitedSince(story.federation, story.site("beta")), story.context.now);
  });
});
