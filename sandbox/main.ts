/** The sandbox: Slack, zones and guests stand in for the real ones around the bot that ships. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { NETWORKS, type Sandbox, type SandboxOptions, startSandbox, TRANSPORTS } from "./composition.ts";
import { GuestsClient } from "./hypervisor/client.ts";
import { FlowerRun } from "./hypervisor/real/flower-run.ts";
import { ZONES_OF_EVERY_KIND } from "./kinds-of-zones.ts";
import { startPage } from "./page/page.ts";
import type { PageServer } from "./page/server.ts";
import type { StartRun } from "./page/training.ts";
import { playKinds } from "./story/kinds.ts";
import { playStory } from "./story/story.ts";
import { withGateways } from "./zones-file.ts";

const HELP = `Runs the bot with stand-ins for Slack, OpenNebula zones and their VMs, all on this machine.

  npm run sandbox -- [options]

  --play          plays the main job unattended, prints the form, a card, the thread and how long it took, and ends;
                  the exit code is 0 only if every check held
  --real          VMs are namespaces of this machine in which the agent and Flower really run (Linux, root);
                  with --play the federation also trains, and every SuperNode must take part
  --page-port P   the page's port (4400, or a free one when that is taken; 0: a free one)
  --transport T   how Slack reaches the bot: "socket", over connections that the bot opens, or "http", by signed
                  requests ("socket")
  --network NAME  how traffic crosses between zones: "public", to public addresses, or "wireguard": the play then asks for
                  tunnels, and zone-a's router forwards the hub's UDP port ("public")
  --without-oneflow ZONE  makes VMs one by one in that zone, which has no OneFlow then; may be given more than once
  --kinds         zones of every kind: zone-a coordinates and trains, zone-b has no OneFlow and two departments, and zone-c
                  a disk with data; the play is then theirs, with certificates of one organisation's CA, which openssl
                  makes; not with --zones, --without-oneflow, --network, --router or --gateway
  --router        the play over WireGuard: the first training zone's own router has its end of the tunnels
  --gateway       with --network wireguard: a gateway has the tunnels of each zone, and the coordinator's is the hub
  --zones N       how many zones (3; at least 3 for the play, at most 26)
  --speed N       divides the stand-ins' waits and the bot's durations by N (20 with --play, else 1)
  --pace NAME     the zones' pace: "even", or "lab" as real ones were measured ("even")
  --port-base P   zone i listens at P+10*i and the two ports after it (0: free ports)
  --seed TEXT     what differs from guest to guest comes from this ("florist")
  --record FILE   appends every exchange with Slack and the zones to this file, credentials replaced
  --help          this text

Without --play it prints the address of a page: a Slack to use, the zones to hurt, and the topology, live.

Each part also starts alone: npm run sandbox:slack, sandbox:zones, sandbox:hypervisor (each with --help), and npm start.`;

const { values } = parseArgs({
  options: {
    play: { type: "boolean", default: false },
    real: { type: "boolean", default: false },
    transport: { type: "string", default: "socket" },
    network: { type: "string" },
    router: { type: "boolean", default: false },
    gateway: { type: "boolean", default: false },
    kinds: { type: "boolean", default: false },
    zones: { type: "string" },
    speed: { type: "string" },
    pace: { type: "string", default: "even" },
    "without-oneflow": { type: "string", multiple: true, default: [] },
    "page-port": { type: "string" },
    "port-base": { type: "string", default: "0" },
    seed: { type: "string", default: "florist" },
    record: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!(value >= min && value <= max))
    throw new RangeError(`--${name} is ${text}; give a number from ${min} to ${max}.`);
  return value;
}

function oneOf<const Names extends readonly string[]>(option: string, names: Names, name: string): Names[number] {
  const found = names.find((one) => one === name);
  if (found === undefined) throw new RangeError(`--${option} is ${name}; give ${names.join(" or ")}.`);
  return found;
}

function optionsOf(): SandboxOptions {
  return {
    zones: number("zones", values.zones ?? "3", values.play ? 3 : 1, 26),
    real: values.real,
    network: oneOf("network", NETWORKS, values.network ?? "public"),
    transport: oneOf("transport", TRANSPORTS, values.transport),
    speed: number("speed", values.speed ?? (values.play ? "20" : "1"), 0.1, 1000),
    pace: values.pace,
    withoutOneFlow: values["without-oneflow"],
    portBase: number("port-base", values["port-base"], 0, 65_000),
    seed: values.seed,
    ...(values.gateway ? { configure: withGateways } : {}),
    ...(values.kinds ? zonesOfEveryKind() : {}),
    ...(values.record === undefined ? {} : { record: values.record }),
  };
}

function zonesOfEveryKind(): typeof ZONES_OF_EVERY_KIND {
  const { zones, network } = values;
  const [router, gateway] = [values.router || undefined, values.gateway || undefined];
  const said = { zones, network, router, gateway, "without-oneflow": values["without-oneflow"][0] };
  const more = Object.entries(said).flatMap(([option, value]) => (value === undefined ? [] : [`--${option}`]));
  if (more.length > 0) throw new RangeError(`--kinds has zones of its own: leave out ${more.join(" and ")}.`);
  return ZONES_OF_EVERY_KIND;
}

const signal = (): Promise<unknown> => Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);

async function play(options: SandboxOptions): Promise<void> {
  const wish = { router: values.router };
  if (wish.router && options.network !== "wireguard") throw new RangeError("--router needs --network wireguard.");
  const interrupted = signal().then(() => false);
  const sandbox = await startSandbox(options);
  let held = false;
  try {
    const print = (line: string) => console.log(line);
    const played = values.kinds ? playKinds(sandbox, print) : playStory(sandbox, print, wish);
    held = await Promise.race([played, interrupted]);
  } finally {
    await sandbox.stop(!held);
    if (!held) console.error(`The story did not hold. What the bot logged and journalled is in ${sandbox.directory}.`);
  }
  // Scenes that were interrupted may still wait for something.
  process.exit(held ? 0 : 1);
}

/** Seconds that a SuperNode works longer on a round: so long that somebody can watch it, and cut a link meanwhile. */
const ROUND_SECONDS = 1;

/** A run of the app that comes with the sandbox; a round goes on with those who answer. */
const runsOf =
  ({ guests }: Sandbox): StartRun =>
  async ({ zone, vmId }, { rounds, nodes }) => {
    const views = await new GuestsClient(guests).realGuests();
    const superlink = views.find((view) => view.zone === zone && view.vmId === vmId);
    if (superlink === undefined) throw new Error(`VM ${vmId} of ${zone} is not there any more.`);
    return await FlowerRun.start(superlink, { "num-server-rounds": rounds, nodes, answers: 1, seconds: ROUND_SECONDS });
  };

const USUAL_PAGE_PORT = 4400;

/** At the usual port, so that a page that is open finds the next sandbox, unless another one has it. */
async function openPage(sandbox: Sandbox, speed: number): Promise<PageServer> {
  const startRun = sandbox.real ? runsOf(sandbox) : null;
  const setSpeed = (next: number) => sandbox.setSpeed(next);
  const at = (port: number) => startPage({ ...sandbox, speed, setSpeed, startRun, port });
  const wished = values["page-port"];
  if (wished !== undefined) return await at(number("page-port", wished, 0, 65_535));
  return await at(USUAL_PAGE_PORT).catch(() => at(0));
}

const welcome = (url: string, directory: string): string => `
  The sandbox runs. Open

      ${url}

  There you are rosa of the workspace Aster. In #federation, send /flower deploy-site;
  the strip on top of the page says what comes next. The bot's log is ${directory}/bot.log.
  Ctrl-C ends everything and leaves nothing.
`;

async function serve(options: SandboxOptions): Promise<void> {
  const sandbox = await startSandbox(options);
  const ended = signal();
  const { slackControl, zonesControl, guests, zoneNames, directory } = sandbox;
  let page: PageServer | undefined;
  try {
    page = await openPage(sandbox, options.speed);
    const addresses = { page: page.url, slackControl, zonesControl, guests: guests.url, zones: zoneNames, directory };
    console.log(welcome(page.url, directory));
    console.log(`ready ${JSON.stringify(addresses)}`);
    await ended;
  } finally {
    await page?.close();
    await sandbox.stop();
  }
}

if (values.help) console.log(HELP);
else {
  try {
    const options = optionsOf();
    if (values.gateway && options.network !== "wireguard") throw new RangeError("--gateway needs --network wireguard.");
    await (values.play ? play(options) : serve(options));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
