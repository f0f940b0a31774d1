import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOME_CHANNEL, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { type Bench, channel, openBench, owner, REQUESTER } from "../bench.ts";

const renumber = (bench: Bench, from: string, to: string) => bench.control.settings({ channelId: { from, to } });

describe("A zone's channel that gets another id when it is shared", () => {
  it("keeps its card, with what is decided there, and the thread tells the operator which line to change", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await renumber(bench, channel("beta"), "CSHAREDB");
    const told = await bench.read(HOME_CHANNEL, "has another id in Slack");
    assert.match(
      told.text,
      /Beta Institute \(beta\).*zones\.yml, line 2, write `channel: CSHAREDB` in place of `CBETA`/,
    );
    await bench.restart();
    await bench.press(owner("beta"), { ...card, channel: "CSHAREDB" }, "Approve");
    const decided = await bench.read("CSHAREDB", "@beta-1 approved");
    assert.equal(decided.ts, card.ts);
    assert.equal(bench.federation().sites.get(zone("beta"))?.approvalState, "approved");
    await bench.settled();
    const asking = (await bench.messages("CSHAREDB")).filter(({ buttons }) =>
      buttons.some(({ text }) => text === "Approve"),
    );
    assert.deepEqual(asking, []);
    const home = await bench.messages(HOME_CHANNEL);
    assert.equal(home.filter(({ text }) => text.includes("has another id")).length, 1);
    assert.ok(
      home.every(({ text }) => !text.includes("cannot post")),
      "nothing is missing",
    );
  });

  it("lets its members see their federations as before", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    await bench.read(channel("beta"), "2 of 2 SuperNodes online");
    await renumber(bench, channel("beta"), "CSHAREDB");
    await bench.control.mention({ person: owner("beta"), channel: "CSHAREDB", text: "status tumour-study" });
    await bench.whispered(owner("beta"), "Federation tumour-study");
  });
});

describe("A home channel that gets another id when it is shared", () => {
  it("keeps the federation's card and thread, and can be used as before", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(HOME_CHANNEL, "Waiting for approvals");
    await renumber(bench, HOME_CHANNEL, "CNEWHOME");
    await bench.press(owner("beta"), await bench.read(channel("beta"), "asks to run"), "Approve");
    await bench.read("CNEWHOME", "@beta-1 approved for");
    const followed = await bench.read("CNEWHOME", "Waiting for approvals");
    assert.equal(followed.ts, card.ts);
    await bench.press(REQUESTER, followed, "Cancel the request");
    assert.equal((await bench.read("CNEWHOME", "Cancelled by its requester")).ts, card.ts);
    await bench.control.command({ person: REQUESTER, channel: "CNEWHOME", text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    const values = { name: "second", purpose: "A trial.", coordinator: "alpha", training: ["beta"] };
    await bench.control.submit({ person: REQUESTER, viewId, values });
    await bench.read("CNEWHOME", "Federation second");
  });
});

describe("An id that is said to be a channel's", () => {
  it("is not followed when it is another channel's, so that nobody reads what is for one zone alone", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    await bench.read(channel("beta"), "asks to run");
    for (const other of [HOME_CHANNEL, channel("gamma")]) {
      await bench.tell({ type: "channel_id_changed", old_channel_id: channel("beta"), new_channel_id: other });
      await bench.tell({ type: "channel_id_changed", old_channel_id: other, new_channel_id: channel("beta") });
    }
    await bench.press(owner("beta"), await bench.read(channel("beta"), "asks to run"), "Approve");
    await bench.read(channel("beta"), "@beta-1 approved");
    await bench.settled();
    const elsewhere = [...(await bench.messages(HOME_CHANNEL)), ...(await bench.messages(channel("gamma")))];
    assert.ok(elsewhere.every(({ text }) => !text.includes("For @beta-1")));
  });

  it("is kept only of channels that the bot has to do with", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    await bench.tell({ type: "channel_id_changed", old_channel_id: "CELSEWHERE", new_channel_id: "CNEXT" });
    await bench.tell({ type: "channel_id_changed", old_channel_id: channel("beta"), new_channel_id: "CNEXT" });
    await renumber(bench, channel("beta"), "CSHAREDB");
    await bench.press(owner("beta"), await bench.read("CSHAREDB", "asks to run"), "Approve");
    await bench.read("CSHAREDB", "@beta-1 approved");
  });
});
