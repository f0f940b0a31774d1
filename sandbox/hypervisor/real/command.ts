import { spawn } from "node:child_process";

const DEADLINE_MS = 60_000;

/** A tool of the system ended with another code than 0; the message holds what it said. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

/**
 * Runs a program without a shell and resolves to what it printed.
 * @throws CommandFailed when it ends with another code than 0, cannot be started, or takes longer than its deadline
 */
export function run(
  command: string,
  args: readonly string[],
  { input = "", deadlineMs = DEADLINE_MS }: { input?: string; deadlineMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "pipe", signal: AbortSignal.timeout(deadlineMs) });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said.out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said.err += text;
    });
    const failed = (why: string, cause?: unknown) =>
      reject(new CommandFailed(`${[command, ...args].join(" ")}: ${why}`, { cause }));
    child.once("error", (error) => failed(error.message, error));
    child.once("close", (code, signal) =>
      code === 0 ? resolve(said.out) : failed(`${code ?? signal} ${said.err || said.out}`.trim().slice(-2000)),
    );
    // A program that ends without reading its input is no failure of its own: its code tells.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
