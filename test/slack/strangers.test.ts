import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aFederation } from "../builders/federation.ts";
import { HOME_CHANNEL } from "../builders/world.ts";
import { type Bench, channel, openBench, STRANGER } from "./bench.ts";
import { newcomer, phases, roomy } from "./phases.ts";

/** Presses every button that stands anywhere, as somebody who owns nothing and asked for nothing. */
async function pressEverything(bench: Bench): Promise<readonly string[]> {
  const places = [HOME_CHANNEL, channel("alpha"), channel("beta"), channel("gamma"), channel("delta")];
  const pressed: string[] = [];
  for (const place of places) {
    for (const message of await bench.messages(place)) {
      for (const { text } of message.buttons) {
        const before = (await bench.whispers(STRANGER)).length;
        await bench.press(STRANGER, message, text);
        await bench.control.until(`an answer to ${text}`, async () =>
          (await bench.whispers(STRANGER)).length > before ? true : undefined,
        );
        pressed.push(text);
      }
    }
  }
  return pressed;
}

/** Of what happened, all but what was posted. */
const happened = (bench: Bench): readonly string[] =>
  bench
    .recorded(bench.federation().id)
    .map(({ event }) => event.type)
    .filter((type) => !type.startsWith("message-"));

describe("a stranger", () => {
  const stories = [
    ...phases().filter(([name]) =>
      [
        "waiting for its owners",
        "approved",
        "with a problem in a zone",
        "with a failed site",
        "with its coordinator stopping",
        "being torn down",
      ].includes(name),
    ),
    ["with a newcomer asked for", () => newcomer(aFederation({ world: roomy() }).running())] as const,
  ];
  for (const [name, story] of stories) {
    it(`changes nothing with any button of a federation that is ${name}, and is told so privately`, async (context) => {
      const bench = await openBench(context, { story: story() });
      await bench.settled();
      const before = happened(bench);
      const pressed = await pressEverything(bench);
      assert.ok(pressed.length > 0);
      assert.deepEqual(happened(bench), before);
      assert.deepEqual((await bench.control.person(STRANGER)).views, [], "a modal opened");
      assert.ok((await bench.whispers(STRANGER)).every((text) => text.includes("no_entry")));
    });
  }
});
