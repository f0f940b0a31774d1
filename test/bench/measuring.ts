/** How a group of figures is measured: in a process of its own, beside one that does nothing. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { startProgram } from "../../sandbox/program.ts";
import { ask } from "./asking.ts";
import { atMost, type Figure, figure } from "./figures.ts";
import { LoopWatch } from "./probe.ts";

/** Milliseconds: nothing may keep the event loop for longer. */
export const LONGEST_BLOCK = 50;

export const measured = z.array(figure).readonly();

export interface Measuring {
  /** Smaller counts, to try the program. */
  readonly quick: boolean;
  /** Does the work and adds how long it kept this process's event loop at most. */
  readonly watched: <T>(subject: string, work: () => Promise<T>) => Promise<T>;
}

/** Measures and tells whoever started this process. */
export async function measure(work: (measuring: Measuring) => Promise<readonly Figure[]>): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
  const bystander = await startProgram({ entry: "test/bench/bystander.js", args: [], ready: z.object({}) });
  const loop = new LoopWatch();
  const blocks: Figure[] = [];
  const watched: Measuring["watched"] = async (subject, inner) => {
    await ask(bystander.child, "watch");
    loop.start();
    const result = await inner();
    const value = loop.stop();
    const { block } = await ask(bystander.child, "costs");
    blocks.push({
      subject: `${subject}: longest block of the event loop`,
      value,
      unit: "ms",
      peer: { name: "in an idle process", value: block },
      targets: [atMost(LONGEST_BLOCK)],
    });
    return result;
  };
  try {
    const figures = await work({ quick: values.quick, watched });
    process.send?.([...figures, ...blocks]);
  } finally {
    await bystander.stop();
  }
}
