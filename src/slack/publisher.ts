/**
 * Hands what each federation wants said to the outbox: of those that changed, one in a turn of the loop, so that clicks
 * are answered in between.
 */
import type { Directory } from "../federation/deciding/visibility.ts";
import type { FederationId } from "../federation/model/identity.ts";
import { type Federation, isSettled } from "../federation/model/state.ts";
import type { Federations, Log } from "../federation/ports.ts";
import type { Outbox } from "./outbox/outbox.ts";
import { isSeen, messagesOf } from "./projection/projection.ts";
import { type OutdatedEntry, renumberedNotices } from "./projection/renumbered.ts";

export interface Publisher {
  start(): void;
  /** Something has changed that every federation may have to say. */
  publishAll(): void;
  /** Slack has refused the `plan` block: every card is wanted without it. */
  withoutPlanBlock(): void;
  /** Everything about an ended federation stands in Slack. */
  told(id: FederationId): void;
  /** As soon as everything that changed has been handed over. */
  idle(): Promise<void>;
  stop(): void;
}

interface PublisherOptions {
  readonly federations: Federations;
  readonly outbox: Pick<Outbox, "want" | "forget">;
  readonly directory: Directory;
  /** What the zones file says of channels and is so no more. */
  readonly outdated: () => readonly OutdatedEntry[];
  readonly log: Log;
}

/** Ended federations that are looked through at a time after a start: each is in memory until all about it is said. */
const ENDED_AT_A_TIME = 10;

export function createPublisher({ federations, outbox, directory, outdated, log }: PublisherOptions): Publisher {
  /** In the order in which they changed. */
  const changed = new Set<FederationId>();
  const waiting = new Set<() => void>();
  let planBlock = true;
  let phase: "new" | "running" | "stopped" = "new";
  let isScheduled = false;
  /** Ended ones whose last words a former life of the bot may have left unsaid. */
  const untold = new Set<FederationId>();
  const beingTold = new Set<FederationId>();
  let loading = 0;

  function publish(federation: Federation): void {
    try {
      const notices = renumberedNotices(federation, outdated(), directory);
      const messages = [...messagesOf(federation, { directory, planBlock }), ...notices];
      outbox.want(federation.id, messages, { ended: federation.ended !== null });
    } catch (error) {
      log.error({ err: error, federation: federation.id }, "What a federation is to say could not be made.");
    }
    // Nothing happens to it any more: it leaves memory once this stands.
    if (isSettled(federation)) outbox.forget(federation.id);
  }

  function next(): void {
    isScheduled = false;
    const [id] = changed;
    if (id === undefined || phase !== "running") {
      settle();
      return;
    }
    changed.delete(id);
    const federation = federations.get(id);
    if (federation !== undefined) publish(federation);
    schedule();
  }

  function schedule(): void {
    if (isScheduled || phase !== "running") return;
    isScheduled = true;
    setImmediate(next);
  }

  function tellEnded(): void {
    for (const id of untold) {
      if (beingTold.size >= ENDED_AT_A_TIME || phase !== "running") return;
      untold.delete(id);
      beingTold.add(id);
      void tellOne(id);
    }
  }

  async function tellOne(id: FederationId): Promise<void> {
    loading += 1;
    try {
      const federation = await federations.load(id);
      if (federation === undefined) beingTold.delete(id);
      else if (phase === "running") publish(federation);
    } catch (error) {
      beingTold.delete(id);
      log.error({ err: error, federation: id }, "What an ended federation had left to say could not be read.");
    }
    loading -= 1;
    tellEnded();
    schedule();
  }

  function settle(): void {
    if (loading > 0 && phase === "running") return;
    for (const resolve of waiting) resolve();
    waiting.clear();
  }

  function publishAll(): void {
    for (const { id } of federations.living()) changed.add(id);
    schedule();
  }

  federations.onChange((after, before, recorded) => {
    if (before !== null && !recorded.some(({ event }) => isSeen(event)) && !isSettled(after)) return;
    if (isSettled(after)) {
      // From now on it is to be found on disk only.
      changed.delete(after.id);
      publish(after);
      return;
    }
    changed.add(after.id);
    schedule();
  });

  return {
    start: () => {
      phase = "running";
      for (const id of federations.untold()) untold.add(id);
      tellEnded();
      publishAll();
    },
    told: (id) => {
      beingTold.delete(id);
      federations.markTold(id);
      tellEnded();
    },
    publishAll,
    withoutPlanBlock: () => {
      planBlock = false;
      publishAll();
    },
    idle: () =>
      changed.size === 0 && !isScheduled && loading === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.add(resolve);
            schedule();
          }),
    stop: () => {
      phase = "stopped";
      settle();
    },
  };
}
