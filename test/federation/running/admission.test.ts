import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_KEYS_PER_VM } from "../../../src/federation/model/limits.ts";
import { UNREADABLE_KEY } from "../../../src/federation/observing/vm-observation.ts";
import {
  admissionsDue,
  admittedKeys,
  judgeKey,
  type KeyClaim,
  mayTellAdmitted,
  revokedKeys,
} from "../../../src/federation/running/admission.ts";
import { encodeKeyList } from "../../../src/guest-protocol/key-list.ts";
import { type NodeKey, parseNodeKey } from "../../../src/guest-protocol/node-key.ts";
import { retire } from "../../builders/commands.ts";
import { zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aNodeKey } from "../../builders/node-key.ts";

/** Beta's two VMs have come and gamma runs. */
const arrived = (): Story => aFederation().trusted().joins("gamma").deployed("beta");
const judged = (story: Story, claim: KeyClaim): readonly string[] =>
  judgeKey(story.federation, claim).map((event) => (event.type === "key-refused" ? event.reason.code : event.type));
const judgements = (story: Story): readonly number[] =>
  story.tasks().flatMap((task) => (task.kind === "judge-key" ? [task.vmId] : []));
/** The VM is proven to be done. */
const ends = (story: Story, vmId: number): Story => {
  const key = story.vms("beta").find((vm) => vm.vmId === vmId)?.acceptedKey ?? "";
  return story.happens(
    { type: "vm-gone", site: zone("beta"), vmId },
    { type: "key-revoked", site: zone("beta"), vmId, key },
  );
};

describe("a SuperNode's key", () => {
  it("is judged as soon as it is published, and once", () => {
    const story = arrived().publishes("beta", 0, "one").observes("beta");
    assert.deepEqual(judgements(story), [story.vm("beta").vmId]);
    const claim = story.claim("beta", 0, "one");
    assert.deepEqual(judgements(story.judges(claim)), []);
    assert.deepEqual(judged(story, claim), []);
  });

  it("is admitted with a proof, up to the number of SuperNodes approved", () => {
    const story = arrived();
    story.judges(story.claim("beta", 0, "one"));
    assert.deepEqual(judged(story, story.claim("beta", 1, "two")), ["key-accepted"]);
  });

  it("is refused without proof", () => {
    const story = arrived();
    assert.deepEqual(judged(story, story.claim("beta", 0, "one", { proven: false })), ["key-proof"]);
  });

  it("that cannot be read is refused, and judged once", () => {
    const story = arrived();
    const unreadable = story.claim("beta", 0, "one", { key: UNREADABLE_KEY, publicKey: null });
    assert.deepEqual(judged(story, unreadable), ["key-malformed"]);
    story.says("beta", { FL_NODE_KEY: "ssh-rsa AAAA" }).observes("beta");
    assert.deepEqual(judgements(story), [story.vm("beta").vmId]);
    assert.deepEqual(judgements(story.judges(unreadable)), []);
  });

  it("that two VMs prove to hold is refused to both, in the same site and in another", () => {
    const story = arrived();
    story.judges(story.claim("beta", 0, "one"));
    const toBoth = ["key-duplicate", "key-revoked", "key-duplicate"];
    assert.deepEqual(judged(story, story.claim("beta", 1, "one")), toBoth);
    const ofGamma = `gamma/${story.vm("gamma").vmId}`;
    assert.deepEqual(judged(story, story.claim("beta", 1, ofGamma)), toBoth);
    story.judges(story.claim("beta", 1, ofGamma));
    assert.equal(story.federation.keys.get(aNodeKey(ofGamma).fingerprint)?.revoked, true);
  });

  it("that another VM published first without proof of the second harms nobody", () => {
    const story = arrived();
    story.judges(story.claim("beta", 0, "one"));
    assert.deepEqual(judged(story, story.claim("beta", 1, "one", { proven: false })), ["key-proof"]);
  });

  it("that was revoked once is never admitted again", () => {
    const story = aFederation().running();
    const stolen = `gamma/${story.vm("gamma").vmId}`;
    story.does(retire("gamma"));
    assert.deepEqual(judged(story, story.claim("beta", 0, stolen)), ["key-duplicate"]);
  });

  it("beyond the number approved is refused, and judged again when there is room", () => {
    const story = arrived();
    for (const [nth, key] of ["one", "two"].entries()) {
      story
        .publishes("beta", nth, key)
        .observes("beta")
        .judges(story.claim("beta", nth, key));
    }
    const [first, second] = story.vms("beta");
    story.zone("beta").addVm({ ...story.vmFacts("beta"), id: 9999, attributes: {} });
    story.observes("beta").publishes("beta", 2, "three").observes("beta");
    const third = story.claim("beta", 2, "three");
    assert.deepEqual(judged(story, third), ["key-surplus"]);
    assert.deepEqual(judgements(story.judges(third)), []);
    ends(story, first?.vmId ?? 0);
    assert.deepEqual(judgements(story), [9999]);
    story.judges(third);
    assert.deepEqual(
      admittedKeys(story.federation)
        .filter(({ site }) => site === "beta")
        .map(({ vmId }) => vmId),
      [second?.vmId, 9999],
    );
  });

  it("replaces the one that the same VM had, which is revoked; the guest is told of the new one", () => {
    const story = aFederation().running();
    const { vmId, acceptedKey } = story.vm("beta");
    story
      .publishes("beta", 0, "new")
      .observes("beta")
      .judges(story.claim("beta", 0, "new"));
    assert.equal(story.federation.keys.get(acceptedKey ?? "")?.revoked, true);
    assert.equal(story.vm("beta").acceptedKey, aNodeKey("new").fingerprint);
    assert.equal(story.vm("beta").toldAdmitted, false);
    story.tellsSuperLink().sees("online");
    assert.ok(story.due().includes(`tell-admitted beta ${vmId}`));
  });

  it("of a VM that is proven gone is revoked, and the SuperLink has to be told", () => {
    const story = aFederation().running();
    const { vmId, acceptedKey } = story.vm("beta");
    story.zone("beta").removeVm(vmId);
    ends(story, vmId).observes("beta");
    assert.deepEqual(
      revokedKeys(story.federation).map(({ key }) => key),
      [acceptedKey],
    );
    assert.equal(admissionsDue(story.federation), true);
    assert.equal(admissionsDue(story.tellsSuperLink().federation), false);
    assert.deepEqual(story.sees("online").due(), []);
    assert.deepEqual(revokedKeys(story.federation), [], "the SuperLink lists it no more");
  });

  it("of a site that was retired meanwhile, or of a VM that nobody compared with the plan, is not judged", () => {
    const story = arrived();
    const late = story.claim("beta", 0, "one");
    assert.deepEqual(judged(story, { ...late, vmId: 77 }), []);
    assert.deepEqual(judged(story.does(retire("beta")), late), []);
  });
});

describe("a VM that changes its key", () => {
  /** It publishes so many new keys, each another look, and each is judged that is to be judged. */
  function changesKey(story: Story, times: number): number {
    let looked = 0;
    for (let nth = 0; nth < times; nth += 1) {
      story.publishes("beta", 0, `fresh ${nth}`).observes("beta");
      if (!judgements(story).includes(story.vm("beta").vmId)) continue;
      looked += 1;
      story
        .judges(story.claim("beta", 0, `fresh ${nth}`))
        .tellsSuperLink()
        .sees("online");
    }
    return looked;
  }

  it("a few times, as one that came back with a new disk does, is admitted anew", () => {
    const story = aFederation().running();
    changesKey(story, MAX_KEYS_PER_VM - 1);
    assert.equal(story.vm("beta").acceptedKey, aNodeKey(`fresh ${MAX_KEYS_PER_VM - 2}`).fingerprint);
  });

  it("again and again is not looked at any more, and its site says so", () => {
    const story = aFederation().running();
    assert.ok(changesKey(story, 300) <= MAX_KEYS_PER_VM);
    assert.ok(story.federation.keys.size <= 4 + MAX_KEYS_PER_VM);
    story.watches("beta", 40);
    assert.ok([...story.federation.conditions.values()].some(({ code }) => code === "key-changes"));
  });

  it("holds up nobody else: the lists that the SuperLink is told stay small", () => {
    const story = aFederation({ zones: ["alpha", "beta", "gamma"] }).planned();
    story.approvedBy("alpha").approvedBy("beta").trusted().joins("beta");
    changesKey(story, 300);
    assert.equal(story.approvedBy("gamma").joins("gamma").status("gamma"), "up");
    const lines = (keys: readonly { publicKey: string }[]): NodeKey[] =>
      keys.flatMap(({ publicKey }) => {
        const parsed = parseNodeKey(publicKey);
        return parsed.ok ? [parsed.value] : [];
      });
    const { federation } = story;
    encodeKeyList("FL_ADMIT", { sequence: 1, keys: lines(admittedKeys(federation)) });
    encodeKeyList("FL_REVOKE", { sequence: 1, keys: lines(revokedKeys(federation)) });
  });
});

describe("the SuperLink", () => {
  it("is told keys once it is verified and serves, and again after each change", () => {
    const early = aFederation().approved().deployed("alpha");
    assert.equal(admissionsDue(early.federation), false);
    const story = arrived();
    assert.equal(admissionsDue(story.federation), false);
    story.judges(story.claim("beta", 0, "one"));
    assert.equal(admissionsDue(story.federation), true);
    assert.deepEqual(story.due(), ["deliver-admissions alpha"]);
  });

  it("that is down is not told until it serves again", () => {
    const story = arrived();
    story
      .judges(story.claim("beta", 0, "one"))
      .says("alpha", { FL_STAGE: "starting" })
      .watches("alpha", 40);
    assert.deepEqual(story.due(), []);
    story.says("alpha", { FL_STAGE: "serving" }).watches("alpha", 40);
    assert.deepEqual(story.due(), ["deliver-admissions alpha"]);
  });

  it("that keeps going down and coming back is told while it does, of keys to admit and to drop", () => {
    const story = aFederation().running();
    for (let turn = 0; turn < 3; turn += 1) {
      story.says("alpha", { FL_STAGE: "starting" }).watches("alpha", 40);
      story.says("alpha", { FL_STAGE: "serving" }).watches("alpha", 40);
    }
    assert.equal(story.status("alpha"), "unsteady");
    story.does(retire("gamma"));
    assert.ok(story.due().includes("deliver-admissions alpha"), story.due().join());
    assert.equal(story.tellsSuperLink().federation.admissions?.revoked.length, 2);
  });

  it("is told to drop only keys that it was told to admit", () => {
    const story = arrived();
    story.judges(story.claim("beta", 0, "one")).judges(story.claim("beta", 0, "two"));
    assert.deepEqual(revokedKeys(story.federation), []);
    assert.equal(story.federation.keys.get(aNodeKey("one").fingerprint)?.revoked, true);
  });

  it("is not told again of keys that it has dropped", () => {
    const story = aFederation().running().does(retire("gamma")).tellsSuperLink();
    assert.equal(story.federation.admissions?.revoked.length, 2);
    story
      .sees("online")
      .judges(story.claim("beta", 0, "other"))
      .tellsSuperLink();
    assert.equal(story.federation.admissions?.revoked.length, 1);
  });
});

describe("a guest", () => {
  it("is told that it is admitted when the SuperLink says so itself, once", () => {
    const story = arrived().publishes("beta", 0, "one");
    story.judges(story.claim("beta", 0, "one")).tellsSuperLink();
    const mayTell = (nth = 0): boolean => mayTellAdmitted(story.federation, story.vm("beta", nth));
    assert.equal(mayTell(), false);
    story.sees("registered");
    assert.equal(mayTell(), true);
    assert.equal(mayTell(1), false);
    story.tellsSuperNodes("beta");
    assert.equal(mayTell(), false);
  });
});
