import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Clock } from "../../../sandbox/zones/clock.ts";
import { noHypervisor } from "../../../sandbox/zones/hypervisor.ts";
import { instantiate } from "../../../sandbox/zones/oned/instantiation.ts";
import { Zone } from "../../../sandbox/zones/oned/zone.ts";
import { type PaceName, paces } from "../../../sandbox/zones/pace.ts";
import { zoneSeeds } from "../../../sandbox/zones/seed.ts";
import { onBench } from "./bench.ts";

/** The numbers of five VMs that are asked for together, in the order in which they come to run, by a clock that is turned. */
function orderOfStarts(pace: PaceName): number[] {
  const clock = new Clock(1, paces[pace]);
  const [seed] = zoneSeeds(1, { zones: [] });
  assert.ok(seed);
  const zone = new Zone(0, "zone-a", seed, clock, noHypervisor);
  const order: number[] = [];
  zone.watchers.add({
    moved: ({ id, phase }) => {
      if (phase === "running") order.push(id);
    },
    updated: () => {},
  });
  const user = zone.accounts.userNamed("florist");
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    for (let made = 0; made < 5; made += 1) {
      instantiate(zone, user, { templateId: 0, name: "any", hold: false, extra: new Map(), context: "merged" });
    }
    for (let ms = 0; ms < 7000; ms += 100) mock.timers.tick(100);
  } finally {
    mock.timers.reset();
  }
  return order;
}

test("at the lab's pace VMs that are asked for together start apart, at the even pace in their order", () => {
  assert.deepEqual(orderOfStarts("lab"), [0, 3, 1, 4, 2]);
  assert.deepEqual(orderOfStarts("even"), [0, 1, 2, 3, 4]);
});

test("at the lab's pace OneFlow's calls wait for each other", () =>
  onBench({ pace: "lab", speed: 10 }, async (bench) => {
    const from = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => bench.flow("GET", "/service")));
    assert.ok(performance.now() - from >= 5 * 29);
  }));
