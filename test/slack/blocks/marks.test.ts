/** One mark for one thing, on every card, in every reply and in every answer. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { packageRoot } from "../../../src/package-root.ts";
import { MARK, taskOf } from "../../../src/slack/blocks/marks.ts";
import { siteProgress } from "../../../src/slack/blocks/progress.ts";
import { zone } from "../../builders/decision-context.ts";
import { phase } from "../phases.ts";

const markAt = (name: string, site: string): string => {
  const { federation, context } = phase(name);
  const found = federation.sites.get(zone(site));
  assert.ok(found !== undefined);
  return siteProgress(federation, found, context).mark;
};

describe("marks", () => {
  it("stand for one thing each", () => {
    assert.equal(new Set(Object.values(MARK)).size, Object.keys(MARK).length);
  });

  it("are written in one place", () => {
    const folder = join(packageRoot(), "src", "slack");
    const written = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith("marks.ts"))
      .filter((name) => Object.values(MARK).some((mark) => readFileSync(join(folder, name), "utf8").includes(mark)));
    assert.deepEqual(written, []);
  });

  it("are green for nothing but what is up: what was rejected or retired is out, and degraded is neither", () => {
    assert.equal(markAt("running", "beta"), "up");
    assert.equal(markAt("rejected by a training site", "beta"), "out");
    assert.equal(markAt("with a retired site", "gamma"), "out");
    assert.equal(markAt("with a zone written off", "gamma"), "out");
    assert.equal(markAt("with a failed site", "beta"), "down");
    assert.equal(taskOf("out"), "pending");
    assert.notEqual(MARK.degraded, MARK.refused);
  });
});
