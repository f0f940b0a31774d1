import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { CONDITION_CODES } from "../../src/federation/model/conditions.ts";
import { reasonCode, refusalCode } from "../../src/federation/model/reasons.ts";
import { packageRoot } from "../../src/package-root.ts";
import { FILES } from "../config/sample.ts";
import { PAGES } from "../documents/pages.ts";

const read = (name: string): string => readFileSync(join(packageRoot(), name), "utf8");

suite("Files that are made from the code", () => {
  for (const [path, make] of PAGES) {
    test(`${path} is what the code makes: npm run documents writes it anew`, () => {
      assert.equal(read(path), make());
    });
  }
});

suite("Troubleshooting", () => {
  test("has every code that there is, once in its table", () => {
    const rows = [...read("docs/troubleshooting.md").matchAll(/^\| `([^`]+)` \| \S/gm)].map(([, code = ""]) => code);
    const codes = [...CONDITION_CODES, ...reasonCode.options, ...refusalCode.options];
    assert.deepEqual(
      codes.filter((code) => !rows.includes(code)),
      [],
    );
    assert.equal(rows.length, codes.length + 8);
  });
});

suite("The zones file's schema", () => {
  const schema = z.fromJSONSchema(JSON.parse(read("docs/zones.schema.json")));
  const accepts = (text: string): boolean => schema.safeParse(parse(text)).success;

  test("is named in the example, and takes it and every other zones file that the bot takes", () => {
    const example = read("zones.example.yml");
    assert.match(example, /^# yaml-language-server: \$schema=docs\/zones\.schema\.json\n/);
    assert.ok(accepts(example));
    assert.ok(accepts(FILES["zones.yml"]));
  });

  test("knows names that are misspelt, and what is missing", () => {
    const example = read("zones.example.yml");
    assert.ok(!accepts(example.replace("quorum: 1", "qourum: 1")));
    assert.ok(!accepts(example.replace(/^ +network: public$/m, "")));
    assert.ok(!accepts(example.replace("{ environment: ZONE_A_PASSWORD }", "hunter2")));
  });

  test("tells what each thing is that a person writes, in the words of the bot's own remedies", () => {
    const text = read("docs/zones.schema.json");
    assert.match(text, /"description": "Give oned's XML-RPC address, such as /);
    assert.match(text, /"description": "Give a number and one of the units ms, s, min, h, days/);
  });
});
