import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun, inOnePlace } from "../../sandbox/hypervisor/real/flower-run.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

const RUN_MS = 180_000;

describe("with real Flower, a zone whose VMs have tunnels, one whose router has one, and one that dials the public address", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let federation: RealFederation;

  before(async () => {
    const fields = Object.fromEntries(["B", "C", "D"].map((letter) => [`SuperNodes in Hospital ${letter}`, "1"]));
    federation = await RealFederation.deploy("mixed", { zones: 4, crossing: "mixed", fields });
  });
  after(() => federation?.end());

  test("each reaches the SuperLink in its own way", async () => {
    const superlink = await federation.superlink();
    const ways = await Promise.all(
      ["zone-b", "zone-c", "zone-d"].map(async (zone) => {
        const [node] = await federation.supernodes(zone);
        assert.ok(node);
        const { FL_SUPERLINK_ADDRESS: dialled = "", WG_KIND: kind = "" } = await federation.context(node);
        const isPublic = superlink.addresses.includes(dialled.split(":")[0] ?? "");
        return [kind, isPublic, (await federation.attributes(node))["FL_LINK"]];
      }),
    );
    assert.deepEqual(ways, [
      ["own", false, "ok"],
      ["router", false, "ok"],
      ["", true, "ok"],
    ]);
  });

  test("they train together, and the model is the one that one place would compute", async () => {
    const superlink = await federation.superlink();
    const run = await FlowerRun.start(superlink, { nodes: 3, answers: 3 });
    assert.equal(await run.ended(RUN_MS), "finished:completed");
    const { rounds, model } = await run.outcome();
    assert.deepEqual(
      rounds.map(({ nodes }) => nodes.length),
      [3, 3, 3],
    );
    const alone = await inOnePlace(superlink, 3, rounds[0]?.nodes ?? []);
    assert.equal(model?.length, alone.length);
    for (const [index, value] of alone.entries()) assert.ok(Math.abs((model?.[index] ?? Number.NaN) - value) < 1e-9);
  });
});
