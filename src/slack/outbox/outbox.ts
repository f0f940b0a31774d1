/** Brings Slack to what the state says: posts what is missing, rewrites what has changed, one lane per channel. */
import type { WebClient } from "@slack/web-api";
import type { Logger } from "pino";
import type { FederationEvent } from "../../federation/model/events.ts";
import type { ChannelId, FederationId } from "../../federation/model/identity.ts";
import type { Federation } from "../../federation/model/state.ts";
import type { Federations } from "../../federation/ports.ts";
import { contentHash, type DesiredMessage } from "../message.ts";
import { methodOf, openSteps, type Step } from "./delivery.ts";
import { createMethodPace, type Pace } from "./pace.ts";
import { createSender, type Outcome } from "./sender.ts";

export interface OutboxOptions {
  readonly slack: WebClient;
  readonly federations: Pick<Federations, "all" | "update">;
  readonly messagesOf: (federation: Federation, planBlock: boolean) => readonly DesiredMessage[];
  readonly pace: Pace;
  readonly log: Logger;
}

export interface Outbox {
  /** Everything is looked at once, and what could not be posted earlier is tried once more. */
  start(): void;
  /** The federation has changed; what follows from it is sent soon. */
  wake(federation: Federation): void;
  /** Something about the channel has changed (the bot joined, organisations came or went): try again there. */
  reopen(channel: ChannelId): void;
  /** Ends after what is being sent at the moment. What is left is sent after the next start. */
  stop(): Promise<void>;
}

/** The federation's newest state and what it wants said. */
interface Wish {
  readonly federation: Federation;
  readonly messages: readonly DesiredMessage[];
}

/** One channel's sending. */
interface Lane {
  readonly channel: ChannelId;
  isActive: boolean;
  running: Promise<void>;
  /** Ends a wait early. */
  rouse: () => void;
  /** Milliseconds since the epoch. */
  notBefore: number;
  failures: number;
  lastKind: Step["kind"] | null;
}

interface Chosen {
  readonly federation: FederationId;
  readonly step: Step;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { federations, pace, log } = options;
  const methods = createMethodPace(pace);
  const ending = new AbortController();
  const sender = createSender({ slack: options.slack, methods, pace, log, signal: ending.signal });
  const wishes = new Map<FederationId, Wish>();
  const lanes = new Map<ChannelId, Lane>();
  /** Posted, but the journal has not taken it yet: never to be posted again, only to be recorded. */
  const unrecorded = new Map<string, { federation: FederationId; event: FederationEvent }>();
  const rewrittenAt = new Map<string, number>();
  const uploads = new Map<string, Promise<void>>();
  /** Those given up that are not to be tried again for now. */
  const settled = new Map<string, string>();
  let stopping = false;
  let planBlock = true;

  const nameOf = (federation: FederationId, key: string): string => `${federation} ${key}`;

  const laneOf = (channel: ChannelId): Lane => {
    const known = lanes.get(channel);
    if (known !== undefined) return known;
    const made: Lane = {
      channel,
      isActive: false,
      running: Promise.resolve(),
      rouse: () => {},
      notBefore: 0,
      failures: 0,
      lastKind: null,
    };
    lanes.set(channel, made);
    return made;
  };

  const look = (federation: Federation): void => {
    wishes.set(federation.id, { federation, messages: options.messagesOf(federation, planBlock) });
  };

  const run = (lane: Lane): void => {
    lane.rouse();
    if (stopping || lane.isActive) return;
    lane.isActive = true;
    lane.running = drive(lane).catch((error: unknown) => {
      log.error({ err: error, channel: lane.channel }, "A channel's sending broke off.");
    });
  };

  const wake = (federation: Federation): void => {
    look(federation);
    const messages = wishes.get(federation.id)?.messages ?? [];
    for (const channel of new Set(messages.map((message) => message.channel))) run(laneOf(channel));
  };

  async function drive(lane: Lane): Promise<void> {
    try {
      while (!stopping) {
        const next = choose(lane);
        if (next === null) return;
        if (typeof next === "number") await waitUntil(lane, next);
        else await carryOut(lane, next);
      }
    } finally {
      // In the same turn as the last look, so that no wake falls in between.
      lane.isActive = false;
    }
  }

  /** The next thing to send in the lane, or until when to wait, or null when there is nothing. */
  function choose(lane: Lane): Chosen | number | null {
    const now = Date.now();
    let soonest: number | null = null;
    const ready: Chosen[] = [];
    for (const [federation, step] of openIn(lane.channel)) {
      const due = Math.max(lane.notBefore, methods.restsUntil(methodOf(step)), notBeforeOf(federation, step));
      if (due <= now) ready.push({ federation, step });
      else soonest = Math.min(soonest ?? due, due);
    }
    // Posts and rewritings take turns, so that neither keeps the other from being seen.
    return ready.find(({ step }) => step.kind !== lane.lastKind) ?? ready[0] ?? soonest;
  }

  function* openIn(channel: ChannelId): Generator<readonly [FederationId, Step]> {
    for (const [id, { federation, messages }] of wishes) {
      const steps = openSteps(federation, messages, channel, (key) => isReopened(id, messages, key));
      for (const step of steps) if (!uploads.has(nameOf(id, step.message.key))) yield [id, step];
    }
  }

  /** A message that was given up is tried again after a restart, a change in the channel, or when others may read it. */
  function isReopened(id: FederationId, messages: readonly DesiredMessage[], key: string): boolean {
    const message = messages.find((candidate) => candidate.key === key);
    return message !== undefined && settled.get(nameOf(id, key)) !== circumstances(message);
  }

  function notBeforeOf(federation: FederationId, step: Step): number {
    if (step.kind !== "update") return 0;
    return (rewrittenAt.get(nameOf(federation, step.message.key)) ?? 0) + pace.coalescing;
  }

  async function carryOut(lane: Lane, { federation, step }: Chosen): Promise<void> {
    const name = nameOf(federation, step.message.key);
    lane.lastKind = step.kind;
    lane.notBefore = Date.now() + pace.perChannel;
    const pending = unrecorded.get(name);
    if (pending !== undefined) return record(lane, name, pending.event, federation);
    if (step.kind === "upload") {
      uploads.set(name, upload(lane, name, federation, step));
      return;
    }
    await conclude(lane, name, federation, step, await sender.send(step));
  }

  async function upload(lane: Lane, name: string, federation: FederationId, step: Step): Promise<void> {
    try {
      await conclude(lane, name, federation, step, await sender.send(step));
    } catch (error) {
      log.error({ err: error, federation, key: step.message.key }, "A file could not be handed to Slack.");
    } finally {
      uploads.delete(name);
      run(lane);
    }
  }

  async function conclude(
    lane: Lane,
    name: string,
    federation: FederationId,
    step: Step,
    outcome: Outcome,
  ): Promise<void> {
    const { key, channel } = step.message;
    switch (outcome.kind) {
      case "posted":
        rewrittenAt.set(name, Date.now());
        lane.failures = 0;
        await record(
          lane,
          name,
          { type: "message-posted", key, channel, ts: outcome.ts, content: contentHash(step.message) },
          federation,
        );
        return;
      case "rewritten":
        rewrittenAt.set(name, Date.now());
        lane.failures = 0;
        await record(lane, name, { type: "message-updated", key, content: contentHash(step.message) }, federation);
        return;
      case "given-up": {
        settled.set(name, circumstances(step.message));
        log.warn({ federation, key, channel, because: outcome.because }, "A message was given up.");
        const known = wishes.get(federation)?.federation.givenUp.get(key);
        if (known !== outcome.because) {
          await record(lane, name, { type: "message-given-up", key, channel, because: outcome.because }, federation);
        }
        return;
      }
      case "plan-refused":
        planBlock = false;
        log.info("This workspace refuses Slack's plan block; federation cards use sections instead.");
        for (const wish of [...wishes.values()]) wake(wish.federation);
        return;
      case "later":
        if (outcome.failed) postpone(lane, outcome.because);
        return;
    }
  }

  async function record(lane: Lane, name: string, event: FederationEvent, federation: FederationId): Promise<void> {
    unrecorded.set(name, { federation, event });
    try {
      await federations.update(federation, () => ({ ok: true, events: [event] }));
      unrecorded.delete(name);
    } catch (error) {
      log.error({ err: error, federation }, "The journal did not take that a message was sent.");
      postpone(lane, "journal");
    }
  }

  function postpone(lane: Lane, because: string): void {
    lane.failures += 1;
    const wait = Math.min(pace.longestRetry, pace.retry * 2 ** Math.min(lane.failures - 1, 20));
    lane.notBefore = Date.now() + wait;
    log.warn({ channel: lane.channel, because, waitMs: wait }, "Slack was not reached; the channel's messages wait.");
  }

  function waitUntil(lane: Lane, until: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, until - Date.now()));
      lane.rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    start: () => {
      for (const federation of federations.all()) wake(federation);
    },
    wake,
    reopen: (channel) => {
      for (const [id, { messages }] of wishes) {
        for (const message of messages) if (message.channel === channel) settled.delete(nameOf(id, message.key));
      }
      run(laneOf(channel));
    },
    stop: async () => {
      stopping = true;
      ending.abort();
      for (const lane of lanes.values()) lane.rouse();
      await Promise.allSettled([...[...lanes.values()].map(({ running }) => running), ...uploads.values()]);
      await methods.stop();
    },
  };
}

/** What a refusal depended on beside the channel: while it is the same, asking again would bring the same answer. */
const circumstances = (message: DesiredMessage): string => (message.audience ?? []).join(" ");
