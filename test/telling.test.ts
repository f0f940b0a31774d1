/** Files of tests that several processes read in turns. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";

describe("Stories that are told in turns", () => {
  const place = mkdtempSync(join(tmpdir(), "florist-telling-"));
  after(() => rmSync(place, { recursive: true }));

  const FILES = Object.entries({
    good: `
      import { after, before, it } from "node:test";
      let ready = false;
      before(() => { ready = true; });
      after(() => console.log("good has ended"));
      it("good is told", () => { if (!ready) throw new Error("its hook has not run"); });`,
    bad: `
      import { before, it } from "node:test";
      before(() => { throw new Error("no sandbox"); });
      it("bad is told", () => undefined);`,
    broken: `import { nothing } from "node:fs";`,
    last: `import { it } from "node:test"; it("last is told", () => undefined);`,
  }).map(([name, program]) => {
    const path = join(place, `${name}.mjs`);
    writeFileSync(path, program);
    return { name, path };
  });

  async function told(): Promise<readonly { printed: string; status: unknown }[]> {
    const claims = join(place, "claims");
    mkdirSync(claims);
    const teller = join(place, "teller.mjs");
    const telling = JSON.stringify(new URL("telling.js", import.meta.url).href);
    writeFileSync(
      teller,
      `import { readInTurns } from ${telling};\nawait readInTurns(${JSON.stringify(FILES)}, ${JSON.stringify(claims)});`,
    );
    const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
    const tellers = [1, 2].map(() => spawn(process.execPath, ["--test-reporter=tap", teller], { env }));
    return await Promise.all(
      tellers.map(async (child) => {
        const [printed, [status]] = await Promise.all([text(child.stdout), once(child, "exit")]);
        return { printed, status };
      }),
    );
  }

  it("are each told once, with hooks of their own, whatever becomes of those before", async () => {
    const tellers = await told();
    const all = tellers.map(({ printed }) => printed).join("\n");
    const count = (words: RegExp): number => all.match(words)?.length ?? 0;
    assert.equal(count(/^ +ok \d+ - good is told$/gm), 1, all);
    assert.equal(count(/good has ended$/gm), 1, all);
    assert.equal(count(/^ +ok \d+ - last is told$/gm), 1, all);
    assert.equal(count(/^not ok \d+ - bad$/gm), 1, all);
    assert.equal(count(/^not ok \d+ - broken$/gm), 1, all);
    assert.ok(
      tellers.some(({ status }) => status !== 0),
      all,
    );
  });
});
