/** One kind of guests playing the contract: its own hypervisor, OneGate and authority, and all that its guests said. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { GuestsClient } from "../../sandbox/hypervisor/client.ts";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { decodeBase64Text } from "../../src/guest-protocol/decoded.ts";
import { CONTEXT, GIVEN, PUBLISHED, type Stage } from "../../src/guest-protocol/names.ts";
import { type NodeKey, parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { checkNodeProof } from "../../src/trust/node-proof.ts";
import { describeRequest, type Signing, TestAuthority } from "../sandbox/hypervisor/test-authority.ts";
import { TinyOneGate } from "../sandbox/hypervisor/tiny-one-gate.ts";

const PROGRAM = join(import.meta.dirname, "../../sandbox/hypervisor/main.js");
const PATIENCE_MS = 60_000;
/** How much faster the quick guests' waits pass, so that they are never the ones waited for. */
const QUICK_SPEED = "10";
const FEDERATION = "fed-1";

const readyLine = z.object({ url: z.string(), token: z.string().optional() });

export type Kind = "quick" | "real";

/** What a guest said in one step: how its stage and its link went, and all that stood in its attributes at the end. */
export type Account = {
  readonly stages: readonly string[];
  readonly links: readonly string[];
  readonly stands: Readonly<Record<string, unknown>>;
};

/** What a step waits for from one guest. */
export type Wanted = {
  readonly vm: VmAddress;
  /** `FL_STAGE` and `FL_REASON`. */
  readonly stage: string;
  readonly link?: string;
  /** `FL_NODES`, as {@link Play} names keys. */
  readonly nodes?: readonly string[];
  /** `FL_TLS_FINGERPRINT`, by the name its certificate was signed under. */
  readonly certificate?: string;
  /** It says this stage on its way there. */
  readonly passes?: Stage;
  /** It has said a stage since its power was last switched on. */
  readonly anew?: true;
  /** It may say this on its way or not: that is Flower's to decide. */
  readonly mayPass?: string;
  /** It has looked at its attributes since, and had time to act. */
  readonly looks?: true;
};

export class Play {
  readonly client: GuestsClient;
  readonly authority: TestAuthority;
  readonly #kind: Kind;
  readonly #oneGate: TinyOneGate;
  readonly #child: ChildProcess;
  readonly #vms: VmAddress[] = [];
  /** By VM, how much it had said when its power was last switched on. */
  readonly #poweredOn = new Map<string, number>();
  readonly #contexts = new Map<string, Readonly<Record<string, string>>>();
  readonly #keys = new Map<string, string>();
  /** Names for what differs from play to play, by value. */
  readonly #names = new Map<string, string>();

  private constructor(parts: {
    kind: Kind;
    child: ChildProcess;
    client: GuestsClient;
    oneGate: TinyOneGate;
    authority: TestAuthority;
  }) {
    this.#kind = parts.kind;
    this.#child = parts.child;
    this.client = parts.client;
    this.#oneGate = parts.oneGate;
    this.authority = parts.authority;
    this.#names.set(parts.authority.encoded, "the authority");
  }

  static async open(kind: Kind): Promise<Play> {
    const options = kind === "real" ? ["--real"] : ["--speed", QUICK_SPEED];
    const log = kind === "real" ? "error" : "silent";
    const child = spawn(process.execPath, [PROGRAM, ...options, "--log", log], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const [line] = await once(createInterface({ input: child.stdout }), "line", { signal });
    const { url, token } = readyLine.parse(JSON.parse(String(line).replace(/^ready /, "")));
    const oneGate = new TinyOneGate();
    await oneGate.listen();
    const client = new GuestsClient({ url, ...(token === undefined ? {} : { token }) });
    return new Play({ kind, child, client, oneGate, authority: await TestAuthority.create() });
  }

  async close(): Promise<void> {
    this.#child.kill("SIGTERM");
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    await this.#oneGate.close();
  }

  async boot(vm: VmAddress, values: Readonly<Record<string, string>>): Promise<void> {
    this.#vms.push(vm);
    const context = {
      [CONTEXT.protocol]: "1",
      [CONTEXT.federation]: FEDERATION,
      [CONTEXT.site]: vm.zone,
      [CONTEXT.attempt]: attemptOf(vm),
      [CONTEXT.flowerVersion]: "1.31.0",
      [CONTEXT.tlsEnabled]: "YES",
      [CONTEXT.keepaliveTime]: "60",
      [CONTEXT.keepaliveTimeout]: "20",
      ...values,
    };
    this.#contexts.set(nameOf(vm), context);
    await this.powerOn(vm);
  }

  /** Cuts a VM's power at the moment when it has said so much and wants to say more, and boots it again. */
  async cutPower(vm: VmAddress, updates: number): Promise<void> {
    await this.#oneGate.silenceAfter(vm, updates);
    await this.client.stop(vm, true);
    this.#oneGate.answer(vm);
    await this.powerOn(vm);
  }

  async powerOn(vm: VmAddress): Promise<void> {
    const context = this.#contexts.get(nameOf(vm)) ?? {};
    const oneGate = this.#oneGate.accessFor(vm);
    this.#poweredOn.set(nameOf(vm), this.#oneGate.updates(vm).length);
    await this.client.start({ ...vm, context, oneGate });
  }

  said(vm: VmAddress, name: string): string {
    return this.#oneGate.attributes(vm).get(name) ?? "";
  }

  isGiven(vm: VmAddress, name: string): boolean {
    return this.#oneGate.attributes(vm).has(name);
  }

  give(vm: VmAddress, values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) this.#oneGate.attributes(vm).set(name, value);
  }

  /** Signs what a SuperLink asked for. @param name what accounts call the certificate */
  sign(vm: VmAddress, name: string, options: Signing = {}): string {
    const chain = this.authority.sign(this.said(vm, PUBLISHED.certificateRequest), options);
    const text = decodeBase64Text(chain);
    assert.ok(text.ok);
    this.#names.set(new X509Certificate(text.value).fingerprint256, name);
    return chain;
  }

  certify(vm: VmAddress, chain: string, authority = this.authority.encoded): void {
    this.give(vm, { [GIVEN.certificate]: chain, [GIVEN.certificateAuthority]: authority });
  }

  keyOf(node: VmAddress): NodeKey {
    const key = parseNodeKey(this.said(node, PUBLISHED.nodeKey));
    assert.ok(key.ok, "It has published a key.");
    return key.value;
  }

  /** Does something and waits for what it leads to. @returns the account that each guest of `wanted` gives of it */
  async perform(act: () => void | Promise<void>, wanted: readonly Wanted[]): Promise<Record<string, Account>> {
    const before = new Map(this.#vms.map((vm) => [nameOf(vm), this.#oneGate.updates(vm).length]));
    await act();
    const looks = new Map(this.#vms.map((vm) => [nameOf(vm), this.#oneGate.looks(vm)]));
    const deadline = Date.now() + PATIENCE_MS;
    const isThere = (one: Wanted) =>
      this.#isThere(one, before.get(nameOf(one.vm)) ?? 0, (looks.get(nameOf(one.vm)) ?? 0) + 2);
    while (!wanted.every(isThere)) {
      if (Date.now() > deadline) {
        const unmet = wanted.filter((one) => !isThere(one));
        const said = unmet.map(({ vm }) => JSON.stringify(this.#account(vm, before.get(nameOf(vm)) ?? 0)));
        throw new Error([`In vain: ${JSON.stringify(unmet)}`, ...said, ...(await this.#logs(unmet))].join("\n"));
      }
      await sleep(50);
    }
    return Object.fromEntries(
      wanted.map(({ vm, mayPass }) => {
        const account = this.#account(vm, before.get(nameOf(vm)) ?? 0);
        return [nameOf(vm), { ...account, stages: account.stages.filter((one) => one !== mayPass) }];
      }),
    );
  }

  /** By guest, which attributes it said first, second and so on; those that came in one update are together. */
  order(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      this.#vms.map((vm) => {
        const seen = new Set<string>([PUBLISHED.heartbeat]);
        const groups = this.#oneGate.updates(vm).map((update) => {
          const fresh = [...update.keys()].filter((name) => !seen.has(name));
          for (const name of fresh) seen.add(name);
          return fresh.sort().join(" ");
        });
        return [nameOf(vm), groups.filter((group) => group !== "")];
      }),
    );
  }

  /** What the agents of real guests wrote last. */
  async #logs(wanted: readonly Wanted[]): Promise<readonly string[]> {
    if (this.#kind === "quick") return [];
    const guests = await this.client.realGuests();
    const disks = wanted.flatMap(({ vm }) => guests.filter(({ zone, vmId }) => zone === vm.zone && vmId === vm.vmId));
    const files = disks.map(({ disk }) => join(disk, "florist", "logs", "agent.log"));
    return await Promise.all(files.map(async (file) => (await readFile(file, "utf8")).slice(-2000)));
  }

  #isThere(wanted: Wanted, from: number, looks: number): boolean {
    const { vm } = wanted;
    const since = this.#oneGate.updates(vm).slice(from);
    const life = this.#oneGate.updates(vm).slice(this.#poweredOn.get(nameOf(vm)) ?? 0);
    const passed = since.findIndex((update) => update.get(PUBLISHED.stage) === wanted.passes);
    const went = passed >= 0 && since.slice(passed + 1).some((update) => update.has(PUBLISHED.stage));
    if (wanted.passes !== undefined && !went) return false;
    const { stands } = this.#account(vm, from);
    return (
      (!wanted.anew || life.some((update) => update.has(PUBLISHED.stage))) &&
      (!wanted.looks || this.#oneGate.looks(vm) >= looks) &&
      `${stands[PUBLISHED.stage]} ${stands[PUBLISHED.reason]}` === wanted.stage &&
      (wanted.link === undefined || stands[PUBLISHED.link] === wanted.link) &&
      (wanted.certificate === undefined || stands[PUBLISHED.fingerprint] === wanted.certificate) &&
      (wanted.nodes === undefined || String(stands[PUBLISHED.nodes]) === String(wanted.nodes))
    );
  }

  #account(vm: VmAddress, from: number): Account {
    const lines = this.#oneGate.updates(vm).slice(from);
    const standing = new Map(
      this.#oneGate
        .updates(vm)
        .slice(0, from)
        .flatMap((update) => [...update]),
    );
    const stages: string[] = [];
    const links: string[] = [];
    for (const update of lines) {
      for (const [name, value] of update) standing.set(name, value);
      if (update.has(PUBLISHED.stage) || update.has(PUBLISHED.reason)) {
        stages.push(`${standing.get(PUBLISHED.stage)} ${standing.get(PUBLISHED.reason)}`);
      }
      const link = update.get(PUBLISHED.link);
      if (link !== undefined) links.push(link);
    }
    standing.delete(PUBLISHED.heartbeat);
    const stands = [...standing].sort().map(([name, value]) => [name, this.#plain(vm, name, value)]);
    return { stages, links, stands: Object.fromEntries(stands) };
  }

  /** A value without what differs between two guests that say the same. */
  #plain(vm: VmAddress, name: string, value: string): unknown {
    switch (name) {
      case PUBLISHED.nodeKey:
        return this.#nameOfKey(this.keyOf(vm).fingerprint);
      case PUBLISHED.nodeProof:
        return this.#proofHolds(vm, value) ? "holds" : "does not hold";
      case PUBLISHED.certificateRequest: {
        const { names, bits, genuine } = describeRequest(value);
        return { names, genuine, strong: bits >= 2048 && bits <= 4096 };
      }
      case PUBLISHED.nodes: {
        const nodes = decodeNodeList(value);
        return nodes.ok
          ? nodes.value.map(({ key, status }) => `${this.#nameOfKey(key)} ${status}`).sort()
          : "unreadable";
      }
      default:
        return this.#names.get(value) ?? value;
    }
  }

  #proofHolds(vm: VmAddress, proof: string): boolean {
    const subject = { federation: FEDERATION, site: vm.zone, attempt: attemptOf(vm), vmId: vm.vmId };
    return checkNodeProof(this.said(vm, PUBLISHED.nodeKey), proof, subject).ok;
  }

  /** Keys are numbered as they are met, so one that changes gets another name. */
  #nameOfKey(fingerprint: string): string {
    const name = this.#keys.get(fingerprint) ?? `key ${this.#keys.size + 1}`;
    this.#keys.set(fingerprint, name);
    return name;
  }
}

function attemptOf({ zone }: VmAddress): string {
  return `${FEDERATION}/${zone}/0123456789ab/1`;
}

function nameOf({ zone, vmId }: VmAddress): string {
  return `${zone}/${vmId}`;
}
