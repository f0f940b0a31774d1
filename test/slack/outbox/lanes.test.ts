/** Whose turn it is in a channel, and how fast Slack is talked to. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  card,
  federation,
  HOME,
  HOUR,
  inChannel,
  MINUTE,
  ONE,
  OTHER,
  OutboxStage,
  PACE,
  reply,
  SECOND,
  TWO,
} from "./outbox-stage.ts";
import { rateLimit } from "./scripted-slack.ts";

const many = (count: number, what = "word") =>
  Array.from({ length: count }, (_, nth) => reply(`r${nth}`, `${what} ${nth}`));

suite("In a channel", () => {
  test("another federation's post goes next but one, however many messages of the first one wait", async () => {
    const stage = new OutboxStage();
    stage.want(ONE, many(421, "one"));
    await stage.clock.passes(10 * SECOND);
    const before = stage.slack.texts(HOME).length;
    stage.want(TWO, [card("card", "two")]);
    await stage.clock.passes(2 * SECOND);
    assert.ok(
      stage.slack
        .texts(HOME)
        .slice(0, before + 2)
        .includes("two"),
    );
  });

  test("federations take turns", async () => {
    const stage = new OutboxStage();
    for (const nth of [1, 2, 3]) stage.want(federation(nth), many(3, `of ${nth}:`));
    await stage.idle();
    const order = stage.slack.texts(HOME).map((text) => Number(text.slice(3, 4)));
    for (const round of [0, 3, 6]) assert.deepEqual(order.slice(round, round + 3).toSorted(), [1, 2, 3]);
  });

  test("what calls for an act goes before what only tells, whoever wants it", async () => {
    const stage = new OutboxStage();
    stage.want(ONE, [reply("tell", "tell one"), reply("act", "act one", { importance: "act" })]);
    stage.want(TWO, [reply("tell", "tell two"), reply("act", "act two", { importance: "act" })]);
    await stage.idle();
    assert.deepEqual(
      stage.slack.texts(HOME).map((text) => text.slice(0, 3)),
      ["act", "act", "tel", "tel"],
    );
  });

  test("what living federations want goes before what ended ones want", async () => {
    const stage = new OutboxStage();
    stage.want(ONE, [reply("end", "ended", { importance: "act" })], true);
    stage.want(TWO, [reply("tell", "living")]);
    await stage.idle();
    assert.deepEqual(stage.slack.texts(HOME), ["living", "ended"]);
  });

  test("a federation posts before it rewrites, but not for ever", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "old")]);
    await stage.clock.passes(MINUTE);
    const begun = stage.slack.made.length;
    await stage.delivers(ONE, [card("card", "new"), ...many(8)]);
    const methods = stage.slack.made.slice(begun).map(({ method }) => method);
    assert.deepEqual(methods.slice(0, 5), Array(5).fill("chat.postMessage"));
    assert.equal(methods.indexOf("chat.update"), 5);
    assert.equal(methods.length, 9);
  });

  test("messages of one federation appear in the order in which they were wanted", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, many(30));
    assert.deepEqual(
      stage.slack.texts(HOME),
      many(30).map(({ text }) => text),
    );
  });

  test("messages are a second apart, whosever they are, while other channels go on", async () => {
    const stage = new OutboxStage();
    stage.want(ONE, many(5));
    stage.want(TWO, [...many(5), reply("other", "elsewhere", { channel: OTHER })]);
    await stage.idle();
    const [first, ...times] = stage.slack.made.filter(({ args }) => args.channel === HOME).map(({ at }) => at);
    for (const [nth, at] of times.entries()) assert.ok(at - (first ?? 0) >= (nth + 1) * SECOND);
    assert.equal(stage.slack.made.find(({ args }) => args.channel === OTHER)?.at, 0);
  });
});

suite("A card", () => {
  test("is rewritten at most once in so many seconds, with the newest content", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "0")]);
    for (let nth = 1; nth <= 40; nth += 1) {
      stage.want(ONE, [card("card", String(nth))]);
      await stage.clock.passes(500);
    }
    await stage.idle();
    const times = stage.slack.called("chat.update").map(({ at }) => at);
    for (const [nth, at] of times.slice(1).entries()) assert.ok(at - (times[nth] ?? 0) >= PACE.coalescing);
    assert.deepEqual(stage.slack.texts(HOME), ["40"]);
  });

  test("costs nothing when it is wanted again as it stands", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "same"), reply("reply", "said")]);
    const calls = stage.slack.made.length;
    await stage.delivers(ONE, [card("card", "same"), reply("reply", "said in other words")]);
    assert.equal(stage.slack.made.length, calls);
  });

  test("that is not listed any more is left as it stands", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "first"), card("other", "second")]);
    await stage.delivers(ONE, [card("card", "first")]);
    await stage.delivers(ONE, [card("card", "first"), card("other", "second")]);
    assert.deepEqual(stage.slack.texts(HOME), ["first", "second"]);
    assert.equal(stage.slack.made.length, 2);
  });
});

suite("Slack's limits", () => {
  test("are kept for rewritings: 50 a minute in all channels together", async () => {
    const stage = new OutboxStage();
    const cards = (text: string) =>
      Array.from({ length: 130 }, (_, nth) => card(`c${nth}`, text, { channel: inChannel(`CROOM${nth}`) }));
    await stage.delivers(ONE, cards("old"));
    await stage.delivers(ONE, cards("new"));
    const times = stage.slack.called("chat.update").map(({ at }) => at);
    assert.equal(times.length, 130);
    for (const [nth, at] of times.slice(50).entries()) assert.ok(at - (times[nth] ?? 0) >= MINUTE);
  });

  test("leave half of each minute to living federations, however much ended ones want rewritten", async () => {
    const stage = new OutboxStage();
    const cards = (text: string) =>
      Array.from({ length: 200 }, (_, nth) => card(`c${nth}`, text, { channel: inChannel(`CROOM${nth}`) }));
    await stage.delivers(ONE, cards("old title"), true);
    await stage.delivers(TWO, [card("card", "waits")]);
    await stage.clock.passes(HOUR);
    stage.want(ONE, cards("new title"), true);
    await stage.clock.passes(10 * SECOND);
    assert.equal(stage.slack.called("chat.update").length, 25);
    stage.want(TWO, [card("card", "approved")]);
    await stage.clock.passes(SECOND);
    assert.deepEqual(stage.slack.texts(HOME), ["approved"]);
    await stage.idle();
    assert.equal(stage.slack.called("chat.update").length, 201);
  });

  test("are met when Slack asks for a rest: that method alone rests", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "old")]);
    await stage.clock.passes(MINUTE);
    let isLimited = true;
    stage.slack.fault = (method) => {
      if (method !== "chat.update" || !isLimited) return null;
      isLimited = false;
      return rateLimit(30);
    };
    const began = stage.clock.now();
    stage.want(ONE, [card("card", "new"), ...many(3)]);
    await stage.clock.passes(20 * SECOND);
    assert.deepEqual(stage.slack.texts(HOME), ["old", "word 0", "word 1", "word 2"]);
    await stage.idle();
    assert.ok((stage.slack.called("chat.update").at(-1)?.at ?? 0) >= began + 30 * SECOND);
    assert.equal(stage.slack.find("new")?.channel, HOME);
  });

  for (const seconds of [40 * 86_400, Number.POSITIVE_INFINITY, Number.NaN]) {
    test(`a rest of ${seconds} seconds ends after an hour, and nothing is asked meanwhile`, async () => {
      const stage = new OutboxStage();
      let isLimited = true;
      stage.slack.fault = () => {
        if (!isLimited) return null;
        isLimited = false;
        return rateLimit(seconds);
      };
      stage.want(ONE, [card("card", "after the rest")]);
      await stage.clock.passes(HOUR - SECOND);
      assert.equal(stage.slack.made.length, 1);
      await stage.clock.passes(2 * SECOND);
      assert.deepEqual(stage.slack.texts(HOME), ["after the rest"]);
    });
  }
});
