/** What comes over connections that the bot opened, and how it keeps one open. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { App } from "@slack/bolt";
import pino from "pino";
import { Secret } from "../../../src/secret.ts";
import { Availability } from "../../../src/slack/availability.ts";
import { ConnectionHealth } from "../../../src/slack/connection-health.ts";
import { SocketReceiver } from "../../../src/slack/inbound/socket-receiver.ts";
import { Unreadable } from "../../../src/slack/inbound/unreadable.ts";
import { quietLogger } from "../../../src/slack/sdk-logger.ts";
import { APP_TOKEN, HOME, openWorkspace, REQUESTER, type Workspace } from "../../sandbox/slack/workspace.ts";
import { until } from "../../waiting.ts";
import { command, ODD } from "./odd-deliveries.ts";

/** A small app behind the receiver, which counts what is typed; and what an operator reads. */
async function open(context: TestContext, changes: { readonly token?: string; readonly apiUrl?: string } = {}) {
  const ends: (() => Promise<void>)[] = [];
  const workspace = await openWorkspace({ after: (end) => void ends.push(end) });
  const lines: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const slackApiUrl = changes.apiUrl ?? `${workspace.url}/api/`;
  const unreadable = new Unreadable(log);
  const receiver = new SocketReceiver({
    appToken: new Secret(changes.token ?? APP_TOKEN),
    slackApiUrl,
    retries: { first: 20, longest: 100 },
    health: new ConnectionHealth(new Availability(log, slackApiUrl), log),
    unreadable,
    log,
  });
  const app = new App({ receiver, authorize: async () => ({}), logger: quietLogger(log), convoStore: false });
  const typed: string[] = [];
  const held: (() => void)[] = [];
  app.command("/flower", async ({ command: { text }, ack }) => {
    typed.push(text);
    if (text === "wait") await new Promise<void>((resolve) => held.push(resolve));
    await ack(`Heard ${text}.`);
  });
  await app.start();
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await app.stop();
    isStopped = true;
  };
  context.after(async () => {
    await stop();
    for (const end of ends) await end();
  });
  return { workspace, control: workspace.control, lines, typed, held, unreadable, stop };
}

type Opened = Awaited<ReturnType<typeof open>>;

const type = ({ control }: Pick<Workspace, "control">, text: string) =>
  control.command({ person: REQUESTER, channel: HOME, text });
const heard = async ({ control }: Pick<Workspace, "control">): Promise<readonly string[]> =>
  (await control.person(REQUESTER)).ephemerals.map((message) => message.text);
const connections = async ({ control }: Opened): Promise<number> => (await control.world()).app.connections;

/** As an envelope holds it. */
function contentOf(body: string, isJson: boolean): unknown {
  const fields = new URLSearchParams(body);
  const text = isJson ? body : fields.get("payload");
  if (text === null) return Object.fromEntries(fields);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

/** Nobody listens there any more. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

describe("an envelope that nobody can read", () => {
  it("is acknowledged and counted, whatever it holds, and the bot goes on", async (context) => {
    const opened = await open(context);
    for (const [what, body, contentType] of ODD) {
      const payload = contentOf(body, contentType !== undefined);
      const { delivered } = await opened.control.envelope({ type: "interactive", payload });
      assert.ok(delivered, what);
    }
    assert.equal(opened.unreadable.count, ODD.length);
    assert.equal((await type(opened, "after")).delivered, true);
    assert.deepEqual(opened.lines.length, 2, "the first and the tenth are told");
    assert.match(opened.lines[1] ?? "", /cannot read \(10 so far\)/);
  });

  it("is counted too when it is no envelope at all, and neither ends the connection", async (context) => {
    const opened = await open(context);
    for (const say of ["", "{", "null", "5", '{"envelope_id":7}', '{"type":"events_api"}'])
      await opened.control.socket({ say });
    await until("all counted", () => opened.unreadable.count === 6);
    assert.deepEqual([(await type(opened, "after")).delivered, await connections(opened)], [true, 1]);
  });

  it("may also be a challenge or a look whether TLS answers, which only signed requests are", async (context) => {
    const { control, unreadable } = await open(context);
    await control.envelope({ type: "events_api", payload: { type: "url_verification", challenge: "x" } });
    await control.envelope({ type: "slash_commands", payload: { ssl_check: "1" } });
    assert.equal(unreadable.count, 2);
  });
});

describe("an envelope that comes again", () => {
  for (const when of ["after-delivery", "ack-lost"] as const) {
    it(`because its connection broke (${when}) is handled once, and its answer arrives`, async (context) => {
      const opened = await open(context);
      await opened.control.settings({ disturb: { when, how: "cut" } });
      const { delivered, problem } = await type(opened, "status");
      assert.deepEqual([delivered, problem], [true, undefined]);
      assert.deepEqual([opened.typed, await heard(opened)], [["status"], ["Heard status."]]);
    });
  }

  it("while it is still being handled gets its answer when there is one", async (context) => {
    const opened = await open(context);
    await opened.control.settings({ disturb: { when: "after-delivery", how: "cut" } });
    const typing = type(opened, "wait");
    await until("the second connection", async () => opened.held.length === 1 && (await connections(opened)) === 1);
    for (const resume of opened.held) resume();
    await typing;
    assert.deepEqual([opened.typed, await heard(opened)], [["wait"], ["Heard wait."]]);
  });
});

describe("the connection to Slack", () => {
  for (const reason of ["warning", "refresh_requested"] as const) {
    it(`is replaced before it ends when Slack asks for it (${reason}), and people notice nothing`, async (context) => {
      const opened = await open(context);
      await opened.control.socket({ replace: reason });
      for (let count = 0; count < 20; count += 1) assert.equal((await type(opened, `${count}`)).delivered, true);
      await until("one connection again", async () => (await connections(opened)) === 1);
      assert.equal((await type(opened, "after")).delivered, true);
      assert.deepEqual(opened.lines, []);
    });
  }

  it("is opened again at once when it breaks, time and again, and that is no news", async (context) => {
    const opened = await open(context);
    for (let count = 1; count <= 3; count += 1) {
      await opened.control.socket({ cut: true });
      await until("another connection", async () => (await connections(opened)) === 1);
      assert.equal((await type(opened, `${count}`)).delivered, true);
    }
    assert.deepEqual(opened.lines, []);
  });

  it("is told to be missing once, with what to do, when Slack takes the token no more; and when it stands again", async (context) => {
    const opened = await open(context);
    await opened.control.settings({ revoked: ["app"] });
    await opened.control.socket({ cut: true });
    await until("the third refusal", async () => {
      const calls = await opened.control.calls();
      return calls.filter(({ error }) => error === "token_revoked").length >= 3;
    });
    await opened.control.settings({ revoked: [] });
    await until("a connection", async () => (await connections(opened)) === 1);
    assert.equal((await type(opened, "after")).delivered, true);
    const [away, back, ...more] = opened.lines;
    assert.match(away ?? "", /app-level token \(token_revoked\).*SLACK_APP_TOKEN.*goes on trying/);
    assert.match(back ?? "", /connection to Slack stands/);
    assert.deepEqual(more, []);
  });

  it("is told to be switched off when it is", async (context) => {
    const opened = await open(context);
    await opened.control.socket({ replace: "link_disabled" });
    await until("the line", () =>
      opened.lines.some((line) => /Socket Mode is switched off.*FLORIST_TRANSPORT/.test(line)),
    );
  });

  it("is told to be missing, with the host, where Slack answers and its host for connections does not", async (context) => {
    const host = `127.0.0.1:${await freePort()}`;
    const api = createHttpServer((_request, response) => {
      response.setHeader("content-type", "application/json").end(`{"ok":true,"url":"ws://${host}/link"}`);
    }).listen(0, "127.0.0.1");
    context.after(() => api.close());
    await once(api, "listening");
    const { lines } = await open(context, { apiUrl: `http://127.0.0.1:${portOf(api)}/api/` });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", new RegExp(`cannot connect to Slack at ${host} \\(no WebSocket answers there\\)`));
  });

  it("does not keep the bot from starting when nobody answers, which is told once", async (context) => {
    const opened = await open(context, { apiUrl: `http://127.0.0.1:${await freePort()}/api/` });
    assert.equal(opened.lines.length, 1);
    assert.match(opened.lines[0] ?? "", /Slack does not answer at http:.*\(ECONNREFUSED\)/);
  });
});

describe("a bot that ends", () => {
  it("acknowledges what it is handling, takes nothing more, and closes its connection", async (context) => {
    const opened = await open(context);
    const typing = type(opened, "wait");
    await until("the command", () => opened.held.length === 1);
    const stopping = opened.stop();
    const late = opened.control.envelope({ type: "slash_commands", payload: contentOf(command({}), false) });
    for (const resume of opened.held) resume();
    assert.equal((await typing).delivered, true);
    await stopping;
    assert.equal((await late).delivered, false);
    assert.deepEqual([opened.typed, await heard(opened), await connections(opened)], [["wait"], ["Heard wait."], 0]);
  });
});
