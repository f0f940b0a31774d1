/**
 * Socket Mode: the app opens connections, and each envelope goes over any one of them. An envelope whose connection goes
 * before it was acknowledged is handed to another one for as long as the app has time to acknowledge.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { ACK_LIMIT_MS, type Acknowledgement, elapsedSince } from "../parcel.ts";
import type { Disturbance } from "../state/settings.ts";
import { Connections } from "./connections.ts";
import { answerIn, type DisconnectReason, type Envelope, type EnvelopeAck, readAck } from "./envelope.ts";

const TICKET_LIFE_MS = 30_000;
const PING_EVERY_MS = 5_000;

export interface SocketModeOptions {
  readonly appId: string;
  /** The stand-in's own address, such as `http://127.0.0.1:4000`. */
  readonly url: () => string;
  /** What is to go wrong with the next delivery, used up by it. */
  readonly nextDisturbance: () => Disturbance | undefined;
  readonly later: (ms: number, action: () => void) => void;
  readonly note: () => void;
}

/** How the wait for one acknowledgement over one connection ends. */
type HandedOver =
  | { readonly kind: "acknowledged"; readonly ack: EnvelopeAck }
  | { readonly kind: "late" }
  | { readonly kind: "gone" };

interface Pending {
  readonly connection: WebSocket;
  readonly losesAck: boolean;
  readonly end: (outcome: HandedOver) => void;
}

export class SocketMode {
  readonly #options: SocketModeOptions;
  readonly #connections: Connections;
  readonly #server = new WebSocketServer({ noServer: true });
  /** When each was issued. */
  readonly #tickets = new Map<string, number>();
  /** By envelope. */
  readonly #pending = new Map<string, Pending>();
  readonly #pings: NodeJS.Timeout;
  #lastGone = Number.NEGATIVE_INFINITY;

  constructor(options: SocketModeOptions) {
    this.#options = options;
    this.#connections = new Connections({
      appId: options.appId,
      heard: (text) => this.#heard(text),
      gone: (connection) => this.#gone(connection),
      later: options.later,
    });
    const ping = () => this.#connections.each((connection) => connection.ping("Ping from Slack's stand-in"));
    this.#pings = setInterval(ping, PING_EVERY_MS).unref();
  }

  get count(): number {
    return this.#connections.count;
  }

  /** An address to connect to, good once and for half a minute. */
  newAddress(): string {
    const ticket = randomBytes(16).toString("hex");
    this.#tickets.set(ticket, performance.now());
    const { url, appId } = this.#options;
    return `${url().replace(/^http/, "ws")}/link/?ticket=${ticket}&app_id=${appId}`;
  }

  /** Takes over a request that wants to be a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const ticket = new URL(request.url ?? "/", "http://localhost").searchParams.get("ticket") ?? "";
    const issued = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    if (issued === undefined || elapsedSince(issued) > TICKET_LIFE_MS) {
      socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (connection) => {
      this.#connections.join(connection);
      this.#options.note();
    });
  }

  async deliver(envelope: Envelope): Promise<Acknowledgement> {
    const started = performance.now();
    const left = () => ACK_LIMIT_MS - elapsedSince(started);
    const ended = (status: 200 | null, body: string, failure?: Acknowledgement["failure"]): Acknowledgement => ({
      status,
      ackMs: elapsedSince(started),
      body,
      failure,
      headers: {},
    });
    let fault = this.#options.nextDisturbance();
    const first = fault?.when === "before-delivery" ? this.#connections.next() : undefined;
    if (first !== undefined && fault !== undefined) this.#disturb(first, fault);
    let connection = await this.#connections.nextWithin(this.#isUnnoticed ? left() : 0);
    if (connection === undefined) return ended(null, "", "connection_failed");
    while (connection !== undefined && left() > 0) {
      const outcome = await this.#handOver(envelope, connection, left(), fault);
      if (outcome.kind === "acknowledged") return ended(200, answerIn(outcome.ack, envelope));
      fault = undefined;
      connection = outcome.kind === "gone" ? await this.#connections.nextWithin(left()) : undefined;
    }
    return ended(null, "", "timeout");
  }

  /** Says this text, whatever it is, over one of the connections; false where there is none. */
  say(text: string): boolean {
    const connection = this.#connections.next();
    connection?.send(text);
    return connection !== undefined;
  }

  /** Tells every connection that it is to be replaced, and ends it after a while. */
  replaceAll(reason: DisconnectReason): void {
    this.#connections.each((connection) => this.#connections.replace(connection, reason));
  }

  /** Every connection breaks, without a word. */
  cutAll(): void {
    this.#connections.each((connection) => this.#cut(connection));
  }

  close(): void {
    clearInterval(this.#pings);
    this.cutAll();
    this.#server.close();
  }

  #handOver(
    envelope: Envelope,
    connection: WebSocket,
    withinMs: number,
    fault: Disturbance | undefined,
  ): Promise<HandedOver> {
    const { envelope_id: id } = envelope;
    return new Promise((resolve) => {
      const end = (outcome: HandedOver) => {
        clearTimeout(timer);
        this.#pending.delete(id);
        resolve(outcome);
        if (fault?.when === "after-ack" && outcome.kind === "acknowledged") this.#disturb(connection, fault);
      };
      const timer = setTimeout(() => end({ kind: "late" }), withinMs);
      this.#pending.set(id, { connection, losesAck: fault?.when === "ack-lost", end });
      connection.send(JSON.stringify(envelope), () => {
        if (fault?.when === "after-delivery") this.#disturb(connection, fault);
      });
    });
  }

  #disturb(connection: WebSocket, { how }: Disturbance): void {
    if (how === "refresh") this.#connections.replace(connection, "refresh_requested");
    else this.#cut(connection);
  }

  #cut(connection: WebSocket): void {
    this.#lastGone = performance.now();
    connection.terminate();
  }

  /** An acknowledgement counts over whichever connection it comes. */
  #heard(text: string): void {
    const ack = readAck(text);
    const found = ack === undefined ? undefined : this.#pending.get(ack.envelope_id);
    if (ack === undefined || found === undefined) return;
    if (found.losesAck) this.#cut(found.connection);
    else found.end({ kind: "acknowledged", ack });
  }

  /** Slack does not know at once that a connection has gone: it still tries, and then another one. */
  get #isUnnoticed(): boolean {
    return this.#connections.isEnding || elapsedSince(this.#lastGone) < ACK_LIMIT_MS;
  }

  #gone(connection: WebSocket): void {
    this.#lastGone = performance.now();
    for (const each of [...this.#pending.values()]) if (each.connection === connection) each.end({ kind: "gone" });
    this.#options.note();
  }
}
