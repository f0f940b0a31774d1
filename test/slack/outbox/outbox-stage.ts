/** An outbox between messages that a test wants and a Slack in memory, on a clock that the test sets. */
import { pino } from "pino";
import { type ChannelId, channelId, type FederationId, federationId } from "../../../src/federation/model/identity.ts";
import type { Attachment, Card, DesiredMessage, Reply } from "../../../src/slack/message.ts";
import { createOutbox, type Outbox, type OutboxOptions } from "../../../src/slack/outbox/outbox.ts";
import { undelivered } from "../../../src/slack/projection/undelivered.ts";
import { MemoryReceipts } from "../../builders/receipts.ts";
import { ManualClock } from "./manual-clock.ts";
import { ScriptedSlack } from "./scripted-slack.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const PACE = {
  perChannel: SECOND,
  coalescing: 5 * SECOND,
  retry: 2 * SECOND,
  longestRetry: MINUTE,
  fileLook: 2 * SECOND,
};

export const inChannel = (name: string): ChannelId => channelId.parse(name);
export const HOME = inChannel("CHOME");
export const OTHER = inChannel("COTHER");
export const federation = (nth: number): FederationId => federationId.parse(`f${String(nth).padStart(11, "0")}`);
export const ONE = federation(1);
export const TWO = federation(2);

const section = (text: string) => ({ type: "section" as const, text: { type: "mrkdwn" as const, text } });
const placed = { channel: HOME, thread: null, audience: null, importance: "tell" as const };

export const card = (key: string, text: string, changes: Partial<Card> = {}): Card => ({
  kind: "card",
  key,
  ...placed,
  text,
  blocks: [section(text)],
  ...changes,
});
export const reply = (key: string, text: string, changes: Partial<Reply> = {}): Reply => ({
  kind: "reply",
  key,
  ...placed,
  text,
  blocks: [section(text)],
  ...changes,
});
export const file = (key: string, changes: Partial<Attachment> = {}): Attachment => ({
  kind: "file",
  key,
  ...placed,
  name: `${key}.pem`,
  content: "PEM",
  ...changes,
});

export class OutboxStage {
  readonly clock = new ManualClock();
  readonly slack = new ScriptedSlack(this.clock);
  readonly receipts = new MemoryReceipts();
  outbox: Outbox;
  readonly #options: Partial<OutboxOptions>;

  constructor(options: Partial<OutboxOptions> = {}) {
    this.#options = options;
    this.outbox = this.#open();
  }

  #open(): Outbox {
    const outbox = createOutbox({
      slack: this.slack,
      receipts: this.receipts,
      notices: (_, missing) => undelivered(HOME, missing, (channel) => channel),
      workspaceUrl: "https://example.slack.com/",
      pace: PACE,
      log: pino({ level: process.env["FLORIST_TEST_LOG"] ?? "silent" }),
      clock: this.clock,
      ...this.#options,
    });
    outbox.start();
    return outbox;
  }

  want(id: FederationId, messages: readonly DesiredMessage[], ended = false): void {
    this.outbox.want(id, messages, { ended });
  }

  /** Everything that can be sent has been sent. */
  idle(): Promise<void> {
    return this.clock.until(this.outbox.idle());
  }

  async delivers(id: FederationId, messages: readonly DesiredMessage[], ended = false): Promise<void> {
    this.want(id, messages, ended);
    await this.idle();
  }

  /** The process ends and another one begins, which wants nothing yet. */
  async restart(): Promise<void> {
    await this.clock.until(this.outbox.stop());
    this.outbox = this.#open();
  }
}
