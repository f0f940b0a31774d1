import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun, inOnePlace } from "../../sandbox/hypervisor/real/flower-run.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { leftOut } from "./left-out.ts";
import { completesWithBoth, underWay } from "./long-run.ts";
import { RealFederation } from "./real-federation.ts";

const RUN_MS = 180_000;
const SITE = "zone-b";
const HUB = "zone-a";
const CUT_MS = 30_000;

describe("with real Flower, three zones behind NAT that the bot joins by WireGuard", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let federation: RealFederation;

  before(async () => {
    const fields = { "SuperNodes in Hospital B": "1", "SuperNodes in Hospital C": "1" };
    const prepare = async ({ stage }: RealFederation): Promise<void> => {
      for (const zone of stage.zoneNames) await stage.guests.filterAddresses(zone, true);
    };
    federation = await RealFederation.deploy("hidden", { crossing: "wireguard", fields, prepare });
  });
  after(() => federation?.end());

  test("every VM has a private address, and every SuperNode reaches the SuperLink inside its tunnel", async () => {
    const superlink = await federation.superlink();
    const nodes = await federation.supernodes();
    assert.equal(nodes.length, 2);
    for (const { addresses } of [superlink, ...nodes]) assert.match(addresses.join(), /^10\.\d+\.\d+\.\d+$/);
    for (const node of nodes) {
      const { FL_SUPERLINK_ADDRESS: dialled = "" } = await federation.context(node);
      assert.ok(!superlink.addresses.includes(dialled.split(":")[0] ?? ""));
      assert.equal((await federation.attributes(node))["FL_LINK"], "ok");
    }
  });

  test("they train together, and the model is the one that one place would compute", async () => {
    const superlink = await federation.superlink();
    const run = await FlowerRun.start(superlink, { nodes: 2, answers: 2 });
    assert.equal(await run.ended(RUN_MS), "finished:completed");
    const { rounds, model } = await run.outcome();
    assert.deepEqual(
      rounds.map(({ nodes }) => nodes.length),
      [2, 2, 2],
    );
    const alone = await inOnePlace(superlink, 3, rounds[0]?.nodes ?? []);
    assert.equal(model?.length, alone.length);
    for (const [index, value] of alone.entries()) assert.ok(Math.abs((model?.[index] ?? Number.NaN) - value) < 1e-9);
  });

  test("the switches drop what a VM sends from an address that is not its own, as they would for OpenNebula", async () => {
    const [node] = await federation.supernodes(SITE);
    assert.ok(node);
    const inside = new Inside(node);
    const program = `import socket, sys
try:
    socket.create_connection((sys.argv[2], 1), 2, (sys.argv[1], 0))
except ConnectionRefusedError:
    print("answered")
except OSError:
    print("silent")`;
    const superlinkOutside = (await federation.superlink()).outerAddress;
    const [own = ""] = node.addresses;
    const strange = `${own.slice(0, own.lastIndexOf("."))}.251`;
    await inside.run(["ip", "addr", "add", `${strange}/32`, "dev", "eth0"]);
    const meets = async (from: string): Promise<string> =>
      (await inside.run(["python3", "-c", program, from, superlinkOutside])).trim();
    assert.deepEqual([await meets(own), await meets(strange)], ["answered", "silent"]);
    await inside.run(["ip", "addr", "del", `${strange}/32`, "dev", "eth0"]);
  });

  test("keys of a site and of the hub are changed in the middle of a run, which completes with everybody in each round", async () => {
    const run = await underWay(federation);
    for (const zone of [SITE, HUB]) {
      const before = await keysIn(zone);
      await federation.stage.owner(zone).press(zoneChannel(zone), "Change tunnel keys");
      await federation.reads(homeChannel, `(${zone})`, "the tunnel keys were changed");
      const now = await keysIn(zone);
      assert.ok(now.length > 0 && now.every((key) => !before.includes(key)));
    }
    assert.equal(await run.status(), "running");
    await completesWithBoth(run);
  });

  test("a path that is cut for 30 s, and a site whose public address changes, in a run: it completes, and the next one works", async () => {
    const run = await underWay(federation);
    const [node] = await federation.supernodes(SITE);
    assert.ok(node);
    await federation.stage.guests.firewall([`ip saddr ${node.outerAddress} meta l4proto udp drop`]);
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    await federation.stage.guests.firewall([]);
    await federation.until("the site is well", () => isWell(node));
    await federation.stage.guests.renumber(SITE);
    const [moved] = await federation.supernodes(SITE);
    assert.notEqual(moved?.outerAddress, node.outerAddress);
    assert.equal(await run.status(), "running");
    await completesWithBoth(run);
    await federation.until("the site is well", () => isWell(node));
    await completesWithBoth(await underWay(federation, 1, 0));
  });

  async function keysIn(zone: string): Promise<readonly string[]> {
    const vms = zone === HUB ? [await federation.superlink()] : await federation.supernodes(zone);
    const said = await Promise.all(vms.map((vm) => federation.attributes(vm)));
    return said.map((attributes) => attributes["WG_PUBLIC_KEY"] ?? "");
  }

  const isWell = async (node: RealView): Promise<boolean> => {
    const { FL_LINK, FL_REASON } = await federation.attributes(node);
    return FL_LINK === "ok" && FL_REASON === "none";
  };
});
