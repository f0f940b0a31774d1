/** Socket Mode of the stand-in, as Slack's own client for Node.js meets it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { App, LogLevel, SocketModeReceiver } from "@slack/bolt";
import { SocketModeClient } from "@slack/socket-mode";
import { WebSocket } from "undici";
import { z } from "zod";
import { APP_TOKEN, BOT_TOKEN, HOME, OWNER_B, openWorkspace, REQUESTER, type Workspace } from "./workspace.ts";

const envelope = z.looseObject({
  envelope_id: z.string(),
  type: z.string(),
  accepts_response_payload: z.boolean(),
  payload: z.looseObject({}),
  retry_attempt: z.number().optional(),
  retry_reason: z.string().optional(),
});
type Envelope = z.infer<typeof envelope>;

/** A connection without a library, which shows what really travels. */
async function connect(context: TestContext, { url }: Workspace) {
  const answer = await fetch(`${url}/api/apps.connections.open`, {
    method: "POST",
    headers: { authorization: `Bearer ${APP_TOKEN}` },
  });
  const { url: address } = z.object({ ok: z.literal(true), url: z.string() }).parse(await answer.json());
  const socket = new WebSocket(address);
  const heard: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  socket.addEventListener("message", ({ data }) => {
    const message: unknown = JSON.parse(String(data));
    const next = waiting.shift();
    if (next === undefined) heard.push(message);
    else next(message);
  });
  context.after(() => socket.close());
  return {
    address,
    socket,
    closed: once(socket, "close"),
    next: (): Promise<unknown> =>
      heard.length > 0 ? Promise.resolve(heard.shift()) : new Promise((resolve) => waiting.push(resolve)),
    say: (message: unknown) => socket.send(JSON.stringify(message)),
  };
}

type Connected = Awaited<ReturnType<typeof connect>>;

async function greeted(context: TestContext, workspace: Workspace): Promise<Connected> {
  const connection = await connect(context, workspace);
  assert.equal(z.looseObject({ type: z.string() }).parse(await connection.next()).type, "hello");
  return connection;
}

const nextEnvelope = async (connection: Connected): Promise<Envelope> => envelope.parse(await connection.next());

test("A connection is greeted with the app's id and the number of connections, and its address is good once", async (context) => {
  const workspace = await openWorkspace(context);
  const first = await connect(context, workspace);
  const second = await connect(context, workspace);
  const hello = z.looseObject({ type: z.literal("hello"), num_connections: z.number() });
  assert.deepEqual(z.looseObject({ connection_info: z.unknown() }).parse(await first.next()).connection_info, {
    app_id: "A0FLORIST1",
  });
  assert.equal(hello.parse(await second.next()).num_connections, 2);
  const again = new WebSocket(first.address);
  await once(again, "error");
  assert.equal((await workspace.control.world()).app.connections, 2);
});

test("Commands, interactions and events come in envelopes that hold what a signed request would", async (context) => {
  const workspace = await openWorkspace(context);
  const { control, web } = workspace;
  const connection = await greeted(context, workspace);
  const acknowledged = async (gesture: Promise<unknown>, payload?: object): Promise<Envelope> => {
    const got = await nextEnvelope(connection);
    connection.say({ envelope_id: got.envelope_id, ...(payload === undefined ? {} : { payload }) });
    await gesture;
    return got;
  };
  const typed = await acknowledged(control.command({ person: REQUESTER, channel: HOME, text: "status" }), {
    text: "only you",
  });
  assert.deepEqual([typed.type, typed.accepts_response_payload], ["slash_commands", true]);
  assert.deepEqual([typed.payload["text"], typed.payload["is_enterprise_install"]], ["status", "false"]);
  assert.deepEqual(
    (await control.person(REQUESTER)).ephemerals.map(({ text }) => text),
    ["only you"],
  );
  const text = { type: "plain_text" as const, text: "Approve" };
  const elements = [{ type: "button" as const, action_id: "approve", text }];
  const { ts } = await web.chat.postMessage({ channel: HOME, text: "card", blocks: [{ type: "actions", elements }] });
  const clicked = await acknowledged(
    control.click({ person: OWNER_B, channel: HOME, ts: ts ?? "", actionId: "approve" }),
  );
  assert.deepEqual([clicked.type, clicked.accepts_response_payload], ["interactive", false]);
  assert.equal(clicked.payload["type"], "block_actions");
  const mentioned = await acknowledged(control.mention({ person: OWNER_B, channel: HOME, text: "hi" }));
  assert.deepEqual(
    [mentioned.type, mentioned.accepts_response_payload, mentioned.retry_attempt, mentioned.retry_reason],
    ["events_api", false, 0, ""],
  );
  assert.equal(mentioned.payload["type"], "event_callback");
});

test("An envelope goes over any of the connections, and every one of them has its turn", async (context) => {
  const workspace = await openWorkspace(context);
  const connections = [await greeted(context, workspace), await greeted(context, workspace)];
  for (const connection of connections) {
    const gesture = workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
    const { envelope_id } = await nextEnvelope(connection);
    connection.say({ envelope_id });
    assert.equal((await gesture).delivered, true);
  }
});

test("What a broken connection did not acknowledge goes over the next one, and what nobody acknowledges fails", async (context) => {
  const workspace = await openWorkspace(context);
  const { control } = workspace;
  const first = await greeted(context, workspace);
  await control.settings({ disturb: { when: "after-delivery", how: "cut" } });
  const gesture = control.command({ person: REQUESTER, channel: HOME, text: "" });
  const before = await nextEnvelope(first);
  await first.closed;
  const second = await greeted(context, workspace);
  const after = await nextEnvelope(second);
  assert.equal(after.envelope_id, before.envelope_id);
  second.say({ envelope_id: after.envelope_id });
  assert.equal((await gesture).delivered, true);
  const ignored = await control.command({ person: REQUESTER, channel: HOME, text: "" });
  assert.deepEqual([ignored.delivered, ignored.status], [false, null]);
  assert.match(ignored.problem ?? "", /dispatch_failed/);
  assert.ok(ignored.ackMs >= 2900);
});

test("An event that is not acknowledged comes again and says so, also after a time without any connection", async (context) => {
  const workspace = await openWorkspace(context, { speed: 10_000 });
  const away = await workspace.control.mention({ person: REQUESTER, channel: HOME, text: "hi" });
  assert.match(away.problem ?? "", /tries again/);
  const quiet = await openWorkspace(context, { speed: 100 });
  await quiet.control.mention({ person: REQUESTER, channel: HOME, text: "hi" });
  const connection = await greeted(context, quiet);
  const again = await nextEnvelope(connection);
  assert.equal(again.retry_reason, "timeout");
  assert.ok((again.retry_attempt ?? 0) >= 1);
  connection.say({ envelope_id: again.envelope_id });
});

test("An app is asked to replace a connection, which ends a while later, and may have ten of them", async (context) => {
  const workspace = await openWorkspace(context);
  const connection = await greeted(context, workspace);
  await workspace.control.socket({ replace: "refresh_requested" });
  const asked = z.looseObject({ type: z.string(), reason: z.string() }).parse(await connection.next());
  assert.deepEqual([asked.type, asked.reason], ["disconnect", "refresh_requested"]);
  await connection.closed;
  for (let count = 0; count < 10; count += 1) await greeted(context, workspace);
  const eleventh = await connect(context, workspace);
  assert.equal(z.looseObject({ reason: z.string() }).parse(await eleventh.next()).reason, "too_many_websockets");
  await eleventh.closed;
});

test("Slack's own Socket Mode client connects, gets what people do, answers, and replaces its connection", async (context) => {
  const workspace = await openWorkspace(context);
  const client = new SocketModeClient({
    appToken: APP_TOKEN,
    clientPingTimeout: 500,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: `${workspace.url}/api/` },
  });
  context.after(() => client.disconnect());
  client.on("slash_commands", async ({ ack }) => ack({ text: "heard" }));
  await client.start();
  await workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  await workspace.control.socket({ replace: "warning" });
  await new Promise((resolve) => client.once("reconnecting", resolve));
  await new Promise((resolve) => client.once("connected", resolve));
  await workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  assert.deepEqual(
    (await workspace.control.person(REQUESTER)).ephemerals.map(({ text }) => text),
    ["heard", "heard"],
  );
});

test("A Bolt app in Socket Mode shows mistakes in a modal by its acknowledgement", async (context) => {
  const workspace = await openWorkspace(context);
  const { control } = workspace;
  const clientOptions = { slackApiUrl: `${workspace.url}/api/` };
  const receiver = new SocketModeReceiver({
    appToken: APP_TOKEN,
    logLevel: LogLevel.ERROR,
    installerOptions: { clientOptions },
  });
  const app = new App({ token: BOT_TOKEN, receiver, clientOptions, logLevel: LogLevel.ERROR });
  app.command("/flower", async ({ ack, body, client }) => {
    await ack();
    await client.views.open({
      trigger_id: body.trigger_id,
      view: {
        type: "modal",
        callback_id: "form",
        title: { type: "plain_text", text: "Deploy" },
        submit: { type: "plain_text", text: "Plan" },
        blocks: [
          {
            type: "input",
            block_id: "name",
            label: { type: "plain_text", text: "Federation" },
            element: { type: "plain_text_input", action_id: "name" },
          },
        ],
      },
    });
  });
  app.view("form", async ({ ack }) => ack({ response_action: "errors", errors: { name: "This name is taken." } }));
  await app.start();
  context.after(() => app.stop());
  await control.command({ person: REQUESTER, channel: HOME, text: "" });
  const view = await control.until("the modal", async () => (await control.person(REQUESTER)).views.at(-1));
  const answer = await control.submit({ person: REQUESTER, viewId: view.viewId, values: { name: "taken" } });
  assert.deepEqual([answer.delivered, answer.errors], [true, { name: "This name is taken." }]);
});
