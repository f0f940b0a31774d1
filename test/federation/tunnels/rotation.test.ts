/** Keys of tunnels are changed while traffic goes on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeTunnelPeers, type TunnelPeers } from "../../../src/guest-protocol/tunnel.ts";
import { askTeardown, retire, retry, rotateTunnelKeys } from "../../builders/commands.ts";
import { HOUR, MINUTE, ownerOf, STRANGER, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { does, nextKey, rotates } from "../../builders/rotating.ts";
import { aTunnelKey } from "../../builders/tunnel-key.ts";

const CROSSING = { kind: "wireguard", hub: { host: "198.51.100.7", port: 51820 }, range: "10.99.0.0/23" } as const;

const running = (): Story => rotates(aFederation({ crossing: CROSSING }).running());

function told(story: Story, name: string, nth = 0): TunnelPeers {
  const decoded = decodeTunnelPeers(story.vmFacts(name, nth).attributes["WG_PEERS"] ?? "");
  assert.ok(decoded.ok);
  return decoded.value;
}

const keysOf = (story: Story, name: string): readonly (string | null)[] =>
  story.vms(name).map(({ tunnelKey }) => tunnelKey);
const peersOf = (story: Story, name: string, nth = 0): readonly string[] =>
  told(story, name, nth).peers.map(({ key }) => key);
const outcomes = (story: Story): readonly string[] =>
  story.recorded.flatMap(({ event }) => (event.type === "tunnel-rotation-ended" ? [event.outcome] : []));
const due = (story: Story, kind: string): readonly string[] => story.due().filter((task) => task.startsWith(kind));

describe("changing a site's tunnel keys", () => {
  it("is its owner's, where there are tunnels, once at a time and three times an hour", () => {
    assert.equal(aFederation().running().refusalOf(rotateTunnelKeys("beta")), "nothing-to-rotate");
    assert.equal(aFederation({ crossing: CROSSING }).trusted().refusalOf(rotateTunnelKeys("alpha")), null);
    const story = running();
    assert.equal(story.refusalOf(rotateTunnelKeys("beta", ownerOf("alpha"))), "not-an-owner");
    assert.equal(story.refusalOf(rotateTunnelKeys("beta", STRANGER)), "not-an-owner");
    for (let time = 0; time < 3; time += 1) {
      story.does(rotateTunnelKeys("beta"));
      assert.equal(story.refusalOf(rotateTunnelKeys("beta")), "rotation-under-way");
      assert.equal(story.refusalOf(rotateTunnelKeys("gamma")), null);
      rotates(story);
    }
    assert.deepEqual(outcomes(story), ["changed", "changed", "changed"]);
    assert.equal(story.refusalOf(rotateTunnelKeys("beta")), "too-many-rotations");
    assert.equal(story.passes(HOUR).refusalOf(rotateTunnelKeys("beta")), null);
    assert.equal(story.does(askTeardown()).refusalOf(rotateTunnelKeys("beta")), "teardown-under-way");
  });

  it("gives each of its VMs a new key at the same addresses, and the hub forgets the old ones", () => {
    const story = running();
    const [before, others] = [keysOf(story, "beta"), keysOf(story, "gamma")];
    const own = told(story, "beta").own;
    rotates(story.does(rotateTunnelKeys("beta")));
    assert.deepEqual(
      keysOf(story, "beta"),
      story.vms("beta").map(({ vmId }) => nextKey(vmId, "1")),
    );
    assert.deepEqual(told(story, "beta").own, own);
    assert.deepEqual(peersOf(story, "alpha"), [...keysOf(story, "beta"), ...others]);
    assert.ok(told(story, "alpha").peers.every(({ replaces, allowed }) => replaces === null && allowed.length === 1));
    for (const key of before) assert.equal(story.federation.tunnelKeys.get(key ?? "")?.revoked, true);
    assert.deepEqual(outcomes(story), ["changed"]);
  });

  it("takes a key into use only when the hub itself says that it knows it", () => {
    const story = running().does(rotateTunnelKeys("beta"));
    const { vmId } = story.vm("beta");
    const before = story.vm("beta").tunnelKey ?? "";
    rotates(story, { deaf: new Set([story.vm("alpha").vmId]) });
    const next = nextKey(vmId, "1");
    const known = told(story, "alpha").peers.find(({ key }) => key === next);
    assert.deepEqual(known, { key: next, endpoint: null, allowed: [], replaces: before });
    assert.deepEqual([due(story, "switch"), story.vm("beta").tunnelKey], [[], before]);
    rotates(story);
    assert.equal(story.vm("beta").tunnelKey, next);
  });

  it("counts for nothing that a VM is granted", () => {
    const story = running();
    const before = story.vm("beta").identityChanges;
    for (let time = 0; time < 12; time += 1) {
      rotates(story.does(rotateTunnelKeys("beta")));
      story.passes(HOUR);
    }
    assert.equal(
      outcomes(story).every((outcome) => outcome === "changed"),
      true,
    );
    assert.deepEqual([story.vm("beta").identityChanges, story.vm("beta").refusedTunnelKeys], [before, []]);
  });

  it("is given up when its time is over, and what has not changed goes on with the key that it had", () => {
    const story = running();
    const [first, second] = story.vms("beta");
    assert.ok(first !== undefined && second !== undefined);
    rotates(story.does(rotateTunnelKeys("beta")), { dead: new Set([first.vmId]) });
    assert.deepEqual(outcomes(story), []);
    rotates(story.passes(30 * MINUTE), { dead: new Set([first.vmId]) });
    assert.deepEqual(outcomes(story), ["partly"]);
    assert.deepEqual(keysOf(story, "beta"), [first.tunnelKey, nextKey(second.vmId, "1")]);
    assert.ok(peersOf(story, "alpha").includes(first.tunnelKey ?? ""));
    assert.equal(story.refusalOf(rotateTunnelKeys("beta")), null);
  });

  it("that was given up before the key was taken into use is undone at the hub; a late switch is met by the hub all the same", () => {
    const story = running();
    const { vmId, tunnelKey, identityChanges } = story.vm("beta");
    const all = new Set(story.vms("beta").map((vm) => vm.vmId));
    const hub = new Set([story.vm("alpha").vmId]);
    rotates(story.does(rotateTunnelKeys("beta")), { deaf: hub });
    rotates(story.passes(30 * MINUTE), { deaf: hub });
    assert.deepEqual(outcomes(story), ["not-changed"]);
    assert.ok(!peersOf(story, "alpha").includes(nextKey(vmId, "1")));

    rotates(story.does(rotateTunnelKeys("beta")), { deaf: hub });
    for (let turn = 0; turn < 9; turn += 1) {
      for (const task of story.tasks()) does(story, task);
      story.says("alpha", { WG_LINKS: "" });
      rotates(story, { dead: all });
    }
    rotates(story.passes(30 * MINUTE), { dead: all });
    assert.deepEqual(outcomes(story), ["not-changed", "not-changed"]);
    const next = nextKey(vmId, "2");
    assert.deepEqual(told(story, "alpha").peers.find(({ key }) => key === next)?.replaces, tunnelKey);
    rotates(story);
    assert.equal(story.vm("beta").tunnelKey, next);
    assert.equal(story.vm("beta").identityChanges, identityChanges);
  });

  it("takes the key that the VM names last, where it made another after it had lost its disk; a few times", () => {
    const story = running();
    const { vmId } = story.vm("beta");
    const hub = new Set([story.vm("alpha").vmId]);
    story.does(rotateTunnelKeys("beta"));
    for (const nth of [1, 2, 3, 4, 5]) {
      rotates(story, { deaf: hub, names: new Map([[vmId, aTunnelKey(`${nth}`)]]) });
    }
    assert.ok(peersOf(story, "alpha").includes(aTunnelKey("3")));
    assert.equal(story.typesSince(0).filter((type) => type === "tunnel-key-announced").length, 3 + 1);
  });

  it("ends with the deployment that it was asked for", () => {
    const story = running().does(rotateTunnelKeys("beta")).does(retire("beta"));
    assert.deepEqual(due(story, "tell-tunnel-rotation"), []);
    assert.deepEqual(due(story, "end-tunnel-rotation"), []);
  });
});

describe("changing the hub's tunnel key", () => {
  it("tells every SuperNode's VM before, and afterwards nobody knows the old one", () => {
    const story = running();
    const [before, { vmId }] = [story.vm("alpha").tunnelKey, story.vm("alpha")];
    rotates(story.does(rotateTunnelKeys("alpha")));
    const next = nextKey(vmId, "1");
    assert.equal(story.vm("alpha").tunnelKey, next);
    for (const name of ["beta", "gamma"]) {
      for (const nth of [0, 1]) {
        assert.deepEqual(told(story, name, nth).peers, [
          { key: next, endpoint: "198.51.100.7:51820", allowed: ["10.99.0.0/32"], replaces: null },
        ]);
      }
    }
    assert.equal(story.federation.tunnelKeys.get(before ?? "")?.revoked, true);
    assert.deepEqual(outcomes(story), ["changed"]);
  });

  it("waits for whoever has a tunnel to know the next key, but not for ever: no site can hold it back", () => {
    const story = running();
    const { vmId } = story.vm("beta");
    const before = story.vm("alpha").tunnelKey;
    const deaf = new Set([vmId]);
    rotates(story.does(rotateTunnelKeys("alpha")), { deaf });
    assert.equal(story.vm("alpha").tunnelKey, before);
    rotates(story.passes(4 * MINUTE), { deaf });
    assert.equal(story.vm("alpha").tunnelKey, nextKey(story.vm("alpha").vmId, "1"));
  });

  it("does not wait for VMs that have no tunnel now", () => {
    const story = aFederation({ crossing: CROSSING }).running();
    rotates(story.does(rotateTunnelKeys("alpha")), { dead: new Set([story.vm("beta").vmId]) });
    assert.equal(story.vm("alpha").tunnelKey, nextKey(story.vm("alpha").vmId, "1"));
  });

  it("beside a site's keys that are changed at the same time comes to new keys at every end", () => {
    const story = running().does(rotateTunnelKeys("alpha")).does(rotateTunnelKeys("beta"));
    rotates(story);
    assert.deepEqual(outcomes(story), ["changed", "changed"]);
    assert.deepEqual(peersOf(story, "beta"), [nextKey(story.vm("alpha").vmId, "1")]);
    assert.equal(peersOf(story, "alpha")[0], nextKey(story.vm("beta").vmId, "1"));
  });

  it("is over with the SuperLink that is replaced meanwhile", () => {
    const story = running().does(rotateTunnelKeys("alpha"));
    story.says("alpha", { FL_STAGE: "failed" }).watchesAll(60).does(retry("alpha")).trusted();
    rotates(story);
    assert.deepEqual(peersOf(story, "beta"), [story.vm("alpha").tunnelKey]);
  });
});

describe("a VM that plays with next keys", () => {
  const named = (name: (story: Story) => string): Story => {
    const story = running();
    const { vmId } = story.vm("beta");
    return rotates(story.does(rotateTunnelKeys("beta")), { names: new Map([[vmId, name(story)]]) });
  };

  it("gets nothing by naming another's key or the hub's, and takes nothing from them", () => {
    for (const [whose, name] of [
      ["gamma", 0],
      ["alpha", 0],
    ] as const) {
      const victim = (story: Story): string => story.vm(whose, name).tunnelKey ?? "";
      const story = named(victim);
      assert.deepEqual(
        story.vm("beta").refusedTunnelKeys.map(({ code }) => code),
        ["tunnel-next-key"],
      );
      assert.equal(story.federation.tunnelKeys.get(victim(story))?.revoked, false);
      assert.equal(story.vm("beta").tunnelKey !== null, true);
    }
  });

  it("gets nothing by naming what cannot be read", () => {
    assert.deepEqual(
      named(() => "x")
        .vm("beta")
        .refusedTunnelKeys.map(({ code }) => code),
      ["tunnel-next-key"],
    );
  });

  it("cannot take the hub's next key, which every site knows before it is used", () => {
    const story = running();
    const { vmId } = story.vm("alpha");
    const deaf = new Set([story.vm("gamma").vmId]);
    rotates(story.does(rotateTunnelKeys("alpha")), { deaf });
    story.says("beta", { WG_PUBLIC_KEY: nextKey(vmId, "1") });
    rotates(story, { deaf });
    assert.deepEqual(
      story.vm("beta").refusedTunnelKeys.map(({ code }) => code),
      ["tunnel-key-of-hub"],
    );
    rotates(story);
    assert.equal(story.vm("alpha").tunnelKey, nextKey(vmId, "1"));
  });

  it("is not looked at while nobody has its key changed", () => {
    const story = running();
    const { length } = story.recorded;
    for (let nth = 0; nth < 9; nth += 1) rotates(story.says("beta", { WG_NEXT_KEY: aTunnelKey(`${nth}`) }));
    assert.deepEqual(story.typesSince(length), []);
  });
});

it("A bot that has forgotten what it had seen goes on where it was", () => {
  const story = running().does(rotateTunnelKeys("beta"));
  for (let turn = 0; turn < 20; turn += 1) {
    for (const task of story.restarts().observesAll().tasks().slice(0, 1)) does(story, task);
    rotates(story.restarts());
  }
  assert.deepEqual(outcomes(story), ["changed"]);
  assert.deepEqual(due(story, "tell-tunnel"), []);
  assert.equal(story.site("beta").zone, zone("beta"));
});
