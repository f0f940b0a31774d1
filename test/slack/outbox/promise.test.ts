/** What the outbox promises, whatever happens: in the end Slack shows the newest that is wanted, each message once. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { FederationId } from "../../../src/federation/model/identity.ts";
import { type DesiredMessage, linkTo } from "../../../src/slack/message.ts";
import { monotonicClock } from "../../../src/slack/outbox/clock.ts";
import { isLeftover } from "../../../src/slack/outbox/moved.ts";
import { card, federation, HOME, inChannel, OTHER, OutboxStage, reply } from "./outbox-stage.ts";
import { broken, rateLimit, refusal } from "./scripted-slack.ts";

type Happening =
  | {
      readonly kind: "want";
      readonly nth: number;
      readonly cards: readonly number[];
      readonly replies: number;
      readonly moved: boolean;
      readonly ended: boolean;
    }
  | { readonly kind: "time"; readonly milliseconds: number }
  | { readonly kind: "restart" }
  | { readonly kind: "reopen" }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

/** None of them has an effect in Slack before it is one. */
type Fault = "500" | "429" | "hang" | "archived" | "not-recorded" | "none";

const faults = fc.constantFrom<Fault>("500", "429", "hang", "archived", "not-recorded", "none", "none", "none");
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("want" as const),
      nth: fc.integer({ min: 1, max: 3 }),
      cards: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }),
      replies: fc.integer({ min: 0, max: 5 }),
      moved: fc.boolean(),
      ended: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("time" as const), milliseconds: fc.integer({ min: 0, max: 40_000 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reopen" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("faults" as const),
      faults: fc.array(faults, { minLength: 1, maxLength: 6 }),
    }),
  },
);

/** Replies grow and never go; every second card moves to another channel; the first card links to the second one. */
function messagesOf(
  { nth, cards, replies, moved }: Happening & { kind: "want" },
  most: number,
): readonly DesiredMessage[] {
  const zone = moved ? inChannel("CNEW") : OTHER;
  return [
    ...cards.map((version, index) =>
      card(
        index === 0 ? "card" : `c${index}`,
        `${nth} card ${index} ${version}${index === 0 ? linkTo("c1", "see") : ""}`,
        {
          channel: index % 2 === 1 ? zone : HOME,
          thread: index === 2 ? "card" : null,
        },
      ),
    ),
    ...Array.from({ length: Math.max(replies, most) }, (_, index) =>
      reply(`r${index}`, `${nth} reply ${index}`, { thread: "card" }),
    ),
  ];
}

function failing(stage: OutboxStage): (faults: readonly Fault[]) => void {
  let [queue, isFull]: [Fault[], boolean] = [[], false];
  stage.receipts.obstacle = (act) => {
    const isRefused = isFull && act === "record";
    isFull = false;
    if (isRefused) throw new Error("no space left");
  };
  stage.slack.fault = (_, { channel }) => {
    const fault = queue.shift() ?? "none";
    switch (fault) {
      case "500":
        return broken();
      case "429":
        return rateLimit(7);
      case "hang":
        return "hang";
      case "archived":
        return channel === HOME ? null : refusal("is_archived");
      case "not-recorded":
        isFull = true;
        return null;
      case "none":
        return null;
    }
  };
  return (faults) => {
    queue = [...faults];
  };
}

async function plays(happenings: readonly Happening[]): Promise<void> {
  const stage = new OutboxStage();
  const fails = failing(stage);
  const newest = new Map<FederationId, readonly DesiredMessage[]>();
  const want = (id: FederationId): void => stage.want(id, newest.get(id) ?? [], false);
  for (const each of happenings) {
    switch (each.kind) {
      case "want": {
        const id = federation(each.nth);
        const said = (newest.get(id) ?? []).filter(({ kind }) => kind === "reply").length;
        newest.set(id, messagesOf(each, said));
        stage.want(id, newest.get(id) ?? [], each.ended);
        break;
      }
      case "time":
        await stage.clock.passes(each.milliseconds);
        break;
      case "restart":
        await stage.restart();
        for (const id of newest.keys()) want(id);
        break;
      case "reopen":
        stage.outbox.reopen(OTHER);
        break;
      case "faults":
        fails(each.faults);
        break;
    }
  }
  fails([]);
  await stage.restart();
  for (const id of newest.keys()) want(id);
  await stage.idle();
  for (const [id, messages] of newest) assertShown(stage, id, messages);
}

function assertShown(stage: OutboxStage, id: FederationId, messages: readonly DesiredMessage[]): void {
  const { posted } = stage.receipts.of(id);
  for (const message of messages) {
    if (message.kind === "file") continue;
    const { ts = "", channel } = posted.get(message.key) ?? {};
    const words = message.text.replace(/<florist:.*/, "");
    const shown = stage.slack.standing.get(ts);
    assert.ok(shown !== undefined, `${message.key} does not stand`);
    assert.ok(shown.text.startsWith(words), `${message.key}: ${shown.text}`);
    assert.equal(channel, message.channel);
    assert.equal(shown.channel, message.channel);
    if (message.text.includes("florist:") && posted.has("c1")) assert.match(shown.text, /archives/);
    const copies = [...stage.slack.standing.values()].filter(({ text }) => text.startsWith(words));
    assert.equal(copies.length, 1, `${message.key} stands ${copies.length} times`);
  }
  const left = [...posted.keys()].filter(
    (key) => isLeftover(key) && messages.some((message) => key.endsWith(`/${message.key}`)),
  );
  assert.deepEqual(left, [], "every copy that was left points to the new one");
}

suite("Whatever is wanted in whatever order, whatever fails, and however often the bot starts again", () => {
  test("in the end Slack shows the newest contents, each message once", async () => {
    await fc.assert(fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 25 }), plays), { numRuns: 150 });
  });
});

suite("The machine's clock", () => {
  test("may be set back an hour, and nothing waits for it", async (context) => {
    const stage = new OutboxStage({
      clock: monotonicClock,
      pace: { perChannel: 5, coalescing: 5, retry: 5, longestRetry: 50, fileLook: 5 },
    });
    stage.want(federation(1), [card("card", "before")]);
    await stage.outbox.idle();
    const hourAgo = Date.now() - 3_600_000;
    context.mock.method(Date, "now", () => hourAgo);
    stage.want(federation(1), [card("card", "after"), reply("r", "reply")]);
    await stage.outbox.idle();
    assert.deepEqual(stage.slack.texts(HOME), ["after", "reply"]);
  });
});
