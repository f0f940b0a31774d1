/** What reaches the bot's address and is not from Slack, or not as Slack sends it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOME_CHANNEL } from "../../builders/decision-context.ts";
import { openBench, REQUESTER } from "../bench.ts";
import { HOST } from "../workspace-seed.ts";

const JSON_TYPE = "application/json";
const payload = (value: unknown): string => new URLSearchParams({ payload: JSON.stringify(value) }).toString();
const command = (fields: Readonly<Record<string, string>>): string =>
  new URLSearchParams({
    command: "/flower",
    text: "help",
    team_id: HOST,
    user_id: REQUESTER,
    channel_id: HOME_CHANNEL,
    trigger_id: "1.2.a",
    response_url: "https://127.0.0.1:1/none",
    ...fields,
  }).toString();

const user = { id: REQUESTER, team_id: HOST };
const CLICK = { type: "block_actions", user, trigger_id: "1", actions: [{ action_id: "approve", action_ts: "1" }] };
const ODD: readonly (readonly [what: string, body: string, contentType?: string])[] = [
  ["a payload of null", payload(null)],
  ["a payload of a number", payload(5)],
  ["a payload of a list", payload([])],
  ["a payload that is no JSON", "payload=%7B"],
  ["two payloads", `${payload({ type: "block_actions" })}&payload=null`],
  ["an empty form", ""],
  ["a form without anything that Slack sends", "a=b"],
  ["a click without an action", payload({ type: "block_actions", user, actions: [] })],
  ["a click of nobody", payload({ type: "block_actions", user: null, actions: [{ action_id: "approve" }] })],
  ["a submission without a view", payload({ type: "view_submission", user })],
  ["a submission of an empty view", payload({ type: "view_submission", user, view: null })],
  ["a click without its trigger", payload({ ...CLICK, trigger_id: undefined })],
  [
    "a click without its time",
    payload({ type: "block_actions", user, trigger_id: "1", actions: [{ action_id: "a" }] }),
  ],
  ["a click of somebody who cannot be", payload({ ...CLICK, user: { id: "<@x>" } })],
  ["a submission without its hash", payload({ type: "view_submission", user, view: { id: "V1", callback_id: "a" } })],
  ["a command of somebody who cannot be", command({ user_id: "[object Object]" })],
  ["JSON null", "null", JSON_TYPE],
  ["JSON text", '"hello"', JSON_TYPE],
  ["cut JSON", '{"type":"event_callback","event":{', JSON_TYPE],
  ["an event that is null", '{"type":"event_callback","event":null}', JSON_TYPE],
  ["an event of nobody's", '{"type":"event_callback","event":{"type":"a"},"authorizations":[null]}', JSON_TYPE],
  ["an event by null", '{"type":"event_callback","event":{"type":"app_mention","user":null}}', JSON_TYPE],
  ["a click in a channel that is null", payload({ ...CLICK, channel: null })],
  ["an event without a type", '{"type":"event_callback","event":{}}', JSON_TYPE],
  ["a challenge without a challenge", '{"type":"url_verification"}', JSON_TYPE],
];

describe("a signed request", () => {
  it("is refused with 400 when it holds nothing that Slack sends, and the bot goes on", async (context) => {
    const { deliver } = await openBench(context);
    for (const [what, body, contentType] of ODD) {
      const request = contentType === undefined ? { body } : { body, contentType };
      assert.equal((await deliver(request)).status, 400, what);
    }
    assert.equal((await deliver({ body: command({ trigger_id: "after" }) })).status, 200);
  });

  it("is taken when it is dated five minutes back or ahead, and refused with 401 beyond", async (context) => {
    const { deliver } = await openBench(context);
    for (const [skew, status] of [
      [-290, 200],
      [290, 200],
      [-320, 401],
      [320, 401],
      [3600, 401],
    ] as const) {
      const { status: answered } = await deliver({ body: command({ trigger_id: `at ${skew}` }), skew });
      assert.equal(answered, status, `dated ${skew} s from now`);
    }
  });

  it("is refused with 401 when it is signed with another secret, whatever it holds", async (context) => {
    const { deliver } = await openBench(context);
    for (const body of [command({}), payload(null)]) {
      assert.equal((await deliver({ body, secret: "another" })).status, 401);
    }
  });

  it("with a command of another name is answered with what this bot can do", async (context) => {
    const { deliver } = await openBench(context);
    for (const name of ["/flowers", "/flower-old", "/f(l"]) {
      const { status, body } = await deliver({ body: command({ command: name, trigger_id: name }) });
      assert.equal(status, 200);
      assert.match(body, /"response_type":"ephemeral".*\/flower deploy-site/);
    }
  });

  it("with Slack's question whether the address answers is answered, signed or not", async (context) => {
    const { deliver } = await openBench(context);
    assert.equal((await deliver({ body: "ssl_check=1", secret: "another", skew: 9000 })).status, 200);
  });
});
