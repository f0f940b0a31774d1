import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retireSite } from "../../../src/federation/deciding/lifecycle.ts";
import { UNREADABLE_KEY } from "../../../src/federation/observing/vm-observation.ts";
import {
  admissionsDue,
  admittedKeys,
  judgeKey,
  type KeyClaim,
  mayTellAdmitted,
  revokedKeys,
} from "../../../src/federation/running/admission.ts";
import { dueTasks } from "../../../src/federation/running/due-tasks.ts";
import { ownerOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aNodeKey } from "../../builders/node-key.ts";

/** Beta's two VMs have come and gamma runs. */
const arrived = (): Story => aFederation().trusted().joins("gamma").deployed("beta");

const claim = (story: Story, name: string, nth: number, key: string, changes: Partial<KeyClaim> = {}): KeyClaim => {
  const { line, fingerprint } = aNodeKey(key);
  return {
    site: zone(name),
    vmId: story.guest(name, nth).vmId,
    key: fingerprint,
    publicKey: line,
    proven: true,
    ...changes,
  };
};
const judged = (story: Story, keyClaim: KeyClaim): readonly string[] =>
  judgeKey(story.federation, keyClaim).map((event) => (event.type === "key-refused" ? event.reason.code : event.type));
const admits = (story: Story, keyClaim: KeyClaim): Story => story.happens(...judgeKey(story.federation, keyClaim));
/** A SuperNode publishes a key, and the zone is looked at. */
const publishes = (story: Story, name: string, nth: number, key: string): Story =>
  story.says(name, { FL_STAGE: "awaiting-admission", FL_NODE_KEY: aNodeKey(key).line }, nth).observes(name);
const judgements = (story: Story): readonly number[] =>
  dueTasks(story.federation, story.context).flatMap((task) => (task.kind === "judge-key" ? [task.vmId] : []));

describe("a SuperNode's key", () => {
  it("is judged as soon as it is published, and once", () => {
    const story = publishes(arrived(), "beta", 0, "one");
    assert.deepEqual(judgements(story), [story.guest("beta", 0).vmId]);
    assert.deepEqual(judgements(admits(story, claim(story, "beta", 0, "one"))), []);
    assert.deepEqual(judged(story, claim(story, "beta", 0, "one")), []);
  });

  it("is admitted with a proof, up to the number of SuperNodes approved", () => {
    const story = arrived();
    assert.deepEqual(judged(story, claim(story, "beta", 0, "one")), ["key-accepted"]);
    admits(story, claim(story, "beta", 0, "one"));
    assert.deepEqual(judged(story, claim(story, "beta", 1, "two")), ["key-accepted"]);
  });

  it("is refused without proof", () => {
    const story = arrived();
    assert.deepEqual(judged(story, claim(story, "beta", 0, "one", { proven: false })), ["key-proof"]);
  });

  it("is refused when it cannot be read", () => {
    const story = arrived();
    const unreadable = claim(story, "beta", 0, "one", { key: UNREADABLE_KEY, publicKey: null });
    assert.deepEqual(judged(story, unreadable), ["key-malformed"]);
    story.says("beta", { FL_NODE_KEY: "ssh-rsa AAAA" }).observes("beta");
    assert.deepEqual(judgements(story), [story.guest("beta").vmId]);
    assert.deepEqual(judgements(admits(story, unreadable)), []);
  });

  it("that two VMs prove to hold is refused to both, in the same site and in another", () => {
    const story = arrived();
    admits(story, claim(story, "beta", 0, "one"));
    const toBoth = ["key-duplicate", "key-revoked", "key-duplicate"];
    assert.deepEqual(judged(story, claim(story, "beta", 1, "one")), toBoth);
    const ofGamma = `gamma/${story.guest("gamma").vmId}`;
    assert.deepEqual(judged(story, claim(story, "beta", 1, ofGamma)), toBoth);
    admits(story, claim(story, "beta", 1, ofGamma));
    assert.equal(story.federation.keys.get(aNodeKey(ofGamma).fingerprint)?.revoked, true);
  });

  it("that another VM published first without proof of the second harms nobody", () => {
    const story = arrived();
    admits(story, claim(story, "beta", 0, "one"));
    assert.deepEqual(judged(story, claim(story, "beta", 1, "one", { proven: false })), ["key-proof"]);
  });

  it("that was revoked once is never admitted again", () => {
    const story = aFederation().running();
    const stolen = `gamma/${story.guest("gamma").vmId}`;
    story.takes(retireSite(story.federation, story.context, zone("gamma"), ownerOf("gamma")));
    assert.deepEqual(judged(story, claim(story, "beta", 0, stolen)), ["key-duplicate"]);
  });

  it("beyond the number approved is refused, and judged again when there is room", () => {
    const story = arrived();
    for (const [nth, key] of ["one", "two"].entries())
      admits(publishes(story, "beta", nth, key), claim(story, "beta", nth, key));
    const { plan } = story.proposal("beta");
    const [first, second] = story.guests("beta");
    story.zone("beta").addVm({ ...story.vm("beta"), id: 9999, attributes: {} });
    story.observes("beta");
    publishes(story, "beta", 2, "three");
    assert.equal(plan.vms, 2);
    assert.deepEqual(judged(story, claim(story, "beta", 2, "three")), ["key-surplus"]);
    admits(story, claim(story, "beta", 2, "three"));
    assert.deepEqual(judgements(story), []);
    story.zone("beta").removeVm(first?.vmId ?? 0);
    story.observes("beta");
    assert.deepEqual(judgements(story), [9999]);
    admits(story, claim(story, "beta", 2, "three"));
    assert.deepEqual(
      admittedKeys(story.federation)
        .filter(({ site }) => site === "beta")
        .map(({ vmId }) => vmId),
      [second?.vmId, 9999],
    );
  });

  it("replaces the one that the same VM had, which is revoked; the guest is told of the new one", () => {
    const story = aFederation().running();
    const { vmId, acceptedKey } = story.guest("beta");
    publishes(story, "beta", 0, "new");
    admits(story, claim(story, "beta", 0, "new"));
    assert.equal(story.federation.keys.get(acceptedKey ?? "")?.revoked, true);
    assert.equal(story.guest("beta").acceptedKey, aNodeKey("new").fingerprint);
    assert.equal(story.guest("beta").toldAdmitted, false);
    story.tellsSuperLink().sees("online");
    assert.ok(
      dueTasks(story.federation, story.context).some((task) => task.kind === "tell-admitted" && task.vmId === vmId),
    );
  });

  it("of a VM that is gone is revoked, and the SuperLink has to be told", () => {
    const story = aFederation().running();
    const { vmId, acceptedKey } = story.guest("beta");
    story.zone("beta").removeVm(vmId);
    story.observes("beta");
    assert.deepEqual(
      revokedKeys(story.federation).map(({ key }) => key),
      [acceptedKey],
    );
    assert.equal(admissionsDue(story.federation), true);
    assert.equal(admissionsDue(story.tellsSuperLink().federation), false);
    const { length } = story.recorded;
    assert.deepEqual(story.observes("beta").typesSince(length), []);
  });

  it("of a site that was retired meanwhile, or of a VM that nobody compared with the plan, is not judged", () => {
    const story = arrived();
    const late = claim(story, "beta", 0, "one");
    assert.deepEqual(judged(story, { ...late, vmId: 77 }), []);
    story.takes(retireSite(story.federation, story.context, zone("beta"), ownerOf("beta")));
    assert.deepEqual(judged(story, late), []);
  });
});

describe("the SuperLink", () => {
  it("is told keys once it is verified and serves, and again after each change", () => {
    const early = aFederation().approved().deployed("alpha");
    assert.equal(admissionsDue(early.federation), false);
    const story = arrived();
    assert.equal(admissionsDue(story.federation), false);
    admits(story, claim(story, "beta", 0, "one"));
    assert.equal(admissionsDue(story.federation), true);
    assert.deepEqual(
      dueTasks(story.federation, story.context).map(({ kind }) => kind),
      ["deliver-admissions"],
    );
  });

  it("that has stopped serving is not told until it serves again", () => {
    const story = arrived();
    admits(story, claim(story, "beta", 0, "one"));
    story.says("alpha", { FL_STAGE: "starting" }).observes("alpha");
    assert.deepEqual(dueTasks(story.federation, story.context), []);
  });
});

describe("a guest", () => {
  it("is told that it is admitted when the SuperLink says so itself, once", () => {
    const story = arrived();
    publishes(story, "beta", 0, "one");
    admits(story, claim(story, "beta", 0, "one"));
    story.tellsSuperLink();
    assert.equal(mayTellAdmitted(story.federation, story.guest("beta")), false);
    story.sees("registered");
    assert.equal(mayTellAdmitted(story.federation, story.guest("beta")), true);
    assert.equal(mayTellAdmitted(story.federation, story.guest("beta", 1)), false);
    story.tellsSuperNodes("beta");
    assert.equal(mayTellAdmitted(story.federation, story.guest("beta")), false);
  });
});
