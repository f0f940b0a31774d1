/** How much each story says and to whom: through projection and outbox into a Slack that holds them to its limits. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { checkMessageBlocks } from "../../sandbox/slack/block-kit/check.ts";
import { textCharacters } from "../../sandbox/slack/block-kit/rules.ts";
import { messagesOf } from "../../src/slack/projection/projection.ts";
import { channelOf, HOME_CHANNEL, ownerOf, REQUESTER } from "../builders/decision-context.ts";
import { leftOut } from "../sandbox/slack/python.ts";
import { complaintsOfSdk } from "../sandbox/slack/sdk-models.ts";
import { OutboxStage } from "../slack/outbox/outbox-stage.ts";
import type { Call } from "../slack/outbox/scripted-slack.ts";
import { WHOLE_STORIES, type WholeStory } from "./whole-stories.ts";

/** Characters of a message's fallback text. */
const MOST_FALLBACK = 4000;
const NOTHING_REFUSED: ReadonlySet<string> = new Set();

interface Row {
  readonly story: string;
  readonly zones: number;
  readonly replies: number;
  readonly perSite: number;
  /** The most that stands in one zone's channel, threads included. */
  readonly inOneZone: number;
  readonly posts: number;
  readonly rewrites: number;
  /** Characters that people read in the longest one; Slack takes about 11,300. */
  readonly longest: number;
}

interface Told {
  readonly row: Row;
  /** What was posted, in order. */
  readonly posts: readonly Call["args"][];
  readonly complaints: readonly string[];
  /** The blocks of all that was posted or rewritten. */
  readonly blocks: readonly { readonly blocks: unknown }[];
}

const MENTIONS = "(?:<@[A-Z0-9]+> ?)+(?:and \\d+ more owners)?";
/** A message that asks: those who are to act come first. Whoever has done something is followed by what they did. */
const ASKS = new RegExp(`(?:^|For )${MENTIONS}(?::|(?<= )(?![a-z]))`);

async function tell(whole: WholeStory): Promise<Told> {
  const story = whole.begin();
  const stage = new OutboxStage();
  for (const name of [HOME_CHANNEL, ...whole.zones.map(channelOf)]) stage.slack.connected.set(name, []);
  const say = async (): Promise<void> => {
    const { federation, context } = story;
    const messages = messagesOf(federation, { directory: context, planBlock: true });
    await stage.delivers(federation.id, messages, federation.ended !== null);
  };
  await say();
  for (const _ of whole.steps(story)) await say();
  const { made } = stage.slack;
  const sent = made.filter(({ method }) => method === "chat.postMessage" || method === "chat.update");
  const posts = made.filter(({ method }) => method === "chat.postMessage").map(({ args }) => args);
  const uploads = made.filter(({ method }) => method === "files.upload").map(({ args }) => args);
  const standing = [...posts, ...uploads];
  const replies = standing.filter(({ channel }) => channel === HOME_CHANNEL).length - 1;
  const perZone = whole.zones.map((name) => standing.filter(({ channel }) => channel === channelOf(name)).length);
  const row: Row = {
    story: whole.name,
    zones: whole.zones.length,
    replies,
    perSite: Math.round((10 * replies) / whole.zones.length) / 10,
    inOneZone: Math.max(...perZone),
    posts: standing.length,
    rewrites: sent.length - posts.length,
    longest: Math.max(...sent.map(({ args }) => textCharacters(args.blocks ?? []))),
  };
  const blocks = sent.flatMap(({ args }) => (args.blocks === undefined ? [] : [{ blocks: args.blocks }]));
  return { row, posts, complaints: sent.flatMap(({ args }) => complaintsOf(args)), blocks };
}

function complaintsOf({ text, blocks }: Call["args"]): readonly string[] {
  const checked = checkMessageBlocks(JSON.parse(JSON.stringify(blocks ?? [])), NOTHING_REFUSED);
  return [
    ...(checked.ok ? [] : [`${checked.error} ${JSON.stringify(checked.complaints)}: ${text.slice(0, 80)}`]),
    ...(text.length > 0 && text.length <= MOST_FALLBACK ? [] : [`a fallback of ${text.length} characters`]),
  ];
}

const HEADS: Readonly<Record<keyof Row, string>> = {
  story: "story",
  zones: "zones",
  replies: "home replies",
  perSite: "a site",
  inOneZone: "most in a zone",
  posts: "posted",
  rewrites: "rewritten",
  longest: "characters",
};
const COLUMNS = ["story", "zones", "replies", "perSite", "inOneZone", "posts", "rewrites", "longest"] as const;

function tableOf(rows: readonly Row[]): readonly string[] {
  const lines = [HEADS, ...rows].map((row) => COLUMNS.map((name) => String(row[name])));
  const widths = COLUMNS.map((_, nth) => Math.max(...lines.map((cells) => (cells[nth] ?? "").length)));
  return lines.map((cells) =>
    cells.map((cell, nth) => (nth === 0 ? cell.padEnd(widths[nth] ?? 0) : cell.padStart(widths[nth] ?? 0))).join("  "),
  );
}

const skip = await leftOut();

describe("Every story", () => {
  const told = new Map<WholeStory, Told>();
  before(async () => {
    for (const whole of WHOLE_STORIES) told.set(whole, await tell(whole));
  });
  const all = (): readonly (readonly [WholeStory, Told])[] => [...told];
  const label = ({ name, zones }: WholeStory): string => `${name}, ${zones.length} zones`;

  it("is told in few messages: about fourteen replies for three sites, two more for each further one", (context) => {
    for (const line of tableOf(all().map(([, { row }]) => row))) context.diagnostic(line);
    for (const [whole, { row }] of all()) {
      assert.ok(row.replies <= 9 + 2 * row.zones, `${label(whole)}: ${row.replies} replies in the home thread`);
      assert.ok(row.inOneZone <= whole.inOneZone, `${label(whole)}: ${row.inOneZone} messages in a zone's channel`);
    }
    const three = all().filter(([{ zones }]) => zones.length === 3);
    for (const [whole, { row }] of three) assert.ok(row.replies <= 14, `${label(whole)}: ${row.replies}`);
  });

  it("consists of messages that Slack takes, however many zones there are", () => {
    for (const [whole, { complaints }] of all()) assert.deepEqual(complaints, [], label(whole));
  });

  it("consists of messages that the models of Slack's own SDK take", { skip }, async () => {
    for (const [whole, { blocks }] of all()) assert.deepEqual(await complaintsOfSdk(blocks), [], label(whole));
  });

  it("tells nobody the same thing twice", () => {
    for (const [whole, { posts }] of all()) {
      const texts = posts.map(({ channel, text }) => `${channel} ${text}`);
      assert.deepEqual(
        texts.filter((text, nth) => texts.indexOf(text) !== nth),
        [],
        label(whole),
      );
    }
  });

  it("mentions everybody who must act once for each thing, where they act", () => {
    for (const [whole, { posts }] of all()) {
      for (const name of whole.zones) {
        const asks = posts.filter(({ text }) => ASKS.test(text) && text.includes(`<@${ownerOf(name).user}>`));
        const expected = whole.asked[name] ?? 1;
        assert.equal(asks.length, expected, `${label(whole)}, ${name}: ${asks.map(({ text }) => text).join("\n")}`);
        for (const { channel } of asks) assert.equal(channel, channelOf(name), label(whole));
      }
    }
  });

  it("mentions the requester when it is ready, rejected, expired or over, and not to tell anything else", () => {
    for (const [whole, { posts }] of all()) {
      const mentioned = posts.filter(
        ({ channel, thread_ts: thread, text }) =>
          channel === HOME_CHANNEL && thread !== null && text.includes(`<@${REQUESTER.user}>`) && !/ asks /.test(text),
      );
      const texts = mentioned.map(({ text }) => text).join("\n");
      assert.equal(mentioned.length, whole.requesterTold, `${label(whole)}:\n${texts}`);
    }
  });
});
