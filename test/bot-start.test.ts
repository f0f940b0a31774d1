/** In which order the bot's parts begin. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { begun } from "../src/bot.ts";

/** Parts that say when they begin and end. */
function parts({ canListen = true } = {}) {
  const order: string[] = [];
  return {
    order,
    app: {
      async start() {
        order.push("Slack reaches the bot");
        if (!canListen) throw new Error("the port is taken");
        await Promise.resolve();
        order.push("people are answered");
        return { port: 3000 };
      },
      stop: async () => void order.push("nobody is answered any more"),
    },
    runtime: {
      start: async () => void order.push("zones are looked at"),
      stop: async () => void order.push("the store is closed"),
    },
  };
}

test("Zones are looked at once people are answered, and not before", async () => {
  const { app, runtime, order } = parts();
  assert.deepEqual(await begun(app, runtime), { port: 3000 });
  assert.deepEqual(order, ["Slack reaches the bot", "people are answered", "zones are looked at"]);
});

test("A bot that Slack cannot reach looks at no zone, and closes what it has opened", async () => {
  const { app, runtime, order } = parts({ canListen: false });
  await assert.rejects(begun(app, runtime), /the port is taken/);
  assert.deepEqual(order, ["Slack reaches the bot", "the store is closed"]);
});
