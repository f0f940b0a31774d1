import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { VmSpec } from "../hypervisor.ts";
import { BOOT, contextFiles } from "./boot.ts";
import { run } from "./command.ts";
import { SYSTEM_PATH } from "./requirements.ts";

/** A little more than BOOT takes to end its processes in order. */
const SHUTDOWN_MS = 8_000;
const POLL_MS = 10;

export type VmPlace = {
  readonly space: string;
  readonly disk: string;
  readonly flower: string;
  /** The device of its disk with data, if it has one. */
  readonly dataDevice: string | undefined;
  /** OneGate as this VM dials it. */
  readonly oneGateUrl: string;
  /** Its zone's, as other zones see it. */
  readonly outerAddress: string;
};

/** A VM: a disk and a network that last, and from boot to power-off a tree of processes. */
export class RealVm {
  readonly spec: VmSpec;
  readonly place: VmPlace;
  #init: { readonly outer: ChildProcess; readonly pid: number } | undefined;

  constructor(spec: VmSpec, place: VmPlace) {
    this.spec = spec;
    this.place = place;
  }

  get isRunning(): boolean {
    const outer = this.#init?.outer;
    return outer !== undefined && outer.exitCode === null && outer.signalCode === null;
  }

  /** The first process of the VM, as this machine numbers it; `nsenter --all --target` leads into the VM. */
  get pid(): number | undefined {
    return this.isRunning ? this.#init?.pid : undefined;
  }

  /** Resolves when it has a first process; START_SCRIPT goes on by itself. */
  async boot(): Promise<void> {
    const { disk, space, flower, dataDevice = "", oneGateUrl } = this.place;
    const context = join(disk, "context");
    await rm(context, { recursive: true, force: true });
    await mkdir(context, { recursive: true, mode: 0o755 });
    for (const [name, content] of Object.entries(contextFiles(this.spec, oneGateUrl))) {
      await writeFile(join(context, name), content, { mode: 0o600 });
    }
    const console = await open(join(disk, "console.log"), "a", 0o600);
    const own = ["unshare", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"];
    const boot = ["bash", "--norc", "-c", BOOT, "boot", disk, flower, dataDevice];
    const outer = spawn("ip", ["netns", "exec", space, ...own, ...boot], {
      env: { PATH: SYSTEM_PATH, LANG: "C.UTF-8" },
      stdio: ["pipe", console.fd, console.fd],
    });
    await Promise.all([once(outer, "spawn"), console.close()]);
    outer.stdin?.on("error", () => undefined);
    const pid = await firstChildOf(outer);
    this.#init = pid === undefined ? undefined : { outer, pid };
  }

  /** Switches it off: with time to say goodbye, or not. */
  async end(hard: boolean): Promise<void> {
    const init = this.#init;
    this.#init = undefined;
    if (init === undefined) return;
    const { outer, pid } = init;
    if (outer.exitCode === null && outer.signalCode === null) {
      const ended = once(outer, "exit");
      const impatience = setTimeout(() => outer.kill("SIGKILL"), hard ? 0 : SHUTDOWN_MS);
      outer.stdin?.end();
      await ended;
      clearTimeout(impatience);
    }
    // Its disk is free only when the last process of it is gone.
    while (existsSync(`/proc/${pid}/ns`)) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  /** Kills every process in it but the first: the VM runs, and nothing in it does. */
  async kill(): Promise<void> {
    if (this.pid === undefined) return;
    await run("nsenter", ["--target", String(this.pid), "--pid", "--mount", "sh", "-c", "kill -9 -1"]);
  }
}

async function firstChildOf(outer: ChildProcess): Promise<number | undefined> {
  while (outer.exitCode === null && outer.signalCode === null) {
    const children = await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, "utf8").catch(() => "");
    const [first] = children.split(" ").filter((text) => text.trim() !== "");
    if (first !== undefined) return Number(first);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return undefined;
}
