/** A run of Flower that something happens to while it is under way. */
import assert from "node:assert/strict";
import { FlowerRun } from "../../sandbox/hypervisor/real/flower-run.ts";
import type { RealFederation } from "./real-federation.ts";

/** Until a round has ended, and until a run has that lost no round and had two sites. */
const [FIRST_ROUND_MS, WHOLE_MS] = [180_000, 360_000];

/** Of two SuperNodes; its first round has ended. */
export async function underWay(federation: RealFederation, rounds = 8, seconds = 8): Promise<FlowerRun> {
  const settings = { nodes: 2, answers: 2, "num-server-rounds": rounds, seconds };
  const run = await FlowerRun.start(await federation.superlink(), settings);
  for await (const _ of run.rounds(FIRST_ROUND_MS)) break;
  return run;
}

export async function completesWithBoth(run: FlowerRun): Promise<void> {
  assert.equal(await run.ended(WHOLE_MS), "finished:completed");
  const { rounds } = await run.outcome();
  assert.ok(rounds.length > 0 && rounds.every(({ nodes }) => nodes.length === 2));
}
