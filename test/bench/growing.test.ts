import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { startProgram } from "../../sandbox/program.ts";
import { inDirectory } from "./directories.ts";
import { openStage } from "./stage.ts";

/** One for each zone of the stage to coordinate. */
const FEDERATIONS = 4;
/** So long that only what never comes is missed. */
const PATIENCE_S = 300;

test("Federations that the bench measures the bot with come up in each of its zones", () =>
  inDirectory(async (directory) => {
    const stage = await openStage(directory);
    try {
      const grown = await startProgram({
        entry: "test/bench/growing.js",
        args: [String(FEDERATIONS), String(PATIENCE_S)],
        environment: stage.environment(join(directory, "grown"), "growing"),
        ready: z.object({ up: z.int() }),
      });
      await grown.stop();
      assert.equal(grown.ready.up, FEDERATIONS);
    } finally {
      await stage.stop();
    }
  }));
