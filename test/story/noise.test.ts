/** What keeps coming and going, through the whole bot: told a few times, counted on a card, and holding nobody up. */
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage, superNodesLabel } from "../../sandbox/story/stage.ts";
import { zoneChannel } from "../../sandbox/zones-file.ts";
import { PUBLISHED } from "../../src/guest-protocol/names.ts";
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { idOf, journalOf, receiptsOf } from "../faults/data-directory.ts";
import { until } from "../waiting.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const FLAPS = 60;
const MOST_JOURNAL = 100_000;

describe("A SuperNode whose link keeps coming and going", () => {
  const COORDINATOR = "zone-a";
  const TRAINING = "zone-b";
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;
  let journalBefore: number;
  let link: { readonly zone: string; readonly vmId: number; readonly key: string };

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: 60, seed: "noise", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "flapping", coordinator: COORDINATOR, training: [TRAINING] });
    await story.askAndApprove();
    await story.isUp(TRAINING);
    await story.says("ready for runs");
    await allIsSent();
    const guest = (await stage.guests.guests()).find(({ zone, role }) => zone === TRAINING && role === "supernode");
    assert.ok(guest?.fingerprint);
    link = { zone: TRAINING, vmId: guest.vmId, key: guest.fingerprint };
    journalBefore = await journalSize();
  });
  after(() => sandbox.stop());

  it("is told as degraded, as up again, and as one that keeps going up and down when that comes again", async () => {
    await stage.guests.cut(link);
    await story.says(`(${TRAINING})`, "is degraded: 1 of 2 SuperNodes online since");
    await stage.guests.heal(link);
    await story.says(`(${TRAINING})`, "is up again: 2 of 2 SuperNodes online.");
    await stage.guests.cut(link);
    await story.says(`(${TRAINING})`, "keeps going up and down: 2 times since");
    await stage.guests.heal(link);
    await superLinkSees("online");
  });

  it("holds up nobody else whose messages go to the same channels", async () => {
    const other = new FederationStory(stage, {
      name: "steady",
      coordinator: COORDINATOR,
      training: [TRAINING, "zone-c"],
    });
    const flapped = flap(FLAPS);
    await other.askAndApprove();
    for (const zone of other.wish.training) await other.isUp(zone);
    await flapped;
  });

  it(`is not told ${FLAPS} times more: three replies in the thread and three messages in its zone's channel at most`, async () => {
    const { home, zone } = await toldSince(link.zone);
    assert.ok(home.length <= 3, home.join("\n\n"));
    assert.ok(zone.length <= 3, zone.join("\n\n"));
  });

  it("leaves less than 100 kB in the journal", async () => {
    const grown = (await journalSize()) - journalBefore;
    assert.ok(grown < MOST_JOURNAL, `${grown} bytes`);
  });

  it("is told once more when it has been steady for a while, and its card says so", async () => {
    await story.says(`(${TRAINING})`, "is up again and has been steady for 1 minute");
    await story.says("Running: 1 of 1 training site up.");
    await story.says(`(${TRAINING})`, "kept going up and down from");
    assert.doesNotMatch(await story.threadText(), /keeps going up and down/);
  });

  /** Off the network and back, each as soon as the SuperLink has seen the other. */
  async function flap(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      await stage.guests.cut(link);
      await superLinkSees("offline");
      await stage.guests.heal(link);
      await superLinkSees("online");
    }
  }

  async function superLinkSees(status: "online" | "offline"): Promise<void> {
    await until(`the SuperNode ${status}`, async () => {
      const { vms } = await stage.zones.zone(COORDINATOR);
      const lists = vms.map(({ userTemplate }) => decodeNodeList(String(userTemplate[PUBLISHED.nodes] ?? "")));
      const nodes = lists.flatMap((list) => (list.ok ? list.value : []));
      return nodes.some((node) => node.key === link.key && node.status === status);
    });
  }

  async function journalSize(): Promise<number> {
    const id = await idOf(sandbox, story.name);
    return (await stat(join(sandbox.directory, "data", `${id}.jsonl`))).size;
  }

  /** Everything that was posted about the flapping link, in the thread and under the site's card. */
  async function toldSince(
    zone: string,
  ): Promise<{ readonly home: readonly string[]; readonly zone: readonly string[] }> {
    const about = /degraded|is down|up again|keeps going up and down|kept going|had SuperNodes offline/;
    const texts = async (messages: ReturnType<FederationStory["thread"]>): Promise<readonly string[]> =>
      (await messages)
        .slice(1)
        .map(({ text }) => text)
        .filter((text) => about.test(text));
    return { home: await texts(story.thread()), zone: await texts(story.inZone(zone)) };
  }

  const allIsSent = () =>
    until("the CA in every channel and as a file", async () => {
      const { posted } = await receiptsOf(sandbox, story.name);
      return posted.filter(({ key }) => /^trust(-file)?\//.test(key)).length === 4;
    });
});

describe("Three sites of ten SuperNodes whose SuperLink is off the network once", () => {
  const COORDINATOR = "zone-a";
  const TRAINING = ["zone-b", "zone-c", "zone-d"];
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;
  let before_: ReadonlyMap<string, number>;

  before(async () => {
    sandbox = await startStory({ zones: 4, speed: 20, seed: "thirty", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, {
      name: "thirty",
      coordinator: COORDINATOR,
      training: TRAINING,
      fields: Object.fromEntries(TRAINING.map((zone) => [superNodesLabel(zone), "10"])),
    });
    await story.askAndApprove();
    for (const zone of TRAINING) await story.isUp(zone);
    await story.says("ready for runs");
    before_ = await repliesPerSite();
  });
  after(() => sandbox.stop());

  it("are told as down and as up again, in two replies each, however their SuperNodes went one by one", async () => {
    const superLink = (await stage.guests.guests()).find(({ role }) => role === "superlink");
    assert.ok(superLink);
    await stage.guests.cut(superLink);
    for (const zone of TRAINING) await story.says(`(${zone})`, "is down: 0 of 10 SuperNodes online since");
    await stage.guests.heal(superLink);
    for (const zone of TRAINING) await story.says(`(${zone})`, "is up again: 10 of 10 SuperNodes online.");
    const now = await repliesPerSite();
    for (const zone of TRAINING)
      assert.equal((now.get(zone) ?? 0) - (before_.get(zone) ?? 0), 2, await story.threadText());
    await story.says("Running: 3 of 3 training sites up.");
  });

  it("are told to their owners once, in their own channel, who need not act any more", async () => {
    for (const zone of TRAINING) {
      const told = (await story.inZone(zone)).filter(({ text }) => /^@.* (is down|is degraded)/s.test(text));
      assert.equal(told.length, 1, await story.zoneText(zone));
      assert.equal(told[0]?.channel, zoneChannel(zone));
    }
    const raised = (await journalOf(sandbox, story.name)).filter(({ type }) => type === "condition-raised");
    assert.ok(raised.length < 30, "the journal tells sites and not each of 30 SuperNodes");
  });

  async function repliesPerSite(): Promise<ReadonlyMap<string, number>> {
    const replies = (await story.thread()).slice(1);
    return new Map(
      TRAINING.map((zone) => [zone, replies.filter(({ text }) => text.includes(`(${zone})`)).length] as const),
    );
  }
});
