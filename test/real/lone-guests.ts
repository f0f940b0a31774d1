/** Real guests without the bot, for tests that need what no bot would ask for. */
import { join } from "node:path";
import { z } from "zod";
import { GuestsClient } from "../../sandbox/hypervisor/client.ts";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { type Program, startProgram } from "../../sandbox/program.ts";
import { FLOWER } from "../../src/federation/proposing/request.ts";
import { type Host, parseHost } from "../../src/guest-protocol/address.ts";
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
export const FLEET_PORT = 9092;
const ready = z.object({ url: z.string() });

type Values = Readonly<Record<string, string>>;
type Keepalive = { readonly time: number; readonly timeout: number };

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

  /** @param dnsNames that the authority may certify */
  static async start(dnsNames: readonly string[] = []): Promise<LoneGuests> {
    const { base64: script } = await readGuestScript(join(packageRoot(), "manifests", "guest"));
    const authority = await createAuthority({
      federationId: FEDERATION,
      commonName: "authority of a test",
      now: new Date().toISOString(),
      life: DAY_MS,
      dnsNames,
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

  /** What CONTEXT of any guest says; the release of Flower is the agent's own unless another is named. */
  context(zone: string, keepalive: Keepalive, flowerVersion: string = FLOWER.default): Values {
    return {
      [CONTEXT.startScript]: this.script,
      [CONTEXT.protocol]: "1",
      [CONTEXT.federation]: FEDERATION,
      [CONTEXT.site]: zone,
      [CONTEXT.attempt]: `${FEDERATION}/${zone}/0123456789ab/1`,
      [CONTEXT.flowerVersion]: flowerVersion,
      [CONTEXT.tlsEnabled]: "YES",
      [CONTEXT.keepaliveTime]: String(keepalive.time),
      [CONTEXT.keepaliveTimeout]: String(keepalive.timeout),
    };
  }

  async start(vm: VmAddress, context: Values): Promise<void> {
    await this.client.start({ ...vm, context, oneGate: this.oneGate.accessFor(vm) });
  }

  async view({ zone, vmId }: VmAddress): Promise<RealView> {
    const found = (await this.client.realGuests()).find((vm) => vm.zone === zone && vm.vmId === vmId);
    if (found === undefined) throw new Error(`VM ${vmId} of ${zone} is gone.`);
    return found;
  }

  /** What stands in an attribute now; empty where nothing does. */
  says(vm: VmAddress, name: string): string {
    return this.oneGate.attributes(vm).get(name) ?? "";
  }

  /** Resolves to what a VM says once it is as wanted. */
  published(vm: VmAddress, name: string, isWanted: (value: string) => boolean): Promise<string> {
    const says = () => this.says(vm, name);
    return until(`${name} of ${vm.zone} is as wanted`, says, (value) => value !== "" && isWanted(value));
  }

  async stage(vm: VmAddress, stage: string): Promise<void> {
    await this.published(vm, PUBLISHED.stage, (value) => value === stage);
  }

  give(vm: VmAddress, name: string, value: string): void {
    this.oneGate.attributes(vm).set(name, value);
  }

  /** Signs what a SuperLink asks for, for all addresses and names that are dialled. */
  async certify(superlink: VmAddress, ...names: readonly string[]): Promise<void> {
    this.give(superlink, GIVEN.certificateAuthority, encodePem([this.authority.certificatePem]));
    const request = await this.published(superlink, PUBLISHED.certificateRequest, () => true);
    const [csrPem = ""] = valueIn(decodePem(request, "CERTIFICATE REQUEST"));
    const dialled = names.map((name) => valueIn(parseHost(name)));
    const own = (await this.view(superlink)).addresses.map((ip): Host => ({ kind: "ip", value: ip }));
    const rules = { required: dialled, allowed: [...dialled, ...own] };
    const now = new Date().toISOString();
    const signing = await signRequest({ authority: this.authority, csrPem, rules, now, life: DAY_MS });
    if (!signing.ok) throw new Error(signing.detail);
    this.give(superlink, GIVEN.certificate, encodePem([signing.certificate.certificatePem]));
  }

  /** Lets these SuperNodes in, and no other; resolves when they serve. */
  async admit(superlink: VmAddress, supernodes: readonly VmAddress[]): Promise<void> {
    const keys = await Promise.all(
      supernodes.map(async (vm) => valueIn(parseNodeKey(await this.published(vm, PUBLISHED.nodeKey, () => true)))),
    );
    this.give(superlink, GIVEN.admit, encodeKeyList(GIVEN.admit, { sequence: 1, keys }));
    await this.stage(superlink, "serving");
    for (const [index, vm] of supernodes.entries()) this.give(vm, GIVEN.admitted, keys[index]?.fingerprint ?? "");
    await Promise.all(supernodes.map((vm) => this.stage(vm, "serving")));
  }
}

function valueIn<T>(decoded: Decoded<T>): T {
  if (!decoded.ok) throw new Error(`A guest published what cannot be read: ${decoded.reason}.`);
  return decoded.value;
}

/** A network card at `.10` of a subnet that is given by its first three numbers. */
export function nic(subnet: string): Values {
  return { ETH0_IP: `${subnet}.10`, ETH0_MASK: "255.255.255.0", ETH0_GATEWAY: `${subnet}.1` };
}
