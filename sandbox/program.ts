/** One program of the sandbox as a child process: started, waited for until it serves, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { z } from "zod";

const GRACE_MS = 10_000;

export interface ProgramWish<T> {
  /** Below the folder of the compiled programs, such as `florist.mjs` or `sandbox/zones/main.js`, or an absolute path. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** Where it writes its log; this process's standard error when absent. */
  readonly log?: number;
  /** Form of what follows `ready ` on its standard output. */
  readonly ready: z.ZodType<T>;
}

export interface Program<T> {
  readonly ready: T;
  readonly child: ChildProcess;
  /** SIGTERM, and SIGKILL for one that does not end within ten seconds. */
  stop(): Promise<void>;
}

/** Rejects when the program ends before it is ready. */
export async function startProgram<T>({ entry, args, environment, log, ready }: ProgramWish<T>): Promise<Program<T>> {
  const program = resolve(import.meta.dirname, "..", entry);
  const child = spawn(process.execPath, ["--import", import.meta.resolve("./lifeline.js"), program, ...args], {
    env: { ...process.env, ...environment },
    // The lifeline is the channel: it closes however this process ends.
    stdio: ["ignore", "pipe", log ?? "inherit", "ipc"],
  });
  const { stdout } = child;
  if (stdout === null) throw new Error(`${entry} has no standard output.`);
  for await (const line of createInterface({ input: stdout })) {
    if (!line.startsWith("ready ")) continue;
    stdout.resume();
    const said: unknown = JSON.parse(line.slice("ready ".length));
    return { ready: ready.parse(said), child, stop: () => stop(child) };
  }
  throw new Error(`${entry} ended before it was ready${log === undefined ? "" : "; its log says why"}.`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const impatience = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await ended;
  clearTimeout(impatience);
}
