/** Brings what is open of every federation through the lanes of its channels to Slack, and draws the conclusions. */
import type { WebClient } from "@slack/web-api";
import type { ChannelId } from "../../federation/model/identity.ts";
import type { ChannelIds, Log } from "../../federation/ports.ts";
import type { Availability } from "../availability.ts";
import { isClosedForAll } from "../refusals.ts";
import type { SlackFailure } from "../slack-error.ts";
import type { Book, Open, Write } from "./book.ts";
import { createCall } from "./call.ts";
import type { Clock } from "./clock.ts";
import { Lane } from "./lane.ts";
import { MethodPace, type Pace } from "./pace.ts";
import type { Recorder } from "./recorder.ts";
import { type Outcome, type Sending, send } from "./send.ts";
import { methodsOf, type Step } from "./step.ts";
import { onFailure, onNotShared, type Verdict } from "./verdict.ts";

/** One message about which something is open. */
interface Errand {
  readonly book: Book;
  readonly key: string;
  isBeingSent: boolean;
  /** Takes it out of wherever it waits. */
  leave: () => void;
}

export interface DeliveryOptions {
  readonly slack: WebClient;
  readonly channels: Pick<ChannelIds, "newest">;
  readonly recorder: Recorder;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly availability: Availability;
  readonly log: Log;
  /** Milliseconds after which a call counts as unanswered. */
  readonly deadline: number;
  readonly onPlanRefused: () => void;
  /** Something was sent, or given up. */
  readonly onConcluded: (book: Book) => void;
  /** Nothing of the federation is open any more. */
  readonly onSettled: (book: Book) => void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #methods: MethodPace;
  readonly #sending: Sending;
  readonly #lanes = new Map<ChannelId, Lane<Errand>>();
  readonly #errands = new Map<Book, Map<string, Errand>>();
  readonly #givenUp = new Map<ChannelId, Map<Book, Set<string>>>();
  readonly #underWay = new Set<Promise<void>>();
  #planWasRefused = false;
  #isStopped = false;

  constructor(options: DeliveryOptions) {
    const { slack, channels, pace, clock, deadline, availability, log } = options;
    this.#options = options;
    this.#methods = new MethodPace(pace, clock);
    this.#sending = {
      slack,
      channels,
      call: createCall({ methods: this.#methods, clock, deadline, availability, log }),
    };
  }

  /** Nothing is open, and nothing is on its way. */
  /** Messages that wait for their turn in some channel. */
  get backlog(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.waiting, 0);
  }

  get isIdle(): boolean {
    return this.#errands.size === 0;
  }

  isOpen(book: Book): boolean {
    return this.#errands.has(book);
  }

  /** Something about these messages has changed. */
  look(book: Book, keys: Iterable<string>): void {
    for (const key of keys) this.#look(book, key);
  }

  lookAtAll(book: Book): void {
    this.look(book, [...(this.#errands.get(book)?.keys() ?? [])]);
  }

  /** Whoever may read or write in the channel has changed: what was given up there is tried again. */
  reopen(channel: ChannelId): void {
    const given = this.#givenUp.get(channel);
    this.#givenUp.delete(channel);
    this.#lanes.get(channel)?.reopen();
    for (const [book, keys] of given ?? []) {
      for (const key of keys) book.attempts.reopen(key);
      this.look(book, keys);
    }
  }

  forget(book: Book): void {
    for (const given of this.#givenUp.values()) given.delete(book);
  }

  /** Ends after what is being sent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const lane of this.#lanes.values()) lane.stop();
    for (const errands of this.#errands.values()) for (const { leave } of errands.values()) leave();
    await Promise.all(this.#underWay);
  }

  #look(book: Book, key: string): void {
    const known = this.#errands.get(book)?.get(key);
    if (this.#isStopped || known?.isBeingSent === true) return;
    known?.leave();
    const open = book.open(key);
    if (open === null) this.#remove(book, key);
    else this.#place(known ?? this.#begin(book, key), open);
  }

  #begin(book: Book, key: string): Errand {
    const errand = { book, key, isBeingSent: false, leave: () => {} };
    const errands = this.#errands.get(book) ?? new Map<string, Errand>();
    this.#errands.set(book, errands.set(key, errand));
    return errand;
  }

  #remove(book: Book, key: string): void {
    const errands = this.#errands.get(book);
    errands?.delete(key);
    if (errands?.size !== 0) return;
    this.#errands.delete(book);
    this.#options.onSettled(book);
  }

  #place(errand: Errand, { step, due }: Open): void {
    const now = this.#options.clock.now();
    const free = step.kind === "look" ? Math.max(due, this.#methods.freeAt("files.info", errand.book.standing)) : due;
    if (free > now) this.#wait(errand, free);
    else if (step.kind === "look") void this.#deliver(errand, step);
    else this.#queue(errand, step);
  }

  #queue(errand: Errand, step: Step): void {
    const { book, key } = errand;
    const lane = this.#laneOf(step.message.channel);
    lane.add(errand, {
      federation: book.federation,
      standing: book.standing,
      importance: step.message.importance,
      kind: step.kind === "rewrite" ? "rewrite" : "post",
      order: book.wanted(key)?.order ?? 0,
    });
    errand.leave = () => lane.delete(errand);
  }

  #wait(errand: Errand, until: number): void {
    const { clock } = this.#options;
    errand.leave = clock.after(until - clock.now(), () => this.#look(errand.book, errand.key));
  }

  #laneOf(channel: ChannelId): Lane<Errand> {
    const known = this.#lanes.get(channel);
    if (known !== undefined) return known;
    const { pace, clock } = this.#options;
    const carryOut = (errand: Errand): Promise<void> | null => this.#carryOut(errand);
    const made = new Lane({ channel, pace, clock, methods: this.#methods, carryOut });
    this.#lanes.set(channel, made);
    return made;
  }

  #carryOut(errand: Errand): Promise<void> | null {
    const { book, key } = errand;
    const { clock, recorder } = this.#options;
    const now = clock.now();
    errand.leave = () => {};
    const open = book.open(key);
    if (open === null || open.due > now || open.step.kind === "look") {
      this.#look(book, key);
      return null;
    }
    const { step } = open;
    const closed = this.#laneOf(step.message.channel).closed;
    if (closed !== null && !book.attempts.isRetried(key)) {
      void this.#conclude(errand, step, async () => ({ kind: "given-up", because: closed }));
      return null;
    }
    if (recorder.isBehind(book.federation)) {
      errand.leave = recorder.whenTaken(book.federation, () => this.#look(book, key));
      return null;
    }
    const free = Math.max(...methodsOf(step).map((method) => this.#methods.freeAt(method, book.standing)));
    if (free > now) {
      this.#wait(errand, free);
      return null;
    }
    const delivery = this.#deliver(errand, step);
    // Slack takes its time over files, and nobody need wait for that.
    return step.kind === "upload" ? Promise.resolve() : delivery;
  }

  #deliver(errand: Errand, step: Step): Promise<void> {
    // Counted before anything is awaited: other lanes choose in the same turn.
    for (const method of methodsOf(step)) this.#methods.note(method);
    const isTextOnly = errand.book.attempts.isTextOnly(errand.key, step.content);
    return this.#conclude(errand, step, () => send(this.#sending, step, isTextOnly));
  }

  #conclude(errand: Errand, step: Step, act: () => Promise<Outcome | Verdict>): Promise<void> {
    errand.isBeingSent = true;
    const work = this.#actAndRecord(errand, step, act)
      .catch((error: unknown) => {
        const { log, clock, pace } = this.#options;
        log.error({ err: error, key: errand.key }, "A message could not be handled; it is tried again.");
        errand.book.attempts.postpone(errand.key, clock.now() + pace.longestRetry);
      })
      .finally(() => {
        this.#underWay.delete(work);
        errand.isBeingSent = false;
        errand.leave = () => {};
        this.look(errand.book, [errand.key, ...errand.book.dependentsOf(errand.key)]);
        this.#options.onConcluded(errand.book);
      });
    this.#underWay.add(work);
    return work;
  }

  async #actAndRecord(errand: Errand, step: Step, act: () => Promise<Outcome | Verdict>): Promise<void> {
    const writes = this.#draw(errand, step, await act());
    await this.#options.recorder.add(errand.book.federation, writes);
  }

  /** What follows from an outcome: changes the book, and answers what is to be recorded. */
  #draw(errand: Errand, step: Step, outcome: Outcome | Verdict): readonly Write[] {
    const { book } = errand;
    const { clock } = this.#options;
    switch (outcome.kind) {
      case "posted":
        this.#laneOf(step.message.channel).succeeded();
        return book.posted(outcome.step, outcome.ts, clock.now());
      case "rewritten":
        this.#laneOf(step.message.channel).succeeded();
        return book.rewritten(outcome.step, clock.now());
      case "uploaded":
        this.#laneOf(step.message.channel).succeeded();
        return book.uploaded(outcome.step, outcome.file);
      case "shared":
        return book.shared(outcome.step, outcome.ts);
      case "not-shared-yet":
        return this.#draw(errand, step, onNotShared(step, this.#circumstances(book)));
      case "withheld":
        return this.#giveUp(book, step, outcome.because);
      case "failed":
        return this.#draw(errand, step, this.#verdictOn(book, step, outcome.failure));
      case "given-up":
        return this.#giveUp(book, step, outcome.because);
      case "lost":
        return step.kind === "rewrite" ? book.lost(step) : [];
      case "again":
        if (outcome.wait > 0) book.attempts.postpone(step.message.key, clock.now() + outcome.wait);
        return [];
      case "channel-waits":
        this.#laneOf(step.message.channel).postpone();
        if (outcome.wait > 0) book.attempts.postpone(step.message.key, clock.now() + outcome.wait);
        return [];
      case "plan-refused":
        this.#refusePlans();
        return [];
    }
  }

  #verdictOn(book: Book, step: Step, failure: SlackFailure): Verdict {
    return onFailure(step, failure, this.#circumstances(book));
  }

  #circumstances({ attempts }: Book) {
    return { attempts, pace: this.#options.pace, planWasRefused: this.#planWasRefused };
  }

  #giveUp(book: Book, step: Step, because: string): readonly Write[] {
    const { key, channel } = step.message;
    this.#options.log.warn({ federation: book.federation, key, channel, because }, "A message was given up.");
    if (isClosedForAll(because)) this.#laneOf(channel).closed = because;
    const given = this.#givenUp.get(channel) ?? new Map<Book, Set<string>>();
    this.#givenUp.set(channel, given.set(book, (given.get(book) ?? new Set()).add(key)));
    return book.gaveUp(step, because);
  }

  #refusePlans(): void {
    this.#planWasRefused = true;
    this.#options.log.info({}, "This workspace refuses Slack's plan block; federation cards use sections instead.");
    this.#options.onPlanRefused();
  }
}
