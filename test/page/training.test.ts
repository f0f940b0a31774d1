/** Runs of Flower that somebody starts on the page: what is told of them, and where their loss is drawn. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { lossChart } from "../../sandbox/page/client/loss-chart.ts";
import type { ShownTraining } from "../../sandbox/page/protocol.ts";
import { ROUNDS, type StartedRun, type StartRun, Training } from "../../sandbox/page/training.ts";
import { encodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { until } from "../waiting.ts";

const SUPERLINK = { zone: "zone-a", vmId: 0 };
const KEY = `SHA256:${"A".repeat(43)}`;

/** What a SuperLink says that sees so many SuperNodes online, and one more that is not. */
const seeing = (online: number) => async () =>
  encodeNodeList([
    ...Array.from({ length: online }, (_, nth) => ({ key: KEY, nodeId: String(nth), status: "online" as const })),
    { key: KEY, nodeId: "99", status: "offline" as const },
  ]);

function run(losses: readonly number[], how: string): StartedRun {
  return {
    async *rounds() {
      for (const [nth, loss] of losses.entries()) yield { round: nth + 1, nodes: ["1", "2"], loss };
    },
    ended: async () => how,
  };
}

function watched(online: number, start: StartRun | null) {
  const shown: ShownTraining[] = [];
  const training = new Training({ nodesSeen: seeing(online), start, show: (now) => shown.push(now) });
  const over = () => until("the end of the run", () => /completed|failed/.test(shown.at(-1)?.state ?? ""));
  return { training, shown, over };
}

const falling = Array.from({ length: ROUNDS }, (_, nth) => 1 / (nth + 1));

suite("A run that is started on the page", () => {
  test("waits for the SuperNodes that are online, and shows each round as it ends", async () => {
    const asked: unknown[] = [];
    const { training, shown, over } = watched(2, async (superlink, wish) => {
      asked.push(superlink, wish);
      return run(falling, "finished:completed");
    });
    await training.begin(SUPERLINK);
    await over();
    assert.deepEqual(asked, [SUPERLINK, { rounds: ROUNDS, nodes: 2 }]);
    assert.deepEqual(
      shown.map(({ state, rounds }) => `${state} ${rounds.length}`),
      ["starting 0", "running 0", ...falling.map((_, nth) => `running ${nth + 1}`), `completed ${ROUNDS}`],
    );
  });

  test("is one at a time, and another can follow", async () => {
    let end = (_how: string): void => undefined;
    const held = new Promise<string>((resolve) => {
      end = resolve;
    });
    const { training, over } = watched(1, async () => ({ ...run([], ""), ended: () => held }));
    await training.begin(SUPERLINK);
    await assert.rejects(training.begin(SUPERLINK), /A run is under way/);
    end("finished:completed");
    await over();
    await training.begin(SUPERLINK);
  });

  test("says why it failed: in Flower's words, or that it was not taken", async () => {
    const failing = watched(1, async () => run([1], "finished:failed"));
    await failing.training.begin(SUPERLINK);
    await failing.over();
    assert.equal(failing.shown.at(-1)?.why, "Flower says finished:failed.");
    const refused = watched(1, async () => {
      throw new Error("Flower did not take the run.");
    });
    await assert.rejects(refused.training.begin(SUPERLINK), /did not take/);
    assert.deepEqual(
      [refused.shown.at(-1)?.state, refused.shown.at(-1)?.why],
      ["failed", "Flower did not take the run."],
    );
    await assert.rejects(refused.training.begin(SUPERLINK), /did not take/);
  });

  test("is not begun where it would wait for ever, or nobody trains", async () => {
    const nobody = watched(0, async () => run([], ""));
    await assert.rejects(nobody.training.begin(SUPERLINK), /sees no SuperNode that is online/);
    await assert.rejects(watched(2, null).training.begin(SUPERLINK), /start the sandbox with --real/);
    assert.deepEqual(nobody.shown, []);
  });
});

suite("The chart of a run's loss", () => {
  const rounds = [
    { round: 1, nodes: 3, loss: 0.8 },
    { round: 2, nodes: 1, loss: null },
    { round: 3, nodes: 2, loss: 0.2 },
  ];

  test("has a point for each round that told its loss, the highest on top, at its round's place", () => {
    const { dots, floor, line } = lossChart({ of: 3, rounds });
    assert.deepEqual(
      dots.map(({ round }) => round),
      [1, 3],
    );
    const [first, last] = dots;
    assert.ok(first !== undefined && last !== undefined);
    assert.ok(first.y < last.y && last.y < floor && first.x < last.x);
    assert.equal(line.split(" ").length, 2);
  });

  test("is told in words, too, also before a round has ended", () => {
    assert.equal(
      lossChart({ of: 3, rounds }).words,
      "Round 1: loss 0.8, 3 SuperNodes; Round 3: loss 0.2, 2 SuperNodes.",
    );
    assert.equal(lossChart({ of: 3, rounds: [] }).words, "No round has ended yet.");
  });
});
