import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FlowerRun, inOnePlace } from "../../src/sandbox/guests/real/flower-run.ts";
import { RealFederation } from "./real-federation.ts";

let federation: RealFederation;
before(async () => {
  federation = await RealFederation.deploy("training");
});
after(() => federation?.end());

test("four SuperNodes in two zones train three rounds, and the model is the one that one place would compute", async () => {
  const superlink = await federation.superlink();
  const run = await FlowerRun.start(superlink, { nodes: 4, answers: 4 });
  assert.equal(await run.ended(180_000), "finished:completed");
  const { rounds, model } = await run.outcome();
  assert.deepEqual(
    rounds.map(({ round, nodes }) => [round, nodes.length]),
    [1, 2, 3].map((round) => [round, 4]),
  );
  const alone = await inOnePlace(superlink, 3, rounds[0]?.nodes ?? []);
  assert.equal(model?.length, alone.length);
  for (const [index, value] of alone.entries()) assert.ok(Math.abs((model?.[index] ?? Number.NaN) - value) < 1e-9);
});
