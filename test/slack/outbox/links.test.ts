/** Links between messages of one federation. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { escaped } from "../../../src/slack/blocks/mrkdwn.ts";
import { linkTo } from "../../../src/slack/message.ts";
import { card, HOME, MINUTE, ONE, OTHER, OutboxStage, reply, TWO } from "./outbox-stage.ts";
import { refusal } from "./scripted-slack.ts";

const SEE = `See ${linkTo("zone", "the approval")}.`;
const zone = card("zone", "approval", { channel: OTHER });

function linked(stage: OutboxStage): string {
  const ts = stage.slack.find("approval")?.ts.replace(".", "");
  return `See <https://example.slack.com/archives/COTHER/p${ts}|the approval>.`;
}

suite("A link to another message", () => {
  test("is its label until that message stands, and appears in a card by itself", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", SEE)]);
    assert.deepEqual(stage.slack.texts(HOME), ["See the approval."]);
    await stage.delivers(ONE, [card("card", SEE), zone]);
    assert.deepEqual(stage.slack.texts(HOME), [linked(stage)]);
    assert.ok(JSON.stringify(stage.slack.find(linked(stage))?.blocks).includes("/archives/COTHER/p17"));
  });

  test("follows a message that was posted anew", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [zone, card("card", SEE)]);
    stage.slack.standing.delete(stage.slack.find("approval")?.ts ?? "");
    await stage.delivers(ONE, [card("zone", "approval!", { channel: OTHER }), card("card", SEE)]);
    const ts = stage.slack.find("approval!")?.ts.replace(".", "") ?? "";
    assert.ok(stage.slack.texts(HOME)[0]?.includes(ts));
  });

  test("holds a reply back until it leads somewhere", async () => {
    const stage = new OutboxStage();
    let isAway = true;
    stage.slack.fault = (_, { channel }) => (isAway && channel === OTHER ? refusal("internal_error") : null);
    stage.want(ONE, [reply("r", SEE), zone]);
    await stage.clock.passes(10_000);
    assert.deepEqual(stage.slack.texts(HOME), []);
    isAway = false;
    await stage.idle();
    assert.deepEqual(stage.slack.texts(HOME), [linked(stage)]);
  });

  test("does not hold a reply back for ever, nor for what is not wanted or was given up", async () => {
    const stage = new OutboxStage();
    stage.slack.fault = (_, { channel }) => (channel === OTHER ? refusal("internal_error") : null);
    stage.want(ONE, [reply("r", SEE), zone, reply("other", linkTo("nothing", "no link"))]);
    await stage.clock.passes(1_000);
    assert.deepEqual(stage.slack.texts(HOME), ["no link"]);
    await stage.clock.passes(2 * MINUTE);
    assert.deepEqual(stage.slack.texts(HOME), ["no link", "See the approval."]);
    stage.slack.fault = (_, { channel }) => (channel === OTHER ? refusal("is_archived") : null);
    stage.want(TWO, [reply("r", SEE), zone]);
    await stage.clock.passes(10_000);
    assert.equal(stage.slack.texts(HOME).filter((text) => text === "See the approval.").length, 2);
  });

  test("cannot be made by what people or zones write", async () => {
    const stage = new OutboxStage();
    const foreign = "<florist:zone|click here>";
    const plainText = { type: "header" as const, text: { type: "plain_text" as const, text: foreign } };
    const said = card("card", escaped(foreign));
    await stage.delivers(ONE, [zone, { ...said, blocks: [...said.blocks, plainText] }]);
    const shown = stage.slack.find("&lt;florist:zone|click here&gt;");
    assert.ok(shown !== undefined);
    assert.ok(!JSON.stringify(shown.blocks).includes("archives"));
    assert.ok(!linkTo("zone", "a>b|c<d").slice(1, -1).includes(">"));
  });

  test("is left out where the text was cut or would become too long for Slack", async () => {
    const stage = new OutboxStage();
    const long = `${"x".repeat(2_950)} ${linkTo("zone", "the approval")}`;
    const cut = `${"y".repeat(20)} ${linkTo("zone", "the approval").slice(0, 12)}…`;
    const blocks = [long, cut].map((text) => ({ type: "section" as const, text: { type: "mrkdwn" as const, text } }));
    await stage.delivers(ONE, [zone, card("card", "card", { blocks })]);
    const shown = JSON.stringify(stage.slack.find("card")?.blocks);
    assert.ok(shown.includes("x the approval"));
    assert.ok(!shown.includes("florist:"));
  });
});
