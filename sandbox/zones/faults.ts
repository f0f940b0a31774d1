import { z } from "zod";
import type { Answer, Request } from "./daemon.ts";

export const FAULT_KINDS = ["hang", "refuse", "slow", "rubbish", "page", "lost-answer"] as const;

/**
 * What can go wrong on the way to a front-end, for the next `times` calls (all, without it) of an operation.
 * An operation is an XML-RPC method (`one.vm.info`) or `oneflow.service.instantiate` and the like; `*` at the end matches any rest.
 */
export const fault = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("hang") }),
    z.object({ kind: z.literal("refuse") }),
    z.object({ kind: z.literal("slow"), ms: z.number().nonnegative() }),
    z.object({ kind: z.literal("rubbish") }),
    /** Something before the daemon answers in its place, with these words; `effect`: after the daemon has done it. */
    z.object({
      kind: z.literal("page"),
      status: z.number().int().min(200).max(599),
      body: z.string().default("<html><body><h1>Gateway Time-out</h1></body></html>"),
      effect: z.boolean().default(false),
    }),
    /** The effect happens, after `delayMs` if that is given, and the answer never comes. Both times are real milliseconds. */
    z.object({ kind: z.literal("lost-answer"), delayMs: z.number().nonnegative().default(0) }),
  ])
  .and(z.object({ operation: z.string().default("*"), times: z.number().int().positive().optional() }));

export type Fault = z.infer<typeof fault>;

export class Faults {
  #planned: { fault: Fault; left: number }[] = [];

  plan(wish: Fault): void {
    this.#planned.push({ fault: wish, left: wish.times ?? Number.POSITIVE_INFINITY });
  }

  /** Of one kind, or all of them. */
  clear(kind?: Fault["kind"]): void {
    this.#planned = kind === undefined ? [] : this.#planned.filter(({ fault }) => fault.kind !== kind);
  }

  get planned(): readonly Fault[] {
    return this.#planned.map(({ fault }) => fault);
  }

  /** The first that fits; it is used up by one. */
  take(operation: string): Fault | undefined {
    const found = this.#planned.find(({ fault: { operation: pattern } }) => matches(pattern, operation));
    if (found === undefined) return undefined;
    found.left -= 1;
    this.#planned = this.#planned.filter(({ left }) => left > 0);
    return found.fault;
  }
}

function matches(pattern: string, operation: string): boolean {
  return pattern.endsWith("*") ? operation.startsWith(pattern.slice(0, -1)) : operation === pattern;
}

/** Answers as the fault has it; undefined cuts the connection. */
export async function answerWithFault(
  wish: Fault | undefined,
  request: Request,
  answer: (request: Request) => Promise<Answer>,
): Promise<Answer | undefined> {
  switch (wish?.kind) {
    case undefined:
      return answer(request);
    case "hang":
      return new Promise(() => {});
    case "refuse":
      return undefined;
    case "slow":
      await realTime(wish.ms);
      return answer(request);
    case "rubbish":
      return {
        status: 200,
        headers: { "Content-Type": "text/html" },
        body: "<html><body><h1>It works!</h1><p>This is a proxy's page, not an answer.",
      };
    case "page":
      if (wish.effect) await answer(request);
      return { status: wish.status, headers: { "Content-Type": "text/html", Connection: "close" }, body: wish.body };
    case "lost-answer":
      if (wish.delayMs === 0) await answer(request);
      else void realTime(wish.delayMs).then(() => answer(request));
      return undefined;
  }
}

function realTime(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
