/** One listener of each kind, whatever there is to press. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, HTTPReceiver, LogLevel } from "@slack/bolt";
import { Dispatcher } from "../../../src/slack/inbound/dispatcher.ts";
import { ACTION, VIEW } from "../../../src/slack/names.ts";

const user = { id: "U0REQUEST1", team_id: "T0ASTER001" };
const click = (actionId: string) => ({
  type: "block_actions",
  user,
  actions: [{ type: "button", action_id: actionId }],
});
const submission = (callbackId: string) => ({ type: "view_submission", user, view: { callback_id: callbackId } });
const COMMAND = { user_id: user.id, team_id: user.team_id, response_url: "https://127.0.0.1:1/none", text: "" };
const event = (type: string) => ({ type: "event_callback", team_id: user.team_id, event: { type } });

/** An app with something for every name there is; it notes who was asked. */
function dispatched() {
  const receiver = new HTTPReceiver({ signingSecret: "unused", logLevel: LogLevel.ERROR });
  const app = new App({ authorize: async () => ({}), receiver, logLevel: LogLevel.ERROR });
  const dispatcher = new Dispatcher();
  const asked: string[] = [];
  dispatcher.command("/flower", async ({ ack }) => {
    asked.push("/flower");
    await ack();
  });
  for (const name of Object.values(ACTION))
    dispatcher.click(name, async ({ ack }) => {
      asked.push(name);
      await ack();
    });
  for (const name of Object.values(VIEW))
    dispatcher.submission(name, async ({ ack }) => {
      asked.push(name);
      await ack();
    });
  dispatcher.event("app_mention", async () => void asked.push("app_mention"));
  dispatcher.attach(app, async ({ ack, body }) => {
    asked.push(`unknown ${body.command}`);
    await ack();
  });
  return {
    app,
    asked,
    /** How often it was acknowledged. */
    async deliver(body: object): Promise<number> {
      let acknowledged = 0;
      const ack = async (): Promise<void> => {
        acknowledged += 1;
      };
      await app.processEvent({ body: { ...body }, ack });
      return acknowledged;
    },
  };
}

describe("What Slack delivers", () => {
  test("goes to whoever it is for and is acknowledged once", async () => {
    const { asked, deliver } = dispatched();
    for (const name of Object.values(ACTION)) assert.equal(await deliver(click(name)), 1);
    for (const name of Object.values(VIEW)) assert.equal(await deliver(submission(name)), 1);
    assert.equal(await deliver({ ...COMMAND, command: "/flower" }), 1);
    assert.equal(await deliver(event("app_mention")), 1);
    assert.deepEqual(asked, [...Object.values(ACTION), ...Object.values(VIEW), "/flower", "app_mention"]);
  });

  test("is acknowledged where it is nobody's, such as a button of an older version", async () => {
    const { asked, deliver } = dispatched();
    assert.equal(await deliver(click("of-an-older-version")), 1);
    assert.equal(await deliver(submission("of-an-older-version")), 1);
    assert.equal(await deliver({ ...submission("any"), type: "view_closed" }), 1);
    assert.equal(await deliver({ type: "block_suggestion", user, action_id: "any", value: "" }), 1);
    assert.equal(await deliver({ type: "shortcut", user, callback_id: "any" }), 1);
    assert.equal(await deliver(event("team_join")), 1);
    assert.equal(await deliver({ ...COMMAND, command: "/plant" }), 1);
    assert.deepEqual(asked, ["unknown /plant"]);
  });

  test("passes as many of Bolt's listeners as there are kinds of delivery, not as many as there are buttons", () => {
    const listeners: unknown = Reflect.get(dispatched().app, "listeners");
    assert.ok(Array.isArray(listeners));
    assert.equal(listeners.length, 7);
    assert.ok(Object.keys(ACTION).length > 20);
  });
});
