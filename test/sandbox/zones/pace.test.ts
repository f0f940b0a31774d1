import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../../sandbox/zones/clock.ts";
import { noHypervisor } from "../../../sandbox/zones/hypervisor.ts";
import { instantiate } from "../../../sandbox/zones/oned/instantiation.ts";
import { Zone } from "../../../sandbox/zones/oned/zone.ts";
import { type PaceName, paces } from "../../../sandbox/zones/pace.ts";
import { zoneSeeds } from "../../../sandbox/zones/seed.ts";
import { onBench } from "./bench.ts";

/** The numbers of five VMs that are asked for together, in the order in which they come to run. */
async function orderOfStarts(pace: PaceName): Promise<number[]> {
  const clock = new Clock(100, paces[pace]);
  const [seed] = zoneSeeds(1, { zones: [] });
  assert.ok(seed);
  const zone = new Zone(0, "zone-a", seed, clock, noHypervisor);
  const order: number[] = [];
  await new Promise<void>((resolve) => {
    zone.watchers.add({
      moved: ({ id, phase }) => {
        if (phase === "running") order.push(id);
        if (order.length === 5) resolve();
      },
      updated: () => {},
    });
    const user = zone.accounts.userNamed("florist");
    const extra = new Map();
    for (let made = 0; made < 5; made += 1) {
      instantiate(zone, user, { templateId: 0, name: "any", hold: false, extra, context: "merged" });
    }
  });
  clock.stop();
  return order;
}

test("at the lab's pace VMs that are asked for together start apart, at the even pace in their order", async () => {
  assert.deepEqual(await orderOfStarts("lab"), [0, 3, 1, 4, 2]);
  assert.deepEqual(await orderOfStarts("even"), [0, 1, 2, 3, 4]);
});

test("at the lab's pace OneFlow's calls wait for each other", () =>
  onBench({ pace: "lab", speed: 10 }, async (bench) => {
    const from = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => bench.flow("GET", "/service")));
    assert.ok(performance.now() - from >= 5 * 29);
  }));
