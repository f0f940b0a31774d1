/** The main job, unattended: from the form to a torn-down federation, with every check on the way. */
import { CONTEXT } from "../../src/guest-protocol/names.ts";
import { homeChannel, SANDBOX_HUB, zoneChannel } from "../zones-file.ts";
import { lookForRemains, Performance, type StoryScenery } from "./performance.ts";
import { cardText, formText } from "./printed.ts";
import { setUpRouter } from "./routers.ts";
import { FORM, superNodesLabel } from "./stage.ts";
import { train } from "./training.ts";
import { lookAtTunnels } from "./tunnels.ts";

const NAME = "spring-trial";
const COORDINATOR = "zone-a";

/** `router`: the first training zone's owner has the zone's own router take its end of the tunnels. */
interface PlayWish {
  readonly router: boolean;
}

/** Resolves to whether every check held. `print` gets what people would read. */
export async function playStory(
  sandbox: StoryScenery,
  print: (line: string) => void,
  wish: PlayWish = { router: false },
): Promise<boolean> {
  const stage = new MainJob(sandbox, print, wish);
  await askForIt(stage);
  await decide(stage);
  await rollOut(stage);
  if (stage.hub !== undefined) await checkTunnels(stage, stage.training);
  await lookAround(stage);
  await addSite(stage);
  if (stage.hub !== undefined) await checkTunnels(stage, stage.zoneNames.slice(1));
  if (sandbox.real === true) await trainTogether(stage);
  await loseSuperNode(stage);
  await tearDown(stage);
  return await stage.end();
}

class MainJob extends Performance {
  /** Zones that train from the start, and the one that joins later. */
  readonly training: readonly string[];
  readonly newcomer: string;
  /** Where the tunnels' hub is reached; undefined where traffic crosses without any. */
  readonly hub: string | undefined;
  /** The zone whose router has its end; its key once it was given. */
  readonly routed: string | undefined;
  readonly routerKeys = new Map<string, string>();

  constructor(sandbox: StoryScenery, print: (line: string) => void, { router }: PlayWish) {
    super(sandbox, print);
    this.training = sandbox.zoneNames.slice(1, -1);
    this.newcomer = sandbox.zoneNames.at(-1) ?? "";
    this.routed = router ? this.training[0] : undefined;
    this.hub = sandbox.network === "wireguard" ? `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}` : undefined;
  }
}

async function askForIt(stage: MainJob): Promise<void> {
  stage.scene("The requester fills in one form.");
  const { requester, checks, training, hub } = stage;
  const form = await stage.openForm({ coordinator: COORDINATOR, training, hub });
  const added = form.fields.filter(({ label }) => training.some((zone) => label === superNodesLabel(zone)));
  checks.hold("Choosing a zone adds that zone's field to the open form.", added.length === training.length);
  await requester.fill(form, {
    "Name of the federation": "Spring Trial!",
    "What it is for": "Tries the bot before anybody depends on it.",
    "Keepalive timeout in seconds": "90",
  });
  const refused = await requester.submit(form);
  checks.hold("All mistakes are shown at once, each on its field.", Object.keys(refused.errors ?? {}).length === 2);
  await requester.fill(form, { "Name of the federation": NAME, "Keepalive timeout in seconds": "20" });
  stage.print(formText(await requester.view(FORM)));
  const accepted = await requester.submit(form);
  checks.hold("The corrected form is accepted.", accepted.errors === undefined && accepted.problem === undefined);
  await stage.reads(homeChannel, `Federation ${NAME}`);
  stage.watch.lap("form sent until the federation's card is there");
}

async function decide(stage: MainJob): Promise<void> {
  stage.scene("Each zone's owner decides about its own zone.");
  const { checks, training } = stage;
  for (const zone of [COORDINATOR, ...training]) await stage.owner(zone).messageWith(zoneChannel(zone), "Approve");
  stage.print(cardText(await stage.owner(COORDINATOR).messageWith(zoneChannel(COORDINATOR), "Approve")));
  stage.watch.lap("zones looked at and approval cards posted");
  const stranger = stage.person("U0STRANGE1");
  await stranger.press(zoneChannel(COORDINATOR), "Approve");
  const told = await stranger.told("owner");
  checks.hold("A stranger's click is refused, privately.", told.text.length > 0);
  const [adjusting, ...others] = training;
  if (adjusting !== undefined) await adjust(stage, adjusting);
  for (const zone of others) await stage.owner(zone).press(zoneChannel(zone), "Approve");
  await stage.owner(COORDINATOR).press(zoneChannel(COORDINATOR), "Approve");
  await stage.reads(zoneChannel(COORDINATOR), "approved");
  stage.watch.lap("owners' decisions");
}

const WAY = "Who has this site's end of the tunnel";

/** The first training zone's owner lowers its number of SuperNodes to one. */
async function adjust(stage: MainJob, zone: string): Promise<void> {
  const owner = stage.owner(zone);
  await owner.press(zoneChannel(zone), "Adjust and approve");
  const view = await owner.view("Adjust and approve");
  const field = view.fields.find(({ label }) => label.startsWith("SuperNodes"));
  const way = zone === stage.routed ? { [WAY]: "The zone's own router" } : {};
  await owner.fill(view, { [field?.label ?? "SuperNodes"]: "1", ...way });
  const answer = await owner.submit(view);
  stage.checks.hold("An owner adjusts and approves its own version.", answer.errors === undefined);
  await stage.reads(zoneChannel(zone), "Adjusted");
}

async function rollOut(stage: MainJob): Promise<void> {
  stage.scene("The coordinator is deployed first, then trust is posted, then the training sites.");
  const { checks, training } = stage;
  const trust = await stage.reads(homeChannel, "BEGIN CERTIFICATE");
  stage.watch.lap("coordinator deployed, certified, serving; trust posted");
  const fingerprint = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/.exec(trust)?.[0] ?? "none";
  checks.hold(
    "The trust card shows the CA's fingerprint and the SuperLink's address.",
    trust.includes(fingerprint) && /:9092/.test(trust),
  );
  for (const zone of [COORDINATOR, ...training]) {
    await stage.reads(zoneChannel(zone), "BEGIN CERTIFICATE", fingerprint);
  }
  checks.hold("Trust is posted in the channel of every approved zone.", true);
  for (const channel of [zoneChannel(stage.newcomer), "C0RANDOM01"]) {
    const seen = (await stage.texts(channel)).some((text) => text.includes(fingerprint));
    checks.hold(`Nothing of it is posted in ${channel}.`, !seen);
  }
  if (stage.routed !== undefined) await routeThrough(stage, stage.routed);
  for (const zone of training) await stage.isUp(zone);
  stage.watch.lap("training sites deployed, admitted, seen by the SuperLink");
  checks.hold("Every training site is up: its SuperLink sees all its SuperNodes.", true);
  const roles = (await stage.contexts(training[0] ?? "")).map((context) => context[CONTEXT.role]);
  checks.hold("The adjusted site has one SuperNode.", roles.filter((role) => role === "supernode").length === 1);
}

async function routeThrough(stage: MainJob, zone: string): Promise<void> {
  stage.scene(`${zone}'s administrator sets the router up as the bot says, and its owner gives the router's key.`);
  stage.routerKeys.set(zone, await setUpRouter(stage, zone, NAME));
  stage.watch.lap("router set up");
}

async function checkTunnels(stage: MainJob, sites: readonly string[]): Promise<void> {
  stage.scene("Traffic crosses through WireGuard.");
  await lookAtTunnels(stage, stage.checks, COORDINATOR, sites, stage.routerKeys);
  stage.watch.lap("tunnels looked at");
}

async function lookAround(stage: MainJob): Promise<void> {
  stage.scene("People ask how it is.");
  const { checks } = stage;
  await stage.requester.type(homeChannel, `status ${NAME}`);
  const status = await stage.requester.told(NAME);
  checks.hold("The requester reads the status privately.", status.text.includes(NAME));
  const owner = stage.owner(stage.training[0] ?? COORDINATOR);
  await owner.mention(zoneChannel(stage.training[0] ?? COORDINATOR), `status ${NAME}`);
  checks.hold("An owner without slash command reads it by a mention.", (await owner.told(NAME)).text.includes(NAME));
  const outsider = stage.person("U0OUTSIDE1");
  await outsider.type("C0RANDOM01", `status ${NAME}`);
  const told = (await outsider.told("no federation")).text;
  await outsider.type("C0RANDOM01", "status never-heard-of");
  const same = await outsider.told("no federation");
  checks.hold(
    "For an outsider the federation does not exist.",
    told.replaceAll(NAME, "") === same.text.replaceAll("never-heard-of", ""),
  );
  stage.watch.lap("status asked for");
}

async function addSite(stage: MainJob): Promise<void> {
  const { newcomer, requester, checks } = stage;
  stage.scene(`${newcomer} joins: its owner approves what runs, the coordinator's owner admits it.`);
  await requester.press(homeChannel, "Add a site");
  const view = await requester.view("Add a site");
  const zoneField = view.fields.find(({ options }) => options !== undefined);
  await requester.fill(view, { [zoneField?.label ?? "Zone"]: newcomer });
  await requester.submit(view);
  await stage.owner(newcomer).press(zoneChannel(newcomer), "Approve");
  await stage.owner(COORDINATOR).press(zoneChannel(COORDINATOR), "Admit", newcomer);
  await stage.isUp(newcomer);
  checks.hold("The added site is up.", true);
  stage.watch.lap("a site added, approved, admitted, up");
}

async function trainTogether(stage: MainJob): Promise<void> {
  stage.scene("A data scientist of the coordinator's organisation trains on every site.");
  const zones = [...stage.training, stage.newcomer];
  await train(
    stage,
    zones.map((zone) => ({ name: zone, zone, hasDisk: false })),
  );
  stage.watch.lap("trained, three rounds");
}

async function loseSuperNode(stage: MainJob): Promise<void> {
  stage.scene("A SuperNode loses its connection; nobody tells the bot.");
  const zone = stage.newcomer;
  const lost = (await stage.guests.roles()).find((guest) => guest.zone === zone && guest.role === "supernode");
  if (lost === undefined) throw new Error(`No SuperNode runs in ${zone}.`);
  await stage.guests.cut(lost);
  await stage.reads(homeChannel, `(${zone})`, "is degraded");
  stage.checks.hold("The thread says that the site is degraded.", true);
  stage.watch.lap("a SuperNode lost, and seen lost");
  await stage.guests.heal(lost);
  const back = async (): Promise<true | undefined> => {
    const ups = (await stage.texts(homeChannel)).filter((text) => text.includes(`(${zone})`) && text.includes("is up"));
    return ups.length >= 2 ? true : undefined;
  };
  await stage.slack.until(`${zone} up again`, back, stage.patience);
  stage.checks.hold("It comes back by itself and the thread says so.", true);
  stage.watch.lap("the SuperNode back");
}

async function tearDown(stage: MainJob): Promise<void> {
  stage.scene("The requester asks for teardown; each owner agrees for its own zone.");
  await stage.requester.type(homeChannel, `teardown ${NAME}`);
  for (const zone of [COORDINATOR, ...stage.zoneNames.slice(1)]) {
    await stage.owner(zone).press(zoneChannel(zone), "Tear down here");
  }
  await stage.reads(homeChannel, "Nothing of it runs any more");
  stage.watch.lap("torn down");
  await lookForRemains(stage);
}
