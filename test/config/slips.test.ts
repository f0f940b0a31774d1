/** Slips that upset the lines around them as well: whoever made one is told of one. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { loadConfiguration } from "../../src/config/load-configuration.ts";
import type { Mistake } from "../../src/config/mistake.ts";
import { packageRoot } from "../../src/package-root.ts";
import { ENVIRONMENT } from "./sample.ts";

const TEXT = readFileSync(join(packageRoot(), "sandbox/by-hand.zones.yml"), "utf8");
const LINES = TEXT.split("\n");
const PASSWORDS = Object.fromEntries(["A", "B", "C"].map((zone) => [`FLORIST_PASSWORD_${zone}`, `pass-${zone}`]));
const { ZONE_A_PASSWORD: _, ...environment } = { ...ENVIRONMENT, ...PASSWORDS };

const mistakesIn = async (text: string): Promise<readonly Mistake[]> => {
  const loaded = await loadConfiguration({ environment, readFile: () => ({ ok: true, text, openToOthers: false }) });
  return loaded.ok ? [] : loaded.mistakes;
};

/** The line's first blank is that many columns further right. */
const shifted = (index: number, by: number): string | null => {
  const line = LINES[index] ?? "";
  const indent = line.search(/[^ ]/) + by;
  if (line.trim() === "" || line.startsWith("#") || indent < 0) return null;
  return LINES.with(index, `${" ".repeat(indent)}${line.trimStart()}`).join("\n");
};

const LIBRARY = /mapping|implicit|collection|scalar|expected|received|invalid input|at line|\bundefined\b/i;

suite("One slip in the zones file", () => {
  test("is one mistake when it is a line that is indented wrongly, wherever and however far; hardly ever more", async () => {
    const counts: number[] = [];
    for (const by of [-4, -2, -1, 1, 2, 4]) {
      for (const index of LINES.keys()) {
        const text = shifted(index, by);
        if (text === null) continue;
        const mistakes = await mistakesIn(text);
        assert.ok(mistakes.length <= 3, `line ${index + 1} by ${by}: ${JSON.stringify(mistakes, null, 1)}`);
        for (const { problem, remedy } of mistakes) assert.doesNotMatch(`${problem} ${remedy}`, LIBRARY);
        counts.push(mistakes.length);
      }
    }
    assert.ok(counts.filter((count) => count > 1).length <= counts.length / 20);
    assert.ok(counts.filter((count) => count === 1).length >= counts.length / 2);
  });

  for (const [what, from, to, problem, remedy] of [
    ["a tab", "    user: florist", "\tuser: florist", /indented with a tab/, /blanks only/],
    ["a colon that is missing", "    user: florist", "    user florist", /indented or written/, /a colon and a blank/],
    ["a blank that is missing", "    quorum: 1", "    quorum:1", /indented or written/, /a colon and a blank/],
    ["a quotation mark left open", "title: Hospital A", 'title: "Hospital A', /quotation mark/, /Close what/],
    ["a key twice", "    quorum: 1", "    quorum: 1\n    quorum: 1", /the same key twice/, /Keep one/],
    ["a zone inside another", "  zone-b:", "    zone-b:", /twice, as do \d+ further lines/, /indented too far/],
    ["a section outside its own", "      environment: FL", "    environment: FL", /is empty/, /Indent `environment`/],
    ["a key under another name", "zones:", "zone:", /is not known/, /Did you mean `zones`/],
    ["a key in another section", "    network: public", "      network: public", /is not known/, /Remove it/],
  ] as const) {
    test(`is one mistake when it is ${what}`, async () => {
      assert.ok(TEXT.includes(from));
      const [mistake, ...more] = await mistakesIn(TEXT.replace(from, to));
      assert.deepEqual(more, []);
      assert.match(mistake?.problem ?? "", problem);
      assert.match(mistake?.remedy ?? "", remedy);
      assert.match(mistake?.where ?? "", /^zones\.yml:\d+/);
    });
  }
});
