/** Two federations at once that share zones: what Slack received of each, held to the places where it belongs. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { FORM, Stage, superNodesLabel } from "../../sandbox/story/stage.ts";
import {
  homeChannel,
  type SandboxZonesFile,
  sandboxPassword,
  zoneChannel,
  zoneOwner,
} from "../../sandbox/zones-file.ts";
import { eventsOf } from "../faults/data-directory.ts";
import { everythingSent, type Sent } from "./sent-content.ts";
import { startStory } from "./story-sandbox.ts";
import { filesBelow } from "./written-files.ts";

/** Its template for SuperNodes is missing when it is first looked at. */
const LATE = "zone-c";
const ZONES = ["zone-a", "zone-b", "zone-c", "zone-d"];

interface Party {
  readonly name: string;
  readonly home: string;
  readonly requester: string;
  readonly coordinator: string;
  readonly training: readonly string[];
  /** Zones whose owner says no. */
  readonly rejecting: readonly string[];
}

/** zone-b and zone-c are asked by both; everything else of the two has nothing in common. */
const ALPHA: Party = {
  name: "heartbeat",
  home: homeChannel,
  requester: "U0REQUEST1",
  coordinator: "zone-a",
  training: ["zone-b", "zone-c"],
  rejecting: [],
};
const BRAVO: Party = {
  name: "radiology",
  home: "C0RANDOM01",
  requester: "U0OUTSIDE1",
  coordinator: "zone-d",
  training: ["zone-c", "zone-b"],
  rejecting: ["zone-b"],
};
const PARTIES = [ALPHA, BRAVO];

const sitesOf = ({ coordinator, training }: Party): readonly string[] => [coordinator, ...training];
const approvedZones = (party: Party): readonly string[] =>
  sitesOf(party).filter((zone) => !party.rejecting.includes(zone));
const ownersOf = (zones: readonly string[]): readonly string[] =>
  zones.flatMap((zone) => [zoneOwner(zone, 1), zoneOwner(zone, 2)]);

/** Words that nothing but the approval detail of one zone contains. */
const superLinkOf = (zone: string): string => `SuperLink-made-in-${zone}`;
const superNodeOf = (zone: string): string => `SuperNode-made-in-${zone}`;
const dataOf = (zone: string): string => `/srv/data-of-${zone}`;

const TEMPLATE = (image: number, network: number): string =>
  [
    'CPU="1"',
    'VCPU="2"',
    'MEMORY="2048"',
    `DISK=[IMAGE_ID="${image}"]`,
    `NIC=[NETWORK_ID="${network}",MODEL="virtio"]`,
    'CONTEXT=[NETWORK="YES",TOKEN="YES",REPORT_READY="YES"]',
  ].join("\n");

let sandbox: Sandbox;
let stage: Stage;
let sent: readonly Sent[];
let endpoints: ReadonlyMap<string, readonly string[]>;

const configure = (usual: SandboxZonesFile): object => {
  endpoints = new Map(
    Object.entries(usual.zones).map(([zone, { xmlrpc, oneflow }]) => [
      zone,
      [xmlrpc, ...(oneflow === undefined ? [] : [oneflow])],
    ]),
  );
  const zones = Object.entries(usual.zones).map(([zone, entry]) => [
    zone,
    {
      ...entry,
      coordinate: { ...entry.coordinate, template: superLinkOf(zone) },
      train: { templates: { none: superNodeOf(zone) } },
      network: zone === BRAVO.coordinator ? "public" : entry.network,
      nodeConfig: { "data-path": dataOf(zone) },
    },
  ]);
  return { ...usual, zones: Object.fromEntries(zones), requesters: { channels: PARTIES.map(({ home }) => home) } };
};

before(async () => {
  sandbox = await startStory({ zones: ZONES.length, speed: 20, seed: "places", portBase: 0, configure });
  stage = new Stage(sandbox);
  await stage.slack.settings({ membership: { channel: BRAVO.home, person: "U0FLORIST1", member: true } });
  for (const person of [ALPHA.requester, ...ownersOf([ALPHA.coordinator])]) {
    await stage.slack.settings({ membership: { channel: BRAVO.home, person, member: false } });
  }
  for (const zone of ZONES) {
    await stage.zones.command(zone, { do: "add-template", name: superLinkOf(zone), text: TEMPLATE(0, 0) });
    if (zone !== LATE) await addSuperNodeTemplate(zone);
  }
  await Promise.all(PARTIES.map(ask));
  await mendWhatIsMissing();
  await peopleLookAround();
  for (const party of PARTIES) await decide(party);
  for (const party of PARTIES) await areUp(party);
  await peopleAskAround();
  for (const party of PARTIES) await tearDown(party);
  sent = await everythingSent(stage.slack);
});
after(() => sandbox.stop());

async function ask({ name, home, requester, coordinator, training }: Party): Promise<void> {
  const person = stage.person(requester);
  const first = await person.open(home, "deploy-site", FORM);
  await person.fill(first, { "Coordinator zone": coordinator, "Training sites": training });
  const form = await person.view(FORM, training.map(superNodesLabel));
  await person.fill(form, {
    "Name of the federation": name,
    "What it is for": `A study of ${name}.`,
    "Start with at least this many training sites": "1",
    ...Object.fromEntries(training.map((zone) => [superNodesLabel(zone), "1"])),
  });
  const answer = await person.submit(form);
  assert.deepEqual([answer.errors, answer.problem], [undefined, undefined]);
}

const addSuperNodeTemplate = (zone: string): Promise<unknown> =>
  stage.zones.command(zone, { do: "add-template", name: superNodeOf(zone), text: TEMPLATE(1, 1) });

/** The zone whose template is missing is told what is missing, and looked at again once it is there. */
async function mendWhatIsMissing(): Promise<void> {
  const owner = stage.owner(LATE);
  for (const party of PARTIES) await owner.messageWith(zoneChannel(LATE), "Check again", about(party));
  await addSuperNodeTemplate(LATE);
  for (const party of PARTIES) await owner.press(zoneChannel(LATE), "Check again", about(party));
}

const about = ({ name }: Party): string => `ederation ${name}`;

/** Owners open what runs and what can be adjusted; strangers press the same buttons. */
async function peopleLookAround(): Promise<void> {
  for (const party of PARTIES) {
    for (const zone of sitesOf(party)) {
      const owner = stage.owner(zone);
      for (const [button, title] of [
        ["See what runs", "See what is asked"],
        ["Adjust and approve", "Adjust and approve"],
      ] as const) {
        await owner.press(zoneChannel(zone), button, about(party));
        await owner.close(await owner.view(title));
      }
    }
  }
  const stranger = stage.person("U0STRANGE2");
  await stranger.press(zoneChannel("zone-c"), "See what runs", about(ALPHA));
  await stranger.press(zoneChannel("zone-c"), "Adjust and approve", about(BRAVO));
}

async function decide(party: Party): Promise<void> {
  for (const zone of party.rejecting) {
    const owner = stage.owner(zone);
    await owner.press(zoneChannel(zone), "Reject", about(party));
    const view = await owner.view("Reject");
    const reason = view.fields[0]?.label ?? "Reason";
    await owner.fill(view, { [reason]: "Not this quarter." });
    await owner.submit(view);
  }
  for (const zone of approvedZones(party)) await stage.owner(zone).press(zoneChannel(zone), "Approve", about(party));
}

async function areUp(party: Party): Promise<void> {
  const sites = party.training.filter((zone) => !party.rejecting.includes(zone));
  for (const zone of sites) await stage.reads(party.home, `(${zone})`, "is up");
  for (const channel of trustChannels(party)) await stage.reads(channel, party.name, "BEGIN CERTIFICATE");
  const where = zoneChannel(party.coordinator);
  await stage.slack.until(`the CA file of ${party.name} in ${where}`, async () => {
    const { messages } = await stage.slack.channel(where);
    const files = messages.flatMap((message) => [message, ...message.replies]).flatMap(({ files }) => files);
    return files.some(({ name }) => name.startsWith(party.name)) ? true : undefined;
  });
}

/** Everybody asks about both, wherever they are; each gets the answer alone. */
async function peopleAskAround(): Promise<void> {
  for (const { home, requester } of PARTIES) {
    for (const { name } of PARTIES) await stage.person(requester).type(home, `status ${name}`);
    await stage.person(requester).type(home, "zones");
    await stage.person(requester).type(home, "status");
  }
  for (const zone of ZONES) {
    for (const { name } of PARTIES) await stage.owner(zone).mention(zoneChannel(zone), `status ${name}`);
  }
}

async function tearDown(party: Party): Promise<void> {
  await stage.person(party.requester).type(party.home, `teardown ${party.name}`);
  for (const zone of approvedZones(party))
    await stage.owner(zone).press(zoneChannel(zone), "Tear down here", about(party));
  await stage.reads(party.home, "Nothing of it runs any more");
}

const trustChannels = (party: Party): readonly string[] => [party.home, ...approvedZones(party).map(zoneChannel)];

interface Facts {
  readonly certificateLine: string;
  /** A piece of what a zone is handed: base64 over the PEM text. */
  readonly encodedTwice: string;
  readonly fingerprint: string;
  readonly host: string;
  readonly trustedAt: string;
}

async function factsOf(party: Party): Promise<Facts> {
  const events = await eventsOf(sandbox);
  const directory = join(sandbox.directory, "data");
  const journals = (await readdir(directory)).filter((file) => file.endsWith(".jsonl"));
  for (const journal of journals) {
    const text = await readFile(join(directory, journal), "utf8");
    if (!text.includes(`"name":"${party.name}"`)) continue;
    const own = events.filter((event) => text.includes(JSON.stringify(event)));
    const authority = own.find(({ type }) => type === "authority-created");
    const settled = own.findLast(({ type }) => type === "endpoint-chosen");
    const pem = String(authority?.["certificate"]);
    const [trusted] = text.split("\n").filter((entry) => entry.includes('"type":"coordinator-verified"'));
    return {
      certificateLine: pem.split("\n")[5] ?? "",
      encodedTwice: Buffer.from(pem).toString("base64").slice(400, 464),
      fingerprint: String(authority?.["fingerprint"]),
      host: String(settled?.["address"]),
      trustedAt: String(JSON.parse(trusted ?? "{}").at),
    };
  }
  throw new Error(`No journal is about ${party.name}.`);
}

const where = ({ method, channel, person, content }: Sent): string =>
  `${method} in ${channel ?? "a modal"} for ${person ?? "everybody"}: ${content.slice(0, 1500)}`;

/** All that holds one of these words stands in one of the channels, or before one of the people alone. */
function belongs(
  words: readonly string[],
  { channels, people }: { readonly channels: readonly string[]; readonly people: readonly string[] },
  all: readonly Sent[] = sent,
): readonly Sent[] {
  const found = all.filter(({ content }) => words.some((word) => content.includes(word)));
  const astray = found.filter(({ channel, person }) =>
    person === null ? channel === null || !channels.includes(channel) : !people.includes(person),
  );
  assert.deepEqual(astray.map(where), []);
  return found;
}

describe("What the bot says of two federations in overlapping zones", () => {
  for (const party of PARTIES) {
    const other = party === ALPHA ? BRAVO : ALPHA;
    it(`keeps the card, the thread and the status of ${party.name} from everybody outside it`, async () => {
      const zones = sitesOf(party);
      const channels = [party.home, ...zones.map(zoneChannel)];
      const members = await Promise.all(channels.map(async (channel) => (await stage.slack.channel(channel)).members));
      const people = [...new Set(members.flat())];
      assert.equal(people.includes(other.requester), false);
      belongs([party.name], { channels, people });
      const mixed = sent.filter(
        ({ person, content }) => person === null && content.includes(party.name) && content.includes(other.name),
      );
      assert.deepEqual(mixed.map(where), []);
      assert.ok(sent.some(({ channel, content }) => channel === party.home && content.includes(party.name)));
      const denied = sent.filter(({ person, content }) => person === other.requester && /no federation/i.test(content));
      assert.equal(denied.length, 1);
    });

    it(`posts ${party.name}'s CA certificate once in the home channel and in those of approved sites, and as a file where runs are started`, async () => {
      const { certificateLine, encodedTwice, trustedAt } = await factsOf(party);
      assert.match(certificateLine, /^[A-Za-z0-9+/]{64}$/);
      const found = belongs([certificateLine, encodedTwice], { channels: trustChannels(party), people: [] });
      assert.deepEqual(
        found.filter(({ at }) => at < trustedAt),
        [],
      );
      for (const channel of trustChannels(party)) {
        const posted = (wanted: string): number =>
          found.filter(({ channel: place, method }) => place === channel && method === wanted).length;
        assert.equal(posted("chat.postMessage"), 1, channel);
        const files = channel === zoneChannel(party.coordinator) ? 1 : 0;
        assert.equal(posted("files.completeUploadExternal"), files, channel);
      }
    });

    it(`shows ${party.name}'s address and fingerprint before that only on the cards of the zones that are asked`, async () => {
      const { fingerprint, host, trustedAt } = await factsOf(party);
      const zones = sitesOf(party);
      const found = belongs([fingerprint, `${host}:`], {
        channels: [party.home, ...zones.map(zoneChannel)],
        people: ownersOf(zones),
      });
      const early = found.filter(({ at, channel }) => at < trustedAt && channel === party.home);
      assert.deepEqual(early.map(where), []);
      const inRejecting = found.filter(({ channel }) => party.rejecting.some((zone) => zoneChannel(zone) === channel));
      const beyondTheCard = inRejecting.filter(({ content }) => !content.includes(`: federation ${party.name}`));
      assert.deepEqual(beyondTheCard.map(where), []);
    });
  }

  for (const zone of ZONES) {
    it(`shows what runs in ${zone} in its own channel, and in modals of its owners`, () => {
      const marks = [superLinkOf(zone), superNodeOf(zone), dataOf(zone), ...(endpoints.get(zone) ?? [])];
      const found = belongs(marks, { channels: [zoneChannel(zone)], people: ownersOf([zone]) });
      assert.ok(found.some(({ channel }) => channel === zoneChannel(zone)));
      assert.ok(found.some(({ channel }) => channel === null));
    });
  }

  it("tells what is missing in a zone in that zone's channel, and everybody else one sentence", () => {
    const told = sent.filter(({ content }) => content.includes("cannot take part in federation"));
    const detailed = told.filter(({ content }) => content.includes(superNodeOf(LATE)));
    for (const { name, home } of PARTIES) {
      assert.ok(detailed.some(({ content }) => content.includes(name)));
      const inThread = sent.filter(({ channel, content }) => channel === home && /:red_circle: .*zone-c/.test(content));
      assert.ok(inThread.length > 0);
    }
    assert.deepEqual([...new Set(detailed.map(({ channel }) => channel))], [zoneChannel(LATE)]);
  });

  it("goes to no direct message", () => {
    const direct = sent.filter(({ channel }) => channel !== null && !channel.startsWith("C"));
    assert.deepEqual(direct.map(where), []);
  });

  it("holds no private key, password or token, nor do the log, the journal and what the zones were handed", async () => {
    const secrets = [...ZONES.map(sandboxPassword), "xoxb-sandbox-", "PRIVATE KEY", sandbox.guests.token];
    const services = await Promise.all(ZONES.map((zone) => stage.zones.zone(zone)));
    const texts = new Map<string, string>([
      ...sent.map((one): [string, string] => [where(one), one.content]),
      ...services.map((state): [string, string] => [state.name, JSON.stringify(state)]),
      ...(await filesBelow(join(sandbox.directory, "data"))),
      ["bot.log", await readFile(join(sandbox.directory, "bot.log"), "utf8")],
    ]);
    const leaks = [...texts].filter(([, text]) => secrets.some((secret) => text.includes(secret)));
    assert.deepEqual(
      leaks.map(([place]) => place),
      [],
    );
    assert.ok([...texts.keys()].some((place) => place.endsWith(".jsonl")));
  });
});
