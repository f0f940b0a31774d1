/** A run of Flower that somebody starts on the page, round by round as it goes. There is one at a time. */
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import type { ShownTraining } from "./protocol.ts";

interface VmAddress {
  readonly zone: string;
  readonly vmId: number;
}

/** A run that Flower has taken. */
export interface StartedRun {
  /** Rounds as they end. @throws Error after so many milliseconds */
  rounds(deadlineMs: number): AsyncIterable<{
    readonly round: number;
    readonly nodes: readonly string[];
    readonly loss: number | null;
  }>;
  /** Flower's word for how it ended. @throws Error after so many milliseconds */
  ended(deadlineMs: number): Promise<string>;
}

/** Starts a run of so many rounds, each of which waits for so many SuperNodes, on a SuperLink's VM. */
export type StartRun = (superlink: VmAddress, wish: { rounds: number; nodes: number }) => Promise<StartedRun>;

export const ROUNDS = 10;
const PATIENCE_MS = 600_000;
const COMPLETED = "finished:completed";

export interface TrainingOptions {
  /** What the SuperLink's VM says of the SuperNodes that it sees. */
  readonly nodesSeen: (superlink: VmAddress) => Promise<unknown>;
  /** null: the guests cannot train. */
  readonly start: StartRun | null;
  readonly show: (training: ShownTraining) => void;
}

export class Training {
  readonly #options: TrainingOptions;
  #isUnderWay = false;

  constructor(options: TrainingOptions) {
    this.#options = options;
  }

  /** Resolves when Flower has taken the run. @throws Error with a sentence when it cannot be started now */
  async begin(superlink: VmAddress): Promise<void> {
    const { start, show } = this.#options;
    if (start === null) throw new Error("Quick guests do not train: start the sandbox with --real.");
    if (this.#isUnderWay) throw new Error("A run is under way. Wait until it has ended.");
    this.#isUnderWay = true;
    try {
      const nodes = await this.#online(superlink);
      if (nodes === 0) throw new Error("The SuperLink sees no SuperNode that is online, so a run would wait for ever.");
      const shown: ShownTraining = { ...superlink, state: "starting", of: ROUNDS, rounds: [], why: "" };
      show(shown);
      const run = await start(superlink, { rounds: ROUNDS, nodes }).catch((error: unknown) => {
        show({ ...shown, state: "failed", why: sentenceOf(error) });
        throw error;
      });
      void this.#follow(run, { ...shown, state: "running" });
    } catch (error) {
      this.#isUnderWay = false;
      throw error;
    }
  }

  async #follow(run: StartedRun, shown: ShownTraining): Promise<void> {
    const { show } = this.#options;
    let now = shown;
    show(now);
    try {
      for await (const { round, nodes, loss } of run.rounds(PATIENCE_MS)) {
        now = { ...now, rounds: [...now.rounds, { round, nodes: nodes.length, loss }].slice(-ROUNDS) };
        show(now);
        if (round >= ROUNDS) break;
      }
      const how = await run.ended(PATIENCE_MS);
      show(
        how === COMPLETED ? { ...now, state: "completed" } : { ...now, state: "failed", why: `Flower says ${how}.` },
      );
    } catch (error) {
      show({ ...now, state: "failed", why: sentenceOf(error) });
    } finally {
      this.#isUnderWay = false;
    }
  }

  /** How many SuperNodes the SuperLink says are online. */
  async #online(superlink: VmAddress): Promise<number> {
    const said = await this.#options.nodesSeen(superlink);
    const list = decodeNodeList(typeof said === "string" ? said : "");
    return list.ok ? list.value.filter(({ status }) => status === "online").length : 0;
  }
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300);
