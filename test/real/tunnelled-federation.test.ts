import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun, inOnePlace } from "../../sandbox/hypervisor/real/flower-run.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

const RUN_MS = 180_000;

describe("with real Flower, three zones behind NAT that the bot joins by WireGuard", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let federation: RealFederation;

  before(async () => {
    const fields = { "SuperNodes in Hospital B": "1", "SuperNodes in Hospital C": "1" };
    federation = await RealFederation.deploy("hidden", { crossing: "wireguard", fields });
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
});
