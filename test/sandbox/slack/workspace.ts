import type { TestContext } from "node:test";
import { App, LogLevel } from "@slack/bolt";
import { WebClient } from "@slack/web-api";
import { type SlackControl, slackControl } from "../../../sandbox/slack/client.ts";
import { startSlack } from "../../../sandbox/slack/server.ts";
import type { SlackOptions } from "../../../sandbox/slack/state/slack.ts";
import { DEFAULT_SCOPES } from "../../../sandbox/slack/world/default-app.ts";
import { defaultSeed } from "../../../sandbox/slack/world/default-seed.ts";

export const BOT_TOKEN = "xoxb-test-token";
export const APP_TOKEN = "xapp-test-token";
export const SIGNING_SECRET = "test-signing-secret";

export const HOME = "C0FEDERATE";
export const ZONE_A = "C0ZONEA001";
export const RANDOM = "C0RANDOM01";
export const REQUESTER = "U0REQUEST1";
export const OWNER_A = "U0OWNERA01";
export const OWNER_B = "U0OWNERB01";
export const STRANGER_B = "U0STRANGE2";
export const ASTER = "T0ASTER001";
export const BIRCH = "T0BIRCH001";

export const SCOPES = [...DEFAULT_SCOPES];

interface Ending {
  after(end: () => Promise<void>): void;
}

export interface Workspace {
  readonly url: string;
  readonly control: SlackControl;
  readonly web: WebClient;
}

/** A stand-in of the test's own, gone when the test ends. */
export async function openWorkspace(context: Ending, changes: Partial<SlackOptions> = {}): Promise<Workspace> {
  const running = await startSlack({
    seed: defaultSeed(3, "/flower"),
    botToken: BOT_TOKEN,
    appToken: APP_TOKEN,
    signingSecret: SIGNING_SECRET,
    scopes: SCOPES,
    events: ["app_mention", "channel_shared", "channel_unshared"],
    refusedBlocks: [],
    rateLimits: false,
    speed: 100,
    ...changes,
  });
  context.after(() => running.close());
  const web = new WebClient(BOT_TOKEN, {
    slackApiUrl: `${running.url}/api/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: 5000,
  });
  return { url: running.url, control: slackControl(running.url), web };
}

/** A Bolt app with real signed HTTP, known to the workspace. Listeners are added by `register`. */
export async function startApp(context: TestContext, workspace: Workspace, register: (app: App) => void): Promise<App> {
  const app = new App({
    token: BOT_TOKEN,
    signingSecret: SIGNING_SECRET,
    clientOptions: { slackApiUrl: `${workspace.url}/api/`, retryConfig: { retries: 0 } },
    logLevel: LogLevel.ERROR,
  });
  register(app);
  const server = await app.start({ port: 0, host: "127.0.0.1" });
  context.after(() => app.stop());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the app has no port");
  await workspace.control.eventsUrl({ url: `http://127.0.0.1:${address.port}/slack/events`, verify: true });
  return app;
}
