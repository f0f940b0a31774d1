/**
 * One federation: what is wanted, what is known to stand in Slack, and what is open between the two. Knows neither
 * Slack nor time nor the disk; changes of the receipts are answered as writes.
 */

import type { ChannelId, FederationId } from "../../federation/model/identity.ts";
import type { ChannelIds, GivenUp, Receipt, ReceiptBook } from "../../federation/ports.ts";
import type { Card, DesiredMessage } from "../message.ts";
import { dependsOnChannel } from "../refusals.ts";
import { Attempts } from "./attempts.ts";
import { linkedKeys, permalink, type Shown, withLinks } from "./links.ts";
import { copyKey, copyOf, isLeftover, movedKey, originalKey, pointerTo } from "./moved.ts";
import type { Standing } from "./pace.ts";
import type { Step } from "./step.ts";
import { surplusOf } from "./surplus.ts";
import { comesAfter, type Source, type Wanted, Wishes } from "./wishes.ts";

export type Write =
  | { readonly key: string; readonly entry: Receipt | GivenUp }
  | { readonly key: string; readonly entry: "dropped" };

/** What is open, and from when on it may be done. */
export interface Open {
  readonly step: Step;
  readonly due: number;
}

export interface BookOptions {
  readonly federation: FederationId;
  readonly standing: ReceiptBook;
  readonly channels: Pick<ChannelIds, "first" | "newest">;
  readonly workspaceUrl: string;
  /** Milliseconds that a card rests after it was posted or rewritten. */
  readonly coalescing: number;
  /** Milliseconds that a reply waits for what it links to. */
  readonly linkPatience: number;
}

/** Threads do not nest in Slack; ours are two deep. */
const DEEPEST_THREAD = 4;

export class Book {
  readonly federation: FederationId;
  readonly attempts = new Attempts();
  standing: Standing = "living";
  readonly #options: BookOptions;
  readonly #wishes = new Wishes();
  readonly #posted: Map<string, Receipt>;
  /** Keys of copies that are to become pointers. */
  readonly #left: Set<string>;
  readonly #givenUp: Map<string, GivenUp>;
  readonly #shownAt = new Map<string, number>();
  /** Channels in which a card that stands elsewhere was looked for in vain, by its key. */
  readonly #notThere = new Map<string, ChannelId>();

  constructor(options: BookOptions) {
    this.federation = options.federation;
    this.#options = options;
    this.#posted = new Map(
      [...options.standing.posted].map(([key, receipt]) => [
        key,
        { ...receipt, channel: options.channels.first(receipt.channel) },
      ]),
    );
    this.#left = new Set([...this.#posted.keys()].filter(isLeftover));
    this.#givenUp = new Map(
      [...options.standing.givenUp].filter(([key, { content }]) => this.#posted.get(key)?.content !== content),
    );
  }

  /** Takes over what a source wants now; the keys about which something has changed. */
  want(source: Source, messages: readonly DesiredMessage[], now: number): ReadonlySet<string> {
    const { changed, removed } = this.#wishes.take(source, messages, now);
    for (const key of removed) this.#finish(key);
    return changed;
  }

  #finish(key: string): void {
    this.#shownAt.delete(key);
    this.attempts.finish(key);
  }

  wanted(key: string): Wanted | undefined {
    return this.#wishes.get(key);
  }

  isPosted(key: string): boolean {
    return this.#posted.has(key);
  }

  /** Keys of what waits for this one, or links to it. */
  dependentsOf(key: string): readonly string[] {
    return this.#wishes.dependentsOf(key);
  }

  /** What is to be done about a message; null when it stands as it should, waits for another one, or was given up. */
  open(key: string): Open | null {
    const wanted = this.#wishes.get(key);
    if (wanted === undefined) return null;
    const shown = withLinks(wanted.message, (linked) => this.addressOf(linked));
    if (this.attempts.isSettled(wanted.message, shown.content)) return null;
    const open = this.#between(wanted, shown);
    return open === null ? null : { ...open, due: Math.max(open.due, this.attempts.dueAt(key)) };
  }

  #between(wanted: Wanted, { message, content }: Shown): Open | null {
    const receipt = this.#posted.get(message.key);
    if (receipt === undefined) return this.#posting(wanted, message, content);
    switch (message.kind) {
      case "reply":
        return null;
      case "file":
        return receipt.ts === "" && receipt.file !== undefined
          ? { step: { kind: "look", message, content, file: receipt.file }, due: 0 }
          : null;
      case "card": {
        if (receipt.channel !== message.channel) return this.#moving(wanted, message, content, receipt);
        if (receipt.content === content) return null;
        const due = (this.#shownAt.get(message.key) ?? Number.NEGATIVE_INFINITY) + this.#options.coalescing;
        return { step: { kind: "rewrite", message, content, receipt }, due };
      }
    }
  }

  /** Perhaps it is the same channel by another id, and the card stands there already: asked once, by rewriting it. */
  #moving(wanted: Wanted, message: Card, content: string, receipt: Receipt): Open | null {
    const { key, channel } = message;
    if (this.#notThere.get(key) === channel) return this.#posting(wanted, message, content);
    return { step: { kind: "rewrite", message, content, receipt: { ...receipt, channel } }, due: 0 };
  }

  #posting(wanted: Wanted, message: DesiredMessage, content: string): Open | null {
    if (wanted.source === "pointer") return null;
    const first = comesAfter(message);
    if (first !== null && this.#isStillToStand(first)) return null;
    const threadTs = this.#threadOf(message);
    if (threadTs === undefined) return null;
    if (message.kind === "file") return { step: { kind: "upload", message, content, threadTs }, due: 0 };
    const waits = message.kind === "reply" && linkedKeys(wanted.message).some((key) => this.#isOnItsWay(key));
    const due = waits ? wanted.since + this.#options.linkPatience : 0;
    return { step: { kind: "post", message, content, threadTs }, due };
  }

  /** A content that Slack refuses, wherever it is posted, holds nobody up. */
  #isStillToStand(key: string): boolean {
    if (this.#wishes.get(key) === undefined || this.#posted.has(key)) return false;
    const givenUp = this.#givenUp.get(key);
    return givenUp === undefined || dependsOnChannel(givenUp.because);
  }

  /** The timestamp of the thread's first message; null for none, undefined when it does not stand in this channel yet. */
  #threadOf({ thread, channel }: DesiredMessage): string | null | undefined {
    let [key, ts]: [string | null, string | null] = [thread, null];
    for (let depth = 0; key !== null && depth < DEEPEST_THREAD; depth += 1) {
      const above: Receipt | undefined = this.#posted.get(key);
      if (above === undefined || above.ts === "" || above.channel !== channel) return ts ?? undefined;
      ts = above.ts;
      key = this.#wishes.get(key)?.message.thread ?? null;
    }
    return ts;
  }

  addressOf(key: string): string | null {
    const receipt = this.#posted.get(key);
    return receipt === undefined || receipt.ts === ""
      ? null
      : permalink(this.#options.workspaceUrl, this.#options.channels.newest(receipt.channel), receipt.ts);
  }

  #isOnItsWay(key: string): boolean {
    return this.#wishes.get(key) !== undefined && this.addressOf(key) === null && !this.#givenUp.has(key);
  }

  posted({ message, content }: Step & { kind: "post" }, ts: string, now: number): readonly Write[] {
    const { key, channel } = message;
    const before = this.#posted.get(key);
    const left = before === undefined || before.channel === channel ? [] : this.#leave(key, before);
    this.#shownAt.set(key, now);
    return [...left, this.#stands(key, { channel, ts, content })];
  }

  /** The copy in the other channel is remembered until it has become a pointer. */
  #leave(key: string, before: Receipt): readonly Write[] {
    const left = movedKey(before.channel, key);
    this.#posted.set(left, before);
    this.#left.add(left);
    return [{ key: left, entry: before }];
  }

  /**
   * Somebody used a button of a message: when no receipt knows it and a card in that channel bears the same button, it
   * is a copy of that card, whose posting Slack did and did not answer.
   */
  used(channel: ChannelId, ts: string, value: string): readonly Write[] {
    const all = [...this.#posted];
    if (all.some(([, receipt]) => receipt.channel === channel && receipt.ts === ts)) return [];
    const original = all.find(([key, receipt]) => receipt.channel === channel && this.#bears(key, value));
    if (original === undefined) return [];
    const key = copyKey(ts, original[0]);
    const copy: Receipt = { channel, ts, content: "" };
    this.#posted.set(key, copy);
    this.#left.add(key);
    return [{ key, entry: copy }];
  }

  #bears(key: string, value: string): boolean {
    const message = this.#wishes.get(key)?.message;
    return message?.kind === "card" && JSON.stringify(message.blocks).includes(`"value":${JSON.stringify(value)}`);
  }

  rewritten({ message, content, receipt }: Step & { kind: "rewrite" }, now: number): readonly Write[] {
    const { key } = message;
    if (this.#wishes.get(key)?.source === "pointer") return this.#forget(key);
    this.#shownAt.set(key, now);
    return [this.#stands(key, { ...receipt, content })];
  }

  uploaded({ message, content }: Step & { kind: "upload" }, file: string): readonly Write[] {
    return [this.#stands(message.key, { channel: message.channel, ts: "", content, file })];
  }

  shared({ message, content, file }: Step & { kind: "look" }, ts: string): readonly Write[] {
    return [this.#stands(message.key, { channel: message.channel, ts, content, file })];
  }

  #stands(key: string, receipt: Receipt): Write {
    this.#posted.set(key, receipt);
    this.#givenUp.delete(key);
    this.#notThere.delete(key);
    this.attempts.finish(key);
    return { key, entry: receipt };
  }

  /** It is not where it was to be rewritten. */
  lost({ message: { key }, receipt }: Step & { kind: "rewrite" }): readonly Write[] {
    if (this.#posted.get(key)?.channel === receipt.channel) return this.#forget(key);
    this.#notThere.set(key, receipt.channel);
    return [];
  }

  /** Somebody deleted it in Slack. What is wanted is posted anew; a pointer is not missed. */
  #forget(key: string): readonly Write[] {
    this.#posted.delete(key);
    this.#left.delete(key);
    const wanted = this.#wishes.get(key);
    if (wanted?.source !== "pointer") return [];
    this.#wishes.remove(key);
    this.#finish(key);
    return [{ key, entry: "dropped" }];
  }

  gaveUp({ message, content }: Step, because: string): readonly Write[] {
    const { key, channel } = message;
    this.attempts.settle(message, content, because);
    const known = this.#givenUp.get(key);
    if (known?.because === because && known.channel === channel && known.content === content) return [];
    const entry = { channel, because, content };
    this.#givenUp.set(key, entry);
    return [{ key, entry }];
  }

  /** What the state wants said and could not be said, by channel and reason. */
  undelivered(): readonly Pick<GivenUp, "channel" | "because">[] {
    const missing = new Map<string, Pick<GivenUp, "channel" | "because">>();
    for (const [key, { channel, because }] of this.#givenUp) {
      const wanted = this.#wishes.get(key);
      if (wanted?.source !== "state" || wanted.message.channel !== channel) continue;
      missing.set(`${channel} ${because}`, { channel, because });
    }
    return [...missing.values()];
  }

  /** What old copies of cards that have moved are to say. */
  pointers(): readonly DesiredMessage[] {
    return [...this.#left].flatMap((key) => {
      const receipt = this.#posted.get(key);
      if (receipt === undefined) return [];
      const original = this.#wishes.get(originalKey(key))?.message;
      if (original === undefined) return [];
      if (key === copyKey(receipt.ts, original.key)) return [copyOf(key, receipt.channel)];
      return [pointerTo(key, receipt.channel, this.#options.channels.newest(original.channel))];
    });
  }

  /** Takes out what is wanted no more and need not be remembered. */
  prune(): readonly Write[] {
    const isWanted = (key: string): boolean => this.#wishes.get(key) !== undefined;
    const surplus = surplusOf(this.#posted, this.#givenUp, isWanted);
    for (const key of surplus) {
      this.#posted.delete(key);
      this.#givenUp.delete(key);
    }
    return surplus.map((key) => ({ key, entry: "dropped" }));
  }
}
