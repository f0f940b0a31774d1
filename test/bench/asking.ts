/** Asks a process that answers by `answerCosts` what it costs. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import type { Costs, Question } from "./probe.ts";

const costs = z.strictObject({ cpu: z.number(), memory: z.number(), waited: z.number(), block: z.number() });

export async function ask(child: ChildProcess, asked: Question): Promise<Costs> {
  const answered = once(child, "message", { signal: AbortSignal.timeout(60_000) });
  child.send(asked);
  const [answer] = await answered;
  return costs.parse(answer);
}
