/** The stand-in serves whoever tests a Slack app, in whatever language: here Bolt for Python. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { packageRoot } from "../../../src/package-root.ts";
import { leftOut, pythonWithBolt } from "./python.ts";
import {
  APP_TOKEN,
  BOT_TOKEN,
  HOME,
  OWNER_B,
  openWorkspace,
  REQUESTER,
  SIGNING_SECRET,
  type Workspace,
} from "./workspace.ts";

/** Over signed requests it says at which port it listens. */
type Transport = "signed requests" | "Socket Mode";

async function startPythonApp(context: TestContext, { url, control }: Workspace, transport: Transport): Promise<void> {
  const python = await pythonWithBolt();
  const app = spawn(python, [join(packageRoot(), "test", "sandbox", "slack", "bolt-app.py")], {
    env: {
      TOKEN: BOT_TOKEN,
      ...(transport === "Socket Mode" ? { APP_TOKEN } : { SLACK_SIGNING_SECRET: SIGNING_SECRET }),
      SLACK_API_URL: `${url}/api/`,
      CHANNEL: HOME,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(async () => {
    if (app.exitCode !== null) return;
    app.kill();
    await once(app, "exit");
  });
  const lines = createInterface({ input: app.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    once(app, "exit").then(() => ["the app ended before it was ready"]),
  ]);
  if (transport === "Socket Mode") {
    assert.equal(line, "ready");
    return;
  }
  const port = /^ready (\d+)$/.exec(String(line))?.[1];
  assert.ok(port !== undefined, String(line));
  await control.eventsUrl({ url: `http://127.0.0.1:${port}/slack/events`, verify: true });
}

const skip = await leftOut();

for (const transport of ["signed requests", "Socket Mode"] as const) {
  test(`A Bolt app in Python starts, and handles a command, a click, a modal and a mention over ${transport}`, {
    skip,
  }, async (context) => {
    const workspace = await openWorkspace(context);
    const { control } = workspace;
    await startPythonApp(context, workspace, transport);
    const typed = await control.command({ person: REQUESTER, channel: HOME, text: "spring-trial" });
    assert.deepEqual([typed.status, typed.problem], [200, undefined]);
    const card = await control.until("the card", async () =>
      (await control.channel(HOME)).messages.find(({ text }) => text.includes("spring-trial")),
    );
    await control.until("the private answer", async () =>
      (await control.person(REQUESTER)).ephemerals.find(({ text }) => text.includes("The card is posted.")),
    );
    await control.click({ person: OWNER_B, channel: HOME, ts: card.ts, actionId: "approve" });
    const view = await control.until("the modal", async () => (await control.person(OWNER_B)).views.at(-1));
    const refused = await control.submit({ person: OWNER_B, viewId: view.viewId, values: { because: "no" } });
    assert.deepEqual(refused.errors, { because: "Say more." });
    await control.submit({ person: OWNER_B, viewId: view.viewId, values: { because: "it helps" } });
    await control.until("the rewritten card", async () =>
      (await control.channel(HOME)).messages.find(({ ts, text }) => ts === card.ts && text.includes("it helps")),
    );
    await control.mention({ person: OWNER_B, channel: HOME, text: "hello" });
    await control.until("the answer to the mention", async () =>
      (await control.person(OWNER_B)).ephemerals.find(({ text }) => text === "You called."),
    );
  });
}
