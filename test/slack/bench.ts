/**
 * The bot's Slack side, whole, between a stand-in for Slack and federations in memory. Zones are looked at as the
 * builders show them, so a test plays people and, where needed, lets things happen in zones.
 */
import { createHmac } from "node:crypto";
import type { TestContext } from "node:test";
import { WebClient } from "@slack/web-api";
import pino from "pino";
import { type SlackControl, slackControl } from "../../sandbox/slack/client.ts";
import type { ShownMessage, ShownView } from "../../sandbox/slack/control/control-api.ts";
import { startSlack } from "../../sandbox/slack/server.ts";
import type { SlackOptions } from "../../sandbox/slack/state/slack.ts";
import { refuse } from "../../src/federation/model/decision.ts";
import type { FederationEvent } from "../../src/federation/model/events.ts";
import type { Recorded } from "../../src/federation/model/evolve.ts";
import type { FederationId } from "../../src/federation/model/identity.ts";
import type { DecisionContext, SiteProfile } from "../../src/federation/model/policy.ts";
import { type Federation, isSettled } from "../../src/federation/model/state.ts";
import type { TunnelState } from "../../src/federation/observing/tunnels.ts";
import type { Federations, ZoneCheck, ZoneChecks } from "../../src/federation/ports.ts";
import { adjustProposal } from "../../src/federation/proposing/adjustment.ts";
import { proposeSites } from "../../src/federation/proposing/proposal.ts";
import { Secret } from "../../src/secret.ts";
import { createSlackApp, type SlackApp, type Transport } from "../../src/slack/app.ts";
import type { Pace } from "../../src/slack/outbox/pace.ts";
import { FederationStore } from "../../src/store/federation-store.ts";
import { memoryChannelIds } from "../builders/channel-ids.ts";
import { aDecisionContext, aZone, countingCards, sitesOf } from "../builders/decision-context.ts";
import type { Story } from "../builders/federation.ts";
import { type MemoryLog, memoryLog, NO_INDEX, NO_SNAPSHOTS, QUIET } from "../builders/memory-log.ts";
import { MemoryReceipts } from "../builders/receipts.ts";
import { aSurvey } from "../builders/survey.ts";
import { BOT_USER, EVENTS, HOST, SCOPES, workspaceSeed, ZONES } from "./workspace-seed.ts";

export { BOT_USER, channel, DIRECT, OUTSIDER, owner, RANDOM, REQUESTER, STRANGER } from "./workspace-seed.ts";

const QUICK: Pace = { perChannel: 5, coalescing: 5, retry: 10, longestRetry: 100, fileLook: 10 };

export interface BenchOptions {
  /** How Slack reaches the bot; in Socket Mode by default. */
  readonly transport?: Transport["kind"];
  readonly slack?: Partial<SlackOptions>;
  readonly story?: Story;
  readonly zones?: readonly SiteProfile[];
  readonly context?: Partial<DecisionContext>;
  readonly pace?: Partial<Pace>;
  readonly looks?: readonly ZoneCheck[];
  /** How tunnels do. */
  readonly tunnels?: readonly TunnelState[];
  /** What an owner's own version waits for, as for its zone. */
  readonly adjusting?: Promise<void>;
  /** Changes Slack before the bot starts. */
  readonly prepare?: (control: SlackControl) => Promise<void>;
}

export interface SignedRequest {
  readonly body: string;
  /** A form's by default. */
  readonly contentType?: string;
  /** Seconds from now at which it is dated. */
  readonly skew?: number;
  readonly secret?: string;
}

export interface Bench {
  readonly transport: Transport["kind"];
  readonly control: SlackControl;
  readonly store: FederationStore;
  /** What the journal holds of a federation. */
  readonly recorded: (id: FederationId) => readonly Recorded[];
  /** The first federation. */
  readonly federation: () => Federation;
  readonly happens: (...events: readonly FederationEvent[]) => Promise<void>;
  /** Every site that waits to be planned is planned. */
  readonly plans: () => Promise<void>;
  readonly receipts: MemoryReceipts;
  readonly addressLooks: () => number;
  /** From now on whatever looks for a federation by its name or in memory throws this. */
  readonly fail: (error: Error) => void;
  /** Waits until a message in the channel, or in a thread there, says this. */
  readonly read: (channel: string, words: string | RegExp) => Promise<ShownMessage>;
  readonly messages: (channel: string) => Promise<readonly ShownMessage[]>;
  /** Everything that this person alone was told there is to read. */
  readonly whispers: (person: string) => Promise<readonly string[]>;
  readonly whispered: (person: string, words: string) => Promise<string>;
  readonly modal: (person: string) => Promise<ShownView>;
  readonly press: (person: string, message: ShownMessage, button: string) => ReturnType<SlackControl["click"]>;
  /** Somebody deletes a message of the bot. */
  readonly remove: (message: ShownMessage) => Promise<void>;
  /** Slack tells the bot of an event. */
  readonly tell: (event: object) => Promise<void>;
  /**
   * A signed request, as Slack sends it but for what is given; the status it is answered with. In Socket Mode the same
   * in an envelope: 200 for one that is acknowledged, else 0.
   */
  readonly deliver: (request: SignedRequest) => Promise<{ readonly status: number; readonly body: string }>;
  /** Ends the bot's Slack side and starts another one on the same journal and receipts. */
  readonly restart: () => Promise<void>;
  /** Everything that was to be sent has been sent. */
  readonly settled: () => Promise<void>;
}

export async function openBench(context: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const running = await startSlack({
    seed: workspaceSeed(),
    botToken: "xoxb-test",
    appToken: "xapp-test",
    signingSecret: "signing-secret",
    scopes: SCOPES,
    events: EVENTS,
    refusedBlocks: [],
    rateLimits: false,
    speed: 100,
    ...options.slack,
  });
  const deciding =
    options.story?.context ??
    aDecisionContext({ ...(options.zones === undefined ? {} : { sites: sitesOf(options.zones) }), ...options.context });
  const sites =
    options.zones === undefined && options.story === undefined
      ? sitesOf(ZONES.map((zone) => aZone(zone)))
      : deciding.sites;
  const log = memoryLog(options.story?.recorded);
  const now = () => deciding.now;
  const shared = {
    policy: deciding.policy,
    sites,
    manifests: deciding.manifests,
    newCard: options.story === undefined ? countingCards() : deciding.newCard,
  };
  const store = await FederationStore.open(
    { events: log, snapshots: NO_SNAPSHOTS, index: NO_INDEX },
    { context: shared, now, isSettled, log: QUIET },
  );
  let addressLooks = 0;
  const zoneChecks: ZoneChecks = {
    checkAll: async () =>
      options.looks ?? [...sites.values()].map(({ zone }) => ({ zone, version: "7.4.0", problems: [] })),
    adjust: async ({ federation, ...asked }) => {
      await options.adjusting;
      const outcomes: ReturnType<typeof adjustProposal>[] = [];
      await store.update(federation, (state, seen) => {
        const outcome = adjustProposal(state, { ...asked, survey: { ok: true, survey: aSurvey() } }, seen);
        outcomes.push(outcome);
        return "problems" in outcome ? { ok: true, events: [] } : outcome;
      });
      const [outcome] = outcomes;
      if (outcome === undefined) throw new Error("Nothing was decided.");
      return outcome;
    },
    recheckAddress: () => {
      addressLooks += 1;
    },
  };
  const receipts = new MemoryReceipts();
  const channels = memoryChannelIds();
  let failure: Error | null = null;
  const control = slackControl(running.url);
  await options.prepare?.(control);
  let url: string | null = null;
  const transport: Transport =
    options.transport === "http"
      ? { kind: "http", signingSecret: new Secret("signing-secret"), host: "127.0.0.1", port: 0 }
      : { kind: "socket", appToken: new Secret("xapp-test") };
  const deliver = (request: SignedRequest) =>
    url === null ? deliverInEnvelope(control, request) : deliverSigned(url, request);
  const startApp = async (): Promise<SlackApp> => {
    const app = createSlackApp({
      federations: failing(store, () => failure),
      zoneChecks,
      certificates: { give: async () => refuse("no-certificate-asked") },
      tunnelStates: () => options.tunnels ?? [],
      configuration: { policy: deciding.policy, sites, manifests: deciding.manifests },
      log: pino({ level: process.env["FLORIST_TEST_LOG"] ?? "silent" }),
      botToken: new Secret("xoxb-test"),
      slackApiUrl: `${running.url}/api/`,
      transport,
      commandName: "/flower",
      pace: { ...QUICK, ...options.pace },
      receipts,
      workspaceUrl: "https://thost.slack.com/",
      channels,
      channelsWritten: new Map(
        [...sites].flatMap(([name, { channel: id }], index) =>
          id === null ? [] : [[name, { channel: id, where: `zones.yml, line ${index + 1}` }] as const],
        ),
      ),
    });
    const { port } = await app.start();
    if (port === null) return app;
    url = `http://127.0.0.1:${port}/slack/events`;
    await control.eventsUrl({ url, verify: true });
    return app;
  };
  let app = await startApp();
  context.after(async () => {
    await app.stop();
    await running.close();
  });
  const web = new WebClient("xoxb-test", { slackApiUrl: `${running.url}/api/` });
  return bench({
    transport: transport.kind,
    control,
    store,
    log,
    receipts,
    addressLooks: () => addressLooks,
    fail: (error) => {
      failure = error;
    },
    settled: () => app.idle(),
    remove: async ({ channel: id, ts }) => {
      await web.chat.delete({ channel: id, ts });
    },
    tell: (event) => tell(deliver, event),
    deliver,
    restart: async () => {
      await app.stop();
      app = await startApp();
    },
  });
}

type Parts = Pick<
  Bench,
  | "transport"
  | "control"
  | "store"
  | "receipts"
  | "addressLooks"
  | "fail"
  | "remove"
  | "tell"
  | "deliver"
  | "restart"
  | "settled"
> & {
  readonly log: MemoryLog;
};

function bench({ store, log, tell: telling, ...parts }: Parts): Bench {
  const { control } = parts;
  const federation = (): Federation => {
    const [first] = store.living();
    if (first === undefined) throw new Error("There is no federation.");
    return first;
  };
  const happens = async (...events: readonly FederationEvent[]): Promise<void> => {
    await store.update(federation().id, () => ({ ok: true, events }));
  };
  const messages = async (id: string): Promise<readonly ShownMessage[]> => {
    const screen = await control.channel(id);
    return screen.messages.flatMap(({ replies, ...message }) => [message, ...replies]);
  };
  const whispers = async (id: string): Promise<readonly string[]> =>
    (await control.person(id)).ephemerals.map(({ text }) => text);
  return {
    ...parts,
    store,
    tell: telling,
    recorded: (id) => log.recorded(id),
    federation,
    happens,
    plans: async () => {
      await store.update(federation().id, (state, context) => {
        const looks = new Map([...state.sites.keys()].map((zone) => [zone, { ok: true as const, survey: aSurvey() }]));
        return proposeSites(state, looks, context);
      });
    },
    read: (id, words) =>
      control.until(`${words} in ${id}`, async () => {
        const all = await messages(id);
        return all.findLast(({ text }) => (typeof words === "string" ? text.includes(words) : words.test(text)));
      }),
    messages,
    whispers,
    whispered: (id, words) =>
      control.until(`${words} told to ${id}`, async () =>
        (await whispers(id)).findLast((text) => text.includes(words)),
      ),
    modal: (id) => control.until(`a modal before ${id}`, async () => (await control.person(id)).views.at(-1)),
    press: (id, message, text) => {
      const button = message.buttons.find((candidate) => candidate.text === text);
      if (button === undefined)
        throw new Error(`No button ${text}: ${message.buttons.map((one) => one.text).join(", ")}`);
      const confirm = button.asks === undefined ? {} : { confirm: true };
      return control.click({
        person: id,
        channel: message.channel,
        ts: message.ts,
        actionId: button.actionId,
        blockId: button.blockId,
        ...confirm,
      });
    },
  };
}

let told = 0;

/** An event as Slack delivers it, each with an id of its own. */
async function tell(deliver: Bench["deliver"], event: object): Promise<void> {
  told += 1;
  const body = JSON.stringify({
    token: "unused",
    team_id: HOST,
    api_app_id: "AFLORIST",
    event,
    type: "event_callback",
    event_id: `Ev${told}`,
    event_time: 0,
    authorizations: [
      { enterprise_id: null, team_id: HOST, user_id: BOT_USER, is_bot: true, is_enterprise_install: false },
    ],
  });
  const { status } = await deliver({ body, contentType: "application/json" });
  if (status !== 200) throw new Error(`The bot answered ${status}.`);
}

async function deliverInEnvelope(
  control: SlackControl,
  { body, contentType }: SignedRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  const fields = new URLSearchParams(body);
  const payload = fields.get("payload");
  const asJson = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
  const envelope =
    contentType === "application/json"
      ? { type: "events_api", payload: asJson(body) }
      : payload === null
        ? { type: "slash_commands", payload: Object.fromEntries(fields) }
        : { type: "interactive", payload: asJson(payload) };
  const { status, body: answer } = await control.envelope(envelope);
  return { status: status ?? 0, body: answer };
}

/** A request that is never answered fails its test. */
const ANSWER_MS = 60_000;

async function deliverSigned(
  url: string,
  { body, contentType = "application/x-www-form-urlencoded", skew = 0, secret = "signing-secret" }: SignedRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  const timestamp = String(Math.floor(Date.now() / 1000) + skew);
  const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": contentType,
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    },
    body,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return { status: response.status, body: await response.text() };
}

/** The store as the bot's Slack side has it; its `living` throws once there is something to throw. */
function failing(store: FederationStore, failure: () => Error | null): Federations {
  return {
    living: () => {
      const error = failure();
      if (error !== null) throw error;
      return store.living();
    },
    inZone: (zone) => store.inZone(zone),
    get: (id) => store.get(id),
    load: (id) => store.load(id),
    isUnreadable: (id) => store.isUnreadable(id),
    untold: () => store.untold(),
    markTold: (id) => store.markTold(id),
    summaries: () => store.summaries(),
    named: (name) => store.named(name),
    history: (id) => store.history(id),
    update: (id, decide) => store.update(id, decide),
    create: (request) => store.create(request),
    onChange: (listener) => store.onChange(listener),
    decisionContext: (id) => store.decisionContext(id),
  };
}
