/** The main job with a few sites, one VM of which is switched off and rebooted, told by people who try again when the bot does not answer. */
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
const HUB_FIELD = "Public address and UDP port of the hub";
const DONE = 6;
const PATIENCE_MS = 1_200_000;
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
  /** Sites that train, with the words of their choice in the form's order; a VM of the first one is switched off. */
  readonly training: readonly [string, ...string[]];
}

export async function tellShortStory(sandbox: Sandbox, wish: StoryWish): Promise<Ending> {
  const { hub, way, training } = wish;
  const [first] = training;
  const sites = [...training, COORDINATOR];
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
    () => askForIt(slack, wish),
    () => isThere(slack, homeChannel, `Federation ${NAME}`),
  );
  for (const site of sites) {
    await insist(
      slack,
      `${site}'s approval`,
      () => press(slack, site, "Approve"),
      () => hasHappened(sandbox, "site-approved", site),
    );
  }
  if (way === "router") await setUpRouter(slack, sandbox, first);
  for (const site of training) {
    await insist(slack, `${site} up`, nothing, () => isThere(slack, homeChannel, `(${site})`, "is up"));
  }
  await note("up");
  await switchOff(zones, first);
  await insist(
    slack,
    "the site up again",
    () => press(slack, first, "Reboot VMs"),
    () => isThere(slack, homeChannel, `(${first})`, "is up again"),
  );
  await insist(slack, "the reboot over", nothing, async () =>
    (await eventsOf(sandbox)).some(({ type }) => type === "reboot-ended"),
  );
  await note("rebooted");
  if (hub !== null && way !== "router") await changeKeys(slack, sandbox, sites);
  const requester = new Player(slack, "U0REQUEST1", TRY_AGAIN_MS);
  await insist(
    slack,
    "the owners asked",
    () => requester.type(homeChannel, `teardown ${NAME}`),
    () => isThere(slack, homeChannel, "asks to tear this federation down"),
  );
  for (const site of sites) {
    await insist(
      slack,
      `${site}'s agreement`,
      () => press(slack, site, "Tear down here"),
      () => hasHappened(sandbox, "teardown-agreed", site),
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
async function setUpRouter(slack: SlackControl, sandbox: Sandbox, zone: string): Promise<void> {
  const stage = new Stage(sandbox, TRY_AGAIN_MS);
  let configuration = "";
  await insist(
    slack,
    "what the router is to have",
    async () => {
      configuration = await stage.reads(zoneChannel(zone), `router for federation ${NAME}`, "[Peer]");
    },
    async () => configuration !== "",
  );
  const key = await stage.guests.setUpRouter(zone, routerConfigurationIn(configuration));
  await insist(
    slack,
    "the router's key given",
    async () => {
      await closeForm(slack, zoneOwner(zone, 1));
      await giveRouterKey(stage, zone, NAME, key);
    },
    async () => (await eventsOf(sandbox)).some(({ type }) => type === "router-key-given"),
  );
}

async function changeKeys(slack: SlackControl, sandbox: Sandbox, sites: readonly string[]): Promise<void> {
  for (const site of sites) {
    await insist(
      slack,
      `${site}'s keys asked for`,
      () => press(slack, site, "Change tunnel keys"),
      () => hasHappened(sandbox, "tunnel-rotation-asked", site),
    );
    await insist(slack, `${site}'s keys changed`, nothing, () => hasHappened(sandbox, "tunnel-rotation-ended", site));
  }
}

const zoneOf = (site: string): string => site.split("/")[0] ?? site;

/** Its zone's first owner presses a button on what is about this site in the zone's channel. */
const press = (slack: SlackControl, site: string, button: string): Promise<unknown> =>
  new Player(slack, zoneOwner(zoneOf(site), 1), TRY_AGAIN_MS).press(zoneChannel(zoneOf(site)), button, `(${site})`);

/** Behind the bot's back, as an administrator. */
async function switchOff(zones: ZonesControl, site: string): Promise<void> {
  const { vms } = await zones.zone(zoneOf(site));
  const vm = vms.find(({ state, context }) => state !== DONE && context["FL_SITE"] === site.replace("/", "."));
  if (vm === undefined) throw new Error(`No VM runs at ${site}.`);
  await zones.command(zoneOf(site), { do: "vm-action", vm: vm.id, action: "poweroff-hard" });
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

async function askForIt(slack: SlackControl, { hub, superNodes, training }: StoryWish): Promise<void> {
  const requester = new Player(slack, "U0REQUEST1", TRY_AGAIN_MS);
  await closeForm(slack, requester.id);
  await requester.type(homeChannel, "deploy-site");
  const first = await requester.view("Deploy a federation");
  await requester.fill(first, { "Coordinator zone": COORDINATOR, "Training sites": training.map(offeredAs) });
  const labels = training.map(superNodesIn);
  const form = await requester.view("Deploy a federation", labels);
  await requester.fill(form, {
    "Name of the federation": NAME,
    "What it is for": "A short story.",
    ...Object.fromEntries(labels.map((label) => [label, String(superNodes)])),
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

/** What trains beside the coordinator is offered by the zone's name. */
const offeredAs = (site: string): string => `(${site === `${COORDINATOR}/training` ? COORDINATOR : site})`;

function superNodesIn(site: string): string {
  const [zone = "", department] = site.split("/");
  const title = `SuperNodes in Hospital ${zone.slice(-1).toUpperCase()}`;
  return department === undefined || zone === COORDINATOR ? title : `${title}, ${department}`;
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

const hasHappened = async (sandbox: Sandbox, what: string, where: string): Promise<boolean> =>
  (await eventsOf(sandbox)).some(({ type, site }) => type === what && site === where);

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
