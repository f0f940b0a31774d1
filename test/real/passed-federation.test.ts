/** Three zones behind NAT whose SuperNodes have no end of a tunnel: a gateway has it in one, the router in another. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun, inOnePlace } from "../../sandbox/hypervisor/real/flower-run.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

const RUN_MS = 180_000;
const PASSED = "zone-b";

describe("with real Flower, three zones behind NAT and filters of addresses, one with a gateway and one whose router has the tunnel", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let federation: RealFederation;

  before(async () => {
    const fields = { "SuperNodes in Hospital B": "1", "SuperNodes in Hospital C": "1" };
    const prepare = async ({ stage }: RealFederation): Promise<void> => {
      for (const zone of stage.zoneNames) await stage.guests.filterAddresses(zone, true);
    };
    federation = await RealFederation.deploy("passed", { crossing: "passed", fields, prepare });
  });
  after(() => federation?.end());

  async function trains(): Promise<FlowerRun> {
    const run = await FlowerRun.start(await federation.superlink(), { nodes: 2, answers: 2 });
    assert.equal(await run.ended(RUN_MS), "finished:completed");
    return run;
  }

  const gateway = async (): Promise<RealView> => {
    const found = (await federation.stage.guests.realGuests()).find(({ role }) => role === "gateway");
    assert.ok(found);
    return found;
  };

  test("the SuperNodes have no key of a tunnel, and the gateway has one", async () => {
    for (const node of await federation.supernodes()) {
      const { WG_PUBLIC_KEY: key, FL_LINK: link } = await federation.attributes(node);
      assert.deepEqual([key, link], [undefined, "ok"]);
    }
    assert.match((await federation.attributes(await gateway()))["WG_PUBLIC_KEY"] ?? "", /=$/);
  });

  test("they train together, and the model is the one that one place would compute", async () => {
    const run = await trains();
    const { rounds, model } = await run.outcome();
    assert.deepEqual(
      rounds.map(({ nodes }) => nodes.length),
      [2, 2, 2],
    );
    const alone = await inOnePlace(await federation.superlink(), 3, rounds[0]?.nodes ?? []);
    assert.equal(model?.length, alone.length);
    for (const [index, value] of alone.entries()) assert.ok(Math.abs((model?.[index] ?? Number.NaN) - value) < 1e-9);
  });

  test("they train again after the gateway was rebooted, with the key that it had", async () => {
    const key = (await federation.attributes(await gateway()))["WG_PUBLIC_KEY"];
    await federation.stage.guests.reboot(await gateway());
    await federation.until("all are online", async () => {
      const [node] = await federation.supernodes(PASSED);
      if (node === undefined) return false;
      const { FL_LINK, FL_STAGE, FL_REASON } = await federation.attributes(node);
      return [FL_LINK, FL_STAGE, FL_REASON].join() === "ok,serving,none";
    });
    await trains();
    assert.equal((await federation.attributes(await gateway()))["WG_PUBLIC_KEY"], key);
  });
});
