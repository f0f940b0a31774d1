import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { coordinatorOf } from "../../../src/federation/model/state.ts";
import { HOME_CHANNEL, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { type Bench, BOT_USER, channel, openBench, owner, REQUESTER } from "../bench.ts";

const CA = "BEGIN CERTIFICATE";

/** Keys of what was posted, in order. */
const posted = (bench: Bench): readonly string[] => bench.receipts.firstRecorded(bench.federation().id);

describe("trust", () => {
  it("goes to the channels of approved sites and to the home channel, as a file where runs are started, and nowhere else", async (context) => {
    const story = aFederation().planned().approvedBy("alpha").approvedBy("beta").trusted();
    const bench = await openBench(context, { story });
    const isComplete = async (place: string): Promise<void> => {
      const message = await bench.read(place, CA);
      assert.match(message.text, /203\.0\.113\./);
      assert.match(message.text, /CA:CA/);
    };
    const hasFile = async (place: string): Promise<boolean> =>
      (await bench.messages(place)).some(({ files }) => files.some(({ name }) => name === "tumour-study-ca.pem"));
    for (const place of [channel("alpha"), channel("beta")]) await isComplete(place);
    await bench.settled();
    // Gamma's organisation is connected to the home channel and has not approved yet.
    for (const place of [HOME_CHANNEL, channel("gamma"), channel("delta")]) {
      const texts = (await bench.messages(place)).map(({ text }) => text).join("\n");
      assert.ok(!texts.includes(CA), `${place} shows the CA`);
    }
    await bench.press(owner("gamma"), await bench.read(channel("gamma"), "asks to run"), "Approve");
    for (const place of [HOME_CHANNEL, channel("gamma")]) await isComplete(place);
    await bench.control.until("the file", async () => (await hasFile(channel("alpha"))) || undefined);
    await bench.settled();
    for (const place of [HOME_CHANNEL, channel("beta"), channel("gamma")]) assert.equal(await hasFile(place), false);
  });

  it("is withheld while a foreign organisation is connected, which is said, and follows when that has changed", async (context) => {
    const story = aFederation().trusted();
    const bench = await openBench(context, {
      story,
      prepare: (control) =>
        control.settings({ connect: { channel: channel("beta"), workspace: "TELSEWHERE", pending: true } }),
    });
    await bench.read(channel("alpha"), CA);
    const said = await bench.read(HOME_CHANNEL, "organisations are connected to it that have no approved site");
    assert.match(said.text, /TELSEWHERE/);
    assert.ok((await bench.messages(channel("beta"))).every(({ text }) => !text.includes(CA)));
    await bench.control.settings({ disconnect: { channel: channel("beta"), workspace: "TELSEWHERE" } });
    await bench.read(channel("beta"), CA);
    await bench.read(HOME_CHANNEL, "is there now");
  });

  it("gives up a file that Slack never shares, and the rest goes on", async (context) => {
    const bench = await openBench(context, {
      story: aFederation().trusted(),
      prepare: (control) => control.settings({ fileShare: "never" }),
    });
    await bench.read(channel("beta"), CA);
    await bench.read(HOME_CHANNEL, "the file was not shared");
  });
});

describe("the outbox", () => {
  it("posts nothing twice when the bot starts again", async (context) => {
    const story = aFederation().running();
    const first = await openBench(context, { story });
    await first.read(channel("alpha"), "is ready for runs");
    await first.settled();
    const before = posted(first);
    assert.equal(new Set(before).size, before.length);
    await first.restart();
    await first.settled();
    assert.deepEqual(posted(first), before);
  });

  it("keeps the order of the story in the thread", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    await bench.read(HOME_CHANNEL, "ready for runs");
    await bench.settled();
    const numbers = posted(bench).flatMap((key) => (key.startsWith("story/") ? [Number(key.slice(6))] : []));
    assert.deepEqual(
      numbers,
      [...numbers].sort((one, other) => one - other),
    );
    const { messages } = await bench.control.channel(HOME_CHANNEL);
    assert.equal(messages.length, 1, "everything stands in the card's thread");
  });

  it("lets a method rest that Slack limits, while others go on", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned(), slack: { speed: 1 } });
    await bench.settled();
    await bench.control.settings({ fail: { method: "chat.update", times: 2, how: "429", retryAfterS: 8 } });
    const started = Date.now();
    await bench.press(owner("beta"), await bench.read(channel("beta"), "asks to run"), "Approve");
    await bench.read(HOME_CHANNEL, "@beta-1 approved for");
    const cards = (await bench.messages(channel("beta"))).map(({ text }) => text);
    assert.ok(!cards.some((text) => text.includes("@beta-1 approved")), "a post waited for the rest of chat.update");
    await bench.read(channel("beta"), "@beta-1 approved");
    assert.ok(Date.now() - started >= 7900, "chat.update did not rest");
  });

  it("goes on when Slack was away", async (context) => {
    const bench = await openBench(context, {
      story: aFederation().planned(),
      prepare: (control) => control.settings({ fail: { method: "chat.postMessage", times: 6, how: "500" } }),
    });
    await bench.read(channel("gamma"), "asks to run");
    await bench.read(HOME_CHANNEL, "Waiting for approvals");
  });

  it("says at home in which channel it cannot post, and posts there once it is invited", async (context) => {
    const bench = await openBench(context, {
      story: aFederation().planned(),
      prepare: (control) =>
        control.settings({ membership: { channel: channel("beta"), person: BOT_USER, member: false } }),
    });
    const said = await bench.read(HOME_CHANNEL, "I cannot post in");
    assert.match(said.text, /Invite me there/);
    await bench.control.settings({ membership: { channel: channel("beta"), person: BOT_USER, member: true } });
    await bench.tell({ type: "member_joined_channel", channel: channel("beta"), user: BOT_USER, team: "THOST" });
    await bench.read(channel("beta"), "asks to run");
    await bench.read(HOME_CHANNEL, "is there now");
  });

  it("falls back to sections where the workspace refuses the plan block", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned(), slack: { refusedBlocks: ["plan"] } });
    const card = await bench.read(HOME_CHANNEL, "Waiting for approvals");
    assert.ok(card.blocks.every(({ type }) => type !== "plan"));
    assert.match(card.text, /Beta Institute \(beta\): training site, 2 SuperNodes/);
  });

  it("uses the plan block with one task per site where it may", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(HOME_CHANNEL, "Waiting for approvals");
    const plan = card.blocks.find(({ type }) => type === "plan");
    assert.equal(Array.isArray(plan?.["tasks"]) ? plan["tasks"].length : 0, 3);
  });

  it("posts a card anew that somebody deleted", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.remove(card);
    await bench.press(owner("alpha"), await bench.read(channel("alpha"), "asks to run"), "Approve");
    await bench.happens({ type: "site-excluded", site: zone("beta"), cause: "expired" });
    const anew = await bench.read(channel("beta"), "Nobody decided in time");
    assert.notEqual(anew.ts, card.ts);
  });

  it("mentions the owners in their channel when a reminder is due", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    await bench.happens({ type: "reminder-due", site: zone("beta") });
    const reminder = await bench.read(channel("beta"), "still waits for a decision");
    assert.match(reminder.text, /@beta-1 @beta-2/);
  });

  it("tells how to start a run in the coordinator's channel only", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    const how = await bench.read(channel("alpha"), "ssh -N -L 9093:127.0.0.1:9093");
    const { zone: coordinator } = coordinatorOf(bench.federation());
    assert.equal(coordinator, "alpha");
    assert.match(how.text, /\[superlink\.tumour-study\]/);
    await bench.settled();
    for (const place of [HOME_CHANNEL, channel("beta"), channel("gamma")]) {
      assert.ok(
        (await bench.messages(place)).every(({ text }) => !text.includes("ssh -N")),
        place,
      );
    }
    assert.ok((await bench.control.person(REQUESTER)).views.length === 0);
  });
});
