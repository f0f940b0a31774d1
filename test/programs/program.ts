/** Programs of the sandbox, started as anybody would start them, and ended with the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Program {
  /** What the line `ready {…}` said. */
  readonly ready: unknown;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

const SOURCE = join(import.meta.dirname, "..", "..", "src");

/** `path` is the entry point below `src/`, such as `sandbox/zones/main.js`. Rejects when it ends before it is ready. */
export async function startProgram(
  path: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Program> {
  const child = spawn(process.execPath, [join(SOURCE, path), ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("ready ")) continue;
    child.stdout.resume();
    return { ready: JSON.parse(line.slice("ready ".length)), process: child, stop: () => stop(child) };
  }
  throw new Error(`${path} ended before it was ready.`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}
