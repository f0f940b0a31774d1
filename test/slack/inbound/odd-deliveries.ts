/** Bodies that Slack would never send, for whichever way they come. */
import { HOME_CHANNEL } from "../../builders/decision-context.ts";
import { REQUESTER } from "../bench.ts";
import { HOST } from "../workspace-seed.ts";

const JSON_TYPE = "application/json";
const payload = (value: unknown): string => new URLSearchParams({ payload: JSON.stringify(value) }).toString();
export const command = (fields: Readonly<Record<string, string>>): string =>
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
/** What holds nothing that Slack sends; a form unless it says otherwise. */
export const ODD: readonly (readonly [what: string, body: string, contentType?: string])[] = [
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
  ["a submission without its modal's id", payload({ type: "view_submission", user, view: { callback_id: "a" } })],
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
