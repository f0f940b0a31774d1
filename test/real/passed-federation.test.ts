/** Three zones behind NAT whose SuperLink and SuperNodes have no end of a tunnel: a gateway has it in two, the router in one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun, inOnePlace } from "../../sandbox/hypervisor/real/flower-run.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { followHub } from "../../sandbox/story/routers.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { leftOut } from "./left-out.ts";
import { completesWithBoth, underWay } from "./long-run.ts";
import { RealFederation } from "./real-federation.ts";

const RUN_MS = 180_000;
const [HUB, PASSED, ROUTED] = ["zone-a", "zone-b", "zone-c"];

describe("with real Flower, three zones behind NAT and filters of addresses, the coordinator's and one more with a gateway and one whose router has the tunnel", {
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

  const gateway = async (zone: string): Promise<RealView> => {
    const found = (await federation.stage.guests.realGuests()).find((vm) => vm.role === "gateway" && vm.zone === zone);
    assert.ok(found);
    return found;
  };
  const keyIn = async (zone: string): Promise<string> =>
    (await federation.attributes(await gateway(zone)))["WG_PUBLIC_KEY"] ?? "";

  test("the SuperLink and the SuperNodes have no key of a tunnel, and the gateways have one", async () => {
    for (const node of await federation.supernodes()) {
      const { WG_PUBLIC_KEY: key, FL_LINK: link } = await federation.attributes(node);
      assert.deepEqual([key, link], [undefined, "ok"]);
    }
    assert.equal((await federation.attributes(await federation.superlink()))["WG_PUBLIC_KEY"], undefined);
    for (const zone of [HUB, PASSED]) assert.match(await keyIn(zone), /=$/);
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

  for (const zone of [HUB, PASSED]) {
    test(`they train again after the gateway of ${zone} was rebooted, with the key that it had`, async () => {
      const key = await keyIn(zone);
      await federation.stage.guests.reboot(await gateway(zone));
      await federation.until("all are online", async () => {
        const said = await Promise.all((await federation.supernodes()).map((node) => federation.attributes(node)));
        return said.every(
          ({ FL_LINK, FL_STAGE, FL_REASON }) => `${FL_LINK} ${FL_STAGE} ${FL_REASON}` === "ok serving none",
        );
      });
      await trains();
      assert.equal(await keyIn(zone), key);
    });
  }

  test("keys of a gateway and of the hub are changed in the middle of a run, which completes with everybody in each round once the router has followed", async () => {
    const { stage, name } = federation;
    const run = await underWay(federation);
    for (const zone of [PASSED, HUB]) {
      const before = await keyIn(zone);
      await stage.owner(zone).press(zoneChannel(zone), "Change tunnel keys");
      await federation.reads(homeChannel, `(${zone})`, "the tunnel keys were changed");
      assert.notEqual(await keyIn(zone), before);
    }
    await followHub(stage, ROUTED, name, await keyIn(HUB));
    assert.equal(await run.status(), "running");
    await completesWithBoth(run);
  });
});
