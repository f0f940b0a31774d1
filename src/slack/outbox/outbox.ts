/**
 * Brings Slack to what is wanted: posts what is missing, rewrites what has changed. Knows of federations only what they
 * want said; what stands where is in the receipts.
 */
import type { WebClient } from "@slack/web-api";
import type { ChannelId, FederationId } from "../../federation/model/identity.ts";
import type { ChannelIds, Log, ReceiptBook, Receipts } from "../../federation/ports.ts";
import { Availability } from "../availability.ts";
import type { DesiredMessage } from "../message.ts";
import { Book } from "./book.ts";
import { type Clock, monotonicClock } from "./clock.ts";
import { Delivery } from "./delivery.ts";
import { Loader } from "./loader.ts";
import type { Pace } from "./pace.ts";
import { Recorder } from "./recorder.ts";

/** What could not be posted in a channel and why; null: what could not be posted there is there now. */
export interface Undelivered {
  readonly channel: ChannelId;
  readonly because: string | null;
}

export interface OutboxOptions {
  readonly slack: WebClient;
  readonly receipts: Receipts;
  /** What people are to read about what could not be posted: a card for each channel that is named. */
  readonly notices: (federation: FederationId, undelivered: readonly Undelivered[]) => readonly DesiredMessage[];
  /** By which id channels go inside, and which Slack knows them by. */
  readonly channels?: Pick<ChannelIds, "first" | "newest">;
  /** Such as `https://example.slack.com/`: where links between messages lead. */
  readonly workspaceUrl: string;
  readonly pace: Pace;
  readonly log: Log;
  readonly clock?: Clock;
  /** Told when Slack does not answer, and when it does again. */
  readonly availability?: Availability;
  /** Milliseconds after which a call to Slack counts as unanswered. */
  readonly deadline?: number;
  /** A message of the federation was sent, or given up. */
  readonly onConcluded?: (federation: FederationId) => void;
  /** A federation of which nothing more is wanted has been told: all is sent and recorded, or given up. */
  readonly onTold?: (federation: FederationId) => void;
  /** This workspace refuses Slack's `plan` block: messages are to be wanted without it. Called once. */
  readonly onPlanRefused?: () => void;
}

export interface Outbox {
  /**
   * All that a federation wants to stand in Slack, in the order in which it is to appear; what was listed before and is
   * not any more is left as it stands. `ended`: living federations go first.
   */
  want(federation: FederationId, messages: readonly DesiredMessage[], options: { readonly ended: boolean }): void;
  /** Nothing more will be wanted: once all is sent, the federation leaves memory. Its receipts stay. */
  forget(federation: FederationId): void;
  /** Somebody used a button of a message of the federation. A copy that nobody knows of becomes a pointer to the card. */
  used(
    federation: FederationId,
    button: { readonly channel: ChannelId; readonly ts: string; readonly value: string },
  ): void;
  /** Where a message of the federation stands in Slack; null when it does not, or nothing is known of the federation. */
  addressOf(federation: FederationId, key: string): string | null;
  /** Something about the channel has changed (the bot joined, organisations came or went): try again there. */
  reopen(channel: ChannelId): void;
  /** Messages that wait for their turn. */
  backlog(): number;
  start(): void;
  /** Ends after what is being sent at the moment. What is left is sent after the next start. */
  stop(): Promise<void>;
  /** As soon as nothing is left to be sent or recorded but what was given up, or the outbox has stopped. */
  idle(): Promise<void>;
}

interface Wish {
  readonly messages: readonly DesiredMessage[];
  readonly ended: boolean;
}

/** What is known of one federation. */
interface Shelf {
  readonly federation: FederationId;
  /** The newest; null once the book has taken it over. */
  wish: Wish | null;
  /** null until its receipts are read. */
  book: Book | null;
  isForgotten: boolean;
  /** Channels about which people were told that something is missing. */
  readonly told: Set<ChannelId>;
}

const UNCHANGED: Pick<ChannelIds, "first" | "newest"> = { first: (channel) => channel, newest: (channel) => channel };
const CALL_DEADLINE_MS = 30_000;
/** A reply waits for what it links to as long as a channel needs for so many messages. */
const LINK_PATIENCE = 60;

export function createOutbox(options: OutboxOptions): Outbox {
  const { receipts, pace, log, clock = monotonicClock, channels = UNCHANGED } = options;
  const shelves = new Map<FederationId, Shelf>();
  const waiting = new Set<() => void>();
  let phase: "new" | "running" | "stopped" = "new";

  const recorder = new Recorder({ receipts, clock, pace, log, onTaken: settleSoon });
  const delivery = new Delivery({
    slack: options.slack,
    channels,
    recorder,
    pace,
    clock,
    log,
    availability: options.availability ?? new Availability(log),
    deadline: options.deadline ?? CALL_DEADLINE_MS,
    onPlanRefused: () => options.onPlanRefused?.(),
    onConcluded: (book) => {
      const shelf = shelves.get(book.federation);
      if (shelf?.book === book) follow(shelf, book);
      options.onConcluded?.(book.federation);
    },
    onSettled: (book) => settleSoon(book.federation),
  });
  const loader = new Loader({ receipts, clock, pace, log, onRead });

  const shelfOf = (federation: FederationId): Shelf => {
    const known = shelves.get(federation);
    if (known !== undefined) return known;
    const made = { federation, wish: null, book: null, isForgotten: false, told: new Set<ChannelId>() };
    shelves.set(federation, made);
    return made;
  };

  /** Takes over the newest wish, as soon as it is known what stands. */
  function attend(shelf: Shelf): void {
    if (phase !== "running") return;
    if (shelf.book === null) loader.load(shelf.federation);
    else takeOver(shelf, shelf.book);
  }

  function onRead(federation: FederationId, standing: ReceiptBook): void {
    const shelf = shelfOf(federation);
    const linkPatience = LINK_PATIENCE * pace.perChannel;
    const { workspaceUrl } = options;
    const book = new Book({ federation, standing, channels, workspaceUrl, coalescing: pace.coalescing, linkPatience });
    shelf.book = book;
    for (const channel of new Set(shelf.wish?.messages.map((message) => message.channel))) {
      if (standingNotices(book, [channel]).length > 0) shelf.told.add(channel);
    }
    takeOver(shelf, book);
    settleSoon(federation);
  }

  function takeOver(shelf: Shelf, book: Book): void {
    const { wish } = shelf;
    if (wish === null) return;
    shelf.wish = null;
    const standing = wish.ended ? "ended" : "living";
    const isOtherRank = book.standing !== standing;
    book.standing = standing;
    const changed = book.want("state", wish.messages, clock.now());
    delivery.look(book, changed);
    if (isOtherRank) delivery.lookAtAll(book);
    if (changed.size > 0) void recorder.add(book.federation, book.prune());
    follow(shelf, book);
  }

  /** What follows from what was sent or given up: old copies become pointers, and people are told what is missing. */
  function follow(shelf: Shelf, book: Book): void {
    delivery.look(book, book.want("pointer", book.pointers(), clock.now()));
    const missing = book.undelivered();
    for (const { channel } of missing) shelf.told.add(channel);
    if (shelf.told.size === 0) return;
    const closed = new Set(missing.map(({ channel }) => channel));
    const arrived = [...shelf.told].filter((channel) => !closed.has(channel));
    const notices = [...options.notices(book.federation, missing), ...standingNotices(book, arrived)];
    delivery.look(book, book.want("notice", notices, clock.now()));
  }

  /** Where people were told that something is missing, they are to read that it has come. */
  function standingNotices(book: Book, channels: readonly ChannelId[]): readonly DesiredMessage[] {
    const arrived = channels.map((channel) => ({ channel, because: null }));
    return options.notices(book.federation, arrived).filter(({ key }) => book.isPosted(key));
  }

  /** When all that follows from the moment has been begun. */
  function settleSoon(federation: FederationId): void {
    queueMicrotask(() => {
      const shelf = shelves.get(federation);
      if (shelf !== undefined) release(shelf);
      if (isIdle()) for (const resolve of waiting) resolve();
    });
  }

  function release(shelf: Shelf): void {
    const { federation, book, wish, isForgotten } = shelf;
    if (!isForgotten || book === null || wish !== null) return;
    if (delivery.isOpen(book) || recorder.isBehind(federation)) return;
    shelves.delete(federation);
    delivery.forget(book);
    options.onTold?.(federation);
  }

  const isIdle = (): boolean =>
    phase === "stopped" || (phase === "running" && loader.isIdle && delivery.isIdle && recorder.isIdle);

  return {
    want: (federation, messages, { ended }) => {
      const shelf = shelfOf(federation);
      shelf.wish = { messages, ended };
      shelf.isForgotten = false;
      attend(shelf);
    },
    forget: (federation) => {
      const shelf = shelves.get(federation);
      if (shelf === undefined) return;
      shelf.isForgotten = true;
      settleSoon(federation);
    },
    used: (federation, { channel, ts, value }) => {
      const shelf = shelves.get(federation);
      if (shelf === undefined || shelf.book === null || phase !== "running") return;
      const writes = shelf.book.used(channel, ts, value);
      if (writes.length === 0) return;
      log.info({ federation, channel, ts }, "A card was posted twice; the copy becomes a pointer to the other one.");
      void recorder.add(federation, writes);
      follow(shelf, shelf.book);
    },
    addressOf: (federation, key) => shelves.get(federation)?.book?.addressOf(key) ?? null,
    reopen: (channel) => delivery.reopen(channel),
    backlog: () => delivery.backlog,
    start: () => {
      phase = "running";
      for (const shelf of shelves.values()) attend(shelf);
    },
    stop: async () => {
      phase = "stopped";
      loader.stop();
      await delivery.stop();
      await recorder.stop();
      for (const resolve of waiting) resolve();
    },
    idle: () => {
      const { promise, resolve } = deferred();
      if (isIdle()) resolve();
      else waiting.add(resolve);
      return promise.finally(() => waiting.delete(resolve));
    },
  };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
