/** The page on the first run, carried out as it is written by somebody with a machine of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../sandbox/hypervisor/real/command.ts";
import { packageRoot } from "../../src/package-root.ts";
import { until } from "../waiting.ts";

const PAGE = "docs/first-run.md";
const APP = "sandbox/story/app";
/** Names that the page makes up. */
const EXAMPLE = { federation: /\bhearts\b/g, address: /\b203\.0\.113\.18\b/g, folder: "/absolute/path/" };
const PORT = 9093;
const DEADLINE_MS = 300_000;

interface Names {
  readonly federation: string;
  /** Of the SuperLink's VM, and a process in it. */
  readonly address: string;
  readonly pid: number;
}

export class FirstRun {
  readonly #names: Names;
  readonly #page: string;
  /** Their home, and the folder in which they are. */
  readonly #folder = mkdtempSync(join(tmpdir(), "florist-first-run-"));
  /** Holds the network of their machine, in which nothing else listens. */
  #machine: ChildProcess | undefined;
  #ssh: ChildProcess | undefined;

  constructor(names: Names) {
    this.#names = names;
    const page = readFileSync(join(packageRoot(), PAGE), "utf8");
    this.#page = page.replaceAll(EXAMPLE.federation, names.federation).replaceAll(EXAMPLE.address, names.address);
    cpSync(join(packageRoot(), APP), join(this.#folder, APP), { recursive: true });
    mkdirSync(join(this.#folder, "bin"));
    cpSync(join(packageRoot(), "test/real/ssh.py"), join(this.#folder, "bin/ssh"));
    chmodSync(join(this.#folder, "bin/ssh"), 0o755);
  }

  /** What is to be typed or written in one step, with the names filled in. */
  block(step: number, nth = 0): string {
    const part = this.#page.split(/^## /m).find((text) => text.startsWith(`${step}. `)) ?? "";
    const found = [...part.matchAll(/^```\n(.*?)\n```$/gms)][nth]?.[1];
    if (found === undefined) throw new Error(`Step ${step} of ${PAGE} has no block ${nth + 1}.`);
    return found;
  }

  /** Whether the page shows this command among its sentences. */
  mentions(command: string): boolean {
    return this.#page.includes(`\`${command}\``);
  }

  /** From the package index that this machine's pip uses. */
  install(): Promise<string> {
    return run("bash", ["-ec", `cd ${this.#folder}\n${this.block(1)}\nflwr --version`], { deadlineMs: DEADLINE_MS });
  }

  async openTunnel(): Promise<void> {
    // Ends with whoever started it.
    this.#machine = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
    if (this.#machine.stdout !== null) await once(this.#machine.stdout, "data");
    this.#ssh = spawn("nsenter", this.#inside(`exec ${this.block(2)}`), { stdio: ["ignore", "ignore", "inherit"] });
    await until("the tunnel is open", async () => (await this.types(`ss -Hltn 'sport = :${PORT}'`)) !== "");
  }

  save(name: string, content: string): void {
    writeFileSync(join(this.#folder, name), content);
  }

  connect(): void {
    const connection = this.block(3, 1).replaceAll(EXAMPLE.folder, `${this.#folder}/`);
    mkdirSync(join(this.#folder, ".flwr"), { recursive: true });
    appendFileSync(join(this.#folder, ".flwr/config.toml"), `${connection}\n`);
  }

  /** @returns what it printed */
  types(command: string): Promise<string> {
    return run("nsenter", this.#inside(`. flower/bin/activate\n${command}`), { deadlineMs: DEADLINE_MS });
  }

  end(): void {
    this.#ssh?.kill();
    this.#machine?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #inside(script: string): readonly string[] {
    const { address, pid } = this.#names;
    const environment = [
      `HOME=${this.#folder}`,
      `PATH=${this.#folder}/bin:${process.env["PATH"] ?? ""}`,
      `VM_BEHIND_SSH=${address} ${pid}`,
      // Wide enough for a table's words.
      "COLUMNS=200",
      "FLWR_TELEMETRY_ENABLED=0",
      "FLWR_DISABLE_UPDATE_CHECK=1",
    ];
    const shell = ["env", `--chdir=${this.#folder}`, ...environment, "bash", "-ec", script];
    return ["--target", String(this.#machine?.pid), "--net", "--", ...shell];
  }
}
