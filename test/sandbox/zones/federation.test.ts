import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench } from "./bench.ts";

test("in a federation users and tokens are those of the first zone, everywhere", () =>
  onBench({ zones: 2, federated: true }, async (bench) => {
    const token = await bench.text("one.user.login", "florist", "", 600, -1);
    const inSecond = (credential: string, method: string, ...parameters: unknown[]) =>
      bench.callAt(1, credential, method, ...parameters);
    assert.ok("value" in (await inSecond(`florist:${token}`, "one.user.info", -1, false)));
    assert.ok("value" in (await inSecond("florist:florist-of-zone-a", "one.system.version")));
    const own = await inSecond("florist:florist-of-zone-b", "one.system.version");
    assert.ok("code" in own && own.code === 256);
  }));

test("without the first zone nobody gets a token, and all else goes on", () =>
  onBench({ zones: 2, federated: true }, async (bench) => {
    await bench.control.command("zone-a", { do: "down" });
    const refused = await bench.callAt(1, "florist:florist-of-zone-a", "one.user.login", "florist", "", 600, -1);
    assert.deepEqual("code" in refused && [refused.code, refused.message], [
      8192,
      "[one.user.login] Could not connect to the federation master oned",
    ]);
    const made = await bench.callAt(
      1,
      "florist:florist-of-zone-a",
      "one.template.instantiate",
      0,
      "x",
      false,
      "",
      false,
    );
    assert.ok("value" in made);
  }));

test("organisations that do not share their users do not let each other's in", () =>
  onBench({ zones: 2 }, async (bench) => {
    const refused = await bench.callAt(1, "florist:florist-of-zone-a", "one.system.version");
    assert.ok("code" in refused && refused.code === 256);
  }));
