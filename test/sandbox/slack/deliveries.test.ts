import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { z } from "zod";
import { defaultSeed } from "../../../sandbox/slack/world/default-seed.ts";
import { type Received, startScriptedApp } from "./scripted-app.ts";
import {
  ASTER,
  BIRCH,
  BOT_TOKEN,
  HOME,
  OWNER_A,
  OWNER_B,
  openWorkspace,
  RANDOM,
  REQUESTER,
  SCOPES,
  SIGNING_SECRET,
  STRANGER_B,
  startApp,
  type Workspace,
  ZONE_A,
} from "./workspace.ts";

type Json = Record<string, unknown>;

const BOT = "U0FLORIST1";

const button = (more: Json = {}) => ({
  type: "button",
  action_id: "approve",
  text: { type: "plain_text", text: "Approve" },
  value: "opaque",
  ...more,
});
const confirm = {
  title: { type: "plain_text", text: "Sure?" },
  text: { type: "plain_text", text: "Really" },
  confirm: { type: "plain_text", text: "Yes" },
  deny: { type: "plain_text", text: "No" },
};

/** A card in a channel with these elements; its time. */
async function card(workspace: Workspace, channel: string, ...elements: Json[]): Promise<string> {
  const blocks = [{ type: "actions", block_id: "decision", elements }];
  const answer = await fetch(`${workspace.url}/api/chat.postMessage`, {
    method: "POST",
    headers: { authorization: `Bearer ${BOT_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ channel, text: "card", blocks }),
  });
  return z.object({ ts: z.string() }).parse(await answer.json()).ts;
}

function isSigned({ headers, body }: Received): boolean {
  const timestamp = String(headers["x-slack-request-timestamp"]);
  const expected = createHmac("sha256", SIGNING_SECRET).update(`v0:${timestamp}:${body}`).digest("hex");
  return headers["x-slack-signature"] === `v0=${expected}`;
}

test("A command is a signed form, and every field of it is text", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const experience = await workspace.control.command({ person: REQUESTER, channel: HOME, text: "status & more" });
  assert.deepEqual([experience.delivered, experience.status, experience.problem], [true, 200, undefined]);
  const [request] = app.received;
  assert.ok(request !== undefined && isSigned(request));
  assert.equal(request.headers["content-type"], "application/x-www-form-urlencoded");
  const { token, trigger_id, response_url, ...fields } = Object.fromEntries(new URLSearchParams(request.body));
  assert.deepEqual(fields, {
    team_id: ASTER,
    team_domain: "aster",
    channel_id: HOME,
    channel_name: "federation",
    user_id: REQUESTER,
    user_name: "rosa",
    command: "/flower",
    text: "status & more",
    api_app_id: "A0FLORIST1",
    is_enterprise_install: "false",
  });
  assert.ok(token !== undefined && trigger_id !== undefined && response_url?.startsWith(workspace.url));
});

test("Members of the other workspace do not have the command, and nobody has another one", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const { control } = workspace;
  await assert.rejects(
    control.command({ person: OWNER_B, channel: HOME, text: "" }),
    /not a valid command for U0OWNERB01/,
  );
  await assert.rejects(
    control.command({ person: REQUESTER, channel: HOME, command: "/tulip", text: "" }),
    /not a valid command/,
  );
  await assert.rejects(control.command({ person: OWNER_A, channel: RANDOM, text: "" }), /not a member/);
  assert.equal(app.received.length, 0);
});

test("A command works where the app is not a member, and in direct messages", async (context) => {
  const workspace = await openWorkspace(context);
  await startScriptedApp(context, workspace);
  for (const channel of [RANDOM, "D0REQUEST1"]) {
    assert.equal((await workspace.control.command({ person: REQUESTER, channel, text: "" })).delivered, true);
  }
});

test("What a command is acknowledged with is seen by its person alone, unless it is for the channel", async (context) => {
  const workspace = await openWorkspace(context);
  const answers = [
    "only you",
    JSON.stringify({ response_type: "in_channel", text: "everybody" }),
    JSON.stringify({ blocks: [{ type: "x" }] }),
  ];
  await startScriptedApp(context, workspace, (_request, count) => ({ status: 200, body: answers[count - 1] ?? "" }));
  const type = () => workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  await type();
  await type();
  const broken = await type();
  assert.deepEqual(
    (await workspace.control.person(REQUESTER)).ephemerals.map(({ text }) => text),
    ["only you"],
  );
  assert.deepEqual(
    (await workspace.control.channel(HOME)).messages.map(({ text }) => text),
    ["everybody"],
  );
  assert.match(broken.problem ?? "", /cannot be shown: invalid_blocks/);
});

test("An app that is away, answers 404 or does not answer within three seconds is a failed dispatch", async (context) => {
  const workspace = await openWorkspace(context);
  const type = () => workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  const away = await type();
  assert.deepEqual([away.delivered, away.status], [false, null]);
  await startScriptedApp(context, workspace, (_request, count) => (count === 1 ? { status: 404 } : "hang"));
  const refused = await type();
  const late = await type();
  assert.deepEqual([refused.status, late.status], [404, null]);
  assert.ok(late.ackMs >= 2900);
  for (const { problem } of [away, refused, late]) assert.match(problem ?? "", /dispatch_failed/);
});

test("Bolt does not acknowledge what nobody listens for, and the person reads of it", async (context) => {
  const workspace = await openWorkspace(context);
  await startApp(context, workspace, () => undefined);
  const experience = await workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  assert.equal(experience.delivered, false);
  assert.match(experience.problem ?? "", /dispatch_failed/);
});

test("A wrong signing secret is noticed by Bolt", async (context) => {
  const workspace = await openWorkspace(context, { signingSecret: "another secret" });
  await assert.rejects(
    startApp(context, workspace, () => undefined),
    /challenge/,
  );
});

test("A click carries container, channel, message, state, one action and ways to answer", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const choice = { text: { type: "plain_text", text: "a" }, value: "a" };
  const select = { type: "static_select", action_id: "pick", options: [choice], initial_option: choice };
  const ts = await card(workspace, HOME, button(), select);
  await workspace.control.click({ person: OWNER_A, channel: HOME, ts, actionId: "approve", value: "opaque" });
  const click = app.payload(
    z.looseObject({
      actions: z.array(z.looseObject({ action_ts: z.string() })),
      message: z.looseObject({ ts: z.string(), bot_id: z.string(), blocks: z.array(z.unknown()) }),
      trigger_id: z.string(),
      response_url: z.string(),
      token: z.string(),
    }),
  );
  const { actions, message, trigger_id, response_url, token, ...rest } = click;
  assert.deepEqual(rest, {
    type: "block_actions",
    team: { id: ASTER, domain: "aster" },
    user: { id: OWNER_A, username: "owner-a", name: "owner-a", team_id: ASTER },
    api_app_id: "A0FLORIST1",
    enterprise: null,
    is_enterprise_install: false,
    container: { type: "message", message_ts: ts, channel_id: HOME, is_ephemeral: false },
    channel: { id: HOME, name: "federation" },
    state: { values: { decision: { pick: { type: "static_select", selected_option: choice } } } },
  });
  assert.equal(message.ts, ts);
  assert.deepEqual(
    { ...actions[0], action_ts: "" },
    {
      type: "button",
      text: { type: "plain_text", text: "Approve" },
      value: "opaque",
      action_id: "approve",
      block_id: "decision",
      action_ts: "",
    },
  );
});

test("A choice in a message is part of its state from then on, for that person", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const options = ["a", "b"].map((value) => ({ text: { type: "plain_text", text: value }, value }));
  const ts = await card(workspace, HOME, button(), { type: "static_select", action_id: "pick", options });
  const state = z.object({ state: z.object({ values: z.object({ decision: z.object({ pick: z.unknown() }) }) }) });
  await workspace.control.click({ person: OWNER_A, channel: HOME, ts, actionId: "pick", selected: "b" });
  await workspace.control.click({ person: OWNER_A, channel: HOME, ts, actionId: "approve" });
  assert.deepEqual(app.payload(state).state.values.decision.pick, {
    type: "static_select",
    selected_option: options[1],
  });
  await workspace.control.click({ person: OWNER_B, channel: HOME, ts, actionId: "approve" });
  assert.deepEqual(app.payload(state).state.values.decision.pick, { type: "static_select", selected_option: null });
});

test("Only members see a card, only what is on it now can be pressed, and a confirmation is asked for", async (context) => {
  const workspace = await openWorkspace(context);
  await startScriptedApp(context, workspace);
  const { control, web } = workspace;
  const ts = await card(workspace, ZONE_A, button({ confirm }));
  const press = { channel: ZONE_A, ts, actionId: "approve" };
  await assert.rejects(control.click({ ...press, person: STRANGER_B }), /not a member of C0ZONEA001/);
  await assert.rejects(control.channel(ZONE_A, STRANGER_B), /not a member of C0ZONEA001/);
  assert.equal((await control.channel(ZONE_A, OWNER_A)).messages[0]?.text, "[Approve]");
  await assert.rejects(control.click({ ...press, person: OWNER_A }), /asks "Sure\?" first/);
  await assert.rejects(control.click({ ...press, person: OWNER_A, value: "other", confirm: true }), /no such element/);
  assert.equal((await control.click({ ...press, person: OWNER_A, confirm: true })).delivered, true);
  await web.chat.update({ channel: ZONE_A, ts, text: "approved", blocks: [] });
  await assert.rejects(
    control.click({ ...press, person: OWNER_A, confirm: true }),
    /no such element approve; there are: none/,
  );
  await assert.rejects(control.click({ ...press, ts: "1.000001", person: OWNER_A }), /sees no message/);
});

test("A click on an ephemeral message carries no message, and can replace it through its response_url", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const { control, web } = workspace;
  const blocks = [
    { type: "actions", elements: [{ type: "button", action_id: "approve", text: { type: "plain_text", text: "A" } }] },
  ];
  await web.chat.postEphemeral({ channel: HOME, user: OWNER_B, text: "secret", blocks });
  const [seen] = (await control.person(OWNER_B)).ephemerals;
  const press = { channel: HOME, ts: seen?.ts ?? "", actionId: "approve" };
  await assert.rejects(control.click({ ...press, person: OWNER_A }), /sees no message/);
  await control.click({ ...press, person: OWNER_B });
  const click = app.payload(
    z.looseObject({ container: z.looseObject({ is_ephemeral: z.boolean() }), response_url: z.string() }),
  );
  assert.equal(click.container.is_ephemeral, true);
  assert.equal("message" in click, false);
  await say(click.response_url, { replace_original: true, text: "replaced" });
  assert.deepEqual(
    (await control.person(OWNER_B)).ephemerals.map(({ text }) => text),
    ["replaced"],
  );
  await say(click.response_url, { delete_original: true });
  assert.deepEqual((await control.person(OWNER_B)).ephemerals, []);
});

function say(url: string, body: Json): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

test("A response_url speaks to its person or to the channel, five times, and takes no broken blocks", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  await workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  const url = new URLSearchParams(app.received[0]?.body).get("response_url") ?? "";
  assert.equal((await say(url, { text: "yours" })).status, 200);
  assert.equal((await say(url, { text: "all", response_type: "in_channel" })).status, 200);
  const broken = await say(url, { blocks: [{ type: "header" }] });
  assert.deepEqual([broken.status, await broken.json()], [400, { ok: false, error: "invalid_blocks" }]);
  await say(url, { text: "4" });
  await say(url, { text: "5" });
  const spent = await say(url, { text: "6" });
  assert.deepEqual([spent.status, await spent.json()], [404, { ok: false, error: "used_url" }]);
  const unknown = await say(`${url}x`, { text: "7" });
  assert.deepEqual(await unknown.json(), { ok: false, error: "expired_url" });
  assert.deepEqual(
    (await workspace.control.person(REQUESTER)).ephemerals.map(({ text }) => text),
    ["yours", "4", "5"],
  );
  assert.deepEqual(
    (await workspace.control.channel(HOME)).messages.map(({ text }) => text),
    ["all"],
  );
});

const envelope = z.looseObject({
  event: z.looseObject({ type: z.string(), event_ts: z.string() }),
  event_id: z.string(),
  event_time: z.number(),
  authorizations: z.array(z.looseObject({ team_id: z.string(), is_bot: z.boolean() })),
  is_ext_shared_channel: z.boolean(),
  context_team_id: z.string(),
});
const eventOf = (request: Received | undefined) => envelope.parse(JSON.parse(request?.body ?? "null"));

test("A mention is an event in its envelope, whoever wrote it", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  await workspace.control.mention({ person: OWNER_B, channel: HOME, text: "status & more" });
  const [request] = app.received;
  assert.ok(request !== undefined && isSigned(request));
  assert.equal(request.headers["content-type"], "application/json");
  const sent = eventOf(request);
  assert.equal(sent.authorizations[0]?.team_id, ASTER);
  assert.deepEqual([sent.is_ext_shared_channel, sent.context_team_id], [true, ASTER]);
  const { type, user, team, text, channel, source_team } = sent.event;
  assert.deepEqual(
    { type, user, team, text, channel, source_team },
    {
      type: "app_mention",
      user: OWNER_B,
      team: BIRCH,
      text: "<@U0FLORIST1> status &amp; more",
      channel: HOME,
      source_team: BIRCH,
    },
  );
  assert.equal((await workspace.control.channel(HOME)).messages[0]?.text, "@florist status & more");
});

test("The app hears of no mention where it is not a member, without the scope, or without the subscription", async (context) => {
  for (const [changes, channel] of [
    [{}, RANDOM],
    [{ scopes: SCOPES.filter((scope) => scope !== "app_mentions:read") }, HOME],
    [{ events: [] }, HOME],
  ] as const) {
    const workspace = await openWorkspace(context, changes);
    const app = await startScriptedApp(context, workspace);
    assert.equal((await workspace.control.mention({ person: REQUESTER, channel, text: "hi" })).delivered, false);
    assert.equal(app.received.length, 0);
  }
});

test("An event that is not acknowledged comes again, up to three times, and says why", async (context) => {
  const workspace = await openWorkspace(context, { speed: 10_000 });
  const app = await startScriptedApp(context, workspace, () => ({ status: 500 }));
  const experience = await workspace.control.mention({ person: REQUESTER, channel: HOME, text: "hi" });
  assert.match(experience.problem ?? "", /tries again/);
  await workspace.control.until("all retries", async () => (app.received.length === 4 ? true : undefined));
  const retries = app.received.map(({ headers }) => [headers["x-slack-retry-num"], headers["x-slack-retry-reason"]]);
  assert.deepEqual(retries, [
    [undefined, undefined],
    ["1", "http_error"],
    ["2", "http_error"],
    ["3", "http_error"],
  ]);
  assert.equal(new Set(app.received.map((request) => eventOf(request).event_id)).size, 1);
});

test("An app can ask for no retries", async (context) => {
  const workspace = await openWorkspace(context, { speed: 10_000 });
  const app = await startScriptedApp(context, workspace, (_request, count) =>
    count === 1 ? { status: 500, headers: { "x-slack-no-retry": "1" } } : { status: 200 },
  );
  await workspace.control.mention({ person: REQUESTER, channel: HOME, text: "one" });
  await workspace.control.mention({ person: REQUESTER, channel: HOME, text: "two" });
  assert.deepEqual(
    app.received.map((request) => eventOf(request).event["text"]),
    ["<@U0FLORIST1> one", "<@U0FLORIST1> two"],
  );
});

test("Everything can be delivered twice: the same body, and an event says that it is a repeat", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  await workspace.control.settings({ twice: true });
  await workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  await workspace.control.mention({ person: REQUESTER, channel: HOME, text: "hi" });
  assert.equal(app.received[0]?.body, app.received[1]?.body);
  assert.equal(app.received[2]?.body, app.received[3]?.body);
  assert.equal(app.received[3]?.headers["x-slack-retry-num"], "1");
  assert.deepEqual(
    (await workspace.control.deliveries()).map(({ kind, repeat }) => [kind, repeat]),
    [
      ["command", false],
      ["command", true],
      ["event", false],
      ["event", true],
    ],
  );
});

test("The app hears when a channel is shared, unshared, or gets a new id", async (context) => {
  const workspace = await openWorkspace(context, {
    events: ["channel_shared", "channel_unshared", "channel_id_changed"],
  });
  const app = await startScriptedApp(context, workspace);
  const { control, web } = workspace;
  await control.settings({ connect: { channel: ZONE_A, workspace: BIRCH } });
  await control.settings({ membership: { channel: ZONE_A, person: OWNER_B, member: true } });
  await control.settings({ disconnect: { channel: ZONE_A, workspace: BIRCH } });
  assert.equal((await control.channel(ZONE_A)).members.includes(OWNER_B), false);
  await web.chat.postMessage({ channel: ZONE_A, text: "before" });
  await control.settings({ channelId: { from: ZONE_A, to: "C0ZONEA002" } });
  const events = app.received.map((request) => eventOf(request).event);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["channel_shared", "channel_unshared", "channel_id_changed"],
  );
  assert.equal(events[0]?.["connected_team_id"], BIRCH);
  assert.deepEqual([events[2]?.["old_channel_id"], events[2]?.["new_channel_id"]], [ZONE_A, "C0ZONEA002"]);
  assert.equal((await control.channel("C0ZONEA002")).messages[0]?.text, "before");
  await assert.rejects(web.chat.postMessage({ channel: ZONE_A, text: "x" }), /channel_not_found/);
});

test("The app hears who joins and leaves a channel that it is in, and that it came or went itself", async (context) => {
  const workspace = await openWorkspace(context, {
    events: ["member_joined_channel", "member_left_channel", "channel_left", "channel_archive"],
  });
  const app = await startScriptedApp(context, workspace);
  const change = (person: string, member: boolean) =>
    workspace.control.settings({ membership: { channel: HOME, person, member } });
  for (const member of [true, false, false, true]) await change(OWNER_B, member);
  await change(BOT, false);
  await change(OWNER_A, false);
  await change(BOT, true);
  assert.deepEqual(
    app.received.map((request) => {
      const { type, user, channel, channel_type: kind, team } = eventOf(request).event;
      return [type, user, channel, kind, team];
    }),
    [
      ["member_left_channel", OWNER_B, HOME, "C", BIRCH],
      ["member_joined_channel", OWNER_B, HOME, "C", BIRCH],
      ["channel_left", undefined, HOME, undefined, undefined],
      ["member_joined_channel", BOT, HOME, "C", ASTER],
    ],
  );
});

test("The app hears that a channel is archived, comes back or gets another name, once each", async (context) => {
  const types = ["channel_archive", "channel_unarchive", "channel_rename"];
  const groupTypes = ["group_archive", "group_unarchive", "group_rename"];
  for (const [isPrivate, expected] of [
    [false, types],
    [true, groupTypes],
  ] as const) {
    const seed = defaultSeed(3, "/flower");
    const channels = seed.channels.map((channel) => (channel.id === HOME ? { ...channel, isPrivate } : channel));
    const workspace = await openWorkspace(context, { seed: { ...seed, channels }, events: [...types, ...groupTypes] });
    const app = await startScriptedApp(context, workspace);
    const { control } = workspace;
    for (const archived of [true, true, false]) await control.settings({ archive: { channel: HOME, archived } });
    await control.settings({ rename: { channel: HOME, name: "hospitals" } });
    await control.settings({ rename: { channel: HOME, name: "hospitals" } });
    const events = app.received.map((request) => eventOf(request).event);
    assert.deepEqual(
      events.map(({ type }) => type),
      expected,
    );
    const renamed = z.object({ id: z.string(), name: z.string() }).parse(events[2]?.["channel"]);
    assert.deepEqual(renamed, { id: HOME, name: "hospitals" });
    assert.equal((await control.channel(HOME)).name, "hospitals");
  }
});

test("The app hears nothing of channels for which it has no scope", async (context) => {
  const workspace = await openWorkspace(context, {
    scopes: SCOPES.filter((scope) => scope !== "channels:read"),
    events: ["channel_archive", "member_left_channel"],
  });
  const app = await startScriptedApp(context, workspace);
  await workspace.control.settings({ archive: { channel: HOME, archived: true } });
  await workspace.control.settings({ membership: { channel: HOME, person: OWNER_B, member: false } });
  assert.deepEqual(app.received, []);
});

test("Slash commands are not supported in threads, and nobody types where a channel is archived", async (context) => {
  const { control, web } = await openWorkspace(context);
  const { ts = "" } = await web.chat.postMessage({ channel: HOME, text: "card" });
  await assert.rejects(
    control.command({ person: REQUESTER, channel: HOME, text: "status", threadTs: ts }),
    /\/flower is not supported in threads/,
  );
  await assert.rejects(
    control.mention({ person: REQUESTER, channel: HOME, text: "status", threadTs: "1.2" }),
    /there is no message 1\.2/,
  );
  await control.settings({ archive: { channel: HOME, archived: true } });
  await assert.rejects(control.command({ person: REQUESTER, channel: HOME, text: "status" }), /is archived/);
  await assert.rejects(control.mention({ person: REQUESTER, channel: HOME, text: "status" }), /is archived/);
});

test("Nobody is a member of a channel that their workspace is not in", async (context) => {
  const { control } = await openWorkspace(context);
  const change = control.settings({ membership: { channel: ZONE_A, person: OWNER_B, member: true } });
  await assert.rejects(change, /T0BIRCH001 is not in C0ZONEA001/);
});

test("A request URL that does not answer the challenge is not taken", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const wrong = workspace.control.eventsUrl({ url: `${workspace.url}/nowhere`, verify: true });
  await assert.rejects(wrong, /challenge/);
  await workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  assert.equal(app.received.length, 1);
});

test("A control request that makes no sense is told what is wrong with it", async (context) => {
  const { url } = await openWorkspace(context);
  const response = await fetch(`${url}/control/command`, { method: "POST", body: JSON.stringify({ person: 1 }) });
  assert.equal(response.status, 400);
  assert.match(await response.text(), /person.*channel/);
  assert.equal((await fetch(`${url}/control/dance`)).status, 404);
});
