import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { packageRoot } from "../../../src/package-root.ts";
import { CommandFailed, run } from "./command.ts";
import { SYSTEM_PATH } from "./requirements.ts";

const PROGRAM = "sandbox/hypervisor/real/relay.py";
const READY_MS = 10_000;

/** A device of a router through which packets pass late. It ends with this process. */
export class Relay {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * Makes the device and sets it up, without a delay.
   * @throws CommandFailed where there is no /dev/net/tun
   */
  static async open(space: string, device: string): Promise<Relay> {
    const program = ["python3", join(packageRoot(), PROGRAM), device];
    const child = spawn("ip", ["netns", "exec", space, ...program], { env: { PATH: SYSTEM_PATH }, stdio: "pipe" });
    // Whoever writes to one that has ended is told by its end.
    child.stdin.on("error", () => undefined);
    const complaint = text(child.stderr);
    const ended = once(child, "exit").then(async () => {
      throw new CommandFailed(`There is no relay: ${(await complaint).trim().split("\n").at(-1)}`);
    });
    // Later on nobody waits for its end but `close`.
    ended.catch(() => undefined);
    try {
      await Promise.race([once(child.stdout, "data", { signal: AbortSignal.timeout(READY_MS) }), ended]);
      await run("ip", ["-n", space, "link", "set", device, "up"]);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
    return new Relay(child);
  }

  /** How many milliseconds each packet waits from now on. @throws CommandFailed when the relay has ended */
  setDelay(milliseconds: number): void {
    if (this.#hasEnded) throw new CommandFailed("The relay has ended, and packets pass without a delay.");
    this.#child.stdin?.write(`${milliseconds}\n`);
  }

  /** Lets the last packets out. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
