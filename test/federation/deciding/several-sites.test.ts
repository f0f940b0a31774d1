/** A federation with two sites in one zone, and one whose coordinator's zone trains: what is decided concerns the site named. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conditionKey } from "../../../src/federation/model/conditions.ts";
import { adjust, approve, reboot, requestSite, retire, retry, writeOff } from "../../builders/commands.ts";
import { aZone, ownerOf, site, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const [HEARTS, PICTURES] = ["beta/hearts", "beta/pictures"];
const BESIDE = "alpha/training";
const SITES = ["alpha", BESIDE, "beta", HEARTS, PICTURES, "gamma"];
const several = (zones: readonly string[] = ["alpha", HEARTS, PICTURES, BESIDE]): Story =>
  aFederation({ zones, context: { sites: sitesOf(SITES.map((name) => aZone(name))) } });

describe("Sites of one zone", () => {
  it("come up each for itself, also beside the coordinator", () => {
    const story = several().running();
    assert.deepEqual(
      [HEARTS, PICTURES, BESIDE].map((name) => story.status(name)),
      ["up", "up", "up"],
    );
    assert.deepEqual(story.due(), []);
  });

  it("are approved by their own owners alone", () => {
    const story = several().planned();
    for (const person of [ownerOf(PICTURES), ownerOf("beta"), ownerOf("alpha")]) {
      assert.equal(story.refusalOf(approve(HEARTS, person)), "not-an-owner");
      assert.equal(story.refusalOf(adjust(HEARTS, {}, person)), "not-an-owner");
    }
    assert.equal(story.refusalOf(approve(HEARTS, ownerOf(HEARTS))), null);
  });

  it("are retried, rebooted and retired without the other", () => {
    const story = several().running();
    const { attempt } = story.deployment(PICTURES);
    story.zone("beta").changeVm(story.vm(HEARTS).vmId, (vm) => ({ ...vm, state: "poweroff" }));
    story.watchesAll(40);
    assert.deepEqual([story.status(HEARTS), story.status(PICTURES)], ["degraded", "up"]);
    assert.deepEqual([story.refusalOf(reboot(HEARTS)), story.refusalOf(reboot(PICTURES))], [null, "nothing-to-reboot"]);
    assert.deepEqual([story.refusalOf(retry(HEARTS)), story.refusalOf(retry(PICTURES))], [null, "nothing-to-retry"]);
    story.does(retire(HEARTS)).removes(HEARTS).watchesAll(5);
    assert.equal(story.site(HEARTS).deployment, null);
    assert.deepEqual([story.deployment(PICTURES).attempt, story.status(PICTURES)], [attempt, "up"]);
  });

  it("share what is said of their zone, which stays while one of them runs there", () => {
    const story = several().running().losesSightOf("beta").watches("alpha", 40);
    const away = conditionKey({ subject: { kind: "zone", zone: zone("beta") }, code: "zone-away" });
    assert.equal(story.federation.conditions.get(away)?.raised, true);
    assert.deepEqual(
      [HEARTS, PICTURES, BESIDE].map((name) => story.status(name)),
      ["unknown", "unknown", "up"],
    );
    story.does(retire(HEARTS));
    assert.equal(story.federation.conditions.get(away)?.raised, true);
    story.does(retire(PICTURES));
    assert.equal(story.federation.conditions.get(away), undefined);
  });

  it("are written off together with their zone", () => {
    const story = several().running().does(writeOff("beta"));
    assert.deepEqual(
      [HEARTS, PICTURES].map((name) => story.site(name).excluded),
      ["written-off", "written-off"],
    );
    assert.equal(story.status(BESIDE), "up");
    assert.equal(story.federation.ended, null);
  });

  it("are decided on by their zone's owners where their own entry has left the zones file, and are not planned anew", () => {
    const left = sitesOf(SITES.filter((name) => name !== HEARTS).map((name) => aZone(name)));
    const story = several().running().inContext({ sites: left });
    assert.equal(story.refusalOf(retire(HEARTS, ownerOf(HEARTS))), "not-an-owner");
    assert.equal(story.refusalOf(retire(HEARTS, ownerOf("beta"))), null);
    const asked = several().inContext({ sites: left }).planned();
    assert.deepEqual(asked.site(HEARTS).problems, [{ code: "site-left-file", detail: HEARTS }]);
  });

  it("join later beside each other, and beside the coordinator", () => {
    const story = several(["alpha", HEARTS]).running();
    assert.equal(story.refusalOf(requestSite(HEARTS)), "zone-already-in");
    for (const name of [PICTURES, BESIDE]) {
      story.does(requestSite(name)).planned();
      story.approvedBy(name, ownerOf(name)).approvedBy(name, ownerOf("alpha"), "admit").joins(name);
      assert.equal(story.status(name), "up");
    }
    assert.deepEqual([...story.federation.sites.keys()], ["alpha", HEARTS, PICTURES, BESIDE].map(site));
  });

  it("have pairs of tunnel addresses that nobody else has", () => {
    const crossing = { kind: "wireguard", hub: { host: "203.0.113.9", port: 51820 }, range: "10.99.0.0/24" } as const;
    const context = { sites: sitesOf(SITES.map((name) => aZone(name))) };
    const story = aFederation({ zones: ["alpha", HEARTS, PICTURES, BESIDE], crossing, context }).planned();
    const pairs = [HEARTS, PICTURES, BESIDE].map((name) => {
      const { link } = story.proposal(name).plan;
      return link.kind === "wireguard" ? link.pairs?.first : null;
    });
    assert.deepEqual(pairs, [0, 2, 4]);
  });
});
