import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concludeTeardown } from "../../../src/federation/deciding/teardown.ts";
import { cardId } from "../../../src/federation/model/identity.ts";
import {
  agreeTeardown,
  askTeardown,
  requestSite,
  retry,
  stopCoordinator,
  withdrawTeardown,
} from "../../builders/commands.ts";
import {
  aZone,
  HOUR,
  MINUTE,
  ownerOf,
  REQUESTER,
  STRANGER,
  sitesOf,
  zone,
  zoneNames,
} from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const NOTHING = { ok: true, events: [] };
const asked = (by = REQUESTER): Story => aFederation().running().does(askTeardown(by));
const conclude = (story: Story): Story => story.takes(concludeTeardown(story.federation, story.context));
const waits = (story: Story): void => assert.deepEqual(concludeTeardown(story.federation, story.context), NOTHING);
const kinds = (story: Story): readonly string[] => story.tasks().map(({ kind }) => kind);

describe("a teardown", () => {
  it("may be asked for by the requester and every owner, and by nobody else", () => {
    assert.equal(aFederation().running().refusalOf(askTeardown(STRANGER)), "not-visible");
    for (const person of [REQUESTER, ownerOf("alpha"), ownerOf("beta", 2), ownerOf("gamma")]) {
      assert.equal(asked(person).federation.teardown?.askedBy, person);
    }
  });

  it("asked for twice is asked for once", () => {
    assert.deepEqual(asked().decides(askTeardown(ownerOf("beta"))), NOTHING);
  });

  it("asks every owner of a zone where something runs, each on a card of its own", () => {
    const story = asked();
    const cards = ["alpha", "beta", "gamma"].map((name) => story.site(name).teardown?.card);
    assert.equal(new Set(cards).size, 3);
    assert.deepEqual(story.due(), []);
  });

  it("each owner agrees for its own zone only", () => {
    const story = asked();
    assert.equal(story.refusalOf(agreeTeardown("beta", REQUESTER)), "not-an-owner");
    assert.equal(story.refusalOf(agreeTeardown("beta", ownerOf("alpha"))), "not-an-owner");
    story.does(agreeTeardown("beta"));
    assert.equal(story.site("beta").deployment, null);
    assert.equal(story.status("gamma"), "up");
    assert.deepEqual(kinds(story), ["remove", "deliver-admissions"]);
  });

  it("an owner who agrees twice has agreed once", () => {
    const story = asked().does(agreeTeardown("beta"));
    assert.deepEqual(story.decides(agreeTeardown("beta")), NOTHING);
    assert.deepEqual(story.decides(agreeTeardown("beta", ownerOf("beta", 2))), NOTHING);
  });

  it("needs to have been asked for", () => {
    const story = aFederation().running();
    assert.equal(story.refusalOf(agreeTeardown("beta")), "teardown-not-asked");
    const unknown = { ...agreeTeardown("beta")(story), card: cardId.parse("kzzzzzzzzzzzzzzz") };
    assert.equal(story.refusalOf(unknown), "unknown-card");
  });

  it("removes training sites first and the coordinator last, then destroys the authority and ends", () => {
    const story = asked().does(agreeTeardown("alpha")).does(agreeTeardown("beta"));
    waits(story);
    waits(story.does(agreeTeardown("gamma")).removes("beta"));
    assert.ok(kinds(story.removes("gamma")).includes("conclude-teardown"));
    conclude(story);
    assert.equal(story.site("alpha").deployment, null);
    waits(story);
    conclude(story.removes("alpha"));
    assert.equal(story.federation.ended?.cause, "torn-down");
    assert.deepEqual(kinds(story), ["destroy-authority"]);
    assert.deepEqual(story.happens({ type: "authority-destroyed" }).due(), []);
  });

  it("waits for a zone that does not answer: what is to be removed stays so, and the federation does not end", () => {
    const story = asked();
    for (const name of ["alpha", "beta", "gamma"]) story.does(agreeTeardown(name));
    const [removal] = story.removes("beta").site("gamma").removals;
    story.happens({
      type: "removal-delayed",
      site: zone("gamma"),
      removal: removal?.key ?? "",
      reason: { code: "zone-unreachable", detail: "ECONNREFUSED" },
    });
    waits(story);
    assert.ok(kinds(story).includes("remove"));
    assert.equal(story.site("gamma").removals[0]?.delayed?.code, "zone-unreachable");
  });

  it("waits for a create whose answer was lost, as for anything that may run", () => {
    const story = aFederation({ zones: ["alpha", "beta"] })
      .approved()
      .begins("alpha");
    story.happens(
      { type: "template-registered", site: zone("alpha"), templateId: 5 },
      { type: "deployment-intended", site: zone("alpha"), sequence: 1, tag: "the lost one" },
    );
    conclude(story.does(askTeardown()).does(agreeTeardown("alpha")));
    assert.deepEqual(
      story.site("alpha").removals.map(({ ref, tag }) => [ref, tag]),
      [[null, "the lost one"]],
    );
    waits(story);
    assert.deepEqual(story.due(), ["remove alpha tag the lost one"]);
    conclude(story.happens({ type: "deployment-removed", site: zone("alpha"), removal: "tag the lost one" }));
    assert.equal(story.federation.ended?.cause, "torn-down");
  });

  it("waits for no create that the zone clearly refused", () => {
    const story = aFederation({ zones: ["alpha", "beta"] })
      .approved()
      .begins("alpha");
    story.happens(
      { type: "template-registered", site: zone("alpha"), templateId: 5 },
      { type: "deployment-intended", site: zone("alpha"), sequence: 1, tag: "refused" },
      { type: "deployment-postponed", site: zone("alpha"), tag: "refused" },
    );
    conclude(conclude(story.does(askTeardown()).does(agreeTeardown("alpha"))));
    assert.equal(story.federation.ended?.cause, "torn-down");
  });

  it("of a federation where nothing runs ends it at once", () => {
    const story = conclude(aFederation().approved().does(askTeardown()));
    assert.equal(story.federation.ended?.cause, "torn-down");
    assert.equal(story.refusalOf(askTeardown()), "federation-ended");
  });

  it("starts nothing new: no site begins, joins or is retried", () => {
    const zones = sitesOf(zoneNames(4).map((name) => aZone(name)));
    const story = aFederation({ context: { sites: zones } }).trusted();
    assert.deepEqual(kinds(story), ["begin", "begin"]);
    assert.deepEqual(kinds(story.does(askTeardown())), []);
    assert.equal(story.refusalOf(requestSite("delta")), "teardown-under-way");
    assert.equal(story.refusalOf(retry("alpha")), "teardown-under-way");
  });
});

describe("the coordinator's owner", () => {
  it("may stop without waiting for the others, who are warned an hour before", () => {
    const story = asked()
      .does(stopCoordinator("alpha"))
      .passes(HOUR - MINUTE);
    waits(story);
    conclude(story.passes(MINUTE));
    assert.equal(story.site("alpha").deployment, null);
    assert.notEqual(story.site("beta").deployment, null);
    assert.equal(story.federation.ended, null);
  });

  it("announces it once", () => {
    const story = asked().does(stopCoordinator("alpha")).passes(MINUTE);
    assert.deepEqual(story.decides(stopCoordinator("alpha")), NOTHING);
  });

  it("is the only one who can, on the coordinator's own card, while it runs", () => {
    const story = asked();
    assert.equal(story.refusalOf(stopCoordinator("alpha", ownerOf("beta"))), "not-an-owner");
    assert.equal(story.refusalOf(stopCoordinator("beta")), "unknown-card");
    conclude(story.does(stopCoordinator("alpha")).passes(HOUR));
    assert.equal(story.refusalOf(stopCoordinator("alpha")), "nothing-runs");
    assert.equal(aFederation().running().refusalOf(stopCoordinator("alpha")), "teardown-not-asked");
  });
});

describe("a teardown that is taken back", () => {
  it("is by whoever asked, and by nobody else", () => {
    const story = asked(ownerOf("beta"));
    for (const person of [REQUESTER, STRANGER, ownerOf("alpha")]) {
      assert.equal(story.refusalOf(withdrawTeardown(person)), "not-the-asker");
    }
    story.does(withdrawTeardown(ownerOf("beta")));
    assert.equal(story.federation.teardown, null);
    for (const name of ["alpha", "beta", "gamma"]) assert.equal(story.status(name), "up");
    assert.deepEqual(story.due(), []);
    assert.equal(story.refusalOf(withdrawTeardown(ownerOf("beta"))), "teardown-not-asked");
  });

  it("lets a site be tried again and asked for again, which it did not before", () => {
    const story = asked();
    assert.equal(story.refusalOf(requestSite("delta")), "teardown-under-way");
    assert.equal(story.refusalOf(retry("beta")), "teardown-under-way");
    story.does(withdrawTeardown());
    assert.equal(story.refusalOf(retry("beta")), "nothing-to-retry");
  });

  it("leaves out the sites whose owners had agreed, and never starts them again by itself", () => {
    const story = asked().does(agreeTeardown("alpha")).does(agreeTeardown("beta")).does(withdrawTeardown());
    assert.equal(story.site("beta").excluded, "retired");
    assert.equal(story.site("gamma").approvalState, "approved");
    assert.equal(story.status("alpha"), "up");
    story.removes("beta");
    assert.ok(!kinds(story).includes("begin"), kinds(story).join());
    waits(story);
  });

  it("once the coordinator's owner has said that it stops is for that zone's owners alone", () => {
    const story = asked().does(stopCoordinator("alpha"));
    assert.equal(story.refusalOf(withdrawTeardown(REQUESTER)), "stop-announced");
    story.does(withdrawTeardown(ownerOf("alpha", 2)));
    assert.equal(story.federation.stopAnnounced, null);
    story.passes(2 * HOUR);
    assert.equal(story.status("alpha"), "up");
  });

  it("is not once the coordinator is being removed", () => {
    const story = asked();
    for (const name of ["beta", "gamma"]) story.does(agreeTeardown(name)).removes(name);
    conclude(story.does(agreeTeardown("alpha")));
    assert.equal(story.refusalOf(withdrawTeardown()), "coordinator-removed");
  });

  it("leaves its cards known: whoever clicks on one is told that nobody asks any more", () => {
    const story = asked();
    const old = agreeTeardown("beta")(story);
    story.does(withdrawTeardown());
    assert.equal(story.refusalOf(old), "teardown-not-asked");
    story.does(askTeardown());
    assert.notEqual(story.site("beta").teardown?.card, old.card);
  });
});

describe("a teardown that nobody decides on", () => {
  const reminded = (story: Story): readonly string[] =>
    story.tasks().flatMap((task) => (task.kind === "remind-teardown" ? [task.site] : []));

  it("is brought to mind once, to the owners who have said nothing", () => {
    const story = asked().does(agreeTeardown("beta"));
    story.passes(story.context.policy.durations.approvalReminder - MINUTE);
    assert.deepEqual(reminded(story), []);
    story.passes(2 * MINUTE);
    assert.deepEqual(reminded(story), ["alpha", "gamma"]);
    for (const name of ["alpha", "gamma"]) story.happens({ type: "teardown-reminder-due", site: zone(name) });
    assert.deepEqual(reminded(story), []);
  });
});
