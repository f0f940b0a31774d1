/** A day of a link that goes down and comes back each minute, at the pace of looks that a quiet zone has. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FlappingLink } from "../bench/flapping-link.ts";
import { SECOND } from "../builders/decision-context.ts";
import { times } from "../thoroughness.ts";

/** Bytes. */
const MOST = 100_000;

test("A day of a flapping link adds less than 100 kB to the journal, and less to what is held in memory", async () => {
  const parent = await mkdtemp(join(tmpdir(), "florist-test-"));
  const link = await FlappingLink.open(join(parent, "data"));
  try {
    const begun = link.left();
    await link.lives(times(24), 15 * SECOND);
    const end = link.left();
    assert.ok(end.events > begun.events, "it is noticed");
    assert.ok(end.journal - begun.journal < MOST, `${end.journal - begun.journal} bytes of journal`);
    assert.ok(end.state - begun.state < MOST, `${end.state - begun.state} bytes of state`);
  } finally {
    await link.close();
    await rm(parent, { recursive: true });
  }
});
