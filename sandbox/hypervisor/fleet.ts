import { randomBytes, verify } from "node:crypto";
import { checkServerIdentity, connect, createServer, type Server, type TLSSocket } from "node:tls";
import { type NodeKey, nodeKeyPem, parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import type { NodeEntry } from "../../src/guest-protocol/node-list.ts";
import { answer, BINDING, challengeBytes, type Verdict } from "./fleet-protocol.ts";
import { LineChannel } from "./line-channel.ts";
import type { GuestId, LoopbackNetwork } from "./network.ts";
import type { Registry } from "./registry.ts";
import type { Credentials } from "./tls-identity.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** The SuperLink's own port: TLS 1.2 or later with ALPN `h2`, and a proof of the identity key on every connection. */
export class Fleet {
  readonly #owner: GuestId;
  readonly #network: LoopbackNetwork;
  readonly #registry: Registry;
  readonly #keyPem: string;
  readonly #changed: () => void;
  readonly #server: Server;
  readonly #online = new Map<string, LineChannel>();
  #credentials: Credentials;
  readonly #refused = new Map<string, number>();

  constructor(parts: {
    owner: GuestId;
    network: LoopbackNetwork;
    registry: Registry;
    keyPem: string;
    credentials: Credentials;
    /** Called when somebody came or went. */
    changed: () => void;
    /** Called when serving one connection failed on this side. */
    failed: (error: unknown) => void;
  }) {
    this.#owner = parts.owner;
    this.#network = parts.network;
    this.#registry = parts.registry;
    this.#keyPem = parts.keyPem;
    this.#changed = parts.changed;
    this.#credentials = parts.credentials;
    this.#server = createServer({ ...this.#context(parts.credentials), ALPNProtocols: ["h2"] });
    this.#server.on("connection", (socket) => this.#network.adopt(socket, this.#owner));
    this.#server.on("secureConnection", (socket) => {
      this.#welcome(socket).catch((error: unknown) => {
        parts.failed(error);
        socket.destroy();
      });
    });
    // A handshake that fails is the dialler's to report; here it would only be noise.
    this.#server.on("tlsClientError", () => undefined);
  }

  /** @returns the loopback port. */
  async listen(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return this.port;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** New handshakes get the new certificate, open connections stay. @throws when it does not serve; the old one is back. */
  async renew(credentials: Credentials, dialledHost: string): Promise<void> {
    const previous = this.#credentials;
    this.#use(credentials);
    try {
      await this.shakeHands(dialledHost);
    } catch (error) {
      this.#use(previous);
      throw error;
    }
  }

  /** A handshake with the own port as a SuperNode would do it. @throws with the reason when it fails. */
  async shakeHands(dialledHost: string): Promise<void> {
    const socket = connect({
      host: "127.0.0.1",
      port: this.port,
      ca: [...this.#credentials.authorities],
      ALPNProtocols: ["h2"],
      timeout: HANDSHAKE_TIMEOUT_MS,
      checkServerIdentity: (_host, certificate) => checkServerIdentity(dialledHost, certificate),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("secureConnect", resolve);
        socket.once("error", reject);
        socket.once("timeout", () => reject(new Error("The own port did not answer in time.")));
      });
    } finally {
      socket.destroy();
    }
  }

  nodes(): readonly NodeEntry[] {
    return this.#registry.entries((fingerprint) => this.#online.has(fingerprint));
  }

  /** How often each key that is not admitted has tried, by fingerprint. */
  get refused(): ReadonlyMap<string, number> {
    return this.#refused;
  }

  cutOff(keys: readonly NodeKey[]): void {
    for (const { fingerprint } of keys) {
      this.#online.get(fingerprint)?.end({ farewell: "unregistered" });
    }
  }

  async close(): Promise<void> {
    for (const channel of this.#online.values()) {
      channel.end({ farewell: "ending" });
    }
    this.#network.drop(this.#owner);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #use(credentials: Credentials): void {
    this.#server.setSecureContext(this.#context(credentials));
    this.#credentials = credentials;
  }

  #context({ chain }: Credentials) {
    return { key: this.#keyPem, cert: chain.join(""), minVersion: "TLSv1.2" } as const;
  }

  async #welcome(socket: TLSSocket): Promise<void> {
    const channel = new LineChannel(socket);
    const binding = socket.exportKeyingMaterial(BINDING.length, BINDING.label, Buffer.alloc(0));
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy());
    const challenge = randomBytes(32).toString("base64");
    channel.send({ challenge });
    const reply = await channel.receive(answer);
    if (reply === undefined) {
      channel.end();
      return;
    }
    const key = parseNodeKey(reply.key);
    const bytes = challengeBytes(challenge, binding);
    if (!key.ok || !isSignedBy(key.value, bytes, reply.signature)) {
      this.#refuse(channel, { verdict: "bad-proof" }, key.ok ? key.value.fingerprint : "unreadable");
      return;
    }
    await this.#admit(channel, socket, key.value.fingerprint);
  }

  async #admit(channel: LineChannel, socket: TLSSocket, fingerprint: string): Promise<void> {
    const nodeId = this.#registry.nodeIdOf(fingerprint);
    if (nodeId === undefined) {
      this.#refuse(channel, { verdict: "not-admitted" }, fingerprint);
      return;
    }
    if (this.#online.has(fingerprint)) {
      this.#refuse(channel, { verdict: "already-online" }, fingerprint);
      return;
    }
    socket.setTimeout(0);
    this.#online.set(fingerprint, channel);
    socket.once("close", () => {
      this.#online.delete(fingerprint);
      this.#changed();
    });
    await this.#registry.markSeen(fingerprint);
    const accepted: Verdict = { verdict: "accepted", nodeId };
    channel.send(accepted);
    this.#changed();
  }

  #refuse(channel: LineChannel, verdict: Verdict, fingerprint: string): void {
    this.#refused.set(fingerprint, (this.#refused.get(fingerprint) ?? 0) + 1);
    channel.end(verdict);
  }
}

function isSignedBy(key: NodeKey, bytes: Buffer, signature: string): boolean {
  try {
    return verify("sha384", bytes, nodeKeyPem(key), Buffer.from(signature, "base64"));
  } catch {
    // A point that is not on the curve.
    return false;
  }
}
