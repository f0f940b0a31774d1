import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { credential, Redactor, Secret } from "../src/secret.ts";

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const xml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
const ascii = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const SPELLINGS: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => secret,
  base64,
  "base64 without its end": (secret) => base64(secret).replace(/=+$/, ""),
  "base64 for addresses": (secret) => Buffer.from(secret, "utf8").toString("base64url"),
  "base64 in lines": (secret) => base64(secret).replace(/(.{4})/g, "$1\n"),
  "base64 with a user": (secret) => base64(`florist:${secret}`),
  "base64 in an address": (secret) => encodeURIComponent(base64(secret)),
  "percent encoding": encodeURIComponent,
  "percent encoding twice": (secret) => encodeURIComponent(encodeURIComponent(secret)),
  "percent encoding in small letters": (secret) =>
    encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  "a form": (secret) => new URLSearchParams({ secret }).toString().slice("secret=".length),
  XML: xml,
  "XML in XML": (secret) => xml(xml(secret)),
  "XML by numbers": (secret) => [...secret].map((one) => `&#${one.codePointAt(0)};`).join(""),
  "XML by hexadecimal numbers": (secret) =>
    [...secret].map((one) => `&#x${one.codePointAt(0)?.toString(16)};`).join(""),
  JSON: (secret) => JSON.stringify(secret).slice(1, -1),
  "JSON in ASCII": ascii,
};

/** What a configuration takes for a password: text that can be seen, long enough not to stand in a text by chance. */
const secrets = fc
  .string({ unit: "grapheme", minLength: 6, maxLength: 40 })
  .filter((text) => /^(?! )[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]{6,}$/u.test(text))
  .filter((text) => !"[secret]".includes(text));

suite("A redactor", () => {
  for (const [name, spell] of Object.entries(SPELLINGS)) {
    test(`takes out a secret in ${name}`, () => {
      fc.assert(
        fc.property(secrets, fc.string(), fc.string(), (secret, before, after) => {
          const redactor = new Redactor([new Secret(secret), credential("florist", new Secret(secret))]);
          const spelled = spell(secret);
          const clean = redactor.clean(`${before} ${spelled} ${after}`);
          assert.ok(!clean.includes(spelled), `${JSON.stringify(spelled)} stands in ${JSON.stringify(clean)}`);
        }),
        { numRuns: 15 },
      );
    });
  }

  test("finds a secret in base64 wherever in the encoded text it stood, up to the characters that also hold its neighbours", () => {
    const redactor = new Redactor([new Secret("orchard-lantern-42")]);
    for (const before of ["", "a", "ab", "abc", "florist:"]) {
      // What stands around the secret may be told.
      assert.match(redactor.clean(base64(`${before}orchard-lantern-42 and more`)), /^.{0,12}\[secret\].{0,24}$/);
    }
  });

  test("leaves other text, and what it has taken out before, as it is", () => {
    const redactor = new Redactor([new Secret("secret")]);
    assert.equal(redactor.clean("nothing of it [secret]"), "nothing of it [secret]");
    assert.equal(redactor.clean(redactor.clean("a secret")), "a [secret]");
    assert.equal(new Redactor([]).clean("anything"), "anything");
  });

  test("is quick with a line of the log, for as many zones as there may be", () => {
    const redactor = new Redactor(
      Array.from({ length: 200 }, (_zone, index) => new Secret(`${index}-${base64(`password ${index}`)}`)),
    );
    const line = "the zone could not be looked at ".repeat(30);
    redactor.clean(line);
    const times = Array.from({ length: 10 }, () => {
      const started = performance.now();
      redactor.clean(line);
      return performance.now() - started;
    });
    assert.ok(Math.min(...times) < 25, `${times}`);
  });
});
