/** The main job with two zones, one VM of which is switched off and rebooted, told by people who try again when the bot does not answer. */
import type { Sandbox } from "../../sandbox/composition.ts";
import { GuestsClient } from "../../sandbox/hypervisor/client.ts";
import { type SlackControl, slackControl } from "../../sandbox/slack/client.ts";
import { Player } from "../../sandbox/story/person.ts";
import { giveRouterKey, routerConfigurationIn } from "../../sandbox/story/routers.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { ZonesControl } from "../../sandbox/zones/client.ts";
import { homeChannel, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import type { TunnelWay } from "../../src/federation/model/plan.ts";
import { eventsOf, receiptsOf } from "./data-directory.ts";

const NAME = "spring-trial";
const COORDINATOR = "zone-a";
const TRAINING = "zone-b";
const HUB_FIELD = "Public address and UDP port of the hub";
const DONE = 6;
const PATIENCE_MS = 600_000;
const TRY_AGAIN_MS = 1_500;

/** Copies of a message that a receipt knows, and those whose posting was not noted any more. */
export interface Copies {
  readonly known: number;
  readonly stray: number;
}

/** What is left to compare when the story is over. */
export interface Ending {
  /** What the federation came to, from its journal: who decided what, and how often something was created. */
  readonly journal: readonly string[];
  /** Services and living VMs per zone, when all was up and at the end. */
  readonly zones: readonly string[];
  /** Every text in the home channel. */
  readonly copies: ReadonlyMap<string, Copies>;
}

/** Where tunnels end, when traffic crosses by WireGuard: an address of the coordinator's router, which forwards the port. */
export interface Hub {
  readonly ip: string;
  readonly port: number;
}

export interface StoryWish {
  /** null: traffic crosses to a public address. */
  readonly hub: Hub | null;
  readonly superNodes: number;
  /** Who has the training zone's end of the tunnels. */
  readonly way: TunnelWay;
}

export async function tellShortStory(sandbox: Sandbox, { hub, superNodes, way }: StoryWish): Promise<Ending> {
  if (hub !== null) await new GuestsClient(sandbox.guests).forward(COORDINATOR, hub);
  const slack = slackControl(sandbox.slackControl);
  const zones = new ZonesControl(sandbox.zonesControl);
  const seen: string[] = [];
  const note = async (when: string): Promise<void> => {
    for (const name of sandbox.zoneNames) {
      const { services, vms } = await zones.zone(name);
      seen.push(
        `${when}: ${name} ${services.length} services, ${vms.filter(({ state }) => state !== DONE).length} VMs`,
      );
    }
  };
  await insist(
    slack,
    "the federation's card",
    () => askForIt(slack, hub, superNodes),
    () => isThere(slack, homeChannel, `Federation ${NAME}`),
  );
  for (const zone of [TRAINING, COORDINATOR]) {
    await insist(
      slack,
      `${zone}'s approval`,
      () => new Player(slack, zoneOwner(zone, 1), TRY_AGAIN_MS).press(zoneChannel(zone), "Approve"),
      () => isThere(slack, zoneChannel(zone), "approved"),
    );
  }
  if (way === "router") await setUpRouter(slack, sandbox);
  await insist(slack, "the site up", nothing, () => isThere(slack, homeChannel, `(${TRAINING})`, "is up"));
  await note("up");
  await switchOff(zones, TRAINING);
  await insist(
    slack,
    "the site up again",
    () => new Player(slack, zoneOwner(TRAINING, 1), TRY_AGAIN_MS).press(zoneChannel(TRAINING), "Reboot VMs"),
    () => isThere(slack, homeChannel, `(${TRAINING})`, "is up again"),
  );
  await insist(slack, "the reboot over", nothing, async () =>
    (await eventsOf(sandbox)).some(({ type }) => type === "reboot-ended"),
  );
  await note("rebooted");
  if (hub !== null && way !== "router") await changeKeys(slack, sandbox);
  const requester = new Player(slack, "U0REQUEST1", TRY_AGAIN_MS);
  await insist(
    slack,
    "the owners asked",
    () => requester.type(homeChannel, `teardown ${NAME}`),
    () => isThere(slack, homeChannel, "asks to tear this federation down"),
  );
  for (const zone of [TRAINING, COORDINATOR]) {
    await insist(
      slack,
      `${zone}'s agreement`,
      () => new Player(slack, zoneOwner(zone, 1), TRY_AGAIN_MS).press(zoneChannel(zone), "Tear down in this zone"),
      () => hasAgreed(sandbox, zone),
    );
  }
  await insist(slack, "the end told", nothing, () => isToldForGood(slack, sandbox, "The federation is torn down."));
  await insist(slack, "the card rewritten", nothing, () =>
    isThere(slack, homeChannel, "*Torn down. Nothing of it runs any more.*"),
  );
  await insist(slack, "the CA destroyed", nothing, async () =>
    (await eventsOf(sandbox)).some(({ type }) => type === "authority-destroyed"),
  );
  await note("end");
  return { journal: await summary(sandbox), zones: seen, copies: await copiesIn(slack, sandbox) };
}

/** Once, by its administrator; its owner gives the key until the bot has it. */
async function setUpRouter(slack: SlackControl, sandbox: Sandbox): Promise<void> {
  const stage = new Stage(sandbox, TRY_AGAIN_MS);
  let configuration = "";
  await insist(
    slack,
    "what the router is to have",
    async () => {
      configuration = await stage.reads(zoneChannel(TRAINING), `router for federation ${NAME}`, "[Peer]");
    },
    async () => configuration !== "",
  );
  const key = await stage.guests.setUpRouter(TRAINING, routerConfigurationIn(configuration));
  await insist(
    slack,
    "the router's key given",
    async () => {
      await closeForm(slack, zoneOwner(TRAINING, 1));
      await giveRouterKey(stage, TRAINING, NAME, key);
    },
    async () => (await eventsOf(sandbox)).some(({ type }) => type === "router-key-given"),
  );
}

async function changeKeys(slack: SlackControl, sandbox: Sandbox): Promise<void> {
  for (const zone of [TRAINING, COORDINATOR]) {
    const happened = async (type: string): Promise<boolean> =>
      (await eventsOf(sandbox)).some((event) => event.type === type && event.site === zone);
    await insist(
      slack,
      `${zone}'s keys asked for`,
      () => new Player(slack, zoneOwner(zone, 1), TRY_AGAIN_MS).press(zoneChannel(zone), "Change tunnel keys"),
      () => happened("tunnel-rotation-asked"),
    );
    await insist(slack, `${zone}'s keys changed`, nothing, () => happened("tunnel-rotation-ended"));
  }
}

/** Behind the bot's back, as an administrator. */
async function switchOff(zones: ZonesControl, zone: string): Promise<void> {
  const { vms } = await zones.zone(zone);
  const vm = vms.find(({ state }) => state !== DONE);
  if (vm === undefined) throw new Error(`No VM runs in ${zone}.`);
  await zones.command(zone, { do: "vm-action", vm: vm.id, action: "poweroff-hard" });
}

const nothing = async (): Promise<void> => undefined;

/** Does something until its effect can be seen; whatever goes wrong meanwhile is what a person would try again. */
async function insist(
  slack: SlackControl,
  what: string,
  act: () => Promise<unknown>,
  isDone: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    await act().catch(() => undefined);
    const done = await slack
      .until(what, async () => ((await isDone()) ? true : undefined), TRY_AGAIN_MS)
      .catch(() => false);
    if (done || (await isDone())) return;
  }
  throw new Error(`It never came to ${what}.`);
}

async function askForIt(slack: SlackControl, hub: Hub | null, superNodes: number): Promise<void> {
  const requester = new Player(slack, "U0REQUEST1", TRY_AGAIN_MS);
  await closeForm(slack, requester.id);
  await requester.type(homeChannel, "deploy-site");
  const first = await requester.view("Deploy a federation");
  await requester.fill(first, { "Coordinator zone": COORDINATOR, "Training sites": [TRAINING] });
  const form = await requester.view("Deploy a federation", ["SuperNodes in Hospital B"]);
  await requester.fill(form, {
    "Name of the federation": NAME,
    "What it is for": "A short story.",
    "SuperNodes in Hospital B": String(superNodes),
  });
  if (hub === null) {
    await requester.submit(form);
    return;
  }
  await requester.fill(form, { "How does traffic cross?": "Through WireGuard" });
  const whole = await requester.view("Deploy a federation", [HUB_FIELD]);
  await requester.fill(whole, { [HUB_FIELD]: `${hub.ip}:${hub.port}` });
  await requester.submit(whole);
}

/** What was left open when the bot did not answer. */
async function closeForm(slack: SlackControl, person: string): Promise<void> {
  for (const { viewId } of (await slack.person(person)).views.slice(-1))
    await slack.close({ person, viewId, all: true });
}

async function textsOf(slack: SlackControl, channel: string): Promise<readonly string[]> {
  const { messages } = await slack.channel(channel);
  return messages.flatMap((message) => [message, ...message.replies]).map(({ text }) => text);
}

/** The thread keeps its order: when its last reply has its receipt, so has everything before it. */
async function isToldForGood(slack: SlackControl, sandbox: Sandbox, words: string): Promise<boolean> {
  const copies = await copiesIn(slack, sandbox);
  return [...copies].some(([text, { known }]) => text.includes(words) && known > 0);
}

const isThere = async (slack: SlackControl, channel: string, ...words: readonly string[]): Promise<boolean> =>
  (await textsOf(slack, channel)).some((text) => words.every((word) => text.includes(word)));

async function copiesIn(slack: SlackControl, sandbox: Sandbox): Promise<ReadonlyMap<string, Copies>> {
  const receipted = new Set((await receiptsOf(sandbox)).posted.map(({ ts }) => ts));
  const copies = new Map<string, Copies>();
  const { messages } = await slack.channel(homeChannel);
  for (const { text, ts } of messages.flatMap((message) => [message, ...message.replies])) {
    const plain = withoutChance(text);
    const { known, stray } = copies.get(plain) ?? { known: 0, stray: 0 };
    copies.set(plain, receipted.has(ts) ? { known: known + 1, stray } : { known, stray: stray + 1 });
  }
  return copies;
}

/** Addresses, fingerprints, certificates and moments differ from run to run; a link is there once what it leads to is. */
const withoutChance = (text: string): string =>
  text
    .replace(/-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----/, "[certificate]")
    .replace(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g, "[fingerprint]")
    .replace(/\d+\.\d+\.\d+\.\d+/g, "[address]")
    .replace(/\b[A-Za-z0-9+/]{43}=/g, "[key]")
    .replace(/ \(https:[^)]*\)/g, "")
    .replace(/@\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, "[moment]");

const hasAgreed = async (sandbox: Sandbox, zone: string): Promise<boolean> =>
  (await eventsOf(sandbox)).some(({ type, site }) => type === "teardown-agreed" && site === zone);

/** What happened once must have happened once; how often a zone was looked at does not matter. */
const COUNTED = new Set([
  "federation-requested",
  "authority-created",
  "site-planned",
  "consent-given",
  "site-approved",
  "attempt-started",
  "vm-created",
  "deployment-created",
  "certificate-issued",
  "coordinator-verified",
  "key-accepted",
  "key-refused",
  "key-revoked",
  "tunnel-key-accepted",
  "tunnel-key-refused",
  "tunnel-key-revoked",
  "router-key-given",
  "tunnel-rotation-asked",
  "tunnel-key-announced",
  "tunnel-switch-intended",
  "tunnel-rotation-ended",
  "site-failed",
  "reboot-asked",
  "reboot-intended",
  "reboot-answered",
  "reboot-ended",
  "teardown-asked",
  "teardown-agreed",
  "deployment-removed",
  "duplicate-found",
  "federation-ended",
  "authority-destroyed",
]);

async function summary(sandbox: Sandbox): Promise<readonly string[]> {
  const events = (await eventsOf(sandbox)).filter(({ type }) => COUNTED.has(type));
  return events.map(({ type, site }) => (site === undefined ? type : `${type} ${site}`)).sort();
}
