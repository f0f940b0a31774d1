/** What is known to stand in Slack: across restarts, failures to record, moves, and years. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { card, file, HOME, inChannel, MINUTE, ONE, OTHER, OutboxStage, reply, TWO } from "./outbox-stage.ts";
import { refusal } from "./scripted-slack.ts";

const NEW = inChannel("CNEW");

suite("After a restart", () => {
  test("nothing is sent and nothing is asked of Slack when everything was delivered", async () => {
    const stage = new OutboxStage();
    const messages = [
      card("card", "card"),
      reply("r", "reply", { thread: "card" }),
      file("pem", { thread: "card", audience: [] }),
    ];
    await stage.delivers(ONE, messages);
    const calls = stage.slack.made.length;
    await stage.restart();
    await stage.delivers(ONE, messages);
    assert.equal(stage.slack.made.length, calls);
  });

  test("what was left is sent", async () => {
    const stage = new OutboxStage();
    const messages = Array.from({ length: 10 }, (_, nth) => reply(`r${nth}`, `word ${nth}`));
    stage.want(ONE, messages);
    await stage.clock.passes(3_500);
    await stage.restart();
    assert.equal(stage.slack.texts(HOME).length, 4);
    await stage.delivers(ONE, messages);
    assert.deepEqual(
      stage.slack.texts(HOME),
      messages.map(({ text }) => text),
    );
  });
});

suite("While receipts cannot be recorded", () => {
  test("a message is posted once, nothing more of its federation is sent, and others go on", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [card("card", "0")]);
    let isFull = true;
    stage.receipts.obstacle = (act) => {
      if (act === "record" && isFull) throw new Error("no space left");
    };
    stage.want(ONE, [card("card", "1"), reply("a", "a"), reply("b", "b")]);
    await stage.clock.passes(10 * MINUTE);
    assert.deepEqual(stage.slack.texts(HOME), ["0", "a"]);
    isFull = false;
    await stage.delivers(TWO, [card("card", "two")]);
    await stage.idle();
    assert.deepEqual(stage.slack.texts(HOME).toSorted(), ["1", "a", "b", "two"]);
    assert.equal(stage.slack.called("chat.postMessage").filter(({ args }) => args.text === "a").length, 1);
    assert.ok(stage.receipts.of(ONE).posted.has("a"));
  });

  test("the last moment before the end is used to record", async () => {
    const stage = new OutboxStage();
    let isFull = true;
    stage.receipts.obstacle = (act) => {
      if (act === "record" && isFull) throw new Error("no space left");
    };
    stage.want(ONE, [card("card", "card")]);
    await stage.clock.passes(1_000);
    isFull = false;
    await stage.restart();
    await stage.delivers(ONE, [card("card", "card")]);
    assert.deepEqual(stage.slack.texts(HOME), ["card"]);
  });

  test("nothing is sent either while they cannot be read", async () => {
    const stage = new OutboxStage();
    let isAway = true;
    stage.receipts.obstacle = () => {
      if (isAway) throw new Error("input/output error");
    };
    stage.want(ONE, [card("card", "card")]);
    await stage.clock.passes(MINUTE);
    assert.equal(stage.slack.made.length, 0);
    isAway = false;
    await stage.idle();
    assert.deepEqual(stage.slack.texts(HOME), ["card"]);
  });
});

suite("A file", () => {
  const pem = [card("card", "card"), file("pem", { thread: "card" })];

  test("is uploaded once, however often Slack fails to say whether it is shared", async () => {
    const stage = new OutboxStage();
    stage.slack.fault = (method) => (method === "files.info" ? refusal("missing_scope") : null);
    stage.want(ONE, pem);
    await stage.clock.passes(MINUTE);
    assert.deepEqual(stage.receipts.of(ONE).posted.get("pem")?.ts, "", "its id is recorded at once");
    for (let restarts = 0; restarts < 3; restarts += 1) {
      await stage.restart();
      stage.want(ONE, pem);
      await stage.clock.passes(MINUTE);
    }
    stage.slack.fault = () => null;
    await stage.idle();
    assert.equal(stage.slack.called("files.upload").length, 1);
    assert.match(stage.receipts.of(ONE).posted.get("pem")?.ts ?? "", /^1700000\d+\.000200$/);
  });

  test("that Slack never shares is given up, and holds nobody up meanwhile", async () => {
    const stage = new OutboxStage();
    stage.slack.isShared = false;
    stage.want(ONE, [...pem, reply("r1", "one"), reply("r2", "two")]);
    await stage.clock.passes(5_000);
    assert.deepEqual(stage.slack.texts(HOME), ["card", "one", "two"]);
    await stage.idle();
    assert.equal(stage.receipts.of(ONE).givenUp.get("pem")?.because, "the file was not shared");
    stage.slack.isShared = true;
    stage.outbox.reopen(HOME);
    await stage.idle();
    assert.equal(stage.slack.called("files.upload").length, 1);
  });

  test("of a reply stands in the thread of the card above it", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, [
      card("card", "card"),
      card("trust", "trust", { thread: "card" }),
      file("pem", { thread: "trust" }),
    ]);
    assert.equal(stage.slack.called("files.upload")[0]?.args.thread_ts, stage.slack.find("card")?.ts);
  });
});

suite("A card whose zone got another channel", () => {
  const asked = (channel = OTHER, text = "asked") => [
    card("zone", text, { channel, importance: "act" }),
    reply("said", "said once", { channel, thread: "zone" }),
  ];

  test("is posted anew there, and the old copy points to it", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, asked());
    await stage.restart();
    await stage.delivers(ONE, asked(NEW));
    assert.deepEqual(stage.slack.texts(NEW), ["asked"]);
    assert.deepEqual(stage.slack.texts(OTHER), ["This card has moved to <#CNEW>.", "said once"]);
    assert.ok(!JSON.stringify(stage.slack.find("This card has moved to <#CNEW>.")?.blocks).includes("button"));
    await stage.delivers(ONE, asked(NEW, "decided"));
    assert.deepEqual(stage.slack.texts(NEW), ["decided"]);
    assert.equal(stage.slack.called("chat.update").filter(({ args }) => args.channel === OTHER).length, 1);
  });

  test("still gets its pointer when the bot ends in between", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, asked());
    stage.slack.fault = (method) => (method === "chat.update" ? refusal("ratelimited") : null);
    stage.want(ONE, asked(NEW));
    await stage.clock.passes(2_000);
    await stage.restart();
    stage.slack.fault = () => null;
    await stage.delivers(ONE, asked(NEW));
    assert.deepEqual(stage.slack.texts(NEW), ["asked"]);
    assert.equal(stage.slack.texts(OTHER)[0], "This card has moved to <#CNEW>.");
    assert.deepEqual([...stage.receipts.of(ONE).posted.keys()].toSorted(), ["said", "zone"]);
  });

  test("is rewritten where it stands when the other channel is the same one by another id", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, asked());
    const posts = stage.slack.called("chat.postMessage").length;
    for (const [ts, each] of stage.slack.standing) {
      if (each.channel === OTHER) stage.slack.standing.set(ts, { ...each, channel: NEW });
    }
    await stage.restart();
    await stage.delivers(ONE, asked(NEW, "decided"));
    assert.deepEqual(stage.slack.texts(NEW), ["decided", "said once"]);
    assert.equal(stage.slack.called("chat.postMessage").length, posts);
    assert.equal(stage.receipts.of(ONE).posted.get("zone")?.channel, NEW);
  });

  test("is posted anew also when the old channel is gone", async () => {
    const stage = new OutboxStage();
    await stage.delivers(ONE, asked());
    stage.slack.fault = (_, { channel }) => (channel === OTHER ? refusal("channel_not_found") : null);
    await stage.delivers(ONE, asked(NEW));
    assert.deepEqual(stage.slack.texts(NEW), ["asked"]);
    assert.deepEqual(stage.slack.texts(HOME), [], "nothing is missing that anybody wants");
  });
});

suite("A federation's receipts", () => {
  test("stay bounded however much was said, and cards are never forgotten", async () => {
    const stage = new OutboxStage();
    const old = card("zone", "old card", { channel: OTHER });
    await stage.delivers(ONE, [card("card", "card"), old]);
    for (let begin = 0; begin < 2_000; begin += 100) {
      const said = Array.from({ length: 100 }, (_, nth) => reply(`r${begin + nth}`, `word ${begin + nth}`));
      await stage.delivers(ONE, [card("card", "card"), ...said]);
      if (begin % 500 === 0) await stage.restart();
    }
    await stage.delivers(ONE, [card("card", "card")]);
    assert.ok(stage.receipts.of(ONE).posted.size <= 220, String(stage.receipts.of(ONE).posted.size));
    await stage.delivers(ONE, [card("card", "card"), old]);
    assert.deepEqual(stage.slack.texts(OTHER), ["old card"]);
  });

  test("stay when it leaves memory, which it does once all is sent", async () => {
    const stage = new OutboxStage();
    let reads = 0;
    stage.receipts.obstacle = (act) => {
      if (act === "read") reads += 1;
    };
    stage.want(ONE, [card("card", "the end"), reply("r", "last words")], true);
    stage.outbox.forget(ONE);
    await stage.idle();
    assert.deepEqual(stage.slack.texts(HOME), ["the end", "last words"]);
    await stage.delivers(ONE, [card("card", "the end, corrected")], true);
    assert.deepEqual(stage.slack.texts(HOME), ["the end, corrected", "last words"]);
    assert.equal(reads, 2);
  });
});
