/**
 * What a process costs, as it says itself: asked over the channel to whoever started it. It loads no package, which would
 * count as its process's own.
 */
import { existsSync, readFileSync } from "node:fs";
import { getHeapCodeStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface Costs {
  /** CPU time since the process began, user and system, in milliseconds. */
  readonly cpu: number;
  /** Resident memory in MB. */
  readonly memory: number;
  /** How long, in milliseconds, its main thread was ready to run while others had the cores; 0 where nobody says. */
  readonly waited: number;
  /** The longest time, in milliseconds, that one piece of work kept the event loop since the watch began. */
  readonly block: number;
}

/** What a process can be asked. `settled`: its memory after unused memory was given back, which blocks it a moment. */
export type Question = "costs" | "settled" | "watch";

/** Milliseconds between two looks at the clock. */
const EVERY = 5;

/** Linux: nanoseconds that the main thread has run, has waited for a core, and how often it was let run. */
const SCHEDULING = "/proc/self/schedstat";
const tellsScheduling = existsSync(SCHEDULING);

interface Moment {
  /** Milliseconds each, from beginnings of their own. */
  readonly clock: number;
  readonly computed: number;
  readonly waited: number;
}

function moment(): Moment {
  const clock = performance.now();
  if (!tellsScheduling) return { clock, computed: clock, waited: 0 };
  const [ran, waited] = readFileSync(SCHEDULING, "utf8").split(" ");
  return { clock, computed: Number(ran) / 1e6, waited: Number(waited) / 1e6 };
}

/**
 * For how long this process's event loop was kept at most by something that computes. Time in which other processes had
 * the cores is not this one's doing, so it counts only where the system does not tell it.
 */
export class LoopWatch {
  #timer: NodeJS.Timeout | undefined;
  #last = moment();
  #longest = 0;

  start(): void {
    clearInterval(this.#timer);
    this.#longest = 0;
    this.#last = moment();
    this.#timer = setInterval(() => this.#look(), EVERY);
    this.#timer.unref();
  }

  /** Ends the watch. Milliseconds. */
  stop(): number {
    if (this.#timer === undefined) return 0;
    this.#look();
    clearInterval(this.#timer);
    this.#timer = undefined;
    return this.#longest;
  }

  #look(): void {
    const now = moment();
    const late = now.clock - this.#last.clock - EVERY;
    const kept = Math.min(late, now.computed - this.#last.computed);
    this.#longest = Math.max(this.#longest, kept);
    this.#last = now;
  }
}

/** CPU time of this process so far, in milliseconds. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function residentMemory(): number {
  return process.memoryUsage().rss / 2 ** 20;
}

/** Resident memory of this process in MB, after unused memory was given back. */
function settledMemory(): number {
  collectGarbage();
  return residentMemory();
}

/** Work during which nothing is compiled for speed: such code would count as memory that is held. */
export async function uncompiled<T>(work: () => Promise<T>): Promise<T> {
  const compilers = ["opt", "sparkplug"];
  for (const compiler of compilers) setFlagsFromString(`--no-${compiler}`);
  try {
    return await work();
  } finally {
    for (const compiler of compilers) setFlagsFromString(`--${compiler}`);
  }
}

/** Bytes that this process holds on to, without the code that was compiled: that comes and goes as it likes. */
export function heldMemory(): number {
  // What a collection lets go of may hold other things, and code that has not run lately goes after several.
  for (let time = 0; time < 12; time += 1) collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const { code_and_metadata_size: compiled, bytecode_and_metadata_size: interpreted } = getHeapCodeStatistics();
  return heapUsed + external - compiled - interpreted;
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}

/** From now on this process says what it costs whenever it is asked. `loop`: a watch that may have begun. */
export function answerCosts(loop = new LoopWatch()): void {
  process.on("message", (asked: Question) => {
    const cpu = cpuTime();
    const block = loop.stop();
    if (asked === "watch") loop.start();
    const { waited } = moment();
    const memory = asked === "settled" ? settledMemory() : residentMemory();
    process.send?.({ cpu, memory, waited, block } satisfies Costs);
  });
  // Asking keeps nobody alive.
  process.channel?.unref();
}
