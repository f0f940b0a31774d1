import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodePem } from "../../../src/guest-protocol/certificates.ts";
import { AUTHORITY } from "../../builders/chronicle.ts";
import { retry } from "../../builders/commands.ts";
import { DAY } from "../../builders/decision-context.ts";
import { aFederation, certificateFingerprint, type Story } from "../../builders/federation.ts";

const kinds = (story: Story): readonly string[] => story.tasks().map(({ kind }) => kind);
const failure = (story: Story, name: string): unknown => story.deployment(name).failure?.reason.code;
/** What a look tells that was not known before. */
const news = (story: Story, name: string): readonly string[] => {
  const { length } = story.recorded;
  return story.observes(name).typesSince(length);
};

describe("a SuperLink's announcement", () => {
  const announces = (changes: Readonly<Record<string, string>>): Story => {
    const story = aFederation().approved().deployed("alpha").certified();
    return story.says("alpha", { ...story.announcement(), ...changes }).observes("alpha");
  };
  const otherCa = AUTHORITY.certificate.replace("Zmxv", "ZXZp");

  it("that is all that was approved makes the coordinator trusted", () => {
    const story = announces({});
    assert.notEqual(story.federation.trustedAt, null);
    assert.equal(story.federation.verifiedVm, story.vm("alpha").vmId);
    assert.deepEqual(kinds(story), ["begin", "begin"]);
  });

  const lies: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ["another address", { FL_ENDPOINT: "evil.example.org:9092" }, "false-endpoint"],
    ["another port", { FL_ENDPOINT: "203.0.113.20:1" }, "false-endpoint"],
    ["no address", { FL_ENDPOINT: "" }, "false-endpoint"],
    ["another CA", { FL_CA_CERT: encodePem([otherCa]) }, "false-authority"],
    ["the CA and another", { FL_CA_CERT: encodePem([AUTHORITY.certificate, otherCa]) }, "false-authority"],
    ["a CA that cannot be read", { FL_CA_CERT: "!" }, "false-authority"],
    ["another certificate", { FL_TLS_FINGERPRINT: certificateFingerprint(9) }, "false-certificate"],
    ["another Flower version", { FL_VERSION: "1.25.0" }, "wrong-version"],
  ];
  for (const [what, changes, code] of lies) {
    it(`of ${what} stops the rollout and is told once`, () => {
      const story = announces(changes);
      assert.equal(failure(story, "alpha"), code);
      assert.equal(story.federation.trustedAt, null);
      assert.deepEqual(kinds(story), []);
      assert.deepEqual(news(story, "alpha"), []);
    });
  }

  it("that was false once is not believed when it becomes right: an owner has to retry", () => {
    const story = announces({ FL_ENDPOINT: "evil.example.org:9092" });
    story.says("alpha", story.announcement()).observes("alpha");
    assert.equal(story.federation.trustedAt, null);
    assert.deepEqual(kinds(story), []);
    assert.notEqual(story.does(retry("alpha")).trusted().federation.trustedAt, null);
  });

  it("before it was given a certificate is a lie", () => {
    const story = aFederation().approved().deployed("alpha");
    story.says("alpha", { ...story.announcement() }).observes("alpha");
    assert.equal(failure(story, "alpha"), "false-certificate");
  });

  it("does not count while it is not serving or no longer reports", () => {
    const story = aFederation().approved().deployed("alpha").certified();
    story.says("alpha", { ...story.announcement(), FL_STAGE: "starting" }).observes("alpha");
    assert.equal(story.federation.trustedAt, null);
    const { vmId } = story.vm("alpha");
    story.says("alpha", { FL_STAGE: "serving" }).observes("alpha", { silent: new Set([vmId]) });
    assert.equal(story.federation.trustedAt, null);
  });

  it("that becomes false later stops what has not begun", () => {
    const story = announces({});
    story.says("alpha", { FL_CA_CERT: encodePem([otherCa]) }).observes("alpha");
    assert.equal(failure(story, "alpha"), "false-authority");
    assert.deepEqual(kinds(story), []);
    story.says("alpha", { ...story.announcement(), FL_STAGE: "starting" }).observes("alpha");
    story.says("alpha", { FL_STAGE: "serving" }).observes("alpha");
    assert.equal(failure(story, "alpha"), "false-authority");
  });

  it("may still be of the certificate before, while a renewed one is on its way", () => {
    const story = announces({})
      .passes(16 * DAY)
      .issues(2)
      .observes("alpha");
    assert.equal(failure(story, "alpha"), undefined);
    story.says("alpha", { FL_TLS_FINGERPRINT: certificateFingerprint(2) }).observes("alpha");
    assert.equal(failure(story, "alpha"), undefined);
    story.says("alpha", { FL_TLS_FINGERPRINT: certificateFingerprint(3) }).observes("alpha");
    assert.equal(failure(story, "alpha"), "false-certificate");
  });
});
