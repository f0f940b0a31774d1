import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  agreeTeardown,
  askTeardown,
  concludeTeardown,
  requestSite,
  retrySite,
  stopCoordinatorSoon,
} from "../../../src/federation/deciding/lifecycle.ts";
import type { CardId } from "../../../src/federation/model/identity.ts";
import { cardId } from "../../../src/federation/model/identity.ts";
import { dueTasks } from "../../../src/federation/running/due-tasks.ts";
import {
  aZone,
  HOUR,
  MINUTE,
  ownerOf,
  REQUESTER,
  STRANGER,
  zone,
  zoneNames,
  zonesOf,
} from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const refusalOf = (decision: { readonly ok: boolean }): unknown => ("refusal" in decision ? decision.refusal : "none");

const card = (story: Story, name: string): CardId => {
  const { teardown } = story.site(name);
  if (teardown === null) throw new Error(`${name} was not asked.`);
  return teardown.card;
};
const asked = (by = REQUESTER): Story => {
  const story = aFederation().running();
  return story.takes(askTeardown(story.federation, story.context, by));
};
const agree = (story: Story, name: string, by = ownerOf(name)) =>
  agreeTeardown(story.federation, story.context, { card: card(story, name), by, decision: `${name} agrees` });
const stopSoon = (story: Story, by = ownerOf("alpha")) =>
  stopCoordinatorSoon(story.federation, story.context, card(story, "alpha"), by);
const conclude = (story: Story): Story => story.takes(concludeTeardown(story.federation, story.context));
const tasks = (story: Story): readonly string[] => dueTasks(story.federation, story.context).map(({ kind }) => kind);

function removed(story: Story, name: string): Story {
  for (const { serviceId } of story.site(name).removals) {
    story.zone(name).removeService(serviceId);
    story.happens({ type: "service-removed", site: zone(name), serviceId });
  }
  return story;
}

describe("a teardown", () => {
  it("may be asked for by the requester and every owner, and by nobody else", () => {
    const story = aFederation().running();
    assert.equal(refusalOf(askTeardown(story.federation, story.context, STRANGER)), "not-visible");
    for (const person of [REQUESTER, ownerOf("alpha"), ownerOf("beta", 2), ownerOf("gamma")]) {
      assert.equal(asked(person).federation.teardownAskedBy, person);
    }
  });

  it("asked for twice is asked for once", () => {
    const story = asked();
    assert.deepEqual(askTeardown(story.federation, story.context, ownerOf("beta")), { ok: true, events: [] });
  });

  it("asks every owner of a zone where something runs, each on a card of its own", () => {
    const story = asked();
    const cards = ["alpha", "beta", "gamma"].map((name) => card(story, name));
    assert.equal(new Set(cards).size, 3);
    assert.deepEqual(tasks(story), []);
  });

  it("each owner agrees for its own zone only", () => {
    const story = asked();
    assert.equal(refusalOf(agree(story, "beta", REQUESTER)), "not-an-owner");
    assert.equal(refusalOf(agree(story, "beta", ownerOf("alpha"))), "not-an-owner");
    story.takes(agree(story, "beta"));
    assert.equal(story.site("beta").run, null);
    assert.equal(story.site("gamma").status, "up");
    assert.deepEqual(tasks(story), ["remove-service", "deliver-admissions"]);
  });

  it("an owner who agrees twice has agreed once", () => {
    const story = asked();
    story.takes(agree(story, "beta"));
    assert.deepEqual(agree(story, "beta"), { ok: true, events: [] });
    assert.deepEqual(agree(story, "beta", ownerOf("beta", 2)), { ok: true, events: [] });
  });

  it("needs to have been asked for", () => {
    const story = aFederation().running();
    const ballot = { card: story.proposal("beta").card, by: ownerOf("beta"), decision: "d" };
    assert.equal(refusalOf(agreeTeardown(story.federation, story.context, ballot)), "teardown-not-asked");
    const unknown = { ...ballot, card: cardId.parse("kzzzzzzzzzzzzzzz") };
    assert.equal(refusalOf(agreeTeardown(story.federation, story.context, unknown)), "unknown-card");
  });

  it("removes training sites first and the coordinator last, then destroys the authority and ends", () => {
    const story = asked();
    story.takes(agree(story, "alpha")).takes(agree(story, "beta"));
    assert.deepEqual(concludeTeardown(story.federation, story.context), { ok: true, events: [] });
    removed(story.takes(agree(story, "gamma")), "beta");
    assert.deepEqual(concludeTeardown(story.federation, story.context), { ok: true, events: [] });
    removed(story, "gamma");
    assert.ok(tasks(story).includes("conclude-teardown"));
    conclude(story);
    assert.equal(story.site("alpha").run, null);
    assert.deepEqual(concludeTeardown(story.federation, story.context), { ok: true, events: [] });
    conclude(removed(story, "alpha"));
    assert.equal(story.federation.ended?.cause, "torn-down");
    assert.deepEqual(tasks(story), ["destroy-authority"]);
    assert.deepEqual(tasks(story.happens({ type: "authority-destroyed" })), []);
  });

  it("a zone that does not answer is waited for: its service stays to be removed, and the federation does not end", () => {
    const story = asked();
    story.takes(agree(story, "alpha")).takes(agree(story, "beta")).takes(agree(story, "gamma"));
    removed(story, "beta");
    const [removal] = story.site("gamma").removals;
    story.happens({
      type: "removal-delayed",
      site: zone("gamma"),
      serviceId: removal?.serviceId ?? 0,
      reason: { code: "zone-unreachable", detail: "ECONNREFUSED" },
    });
    assert.deepEqual(concludeTeardown(story.federation, story.context), { ok: true, events: [] });
    assert.ok(tasks(story).includes("remove-service"));
    assert.equal(story.site("gamma").removals[0]?.delayed?.code, "zone-unreachable");
  });

  it("of a federation where nothing runs ends it at once", () => {
    const story = aFederation().approved();
    conclude(story.takes(askTeardown(story.federation, story.context, REQUESTER)));
    assert.equal(story.federation.ended?.cause, "torn-down");
    assert.equal(refusalOf(askTeardown(story.federation, story.context, REQUESTER)), "federation-ended");
  });

  it("starts nothing new: no site begins, joins or is retried", () => {
    const zones = zonesOf(zoneNames(4).map((name) => aZone(name)));
    const story = aFederation({ context: { zones } }).trusted();
    assert.deepEqual(tasks(story), ["begin", "begin"]);
    story.takes(askTeardown(story.federation, story.context, REQUESTER));
    assert.deepEqual(tasks(story), []);
    const wish = { zone: zone("delta"), role: "training", superNodes: 1 } as const;
    assert.equal(refusalOf(requestSite(story.federation, story.context, wish, REQUESTER)), "federation-ended");
    const retry = retrySite(story.federation, story.context, zone("alpha"), ownerOf("alpha"));
    assert.equal(refusalOf(retry), "federation-ended");
  });
});

describe("the coordinator's owner", () => {
  it("may stop without waiting for the others, who are warned an hour before", () => {
    const story = asked();
    story.takes(stopSoon(story)).passes(HOUR - MINUTE);
    assert.deepEqual(concludeTeardown(story.federation, story.context), { ok: true, events: [] });
    conclude(story.passes(MINUTE));
    assert.equal(story.site("alpha").run, null);
    assert.notEqual(story.site("beta").run, null);
    assert.equal(story.federation.ended, null);
  });

  it("announces it once", () => {
    const story = asked();
    story.takes(stopSoon(story));
    assert.deepEqual(stopSoon(story.passes(MINUTE)), { ok: true, events: [] });
  });

  it("is the only one who can, on the coordinator's own card, while it runs", () => {
    const story = asked();
    assert.equal(refusalOf(stopSoon(story, ownerOf("beta"))), "not-an-owner");
    const onBeta = stopCoordinatorSoon(story.federation, story.context, card(story, "beta"), ownerOf("beta"));
    assert.equal(refusalOf(onBeta), "unknown-card");
    conclude(story.takes(stopSoon(story)).passes(HOUR));
    assert.equal(refusalOf(stopSoon(story)), "nothing-runs");
    const early = aFederation().running();
    const { card: approval } = early.proposal("alpha");
    const unasked = stopCoordinatorSoon(early.federation, early.context, approval, ownerOf("alpha"));
    assert.equal(refusalOf(unasked), "teardown-not-asked");
  });
});
