/** SuperLinks and SuperNodes with real Flower and without the bot, for tests that need what no bot would ask for. */
import { join } from "node:path";
import { z } from "zod";
import { GuestsClient } from "../../sandbox/hypervisor/client.ts";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { type Program, startProgram } from "../../sandbox/program.ts";
import { FLOWER } from "../../src/federation/proposing/request.ts";
import type { Host } from "../../src/guest-protocol/address.ts";
import { decodePem, encodePem } from "../../src/guest-protocol/certificates.ts";
import type { Decoded } from "../../src/guest-protocol/decoded.ts";
import { encodeKeyList } from "../../src/guest-protocol/key-list.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { packageRoot } from "../../src/package-root.ts";
import { type Authority, createAuthority, signRequest } from "../../src/trust/authority.ts";
import { TinyOneGate } from "../sandbox/hypervisor/tiny-one-gate.ts";
import { until } from "../waiting.ts";

const TOKEN = "of-this-test";
const FEDERATION = "f3k9";
const DAY_MS = 86_400_000;
const FLEET_PORT = 9092;
const ready = z.object({ url: z.string() });

/** The program of real guests, a OneGate for all its zones, and the bot's authority. */
export class LoneGuests {
  readonly client: GuestsClient;
  readonly oneGate: TinyOneGate;
  readonly authority: Authority;
  readonly script: string;
  readonly #program: Program<unknown>;

  private constructor(parts: {
    program: Program<{ url: string }>;
    oneGate: TinyOneGate;
    authority: Authority;
    script: string;
  }) {
    this.client = new GuestsClient({ url: parts.program.ready.url, token: TOKEN });
    this.oneGate = parts.oneGate;
    this.authority = parts.authority;
    this.script = parts.script;
    this.#program = parts.program;
  }

  static async start(): Promise<LoneGuests> {
    const { base64: script } = await readGuestScript(join(packageRoot(), "manifests", "guest"));
    const authority = await createAuthority({
      federationId: FEDERATION,
      commonName: "authority of a test",
      now: new Date().toISOString(),
      life: DAY_MS,
      dnsNames: [],
    });
    const oneGate = new TinyOneGate();
    await oneGate.listen();
    const environment = { FLORIST_GUESTS_TOKEN: TOKEN };
    try {
      const program = await startProgram({ entry: "sandbox/hypervisor/main.js", args: ["--real"], environment, ready });
      return new LoneGuests({ program, oneGate, authority, script });
    } catch (error) {
      await oneGate.close();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#program.stop();
    await this.oneGate.close();
  }
}

type PairWish = {
  /** The agent's own release unless another is named. */
  readonly flowerVersion?: string;
  /** Seconds. */
  readonly keepalive: { readonly time: number; readonly timeout: number };
  /** Shell commands that run, as root and before the agent, in each of its VMs. */
  readonly prepare: string;
};

/** One SuperLink with a public address and, in another zone and behind NAT, one SuperNode. */
export class LonePair {
  /** Of the SuperLink, as the router between the zones sees it. */
  readonly address: string;
  readonly #guests: LoneGuests;
  readonly #number: number;
  readonly #superlink: VmAddress;
  readonly #supernode: VmAddress;

  /** @param number of its zones; pairs of one program differ in it. At most 200. */
  constructor(guests: LoneGuests, number: number) {
    this.#guests = guests;
    this.#number = number;
    this.address = `203.0.${number}.10`;
    this.#superlink = { zone: `coordinator-${number}`, vmId: 1 };
    this.#supernode = { zone: `training-${number}`, vmId: 2 };
  }

  /** Resolves when the SuperNode serves. */
  async deploy({ flowerVersion = FLOWER.default, keepalive, prepare }: PairWish): Promise<void> {
    const { oneGate, authority } = this.#guests;
    const dialled = `${this.address}:${FLEET_PORT}`;
    const shared = {
      [CONTEXT.startScript]: this.#guests.script,
      [CONTEXT.protocol]: "1",
      [CONTEXT.federation]: FEDERATION,
      [CONTEXT.flowerVersion]: flowerVersion,
      [CONTEXT.tlsEnabled]: "YES",
      [CONTEXT.keepaliveTime]: String(keepalive.time),
      [CONTEXT.keepaliveTimeout]: String(keepalive.timeout),
    };
    await Promise.all([
      this.#boot(this.#superlink, prepare, {
        ...shared,
        ...nic(`203.0.${this.#number}`),
        [CONTEXT.role]: "superlink",
        [CONTEXT.dialledAddress]: dialled,
      }),
      this.#boot(this.#supernode, prepare, {
        ...shared,
        ...nic(`10.20.${this.#number}`),
        [CONTEXT.role]: "supernode",
        [CONTEXT.superlinkAddress]: dialled,
        [CONTEXT.caCertificate]: encodePem([authority.certificatePem]),
      }),
    ]);
    const link = oneGate.attributes(this.#superlink);
    link.set(GIVEN.certificateAuthority, encodePem([authority.certificatePem]));
    await this.#certify();
    const key = valueIn(parseNodeKey(await this.#published(this.#supernode, PUBLISHED.nodeKey, () => true)));
    link.set(GIVEN.admit, encodeKeyList(GIVEN.admit, { sequence: 1, keys: [key] }));
    await this.#stage(this.#superlink, "serving");
    oneGate.attributes(this.#supernode).set(GIVEN.admitted, key.fingerprint);
    await this.#stage(this.#supernode, "serving");
  }

  /** Resolves when the SuperLink shows another certificate. */
  async renew(): Promise<void> {
    const before = this.says("superlink", PUBLISHED.fingerprint);
    await this.#certify();
    await this.#published(this.#superlink, PUBLISHED.fingerprint, (value) => value !== before);
  }

  /** What stands in an attribute now; empty where nothing does. */
  says(who: "superlink" | "supernode", name: string): string {
    const vm = who === "superlink" ? this.#superlink : this.#supernode;
    return this.#guests.oneGate.attributes(vm).get(name) ?? "";
  }

  /** Ends both VMs for ever. */
  async remove(): Promise<void> {
    for (const vm of [this.#supernode, this.#superlink]) await this.#guests.client.remove(vm);
  }

  async superlink(): Promise<RealView> {
    return await this.#view(this.#superlink);
  }

  async supernode(): Promise<RealView> {
    return await this.#view(this.#supernode);
  }

  async #certify(): Promise<void> {
    const request = await this.#published(this.#superlink, PUBLISHED.certificateRequest, () => true);
    this.#guests.oneGate.attributes(this.#superlink).set(GIVEN.certificate, encodePem([await this.#signed(request)]));
  }

  async #signed(request: string): Promise<string> {
    const [csrPem = ""] = valueIn(decodePem(request, "CERTIFICATE REQUEST"));
    const required: Host = { kind: "ip", value: this.address };
    const { authority } = this.#guests;
    const rules = { required, allowed: [required] };
    const signing = await signRequest({ authority, csrPem, rules, now: new Date().toISOString(), life: DAY_MS });
    if (!signing.ok) throw new Error(signing.detail);
    return signing.certificate.certificatePem;
  }

  /** First without the agent, so that the disk can be prepared. */
  async #boot(vm: VmAddress, prepare: string, context: Readonly<Record<string, string>>): Promise<void> {
    const { client, oneGate } = this.#guests;
    const site = { [CONTEXT.site]: vm.zone, [CONTEXT.attempt]: `${FEDERATION}/${vm.zone}/0123456789ab/1` };
    const spec = { ...vm, context: { ...context, ...site }, oneGate: oneGate.accessFor(vm) };
    await client.start({ ...spec, context: { ...spec.context, [CONTEXT.startScript]: "" } });
    const inside = new Inside(await this.#view(vm));
    const booted = ["sh", "-c", "ls /run/one-context/one_env || true"];
    await until("it has booted", async () => (await inside.run(booted)) !== "");
    await inside.run(["sh", "-ec", prepare]);
    await client.stop(vm);
    await client.start(spec);
  }

  async #view({ zone, vmId }: VmAddress): Promise<RealView> {
    const found = (await this.#guests.client.realGuests()).find((vm) => vm.zone === zone && vm.vmId === vmId);
    if (found === undefined) throw new Error(`VM ${vmId} of ${zone} is gone.`);
    return found;
  }

  async #stage(vm: VmAddress, stage: string): Promise<void> {
    await this.#published(vm, PUBLISHED.stage, (value) => value === stage);
  }

  async #published(vm: VmAddress, name: string, isWanted: (value: string) => boolean): Promise<string> {
    const value = () => this.#guests.oneGate.attributes(vm).get(name);
    await until(`${name} of ${vm.zone} is as wanted`, async () => {
      const now = value();
      return now !== undefined && isWanted(now);
    });
    return value() ?? "";
  }
}

function valueIn<T>(decoded: Decoded<T>): T {
  if (!decoded.ok) throw new Error(`A guest published what cannot be read: ${decoded.reason}.`);
  return decoded.value;
}

function nic(subnet: string): Readonly<Record<string, string>> {
  return { ETH0_IP: `${subnet}.10`, ETH0_MASK: "255.255.255.0", ETH0_GATEWAY: `${subnet}.1` };
}
