import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { slackControl } from "../../../sandbox/slack/client.ts";
import { callApi } from "./api-call.ts";
import { startScriptedApp } from "./scripted-app.ts";
import { HOME, type Workspace } from "./workspace.ts";

const PROGRAM = fileURLToPath(new URL("../../../sandbox/slack/main.js", import.meta.url));
const ready = z.object({ url: z.string(), apiUrl: z.string(), controlUrl: z.string(), port: z.number() });

function run(context: TestContext, ...options: string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, [PROGRAM, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  context.after(() => child.kill("SIGKILL"));
  return child;
}

async function firstLine(child: { stdout: NodeJS.ReadableStream }): Promise<string> {
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return String(line);
}

async function directory(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "slack-stand-in-"));
  context.after(() => rm(path, { recursive: true }));
  return path;
}

test("The program says when it is ready and where, records what passes without credentials, and ends on SIGTERM", async (context) => {
  const file = join(await directory(context), "record.jsonl");
  const child = run(context, "--bot-token", "xoxb-test-token", "--signing-secret", "hush", "--record", file);
  const line = await firstLine(child);
  assert.match(line, /^ready \{/);
  const { url, apiUrl, controlUrl, port } = ready.parse(JSON.parse(line.slice("ready ".length)));
  assert.deepEqual([url, apiUrl, controlUrl], [`http://127.0.0.1:${port}`, `${url}/api/`, `${url}/control/`]);
  const workspace: Pick<Workspace, "url" | "control"> = { url, control: slackControl(url) };
  const app = await startScriptedApp(context, workspace);
  await callApi(workspace, "chat.postMessage", { channel: HOME, text: "hello" });
  await workspace.control.command({ person: "U0REQUEST1", channel: HOME, text: "status" });
  assert.equal(app.received.length, 1);
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);

  const text = await readFile(file, "utf8");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok(!text.includes("xoxb-test-token") && !text.includes("hush"));
  const side = z.object({ headers: z.record(z.string(), z.string()), body: z.string() });
  const exchange = z.object({
    at: z.iso.datetime(),
    edge: z.literal("slack"),
    direction: z.enum(["to-bot", "from-bot"]),
    method: z.string(),
    request: side,
    response: side.extend({ status: z.number() }),
  });
  const [posted, typed] = text
    .trim()
    .split("\n")
    .map((each) => exchange.parse(JSON.parse(each)));
  assert.deepEqual([posted?.direction, posted?.method, posted?.response.status], ["from-bot", "chat.postMessage", 200]);
  assert.equal(posted?.request.headers["authorization"], "[secret]");
  assert.equal(posted?.request.body, JSON.stringify({ channel: HOME, text: "hello" }));
  assert.deepEqual([typed?.direction, typed?.method, typed?.response.status], ["to-bot", "command", 200]);
  assert.match(typed?.request.body ?? "", /token=%5Bsecret%5D|token=\[secret\]/);
});

test("A world of one's own is read from a file, and told what is wrong with it", async (context) => {
  const path = await directory(context);
  const seed = {
    app: { id: "A1X", name: "florist", workspace: "T1X", botId: "B1X", botUserId: "U9X", command: "/bloom" },
    workspaces: [{ id: "T1X", name: "One", domain: "one" }],
    people: [{ id: "U1X", workspace: "T1X", name: "ada" }],
    channels: [{ id: "C1X", name: "hall", host: "T1X", members: ["U1X"] }],
  };
  const good = join(path, "good.json");
  await writeFile(good, JSON.stringify(seed));
  const line = await firstLine(run(context, "--seed", good));
  const { url } = ready.parse(JSON.parse(line.slice("ready ".length)));
  assert.equal((await slackControl(url).world()).app.command, "/bloom");

  const bad = join(path, "bad.json");
  await writeFile(bad, JSON.stringify({ ...seed, people: [{ id: "U1X", workspace: "T2X", name: "ada" }] }));
  const failed = run(context, "--seed", bad);
  const said = stderrOf(failed);
  const [code] = await once(failed, "exit");
  assert.equal(code, 1);
  assert.match(await said, /U1X names the unknown workspace T2X/);
});

async function stderrOf(child: ChildProcess): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of child.stderr ?? []) chunks.push(String(chunk));
  return chunks.join("");
}

test("Help explains every option, and a wrong one is refused with a sentence", async (context) => {
  const help = run(context, "--help");
  const chunks: string[] = [];
  for await (const chunk of help.stdout) chunks.push(String(chunk));
  for (const option of ["--port", "--events-url", "--seed", "--record", "--speed", "--refuse-block", "--rate-limits"]) {
    assert.ok(chunks.join("").includes(option), option);
  }
  const wrong = run(context, "--zones", "none");
  const said = stderrOf(wrong);
  const [code] = await once(wrong, "exit");
  assert.equal(code, 1);
  assert.equal(await said, '--zones takes a whole number from 1 to 26, not "none"\n');
});
