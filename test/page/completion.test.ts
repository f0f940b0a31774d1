import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sentAs, suggestionsFor } from "../../sandbox/page/client/completion.ts";

const known = { command: "/flower", bot: "florist", hasCommand: true, federations: ["hearts", "lungs"] };
const shown = (typed: string, more: Partial<typeof known> = {}): readonly string[] =>
  suggestionsFor(typed, { ...known, ...more }).map((one) => one.shown);

suite("The composer", () => {
  test("completes the command, then its words, then the names of federations", () => {
    assert.deepEqual(shown("/f"), ["/flower"]);
    assert.deepEqual(shown("/flower "), [
      "/flower deploy-site",
      "/flower status",
      "/flower zones",
      "/flower teardown",
      "/flower help",
    ]);
    assert.deepEqual(shown("/flower st"), ["/flower status"]);
    assert.deepEqual(shown("/flower teardown "), ["hearts", "lungs"]);
    assert.deepEqual(shown("/flower teardown lu"), ["lungs"]);
    assert.deepEqual(shown("/flower teardown lungs"), []);
  });

  test("completes a mention that gives a certificate with the federation that awaits it", () => {
    assert.deepEqual(shown("@florist cert"), ["@florist certificate"]);
    assert.deepEqual(shown("@florist certificate "), ["hearts", "lungs"]);
  });

  test("offers the command to nobody who does not have it", () => {
    assert.deepEqual(shown("/f", { hasCommand: false }), []);
    assert.deepEqual(shown("@flo", { hasCommand: false }), ["@florist"]);
  });

  test("stays out of the way of what people write to each other", () => {
    for (const typed of ["", "hello", "a /flower", "/flower status hearts and more"])
      assert.deepEqual(shown(typed), []);
  });

  test("sends a command, a mention or a message", () => {
    assert.deepEqual(sentAs("/flower status hearts", known), { kind: "command", text: "status hearts" });
    assert.deepEqual(sentAs("@florist whoami", known), { kind: "mention", text: "whoami" });
    assert.deepEqual(sentAs("/flowers please", known), { kind: "message", text: "/flowers please" });
  });
});
