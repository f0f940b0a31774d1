import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { type Daemons, errorOf, failure, type Reply, startDaemons } from "./daemons.ts";

let daemons: Daemons | undefined;
afterEach(async () => {
  await daemons?.close();
  daemons = undefined;
});

const SERVICE = {
  name: "florist",
  userInputs: {},
  roles: [{ name: "superlink", cardinality: 1, context: { FL_ATTEMPT: "a" }, nics: [] }],
};

/** Everything of an error that anybody could print. */
const printed = (error: unknown): string => inspect(error, { depth: 20, showHidden: true });

async function errorsOf(password: string, reply: (said: string) => Reply, said: string): Promise<string> {
  daemons = await startDaemons(() => reply(said));
  const zone = daemons.open({ password: { reveal: () => password } });
  const errors = [
    await errorOf(zone.publish(1, { FL_ADMITTED: "YES" })),
    await errorOf(zone.vmState(1)),
    await errorOf(zone.instantiate(1, SERVICE)),
    await errorOf(zone.removeService(1)),
    await errorOf(zone.snapshot()),
    await errorOf(zone.survey({ template: 1, network: 1 })),
  ];
  await daemons.close();
  return errors.map(printed).join("\n");
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

describe("a zone that repeats the bot's credentials", () => {
  const password = "orchard-lantern-42+/";
  const pair = `flbot:${password}`;
  const spellings = [
    password,
    pair,
    Buffer.from(pair).toString("base64"),
    Buffer.from(password).toString("base64"),
    encodeURIComponent(pair),
    JSON.stringify(pair),
  ];
  const wherever: Readonly<Record<string, (said: string) => Reply>> = {
    "in a refusal": (said) => failure(8192, escaped(said)),
    "in a page": (said) => ({ status: 502, body: `<html>${said}</html>` }),
    "in plain text": (said) => ({ status: 500, body: said }),
    "in JSON": (said) => ({ status: 500, body: JSON.stringify({ message: said }) }),
    "at the end of what is read of it": (said) => ({ status: 400, body: `${"x".repeat(490)} ${said}` }),
  };
  for (const [where, reply] of Object.entries(wherever)) {
    it(`${where}, has them in no error and no cause`, async () => {
      for (const said of spellings) {
        const text = await errorsOf(password, reply, `Basic ${said}`);
        for (const spelled of [...spellings, "orchard", Buffer.from(pair).toString("base64").slice(0, 12)]) {
          assert.ok(!text.includes(spelled), `${spelled} stands in ${text}`);
        }
      }
    });
  }

  it("whatever the password is", async () => {
    const passwords = fc
      .string({ unit: "grapheme-ascii", minLength: 8, maxLength: 30 })
      .map((text) => `#${text.trim()}#${text.length}`);
    await fc.assert(
      fc.asyncProperty(passwords, async (some) => {
        const text = await errorsOf(
          some,
          (said) => ({ status: 500, body: said }),
          `no ${some}, ${encodeURIComponent(some)}`,
        );
        assert.ok(!text.includes(some) && !text.includes(encodeURIComponent(some)), text);
      }),
      { numRuns: 15 },
    );
  });
});

describe("a password that XML cannot carry", () => {
  it("is not sent, and not repeated in what is said about it", async () => {
    daemons = await startDaemons(() => failure(256, "no"));
    const zone = daemons.open({ password: { reveal: () => "orchard-lantern-42\uffff" } });
    const error = await errorOf(zone.vmState(1));
    assert.match(error.message, /^one\.vm\.info was not sent to zone zone-a: .* character that XML cannot carry\.$/);
    assert.doesNotMatch(printed(error), /orchard/);
    assert.equal(daemons.asked.length, 0);
  });
});
