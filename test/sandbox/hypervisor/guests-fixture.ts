import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "node:tls";
import { z } from "zod";
import { GuestsClient } from "../../../sandbox/hypervisor/client.ts";
import type { VmAddress } from "../../../sandbox/hypervisor/hypervisor.ts";
import { encodeKeyList, type KeyListName } from "../../../src/guest-protocol/key-list.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../../src/guest-protocol/names.ts";
import { type NodeKey, parseNodeKey } from "../../../src/guest-protocol/node-key.ts";
import { decodeNodeList } from "../../../src/guest-protocol/node-list.ts";
import { eventually, WAIT_LIMIT_MS } from "../../waiting.ts";
import { type Signing, TestAuthority } from "./test-authority.ts";
import { TinyOneGate } from "./tiny-one-gate.ts";

const PROGRAM = join(import.meta.dirname, "../../../sandbox/hypervisor/main.js");
const TOKEN = "hypervisor-token";
const readyLine = z.object({ url: z.string(), port: z.number() });

export const DIALLED = "203.0.113.20:9092";
export const SUPERLINK = { zone: "zone-a", vmId: 11 };
export const FIRST = { zone: "zone-b", vmId: 21 };
export const SECOND = { zone: "zone-b", vmId: 22 };

/** The guests' program as a child process, a OneGate, and an authority that plays the bot's part. */
export class GuestsFixture {
  readonly client: GuestsClient;
  readonly oneGate: TinyOneGate;
  readonly authority: TestAuthority;
  readonly #child: ChildProcess;
  /** How many updates of a VM belong to lives that a test has seen already. */
  readonly #livesSeen = new Map<VmAddress, number>();

  private constructor(child: ChildProcess, url: string, oneGate: TinyOneGate, authority: TestAuthority) {
    this.#child = child;
    this.client = new GuestsClient({ url, token: TOKEN });
    this.oneGate = oneGate;
    this.authority = authority;
  }

  static async start(): Promise<GuestsFixture> {
    const child = spawn(process.execPath, [PROGRAM, "--speed", "40", "--token", TOKEN, "--log", "error"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const oneGate = new TinyOneGate();
    const [line, authority] = await Promise.all([firstLine(child), TestAuthority.create(), oneGate.listen()]);
    assert.match(line, /^ready \{/);
    return new GuestsFixture(child, readyLine.parse(JSON.parse(line.slice(6))).url, oneGate, authority);
  }

  async close(): Promise<void> {
    this.#child.kill("SIGTERM");
    const [code] = this.#child.exitCode === null ? await once(this.#child, "exit") : [this.#child.exitCode];
    await this.oneGate.close();
    assert.equal(code, 0);
  }

  async startSuperlink(vm: VmAddress = SUPERLINK, extra: Record<string, string> = {}): Promise<void> {
    await this.#start(vm, "superlink", {
      [CONTEXT.dialledAddress]: DIALLED,
      [CONTEXT.extraSan]: "DNS:fl.example.org",
      ETH0_IP: "10.0.0.5",
      ...extra,
    });
  }

  async startSupernode(vm: VmAddress, extra: Record<string, string> = {}): Promise<void> {
    await this.#start(vm, "supernode", {
      [CONTEXT.superlinkAddress]: DIALLED,
      [CONTEXT.caCertificate]: this.authority.encoded,
      [CONTEXT.framework]: "none",
      ...extra,
    });
  }

  /** A SuperLink with its certificate, serving. */
  async serving(vm: VmAddress = SUPERLINK): Promise<void> {
    await this.startSuperlink(vm);
    await this.certify(vm);
    await this.shows(vm, PUBLISHED.stage, "serving");
  }

  async certify(vm: VmAddress, options: Signing = {}): Promise<void> {
    const request = await this.published(vm, PUBLISHED.certificateRequest);
    this.give(vm, GIVEN.certificate, this.authority.sign(request, options));
    this.give(vm, GIVEN.certificateAuthority, this.authority.encoded);
  }

  give(vm: VmAddress, name: string, value: string): void {
    this.oneGate.attributes(vm).set(name, value);
  }

  giveKeys(superlink: VmAddress, name: KeyListName, sequence: number, keys: readonly NodeKey[]): void {
    this.give(superlink, name, encodeKeyList(name, { sequence, keys }));
  }

  /** Registers these SuperNodes' keys at the SuperLink and tells them. */
  async admit(superlink: VmAddress, sequence: number, nodes: readonly VmAddress[]): Promise<void> {
    const keys = await Promise.all(nodes.map((node) => this.keyOf(node)));
    this.giveKeys(superlink, GIVEN.admit, sequence, keys);
    for (const [index, node] of nodes.entries()) {
      this.give(node, GIVEN.admitted, keys[index]?.fingerprint ?? "");
    }
  }

  async keyOf(node: VmAddress): Promise<NodeKey> {
    const key = parseNodeKey(await this.published(node, PUBLISHED.nodeKey));
    assert.ok(key.ok);
    return key.value;
  }

  async published(vm: VmAddress, name: string, isWanted = (value: string) => value !== ""): Promise<string> {
    return await eventually(`${name} of ${vm.zone}/${vm.vmId}`, () => {
      const value = this.oneGate.attributes(vm).get(name);
      return value !== undefined && isWanted(value) ? value : undefined;
    });
  }

  /** After a stop or reboot: first it boots, then it serves. */
  async servesAgain(vm: VmAddress): Promise<void> {
    const isBooting = (update: ReadonlyMap<string, string>) => update.get(PUBLISHED.stage) === "booting";
    await eventually(`another life of ${vm.zone}/${vm.vmId}`, () => {
      const latest = this.oneGate.updates(vm).slice(this.#livesSeen.get(vm) ?? 1);
      const booted = latest.findIndex(isBooting);
      const serves = latest.findLastIndex((update) => update.get(PUBLISHED.stage) === "serving");
      return booted >= 0 && serves > booted ? true : undefined;
    });
    this.#livesSeen.set(vm, this.oneGate.updates(vm).length);
  }

  async refusesAgain(superlink: VmAddress, fingerprint: string, times: number): Promise<void> {
    await eventually(`another refusal of ${fingerprint}`, async () => {
      const { refused } = await this.guest(superlink);
      return (refused[fingerprint] ?? 0) > times ? true : undefined;
    });
  }

  /** The fingerprint of the certificate that a loopback port shows now. */
  async fingerprintAt(port: number): Promise<string> {
    const servername = "fl.example.org";
    const socket = connect({ host: "127.0.0.1", port, ca: this.authority.pem, servername, ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }

  async shows(vm: VmAddress, name: string, value: string): Promise<void> {
    await eventually(`${name}=${value} of ${vm.zone}/${vm.vmId}`, () => {
      const shown = this.oneGate.attributes(vm).get(name);
      return shown === value ? true : undefined;
    });
  }

  /** Until `FL_NODES` says just this, by the SuperNodes' VMs. */
  async sees(superlink: VmAddress, wanted: readonly (readonly [VmAddress, string])[]): Promise<void> {
    const expected = await Promise.all(
      wanted.map(async ([vm, status]) => `${(await this.keyOf(vm)).fingerprint} ${status}`),
    );
    await eventually(`FL_NODES with ${expected.join(", ")}`, () => {
      const nodes = decodeNodeList(this.oneGate.attributes(superlink).get(PUBLISHED.nodes) ?? "");
      const lines = nodes.ok ? nodes.value.map(({ key, status }) => `${key} ${status}`) : [];
      return lines.sort().join() === expected.sort().join() ? true : undefined;
    });
  }

  async guest(vm: VmAddress) {
    const found = (await this.client.guests()).find((guest) => guest.zone === vm.zone && guest.vmId === vm.vmId);
    assert.ok(found);
    return found;
  }

  async #start(vm: VmAddress, role: string, extra: Record<string, string>): Promise<void> {
    const context = {
      [CONTEXT.protocol]: "1",
      [CONTEXT.role]: role,
      [CONTEXT.federation]: "f3k9",
      [CONTEXT.site]: vm.zone,
      [CONTEXT.attempt]: `f3k9/${vm.zone}/0123456789ab/1`,
      [CONTEXT.flowerVersion]: "1.31.0",
      [CONTEXT.tlsEnabled]: "YES",
      [CONTEXT.keepaliveTime]: "60",
      [CONTEXT.keepaliveTimeout]: "20",
      ...extra,
    };
    await this.client.start({ ...vm, context, oneGate: this.oneGate.accessFor(vm) });
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const [line] = await once(createInterface({ input: child.stdout }), "line", {
    signal: AbortSignal.timeout(WAIT_LIMIT_MS),
  });
  return String(line);
}
