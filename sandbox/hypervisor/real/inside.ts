import { spawn } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { run } from "./command.ts";
import type { RealView } from "./real-hypervisor.ts";
import { SYSTEM_PATH } from "./requirements.ts";

/** Root inside a VM, as somebody who came by ssh has it. Works only on the machine that runs the VM. */
export class Inside {
  readonly #vm: RealView;

  constructor(vm: RealView) {
    this.#vm = vm;
  }

  /** @returns what it printed. @throws CommandFailed when it ends with another code than 0 */
  run(command: readonly string[], deadlineMs = 60_000): Promise<string> {
    return run("nsenter", this.#arguments(command), { deadlineMs });
  }

  /** Puts a folder of this machine into the VM's /tmp, where it lasts until the next boot. @returns its path inside */
  async place(folder: string, name: string): Promise<string> {
    await cp(folder, join(this.#vm.disk, "tmp", name), { recursive: true });
    return `/tmp/${name}`;
  }

  /** Each line a command prints, as it comes, until it ends or `signal` says so. */
  async *lines(command: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
    const child = spawn("nsenter", this.#arguments(command), { stdio: ["ignore", "pipe", "ignore"] });
    const lines = createInterface({ input: child.stdout });
    // The command itself is nsenter's child: it ends when nobody takes its next line.
    const end = () => {
      child.kill("SIGKILL");
      lines.close();
      child.stdout.destroy();
    };
    signal.addEventListener("abort", end, { once: true });
    try {
      yield* lines;
    } finally {
      signal.removeEventListener("abort", end);
      end();
    }
  }

  #arguments(command: readonly string[]): readonly string[] {
    if (this.#vm.pid === null) throw new Error(`VM ${this.#vm.vmId} of ${this.#vm.zone} is off.`);
    const environment = ["env", "-i", `PATH=${SYSTEM_PATH}`, "LANG=C.UTF-8", "HOME=/root"];
    return ["--target", String(this.#vm.pid), "--all", "--", ...environment, ...command];
  }
}
