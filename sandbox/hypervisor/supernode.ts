import type { TLSSocket } from "node:tls";
import { type Address, formatAddress } from "../../src/guest-protocol/address.ts";
import { DATA_DISK } from "../../src/guest-protocol/data.ts";
import { GIVEN, PUBLISHED, type Reason, type Stage } from "../../src/guest-protocol/names.ts";
import { encodeNodeProof, nodeProofBytes } from "../../src/guest-protocol/node-proof.ts";
import { decodeTrust } from "../../src/guest-protocol/trust.ts";
import type { SupernodeContext } from "./context.ts";
import { dialSuperlink } from "./dial.ts";
import type { Attributes } from "./distortion.ts";
import { BINDING, challenge, challengeBytes, farewell, type Verdict, verdict } from "./fleet-protocol.ts";
import {
  type GuestDetails,
  type GuestEnvironment,
  type GuestProgram,
  Patience,
  repeatedly,
  stage,
  WAITS,
} from "./guest.ts";
import { LineChannel } from "./line-channel.ts";
import type { Lead } from "./network.ts";
import { NodeIdentity } from "./node-identity.ts";
import { areAuthorities } from "./tls-identity.ts";
import type { Tunnel } from "./tunnel/tunnel.ts";
import type { Passage } from "./tunnel/zone-gateways.ts";

/** Whom a SuperNode dials and which CA it believes: CONTEXT's word is number 0. */
type Target = { readonly sequence: number; readonly address: Address; readonly authorities: readonly string[] };

const DATA_REASONS = ["data-missing", "data-empty", "data-unreadable"] as const;

const TRUST_FILE = "trust.txt";

/** At any speed: a handshake is work, and on a busy machine a slow one is nothing to report. */
const DIAL_LIMIT_MS = 10_000;

const REASON_OF_VERDICT: Readonly<Record<Exclude<Verdict["verdict"], "accepted">, Reason>> = {
  "not-admitted": "not-admitted",
  "bad-proof": "node-key-unusable",
  "already-online": "still-counted-online",
};

/** A SuperNode: an identity key of its own, and a connection to the SuperLink once it is admitted there. */
export class Supernode implements GuestProgram {
  readonly #guest: GuestEnvironment;
  readonly #context: SupernodeContext;
  readonly #tunnel: Tunnel | undefined;
  #identity: NodeIdentity | undefined;
  #target: Target;
  #isTold = false;
  #trustMalformed = false;
  #stage: Stage = "booting";
  #reason: Reason = "none";
  /** As it was told last. */
  #told: Reason = "none";
  /** Why the SuperLink did not take it, the last time. */
  #refusal: Reason = "none";
  #channel: LineChannel | undefined;
  /** A dial, and what comes of it until the connection ends. */
  #connection: Promise<void> | undefined;
  readonly #patience: Patience;

  /** With a tunnel it dials through that and nowhere else. */
  constructor(guest: GuestEnvironment, context: SupernodeContext, tunnel: Tunnel | undefined) {
    this.#guest = guest;
    this.#context = context;
    this.#tunnel = tunnel;
    this.#patience = new Patience(guest.pace);
    this.#target = { sequence: 0, address: context.superlink, authorities: context.authorities };
  }

  describe(): GuestDetails {
    return {
      ...(this.#identity === undefined ? {} : { fingerprint: this.#identity.key.fingerprint }),
      ...(this.#tunnel === undefined ? {} : { tunnels: this.#tunnel.linked }),
    };
  }

  async run(): Promise<void> {
    const { disk, publisher, spec } = this.#guest;
    const identity = await NodeIdentity.load(disk);
    this.#identity = identity;
    const { federation, site, attempt } = this.#context;
    const proof = identity.sign(nodeProofBytes({ federation, site, attempt, vmId: spec.vmId }));
    await publisher.say({
      [PUBLISHED.nodeKey]: identity.key.line,
      [PUBLISHED.nodeProof]: encodeNodeProof(proof),
      ...this.#tunnel?.keys,
    });
    await this.#takeTrust(await disk.read(TRUST_FILE));
    this.#patience.moved();
    const look = async (): Promise<void> => {
      try {
        await this.#look(identity);
      } finally {
        this.#connection ??= this.#connect(identity);
      }
    };
    await Promise.all([repeatedly(this.#guest, () => this.#patience.wait, look), this.#watchLink()]);
  }

  async #look(identity: NodeIdentity): Promise<void> {
    const { oneGate, publisher, signal } = this.#guest;
    await publisher.flush();
    const given = await oneGate.get(signal);
    const isTold = given.get(GIVEN.admitted) === identity.key.fingerprint;
    if (isTold !== this.#isTold) {
      this.#patience.moved();
    }
    this.#isTold = isTold;
    await this.#takeTrust(given.get(GIVEN.trust));
    await this.#takeTunnel(given);
    if (this.#toldReason(this.#reason) !== this.#told) {
      await this.#say(this.#stage, this.#reason);
    }
  }

  /** A changed CA or address needs a new connection, as Flower's SuperNode needs a restart. */
  async #takeTrust(value: string | undefined): Promise<void> {
    const trust = value === undefined ? undefined : decodeTrust(value);
    const isUsable = trust === undefined || (trust.ok && areAuthorities(trust.value.authorities));
    this.#trustMalformed = !isUsable;
    if (value !== undefined && trust?.ok && isUsable && trust.value.sequence > this.#target.sequence) {
      await this.#guest.disk.write(TRUST_FILE, value);
      const isSame = leadsTo(trust.value) === leadsTo(this.#target);
      this.#target = trust.value;
      if (!isSame) {
        this.#startAnew();
      }
    }
  }

  async #takeTunnel(given: Attributes): Promise<void> {
    const tunnel = this.#tunnel;
    const wasTold = tunnel?.isTold;
    await tunnel?.take(given);
    if (tunnel?.isTold !== wasTold) {
      this.#patience.moved();
    }
  }

  /** What is wrong with what it was given says more than that it has no link. */
  #toldReason(reason: Reason): Reason {
    const unread = this.#tunnel?.reason ?? "none";
    if (this.#trustMalformed) return "trust-malformed";
    if (unread !== "none" && (reason === "none" || reason === "link-down")) return unread;
    return reason === "none" ? this.#dataReason : reason;
  }

  /** How the data that its owner attached is found. */
  get #dataReason(): Reason {
    const { data } = this.#context;
    if (data === "none") return "none";
    const hasDisk = this.#guest.spec.serials?.includes(DATA_DISK.serial) === true;
    if (data === "disk" && !hasDisk) return "data-missing";
    return DATA_REASONS.find((each) => this.#guest.faults().some(({ kind }) => kind === each)) ?? "none";
  }

  #startAnew(): void {
    this.#stage = this.#stage === "serving" ? "starting" : this.#stage;
    this.#channel?.end();
  }

  /** While it is connected: whether it could dial now. */
  async #watchLink(): Promise<void> {
    await repeatedly(
      this.#guest,
      () => WAITS.redial,
      async () => {
        if (this.#channel !== undefined) {
          const dialled = await this.#dial();
          if (dialled !== "too-early" && dialled !== "failed") {
            dialled.destroy();
          }
        }
      },
    );
  }

  /** Dials, and joins if it may; what goes wrong does not keep it from the next try. */
  async #connect(identity: NodeIdentity): Promise<void> {
    try {
      const dialled = await this.#dial();
      if (dialled === "failed") {
        await this.#sayLinkDown();
      } else if (dialled !== "too-early" && this.#isTold && this.#dataReason === "none") {
        await this.#join(dialled, identity);
      } else {
        await this.#sayWaiting(dialled);
      }
    } catch (error) {
      if (!this.#guest.signal.aborted) {
        this.#guest.log.warn({ err: error }, "a connection could not be kept");
      }
    } finally {
      this.#connection = undefined;
    }
  }

  /** Nothing is wrong, and it may not join yet; of a tunnel that has not come up it is too early to say anything. */
  async #sayWaiting(dialled: TLSSocket | "too-early"): Promise<void> {
    if (dialled !== "too-early") {
      dialled.destroy();
    }
    if (dialled !== "too-early" || this.#stage === "booting") {
      await this.#say(this.#isTold && this.#dataReason !== "none" ? "starting" : "awaiting-admission", "none");
    }
  }

  /** Reports how it ended; the gate of the zone opens with the first `ok`. */
  async #dial(): Promise<TLSSocket | "failed" | "too-early"> {
    const { id, network, publisher } = this.#guest;
    const { address, authorities } = this.#target;
    const lead = this.#lead(address);
    if (lead === undefined) {
      return "too-early";
    }
    const dialled = await dialSuperlink({ network, from: id, address, lead, authorities, timeoutMs: DIAL_LIMIT_MS });
    const ready = dialled.link === "ok" ? { [PUBLISHED.ready]: "YES" } : {};
    await publisher.say({ [PUBLISHED.link]: dialled.link, ...ready });
    if (dialled.link !== "ok") {
      return "failed";
    }
    (this.#tunnel ?? this.#gateway)?.guard(dialled.socket, address);
    return dialled.socket;
  }

  get #gateway(): Passage | undefined {
    const { gateways, spec } = this.#guest;
    const { gateway } = this.#context;
    return gateway === undefined ? undefined : gateways.at(spec.zone, gateway);
  }

  /** Through the own tunnel, through the one that the zone's gateway or router has, or directly. */
  #lead(address: Address): Lead | undefined {
    const { gateways, id, network, routers, spec } = this.#guest;
    const { gateway } = this.#context;
    if (this.#tunnel !== undefined) return this.#tunnel.lead(address);
    if (gateway !== undefined && network.isCut(id)) return network.lead(address, id);
    if (gateway !== undefined) return gateways.lead(spec.zone, gateway, address);
    return routers.has(spec.zone) ? routers.lead(spec.zone, address) : network.lead(address, id);
  }

  /** Proves the identity and stays until the connection ends. */
  async #join(socket: TLSSocket, identity: NodeIdentity): Promise<void> {
    const { signal } = this.#guest;
    const channel = new LineChannel(socket);
    const end = () => channel.end();
    signal.addEventListener("abort", end, { once: true });
    this.#channel = channel;
    if (this.#stage !== "serving") {
      await this.#sayRefused(this.#refusal);
    }
    try {
      const outcome = await prove(channel, socket, identity);
      if (outcome?.verdict === "accepted") {
        this.#refusal = "none";
        await this.#say("serving", "none");
        const last = await channel.receive(farewell);
        if (last?.farewell === "unregistered") {
          await this.#sayRefused("not-admitted");
        } else if (this.#stage === "serving") {
          await this.#sayLinkDown();
        }
      } else {
        await (outcome === undefined ? this.#sayLinkDown() : this.#sayRefused(REASON_OF_VERDICT[outcome.verdict]));
      }
    } finally {
      signal.removeEventListener("abort", end);
      this.#channel = undefined;
      channel.end();
    }
  }

  /** One that was serving goes on saying so, as Flower's SuperNode goes on trying by itself. */
  async #sayLinkDown(): Promise<void> {
    const unconnected = this.#isTold ? "starting" : "awaiting-admission";
    await this.#say(this.#stage === "serving" ? "serving" : unconnected, "link-down");
  }

  async #sayRefused(reason: Reason): Promise<void> {
    this.#refusal = reason;
    await this.#say(reason === "not-admitted" ? "awaiting-admission" : "starting", reason);
  }

  async #say(name: Stage, reason: Reason): Promise<void> {
    if (name !== this.#stage || reason !== this.#reason) {
      this.#patience.moved();
    }
    this.#stage = name;
    this.#reason = reason;
    this.#told = this.#toldReason(reason);
    await this.#guest.publisher.say(stage(name, this.#told));
  }
}

function leadsTo({ address, authorities }: Target): string {
  return `${formatAddress(address)} ${authorities.join("")}`;
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
