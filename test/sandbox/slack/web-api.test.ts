import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSeed } from "../../../sandbox/slack/world/default-seed.ts";
import type { WorldSeed } from "../../../sandbox/slack/world/seed.ts";
import { callApi, callApiWithForm } from "./api-call.ts";
import {
  APP_TOKEN,
  ASTER,
  BIRCH,
  BOT_TOKEN,
  HOME,
  OWNER_B,
  openWorkspace,
  RANDOM,
  REQUESTER,
  SCOPES,
  ZONE_A,
} from "./workspace.ts";

const BOT_USER = "U0FLORIST1";

test("A call without a token, with a wrong one, or with the app's token is refused by name", async (context) => {
  const workspace = await openWorkspace(context);
  const call = async (headers: Record<string, string>) => (await callApi(workspace, "auth.test", {}, headers)).error;
  assert.equal(await call({}), "not_authed");
  assert.equal(await call({ authorization: "Bearer xoxb-other" }), "invalid_auth");
  assert.equal(await call({ authorization: `Bearer ${APP_TOKEN}` }), "not_allowed_token_type");
});

test("A method that Slack does not have is an error in an answer, not a 404", async (context) => {
  const answer = await callApi(await openWorkspace(context), "chat.shout", {});
  assert.equal(answer.httpStatus, 200);
  assert.equal(answer.error, "unknown_method");
  assert.equal((await callApi(await openWorkspace(context), "constructor", {})).error, "unknown_method");
});

test("A connection of Socket Mode is opened with the app-level token, which is read from the header only", async (context) => {
  const workspace = await openWorkspace(context);
  const call = async (headers: Record<string, string>) =>
    (await callApi(workspace, "apps.connections.open", { token: APP_TOKEN }, headers)).error;
  assert.equal(await call({}), "not_authed");
  assert.equal(await call({ authorization: `Bearer ${BOT_TOKEN}` }), "not_allowed_token_type");
  assert.equal(await call({ authorization: `Bearer ${APP_TOKEN}` }), undefined);
});

test("A missing scope is told with what is needed and what was given, in the answer and its headers", async (context) => {
  const workspace = await openWorkspace(context, { scopes: ["chat:write"] });
  const answer = await callApiWithForm(workspace, "users.info", { user: REQUESTER });
  assert.deepEqual([answer.error, answer["needed"], answer["provided"]], ["missing_scope", "users:read", "chat:write"]);
  assert.equal(answer.headers.get("x-oauth-scopes"), "chat:write");
  assert.equal(answer.headers.get("x-accepted-oauth-scopes"), "users:read");
});

/** The built-in world and three channels more: two private ones, and one that is Birch's alone. */
function widerWorld(): WorldSeed {
  const seed = defaultSeed(3, "/flower");
  const like = (id: string, changes: Partial<WorldSeed["channels"][number]>) => ({
    id,
    name: id.toLowerCase(),
    host: ASTER,
    connected: [],
    pending: [],
    members: [],
    botIsMember: true,
    isPrivate: false,
    isArchived: false,
    isDirect: false,
    ...changes,
  });
  return {
    ...seed,
    channels: [
      ...seed.channels,
      like("C0PRIVATE1", { isPrivate: true }),
      like("C0PRIVATE2", { isPrivate: true, botIsMember: false }),
      like("C0BIRCHOWN", { host: BIRCH, members: [OWNER_B] }),
    ],
  };
}

test("Private channels need a scope of their own, and are unknown to an app that is not in them", async (context) => {
  const scopes = SCOPES.filter((scope) => scope !== "groups:read");
  const workspace = await openWorkspace(context, { seed: widerWorld(), scopes });
  const info = (channel: string) => callApiWithForm(workspace, "conversations.info", { channel });
  assert.equal((await info(HOME)).ok, true);
  assert.equal((await info("C0PRIVATE1")).error, "missing_scope");
  assert.equal((await info("C0PRIVATE1"))["needed"], "groups:read");
  assert.equal((await info("C0PRIVATE2")).error, "channel_not_found");
  const post = await callApi(workspace, "chat.postMessage", { channel: "C0PRIVATE2", text: "x" });
  assert.equal(post.error, "channel_not_found");
});

test("A channel of the other workspace alone does not exist for the app, and its people have no direct messages with it", async (context) => {
  const workspace = await openWorkspace(context, { seed: widerWorld() });
  const post = async (channel: string) => (await callApi(workspace, "chat.postMessage", { channel, text: "x" })).error;
  assert.equal(await post("C0BIRCHOWN"), "channel_not_found");
  assert.equal(await post(OWNER_B), "channel_not_found");
  assert.equal(await post(HOME), undefined);
});

test("auth.test tells who the token is", async (context) => {
  const { web } = await openWorkspace(context);
  const { team_id, user_id, bot_id, is_enterprise_install } = await web.auth.test();
  assert.deepEqual([team_id, user_id, bot_id, is_enterprise_install], [ASTER, BOT_USER, "B0FLORIST1", false]);
});

test("A posted message comes back whole: time as text, author, made-up block ids", async (context) => {
  const { web } = await openWorkspace(context);
  const blocks = [{ type: "section", text: { type: "mrkdwn", text: "hello" } }];
  const first = await web.chat.postMessage({ channel: HOME, text: "hello", blocks });
  const second = await web.chat.postMessage({ channel: HOME, text: "again" });
  assert.match(first.ts ?? "", /^\d{10}\.\d{6}$/);
  assert.ok(Number(second.ts) > Number(first.ts));
  assert.equal(first.channel, HOME);
  const { message } = first;
  assert.deepEqual(
    [message?.type, message?.user, message?.bot_id, message?.app_id, message?.team, message?.bot_profile?.app_id],
    ["message", BOT_USER, "B0FLORIST1", "A0FLORIST1", ASTER, "A0FLORIST1"],
  );
  assert.match(message?.blocks?.[0]?.block_id ?? "", /^.+$/);
});

test("A JSON body and a form say the same", async (context) => {
  const workspace = await openWorkspace(context);
  const args = { channel: HOME, text: "x", blocks: [{ type: "divider", block_id: "d" }] };
  for (const answer of [
    await callApi(workspace, "chat.postMessage", args),
    await callApiWithForm(workspace, "chat.postMessage", args),
  ]) {
    assert.equal(answer.ok, true);
  }
  const { messages } = await workspace.control.channel(HOME);
  assert.deepEqual(messages[0]?.blocks, messages[1]?.blocks);
});

test("Arguments may stand in the query of a POST without a body", async (context) => {
  const workspace = await openWorkspace(context);
  const query = new URLSearchParams({ channel: HOME, text: "from the query" }).toString();
  const headers = { authorization: `Bearer ${BOT_TOKEN}` };
  const response = await fetch(`${workspace.url}/api/chat.postMessage?${query}`, { method: "POST", headers });
  assert.equal(response.status, 200);
  assert.equal((await workspace.control.channel(HOME)).messages[0]?.text, "from the query");
});

test("Methods that take forms only do not see a JSON body", async (context) => {
  const answer = await callApi(await openWorkspace(context), "conversations.info", { channel: HOME });
  assert.equal(answer.error, "invalid_arguments");
  assert.deepEqual(answer.response_metadata?.messages, ["[ERROR] missing required field: channel"]);
});

test("A body that is no JSON, or of an unknown type, is refused", async (context) => {
  const { url } = await openWorkspace(context);
  const post = async (type: string, body: string) => {
    const headers = { authorization: `Bearer ${BOT_TOKEN}`, "content-type": type };
    const response = await fetch(`${url}/api/chat.postMessage`, { method: "POST", headers, body });
    return response.text();
  };
  assert.match(await post("application/json", "{"), /"error":"invalid_json"/);
  assert.match(await post("text/xml", "<a/>"), /"error":"invalid_post_type"/);
  // Some clients say JSON and send nothing: then nothing was said.
  assert.match(await post("application/json", ""), /missing required field: channel/);
});

test("Posting needs the channel, membership, an open channel, something to say, and a thread that exists", async (context) => {
  const workspace = await openWorkspace(context);
  const post = async (args: Record<string, unknown>) => (await callApi(workspace, "chat.postMessage", args)).error;
  assert.equal(await post({ channel: "C0NOWHERE1", text: "x" }), "channel_not_found");
  assert.equal(await post({ channel: RANDOM, text: "x" }), "not_in_channel");
  assert.equal(await post({ channel: HOME }), "no_text");
  assert.equal(await post({ channel: HOME, text: "x".repeat(40_001) }), "msg_too_long");
  assert.equal(await post({ channel: HOME, text: "x", thread_ts: "1.000001" }), "thread_not_found");
  await workspace.control.settings({ archive: { channel: HOME, archived: true } });
  assert.equal(await post({ channel: HOME, text: "x" }), "is_archived");
});

test("A person's id opens their direct messages", async (context) => {
  const workspace = await openWorkspace(context);
  const { channel } = await workspace.web.chat.postMessage({ channel: REQUESTER, text: "hello" });
  assert.equal(channel, "D0REQUEST1");
});

test("Blocks that break a rule bring Slack's sentences twice: errors, and messages with their level", async (context) => {
  const workspace = await openWorkspace(context);
  const blocks = [{ type: "actions", elements: Array.from({ length: 26 }, (_, index) => button(`a${index}`)) }];
  const answer = await callApi(workspace, "chat.postMessage", { channel: HOME, text: "x", blocks });
  assert.equal(answer.error, "invalid_blocks");
  assert.deepEqual(answer.errors, ["no more than 25 items allowed [json-pointer:/blocks/0/elements]"]);
  assert.deepEqual(
    answer.response_metadata?.messages,
    answer.errors.map((each) => `[ERROR] ${each}`),
  );
  const format = await callApiWithForm(workspace, "chat.postMessage", { channel: HOME, text: "x", blocks: "not json" });
  assert.equal(format.error, "invalid_blocks_format");
});

function button(id: string): Record<string, unknown> {
  return { type: "button", action_id: id, text: { type: "plain_text", text: "Press" } };
}

test("A workspace can refuse a block type, from the start or from now on", async (context) => {
  const workspace = await openWorkspace(context, { refusedBlocks: ["plan"] });
  const args = { channel: HOME, text: "x", blocks: [{ type: "plan", title: "Plan", tasks: [] }] };
  const answer = await callApi(workspace, "chat.postMessage", args);
  assert.deepEqual(answer.errors, ["unsupported type: plan [json-pointer:/blocks/0/type]"]);
  await workspace.control.settings({ refuseBlocks: [] });
  assert.equal((await callApi(workspace, "chat.postMessage", args)).ok, true);
});

test("An update replaces a message in place; text alone takes the blocks away", async (context) => {
  const workspace = await openWorkspace(context);
  const { ts = "" } = await workspace.web.chat.postMessage({
    channel: HOME,
    text: "before",
    blocks: [{ type: "section", text: { type: "mrkdwn", text: "before" } }],
  });
  const updated = await workspace.web.chat.update({ channel: HOME, ts, text: "after" });
  assert.deepEqual([updated.channel, updated.ts, updated.text], [HOME, ts, "after"]);
  const [message] = (await workspace.control.channel(HOME)).messages;
  assert.deepEqual([message?.text, message?.isEdited, message?.before], ["after", true, ["before"]]);
});

test("Only the app's own messages can be updated, and only with short texts", async (context) => {
  const workspace = await openWorkspace(context);
  await workspace.control.mention({ person: REQUESTER, channel: HOME, text: "hello" });
  const [message] = (await workspace.control.channel(HOME)).messages;
  const update = async (args: Record<string, unknown>) =>
    (await callApi(workspace, "chat.update", { channel: HOME, text: "x", ...args })).error;
  assert.equal(await update({ ts: message?.ts }), "cant_update_message");
  assert.equal(await update({ ts: "1.000001" }), "message_not_found");
  const { ts } = await workspace.web.chat.postMessage({ channel: HOME, text: "mine" });
  assert.equal(await update({ ts, text: "x".repeat(4001) }), "msg_too_long");
});

test("An ephemeral message is seen by one person, answers its time only, and cannot be updated", async (context) => {
  const workspace = await openWorkspace(context);
  const answer = await callApi(workspace, "chat.postEphemeral", { channel: HOME, user: REQUESTER, text: "psst" });
  assert.deepEqual(
    Object.keys(answer).filter((key) => key.startsWith("message")),
    ["message_ts"],
  );
  const seenBy = async (person: string) => (await workspace.control.person(person)).ephemerals.map(({ text }) => text);
  assert.deepEqual(await seenBy(REQUESTER), ["psst"]);
  assert.deepEqual(await seenBy(OWNER_B), []);
  assert.deepEqual((await workspace.control.channel(HOME)).messages, []);
  const update = await callApi(workspace, "chat.update", { channel: HOME, ts: answer["message_ts"], text: "x" });
  assert.equal(update.error, "message_not_found");
  const outside = await callApi(workspace, "chat.postEphemeral", { channel: ZONE_A, user: OWNER_B, text: "psst" });
  assert.equal(outside.error, "user_not_in_channel");
});

test("A permalink names the thread of a reply", async (context) => {
  const { web } = await openWorkspace(context);
  const { ts = "" } = await web.chat.postMessage({ channel: HOME, text: "top" });
  const { ts: reply = "" } = await web.chat.postMessage({ channel: HOME, text: "reply", thread_ts: ts });
  const { permalink } = await web.chat.getPermalink({ channel: HOME, message_ts: reply });
  assert.equal(
    permalink,
    `https://aster.slack.com/archives/${HOME}/p${reply.replace(".", "")}?thread_ts=${ts}&cid=${HOME}`,
  );
});

test("A shared channel tells who is connected and who is invited; any other does not", async (context) => {
  const { web, control } = await openWorkspace(context);
  const { channel: shared } = await web.conversations.info({ channel: HOME });
  assert.equal(shared?.is_ext_shared, true);
  assert.deepEqual(shared?.connected_team_ids, [ASTER, BIRCH]);
  assert.equal(shared?.conversation_host_id, ASTER);
  assert.equal(shared?.context_team_id, ASTER);
  const { channel: own } = await web.conversations.info({ channel: ZONE_A });
  assert.equal(own?.is_ext_shared, false);
  assert.equal(own?.connected_team_ids, undefined);
  assert.deepEqual(own?.pending_connected_team_ids, []);
  await control.settings({ connect: { channel: ZONE_A, workspace: BIRCH, pending: true } });
  const { channel: invited } = await web.conversations.info({ channel: ZONE_A });
  assert.deepEqual(invited?.pending_connected_team_ids, [BIRCH]);
  assert.equal(invited?.is_pending_ext_shared, true);
});

test("Members come in pages, and the last page's cursor is empty", async (context) => {
  const { web } = await openWorkspace(context);
  const seen: string[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const page = await web.conversations.members({
      channel: HOME,
      limit: 4,
      ...(cursor === undefined ? {} : { cursor }),
    });
    seen.push(...(page.members ?? []));
    cursor = page.response_metadata?.next_cursor;
    pages += 1;
  } while (cursor !== "" && pages < 10);
  assert.equal(pages, 3);
  assert.equal(new Set(seen).size, 10);
  assert.ok(seen.includes(BOT_USER));
});

test("A person of the other workspace shows their own team", async (context) => {
  const { web } = await openWorkspace(context);
  const { user } = await web.users.info({ user: OWNER_B });
  assert.deepEqual([user?.id, user?.team_id], [OWNER_B, BIRCH]);
  await assert.rejects(web.users.info({ user: "U0NOBODY01" }), /user_not_found/);
});

test("Held to Slack's rates, a channel takes a burst and then says when to come back", async (context) => {
  const workspace = await openWorkspace(context, { rateLimits: true, speed: 0.01 });
  const statuses: number[] = [];
  let retryAfter = 0;
  for (let index = 0; index < 6; index += 1) {
    const answer = await callApi(workspace, "chat.postMessage", { channel: HOME, text: String(index) });
    statuses.push(answer.httpStatus);
    retryAfter = Number(answer.headers.get("retry-after"));
  }
  assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429]);
  assert.ok(retryAfter > 80 && retryAfter <= 100, "a message a second, a hundred times slower");
  assert.equal((await callApi(workspace, "chat.postMessage", { channel: ZONE_A, text: "x" })).ok, true);
});

test("Held to Slack's rates, each method has its own tier", async (context) => {
  const workspace = await openWorkspace(context, { rateLimits: true, speed: 0.01 });
  const statuses: number[] = [];
  for (let index = 0; index < 51; index += 1) {
    statuses.push((await callApiWithForm(workspace, "conversations.info", { channel: HOME })).httpStatus);
  }
  assert.deepEqual(statuses.slice(0, 50), Array(50).fill(200));
  assert.equal(statuses[50], 429);
  assert.equal((await callApiWithForm(workspace, "users.info", { user: REQUESTER })).httpStatus, 200);
});

test("The next calls of a method can be made to fail: 429, 500, or done with the answer lost", async (context) => {
  const workspace = await openWorkspace(context);
  const post = (text: string) => callApi(workspace, "chat.postMessage", { channel: HOME, text });
  await workspace.control.settings({ fail: { method: "chat.postMessage", how: "429", retryAfterS: 7 } });
  const limited = await post("limited");
  assert.deepEqual([limited.httpStatus, limited.headers.get("retry-after")], [429, "7"]);
  await workspace.control.settings({ fail: { method: "chat.postMessage", how: "500", times: 2 } });
  assert.deepEqual([(await post("a")).httpStatus, (await post("b")).httpStatus], [500, 500]);
  await workspace.control.settings({ fail: { method: "chat.postMessage", how: "lost-answer" } });
  await assert.rejects(post("done"));
  assert.equal((await post("after")).ok, true);
  const { messages } = await workspace.control.channel(HOME);
  assert.deepEqual(
    messages.map(({ text }) => text),
    ["done", "after"],
  );
});

test("A call can be left without an answer; the client's deadline ends it", async (context) => {
  const workspace = await openWorkspace(context);
  await workspace.control.settings({ fail: { method: "chat.postMessage", how: "hang" } });
  const call = fetch(`${workspace.url}/api/chat.postMessage`, {
    method: "POST",
    headers: { authorization: `Bearer ${BOT_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ channel: HOME, text: "x" }),
    signal: AbortSignal.timeout(200),
  });
  await assert.rejects(call, { name: "TimeoutError" });
  assert.deepEqual((await workspace.control.channel(HOME)).messages, []);
});

test("Every call is listed with its outcome, without its token", async (context) => {
  const workspace = await openWorkspace(context);
  await callApiWithForm(workspace, "chat.postMessage", { channel: HOME, text: "x" });
  await callApiWithForm(workspace, "chat.postMessage", { channel: RANDOM, text: "x" });
  const calls = await workspace.control.calls();
  assert.deepEqual(
    calls.map(({ method, ok, error }) => [method, ok, error]),
    [
      ["chat.postMessage", true, undefined],
      ["chat.postMessage", false, "not_in_channel"],
    ],
  );
  assert.deepEqual(
    (await workspace.control.calls(1)).map(({ n }) => n),
    [2],
  );
  assert.ok(!JSON.stringify(calls).includes(BOT_TOKEN));
});
