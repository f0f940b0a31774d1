import { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { type Address, parseAddress } from "../../guest-protocol/address.ts";
import { decodePem } from "../../guest-protocol/certificates.ts";
import { CONTEXT, GIVEN, PUBLISHED, type Reason } from "../../guest-protocol/names.ts";
import { encodeNodeProof, nodeProofBytes } from "../../guest-protocol/node-proof.ts";
import { decodeTrust } from "../../guest-protocol/trust.ts";
import { dialSuperlink } from "./dial.ts";
import type { Attributes } from "./distortion.ts";
import { BINDING, challenge, challengeBytes, farewell, type Verdict, verdict } from "./fleet-protocol.ts";
import {
  type GuestDetails,
  GuestFailure,
  type GuestProgram,
  type GuestSurroundings,
  repeatedly,
  stage,
  WAITS,
} from "./guest.ts";
import { LineChannel } from "./line-channel.ts";
import { NodeIdentity } from "./node-identity.ts";

/** Whom a SuperNode dials and which CA it believes. */
type Target = { readonly sequence: number; readonly address: Address; readonly authorities: readonly string[] };

const REASON_OF_VERDICT: Readonly<Record<Exclude<Verdict["verdict"], "accepted">, Reason>> = {
  "not-admitted": "not-admitted",
  "bad-proof": "node-key-unusable",
  "already-online": "still-counted-online",
};

/** A SuperNode: an identity key of its own, and a connection to the SuperLink once it is admitted there. */
export class Supernode implements GuestProgram {
  readonly #guest: GuestSurroundings;
  #identity: NodeIdentity | undefined;
  #target: Target;
  #admitted = false;
  #trustMalformed = false;
  #channel: LineChannel | undefined;

  /** @throws GuestFailure `context-invalid`. */
  constructor(guest: GuestSurroundings) {
    this.#guest = guest;
    this.#target = readTarget(guest.spec.context);
  }

  describe(): GuestDetails {
    return this.#identity === undefined ? {} : { fingerprint: this.#identity.key.fingerprint };
  }

  async run(): Promise<void> {
    const identity = await NodeIdentity.load(this.#guest.disk);
    this.#identity = identity;
    const { context, vmId } = this.#guest.spec;
    const proof = nodeProofBytes({
      federation: context[CONTEXT.federation] ?? "",
      site: context[CONTEXT.site] ?? "",
      attempt: context[CONTEXT.attempt] ?? "",
      vmId,
    });
    await this.#guest.publisher.say({
      [PUBLISHED.nodeKey]: identity.key.line,
      [PUBLISHED.nodeProof]: encodeNodeProof(identity.sign(proof)),
      ...stage("awaiting-admission"),
    });
    await Promise.all([this.#watchOneGate(identity), this.#keepConnected(identity)]);
  }

  async #watchOneGate(identity: NodeIdentity): Promise<void> {
    const { oneGate, publisher, signal } = this.#guest;
    await repeatedly(
      this.#guest,
      () => (this.#channel === undefined ? WAITS.poll : WAITS.calm),
      async () => {
        await publisher.flush();
        const given = await oneGate.get(signal);
        this.#admitted = given.get(GIVEN.admitted) === identity.key.fingerprint;
        this.#takeTrust(given);
      },
    );
  }

  /** A changed CA or address needs a new connection, as Flower's SuperNode needs a restart. */
  #takeTrust(given: Attributes): void {
    const value = given.get(GIVEN.trust);
    const trust = value === undefined ? undefined : decodeTrust(value);
    const isUsable = trust === undefined || (trust.ok && areCertificates(trust.value.authorities));
    this.#trustMalformed = !isUsable;
    if (trust?.ok && isUsable && trust.value.sequence > this.#target.sequence) {
      this.#target = trust.value;
      this.#channel?.end();
    }
  }

  async #keepConnected(identity: NodeIdentity): Promise<void> {
    await repeatedly(
      this.#guest,
      () => WAITS.poll,
      async () => {
        const socket = await this.#dial();
        if (socket === undefined) {
          await this.#guest.publisher.say(stage(this.#admitted ? "starting" : "awaiting-admission", "link-down"));
        } else if (this.#admitted) {
          await this.#join(socket, identity);
        } else {
          socket.destroy();
          await this.#guest.publisher.say(stage("awaiting-admission", this.#reasonWhenWell()));
        }
      },
    );
  }

  /** Reports how it ended; the gate of the zone opens with the first `ok`. */
  async #dial(): Promise<TLSSocket | undefined> {
    const { id, network, pace, publisher } = this.#guest;
    const { address, authorities } = this.#target;
    const dialled = await dialSuperlink({
      network,
      from: id,
      address,
      authorities,
      timeoutMs: pace.scaled(WAITS.dial),
    });
    const ready = dialled.link === "ok" ? { [PUBLISHED.ready]: "YES" } : {};
    await publisher.say({ [PUBLISHED.link]: dialled.link, ...ready });
    return dialled.link === "ok" ? dialled.socket : undefined;
  }

  /** Proves the identity and stays until the connection ends. */
  async #join(socket: TLSSocket, identity: NodeIdentity): Promise<void> {
    const { publisher, signal } = this.#guest;
    const channel = new LineChannel(socket);
    const end = () => channel.end();
    signal.addEventListener("abort", end, { once: true });
    this.#channel = channel;
    try {
      await publisher.say(stage("starting"));
      const outcome = await prove(channel, socket, identity);
      if (outcome?.verdict !== "accepted") {
        const reason = outcome === undefined ? "link-down" : REASON_OF_VERDICT[outcome.verdict];
        await publisher.say(stage("starting", reason));
        return;
      }
      await publisher.say(stage("serving", this.#reasonWhenWell()));
      const last = await channel.receive(farewell);
      await publisher.say(stage("starting", last?.farewell === "unregistered" ? "not-admitted" : "link-down"));
    } finally {
      signal.removeEventListener("abort", end);
      this.#channel = undefined;
      channel.end();
    }
  }

  #reasonWhenWell(): Reason {
    return this.#trustMalformed ? "trust-malformed" : "none";
  }
}

async function prove(channel: LineChannel, socket: TLSSocket, identity: NodeIdentity): Promise<Verdict | undefined> {
  const question = await channel.receive(challenge);
  if (question === undefined) {
    return undefined;
  }
  const binding = socket.exportKeyingMaterial(BINDING.length, BINDING.label, Buffer.alloc(0));
  const signature = identity.sign(challengeBytes(question.challenge, binding)).toString("base64");
  channel.send({ key: identity.key.line, signature });
  return await channel.receive(verdict);
}

function readTarget(context: Readonly<Record<string, string>>): Target {
  const address = parseAddress(context[CONTEXT.superlinkAddress] ?? "");
  const authorities = decodePem(context[CONTEXT.caCertificate] ?? "", "CERTIFICATE");
  if (!address.ok || !authorities.ok || !areCertificates(authorities.value)) {
    throw new GuestFailure("context-invalid", "The SuperLink's address or CA cannot be read.");
  }
  return { sequence: 0, address: address.value, authorities: authorities.value };
}

function areCertificates(blocks: readonly string[]): boolean {
  try {
    return blocks.every((block) => new X509Certificate(block).ca);
  } catch {
    return false;
  }
}
