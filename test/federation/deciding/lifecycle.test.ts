import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canRetry } from "../../../src/federation/deciding/lifecycle.ts";
import { beginAttempt } from "../../../src/federation/proposing/proposal.ts";
import { approve, cancel, requestSite, retire } from "../../builders/commands.ts";
import { aZone, DAY, ownerOf, REQUESTER, STRANGER, sitesOf, zone, zoneNames } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";

describe("a federation", () => {
  it("is up when its SuperLink serves and sees every approved SuperNode", () => {
    const story = aFederation().running();
    assert.deepEqual(
      ["alpha", "beta", "gamma"].map((name) => story.status(name)),
      ["up", "up", "up"],
    );
    assert.notEqual(story.federation.readyAt, null);
  });
});

describe("cancelling", () => {
  it("is the requester's, while nothing has been created", () => {
    const story = aFederation().approved();
    assert.equal(story.refusalOf(cancel(ownerOf("alpha"))), "not-the-requester");
    assert.equal(aFederation().approved().begins("alpha").refusalOf(cancel()), "something-exists");
    story.does(cancel());
    assert.equal(story.federation.ended?.cause, "cancelled");
    assert.equal(story.refusalOf(cancel()), "federation-ended");
  });
});

describe("retiring a site", () => {
  it("is its owner's alone, at any time after it was planned", () => {
    for (const story of [aFederation().planned(), aFederation().approved(), aFederation().running()]) {
      assert.equal(story.refusalOf(retire("beta", REQUESTER)), "not-an-owner");
      assert.equal(story.refusalOf(retire("beta", ownerOf("alpha"))), "not-an-owner");
      story.does(retire("beta"));
      assert.equal(story.site("beta").excluded, "retired");
      assert.deepEqual(story.decides(retire("beta")), { ok: true, events: [] });
    }
  });

  it("revokes its keys and removes what runs; the others keep running", () => {
    const story = aFederation().running();
    const id = story.serviceId("beta");
    story.does(retire("beta"));
    assert.deepEqual(
      [...story.federation.keys.values()].filter(({ revoked }) => revoked).map(({ site }) => site),
      ["beta", "beta"],
    );
    assert.deepEqual(
      story.site("beta").removals.map(({ ref, cause }) => [ref, cause]),
      [[{ kind: "oneflow", id }, "retire"]],
    );
    assert.deepEqual(story.due(), [`remove beta oneflow ${id}`, "deliver-admissions alpha"]);
    assert.equal(story.status("gamma"), "up");
    const begun = beginAttempt(story.federation, zone("beta"), story.survey("beta"), story.context);
    assert.equal("refusal" in begun && begun.refusal, "not-open");
  });

  it("is not for the coordinator, whose end is a teardown", () => {
    assert.equal(aFederation().running().refusalOf(retire("alpha")), "coordinator-cannot-retire");
  });

  it("before anything was created ends the request when too few sites remain", () => {
    const story = aFederation({ minimumTrainingSites: 2 }).approved().does(retire("beta"));
    assert.equal(story.federation.ended?.cause, "too-few-sites");
  });

  it("takes the site's problems with it", () => {
    const story = aFederation()
      .trusted()
      .shows("beta", (usual) => ({ ...usual, version: "6.10.0" }))
      .begins("beta");
    assert.notDeepEqual(story.site("beta").problems, []);
    assert.deepEqual(story.does(retire("beta")).site("beta").problems, []);
    assert.deepEqual(story.due(), ["begin gamma"]);
  });

  it("lets nothing expire any more", () => {
    const story = aFederation().planned().does(retire("gamma")).approved();
    assert.equal(
      story
        .passes(8 * DAY)
        .due()
        .includes("expire"),
      false,
    );
  });

  it("ends what was told of it: its conditions go with it", () => {
    const story = aFederation().running();
    story.zone("beta").changeVm(story.vm("beta").vmId, (vm) => ({ ...vm, state: "failed" }));
    story.watches("beta", 40);
    assert.notEqual(story.federation.conditions.size, 0);
    assert.equal(story.does(retire("beta")).federation.conditions.size, 0);
    assert.equal(story.watchesAll(40).federation.conditions.size, 0);
  });
});

describe("a site that was retired", () => {
  it("can be asked again, under a new card; its old one decides nothing", () => {
    const story = aFederation().running();
    const old = approve("beta")(story);
    const { attempts, sequences } = story.site("beta");
    story.does(retire("beta")).removes("beta").does(requestSite("beta", 1));
    assert.equal(story.refusalOf({ ...old, key: "one" }), "card-superseded");
    story.planned();
    assert.equal(story.refusalOf({ ...old, key: "two" }), "card-superseded");
    story.approvedBy("beta").approvedBy("beta", ownerOf("alpha"), "admit").joins("beta");
    assert.equal(story.status("beta"), "up");
    assert.deepEqual([story.site("beta").attempts, story.site("beta").sequences], [attempts + 1, sequences + 1]);
  });

  it("can be asked again while what ran is still being removed, which ends first", () => {
    const story = aFederation().running().does(retire("beta")).does(requestSite("beta", 1)).planned();
    story.approvedBy("beta").approvedBy("beta", ownerOf("alpha"), "admit");
    assert.equal(story.due().includes("begin beta"), false);
    assert.ok(story.removes("beta").due().includes("begin beta"));
  });
});

describe("whether a site can be retried", () => {
  it("is so once it failed, is degraded or down", () => {
    const story = aFederation().running();
    const offered = () => canRetry(story.federation, story.site("beta"));
    assert.equal(offered(), false);
    for (const [nth, status] of ["degraded", "down"].entries()) {
      story.zone("beta").changeVm(story.vm("beta", nth).vmId, (vm) => ({ ...vm, state: "failed" }));
      story.watchesAll(40);
      assert.equal(story.status("beta"), status);
      assert.equal(offered(), true);
    }
  });

  it("is so when a SuperNode's key was not admitted, as soon as that is known", () => {
    const story = aFederation().running();
    const { vmId, seen } = story.vm("beta");
    const reason = { code: "key-proof" as const, detail: `VM ${vmId}` };
    story.happens({ type: "key-refused", site: zone("beta"), vmId, key: "somebody else's", reason });
    assert.equal(canRetry(story.federation, story.site("beta")), false, "it publishes its own again");
    story.happens({ type: "key-refused", site: zone("beta"), vmId, key: seen.key ?? "", reason });
    assert.equal(canRetry(story.federation, story.site("beta")), true);
  });
});

describe("a stranger", () => {
  it("may ask for nothing but a new federation", () => {
    const story = aFederation({ context: { sites: sitesOf(zoneNames(4).map((name) => aZone(name))) } }).running();
    assert.equal(story.refusalOf(cancel(STRANGER)), "not-the-requester");
    assert.equal(story.refusalOf(retire("beta", STRANGER)), "not-an-owner");
  });
});
