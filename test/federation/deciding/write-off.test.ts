import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concludeTeardown } from "../../../src/federation/deciding/teardown.ts";
import { agreeTeardown, askTeardown, requestSite, retire, writeOff } from "../../builders/commands.ts";
import { aZone, sitesOf } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const conclude = (story: Story): Story => story.takes(concludeTeardown(story.federation, story.context));
const without = (name: string) => ({
  sites: sitesOf(["alpha", "beta", "gamma"].filter((one) => one !== name).map((one) => aZone(one))),
});

describe("a zone that has left the zones file", () => {
  it("is told, and the site is unknown, not up", () => {
    const story = aFederation().running().inContext(without("gamma")).watchesAll(40);
    const codes = [...story.federation.conditions.values()].map(({ subject, code }) => [subject, code]);
    assert.deepEqual(codes, [[{ kind: "zone", zone: "gamma" }, "zone-left-file"]]);
    assert.deepEqual([story.status("beta"), story.status("gamma")], ["up", "unknown"]);
  });

  it("is well again when it is put back", () => {
    const story = aFederation().running().inContext(without("gamma")).watchesAll(40);
    story.inContext({ sites: sitesOf(["alpha", "beta", "gamma"].map((one) => aZone(one))) }).watchesAll(40);
    assert.equal(story.status("gamma"), "up");
  });

  it("has no owners who could end its part; the operator writes it off, and the others go on", () => {
    const story = aFederation().running().inContext(without("gamma"));
    assert.equal(story.refusalOf(retire("gamma")), "not-an-owner");
    story.does(writeOff("gamma"));
    assert.equal(story.site("gamma").excluded, "written-off");
    assert.equal(story.site("gamma").deployment, null);
    assert.deepEqual(story.due(), ["deliver-admissions alpha"]);
    assert.equal(story.status("beta"), "up");
    assert.deepEqual(
      [...story.watchesAll(40).federation.conditions.values()].filter(({ raised }) => raised),
      [],
    );
  });

  it("does not hold a teardown up once it is written off", () => {
    const story = aFederation().running().inContext(without("gamma")).does(askTeardown());
    story.does(agreeTeardown("alpha")).does(agreeTeardown("beta")).removes("beta");
    assert.equal(story.due().includes("conclude-teardown"), false);
    conclude(story.does(writeOff("gamma")));
    conclude(story.removes("alpha"));
    assert.equal(story.federation.ended?.cause, "torn-down");
  });

  it("takes what was still to be removed there with it", () => {
    const story = aFederation().running().does(retire("gamma")).inContext(without("gamma"));
    assert.equal(story.site("gamma").removals.length, 1);
    story.does(writeOff("gamma"));
    assert.deepEqual(story.site("gamma").removals, []);
    assert.equal(story.refusalOf(writeOff("gamma")), "nothing-to-write-off");
  });

  it("can be asked for again when it is back", () => {
    const story = aFederation().running().does(writeOff("gamma"));
    assert.equal(story.refusalOf(requestSite("gamma")), null);
  });
});

describe("a coordinator that is written off", () => {
  it("leaves the others to be ended by their owners: they are asked at once, by nobody", () => {
    const story = aFederation().running().inContext(without("alpha")).does(writeOff("alpha"));
    assert.equal(story.federation.teardown?.askedBy, null);
    assert.equal(story.site("alpha").teardown, null);
    for (const name of ["beta", "gamma"]) story.does(agreeTeardown(name)).removes(name);
    conclude(story);
    assert.equal(story.federation.ended?.cause, "torn-down");
    assert.deepEqual(story.due(), ["destroy-authority"]);
  });

  it("before anything runs ends the request", () => {
    const story = aFederation().approved().inContext(without("alpha")).does(writeOff("alpha"));
    assert.deepEqual(story.due(), ["conclude-teardown"]);
    assert.notEqual(conclude(story).federation.ended, null);
  });

  it("while a teardown is under way is waited for no longer", () => {
    const story = aFederation().running().does(askTeardown()).inContext(without("alpha"));
    for (const name of ["beta", "gamma"]) story.does(agreeTeardown(name)).removes(name);
    conclude(story.does(writeOff("alpha")));
    assert.equal(story.federation.ended?.cause, "torn-down");
  });
});
