/** What Slack refuses, and who must not read it: one set of rules for posts, rewritings and files. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { teamId } from "../../../src/federation/model/identity.ts";
import { card, file, HOME, HOUR, MINUTE, ONE, OTHER, OutboxStage, reply, TWO } from "./outbox-stage.ts";
import { broken, refusal } from "./scripted-slack.ts";

const AUDIENCE = [teamId.parse("THOST")];
const notice = (stage: OutboxStage): string | undefined =>
  stage.slack.texts(HOME).find((text) => text.includes(`<#${OTHER}>`));

/** One federation with its card at home and one in the other channel. */
const wanted = (text: string) => [card("card", "home"), card("zone", text, { channel: OTHER })];

suite("A channel that takes nothing", () => {
  for (const error of ["is_archived", "not_in_channel", "channel_not_found", "restricted_action"]) {
    test(`is left alone (${error}): a card there is tried once, whatever it would show next`, async () => {
      const stage = new OutboxStage();
      await stage.delivers(ONE, wanted("0"));
      stage.slack.fault = (_, { channel }) => (channel === OTHER ? refusal(error) : null);
      for (const text of ["1", "2", "3"]) {
        await stage.delivers(ONE, wanted(text));
        await stage.clock.passes(HOUR);
      }
      assert.equal(stage.slack.called("chat.update").filter(({ args }) => args.channel === OTHER).length, 1);
      assert.match(notice(stage) ?? "", /I cannot post in/);
    });
  }

  test("is tried again once somebody changed something there, and people read that it has come", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, wanted("old"));
    let isArchived = true;
    stage.slack.fault = (_, { channel }) => (isArchived && channel === OTHER ? refusal("is_archived") : null);
    await stage.delivers(ONE, [...wanted("new"), reply("more", "more", { channel: OTHER })]);
    assert.deepEqual(stage.slack.texts(OTHER), ["old"]);
    stage.outbox.reopen(OTHER);
    await stage.idle();
    assert.match(notice(stage) ?? "", /I cannot post in/, "it is still archived");
    isArchived = false;
    stage.outbox.reopen(OTHER);
    await stage.idle();
    assert.deepEqual(stage.slack.texts(OTHER), ["new", "more"]);
    assert.match(notice(stage) ?? "", /is there now/);
  });

  test("is tried again after a restart, and nobody reads meanwhile that it has come", async () => {
    const stage = new OutboxStage();
    stage.slack.fault = (_, { channel }) => (channel === OTHER ? refusal("not_in_channel") : null);
    await stage.delivers(ONE, wanted("x"));
    const updates = stage.slack.called("chat.update").length;
    await stage.restart();
    await stage.delivers(ONE, wanted("x"));
    assert.equal(stage.slack.called("chat.postMessage").filter(({ args }) => args.channel === OTHER).length, 2);
    assert.equal(stage.slack.called("chat.update").length, updates);
    stage.slack.fault = () => null;
    await stage.restart();
    await stage.delivers(ONE, wanted("x"));
    assert.deepEqual(stage.slack.texts(OTHER), ["x"]);
    assert.match(notice(stage) ?? "", /is there now/);
  });

  test("costs one call, however many messages are for it", async () => {
    const stage = new OutboxStage();
    stage.slack.fault = (_, { channel }) => (channel === OTHER ? refusal("is_archived") : null);
    await stage.delivers(
      ONE,
      Array.from({ length: 50 }, (_, nth) => reply(`r${nth}`, `word ${nth}`, { channel: OTHER })),
    );
    assert.equal(stage.slack.made.filter(({ args }) => args.channel === OTHER).length, 1);
    assert.equal(stage.receipts.of(ONE).givenUp.size, 50);
  });
});

suite("A message with an audience", () => {
  const trust = (text: string, audience = AUDIENCE) => card("trust", text, { channel: OTHER, audience });

  test("is not rewritten while others can read the channel", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "home"), trust("old CA")]);
    stage.slack.connected.set(OTHER, ["THOST", "TSTRANGER"]);
    await stage.delivers(ONE, [card("card", "home"), trust("new CA")]);
    assert.deepEqual(stage.slack.texts(OTHER), ["old CA"]);
    assert.match(notice(stage) ?? "", /TSTRANGER/);
    stage.slack.connected.delete(OTHER);
    stage.outbox.reopen(OTHER);
    await stage.idle();
    assert.deepEqual(stage.slack.texts(OTHER), ["new CA"]);
  });

  test("is tried again when others may read it", async () => {
    const stage = new OutboxStage();
    stage.slack.connected.set(OTHER, ["TSTRANGER"]);
    await stage.delivers(ONE, [trust("CA")]);
    await stage.delivers(ONE, [trust("CA, newer")]);
    assert.equal(stage.slack.called("conversations.info").length, 1);
    await stage.delivers(ONE, [trust("CA, newer", [...AUDIENCE, teamId.parse("TSTRANGER")])]);
    assert.deepEqual(stage.slack.texts(OTHER), ["CA, newer"]);
  });

  test("is not uploaded as a file either", async () => {
    const stage = new OutboxStage();
    stage.slack.connected.set(OTHER, ["TSTRANGER"]);
    await stage.delivers(ONE, [file("pem", { channel: OTHER, audience: AUDIENCE })]);
    assert.equal(stage.slack.called("files.upload").length, 0);
    assert.match(stage.receipts.of(ONE).givenUp.get("pem")?.because ?? "", /^withheld:TSTRANGER/);
  });
});

suite("Refused blocks", () => {
  const isFirst = (text: string) => (_: string, args: { text: string; blocks?: unknown[] | undefined }) =>
    args.text === text && (args.blocks ?? []).length > 0 ? refusal("invalid_blocks") : null;

  test("make that content of that federation's card text only, and nothing else", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "one")]);
    await stage.delivers(TWO, [card("card", "two")]);
    stage.slack.fault = isFirst("refused");
    await stage.delivers(ONE, [card("card", "refused")]);
    await stage.delivers(TWO, [card("card", "two, newer")]);
    assert.deepEqual(stage.slack.find("refused")?.blocks, [], "blocks of before do not stay either");
    assert.equal(stage.slack.find("two, newer")?.blocks.length, 1);
    await stage.delivers(ONE, [card("card", "one, newer")]);
    assert.equal(stage.slack.find("one, newer")?.blocks.length, 1);
    assert.equal(stage.receipts.of(ONE).givenUp.size, 0);
  });

  test("of the plan block are told once, and messages are wanted without it", async () => {
    let told = 0;
    const withPlan = card("card", "plan", { blocks: [{ type: "plan", title: "Sites", tasks: [] }] });
    const stage = new OutboxStage({
      onPlanRefused: () => {
        told += 1;
        for (const id of [ONE, TWO]) stage.want(id, [card("card", `no plan ${id}`)]);
      },
    });
    stage.slack.fault = isFirst("plan");
    stage.want(ONE, [withPlan]);
    stage.want(TWO, [withPlan]);
    await stage.idle();
    assert.equal(told, 1);
    assert.deepEqual(stage.slack.texts(HOME).toSorted(), [`no plan ${ONE}`, `no plan ${TWO}`]);
  });
});

suite("A content that Slack refuses", () => {
  test("is given up after three tries, holds nobody up, and another content is tried", async () => {
    const stage = new OutboxStage();
    stage.slack.fault = (_, { text }) => (text === "bad" ? refusal("msg_too_long") : null);
    stage.want(ONE, [card("one", "bad"), card("next", "good")]);
    await stage.clock.passes(1_000);
    assert.deepEqual(stage.slack.texts(HOME), ["good"]);
    await stage.idle();
    assert.equal(stage.slack.made.filter(({ args }) => args.text === "bad").length, 3);
    await stage.delivers(ONE, [card("one", "better"), card("next", "good")]);
    assert.ok(stage.slack.texts(HOME).includes("better"));
  });

  test("of the federation's own card holds up what comes after it for its tries, and no longer", async () => {
    const stage = new OutboxStage();
    stage.slack.fault = (_, { text }) => (text === "bad" ? refusal("msg_too_long") : null);
    stage.want(ONE, [card("card", "bad"), card("next", "good", { channel: OTHER })]);
    await stage.clock.passes(1_000);
    assert.deepEqual(stage.slack.texts(OTHER), []);
    await stage.idle();
    assert.deepEqual(stage.slack.texts(OTHER), ["good"]);
  });
});

suite("A card that somebody deleted", () => {
  test("is posted anew when it is to be rewritten, and what follows stands in its new thread", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "old")]);
    stage.slack.standing.clear();
    await stage.delivers(ONE, [card("card", "new")]);
    await stage.delivers(ONE, [card("card", "new"), reply("r", "reply", { thread: "card" })]);
    assert.deepEqual(stage.slack.texts(HOME), ["new", "reply"]);
    assert.equal(stage.slack.find("reply")?.threadTs, stage.slack.find("new")?.ts);
  });
});

suite("While Slack is away", () => {
  test("a channel waits, longer each time, and then says everything once", async () => {
    const stage = new OutboxStage();
    let isAway = true;
    stage.slack.fault = () => (isAway ? broken() : null);
    stage.want(ONE, [card("card", "card"), reply("r", "reply")]);
    await stage.clock.passes(10 * MINUTE);
    assert.ok(stage.slack.made.length < 20, `${stage.slack.made.length} calls in ten minutes`);
    isAway = false;
    await stage.idle();
    assert.deepEqual(stage.slack.texts(HOME), ["card", "reply"]);
  });

  test("a post that is never answered does not hold up its channel for ever", async () => {
    const stage = new OutboxStage({ deadline: 30_000 });
    let isFirst = true;
    stage.slack.fault = () => {
      if (!isFirst) return null;
      isFirst = false;
      return "hang";
    };
    stage.want(ONE, [card("card", "card"), reply("r", "reply")]);
    await stage.clock.passes(MINUTE);
    assert.deepEqual(stage.slack.texts(HOME), ["card", "reply"]);
  });

  test("a post whose answers are lost stands a few times, not each time, while the channel takes others", async () => {
    const stage = new OutboxStage();
    stage.slack.fault = (_method, { text }) => (text === "reply" ? "lost-answer" : null);
    stage.want(ONE, [card("card", "card"), reply("r", "reply")]);
    for (let minute = 0; minute < 60; minute += 1) {
      stage.want(ONE, [card("card", `card at ${minute}`), reply("r", "reply")]);
      await stage.clock.passes(MINUTE);
    }
    const copies = stage.slack.texts(HOME).filter((text) => text === "reply").length;
    assert.ok(copies >= 2 && copies <= 13, `${copies} copies in an hour`);
    stage.slack.fault = () => null;
    await stage.clock.passes(60 * MINUTE);
    await stage.idle();
    assert.deepEqual([...stage.receipts.of(ONE).posted.keys()].toSorted(), ["card", "r"]);
  });

  test("stopping waits for a post that is never answered no longer than its deadline", async () => {
    const stage = new OutboxStage({ deadline: 30_000 });
    stage.slack.fault = () => "hang";
    stage.want(ONE, [card("card", "card")]);
    await stage.clock.passes(0);
    await stage.clock.until(stage.outbox.stop());
    assert.ok(stage.clock.now() <= 30_000);
  });
});
