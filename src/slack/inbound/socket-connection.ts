/**
 * One connection of Socket Mode, from its opening to its end. Slack's library opens it and keeps watch whether it lives;
 * what comes over it is read here, since the library leaves unread what it does not expect, or ends the process.
 */
import { SocketModeClient, type SocketModeOptions } from "@slack/socket-mode";
import { z } from "zod";
import { failureOf, type SlackFailure } from "../slack-error.ts";

export interface EnvelopeOfSlack {
  readonly id: string;
  readonly body: unknown;
  readonly retry: { readonly attempt: number | undefined; readonly reason: string | undefined };
}

/** Why a connection was not opened. */
export type OpeningFailure =
  /** Slack's Web API gave no address to connect to. */
  | { readonly kind: "no-address"; readonly failure: SlackFailure }
  /** Nothing, or not Slack, answers at the address that it gave. */
  | { readonly kind: "no-connection"; readonly host: string; readonly error: string };

/** Why a connection is to be replaced: it is gone, or Slack says that it soon will be. */
export type Leaving = "closed" | "refreshed" | "switched-off";

export interface Hearing {
  readonly envelope: (envelope: EnvelopeOfSlack, connection: SocketConnection) => void;
  /** A message that is none of Slack's, with nothing to acknowledge. */
  readonly unreadable: () => void;
}

const message = z.union([
  z.object({ type: z.literal("hello") }).transform(() => ({ kind: "hello" as const })),
  z
    .object({ type: z.literal("disconnect"), reason: z.string().optional() })
    .transform(({ reason }) => ({ kind: "disconnect" as const, reason })),
  z
    .object({
      envelope_id: z.string().min(1),
      payload: z.unknown(),
      retry_attempt: z.number().optional().catch(undefined),
      retry_reason: z.string().optional().catch(undefined),
    })
    .transform(({ envelope_id: id, payload: body, retry_attempt: attempt, retry_reason: reason }) => ({
      kind: "envelope" as const,
      envelope: { id, body, retry: { attempt, reason } },
    })),
]);
type Message = z.infer<typeof message> | { readonly kind: "unreadable" };

/** Milliseconds until a connection that is not greeted counts as none, and one that does not end is cut. */
const GREETING_MS = 15_000;
const ENDING_MS = 1_000;

export class SocketConnection {
  readonly #client: Client;
  readonly #hearing: Hearing;
  /** As soon as another connection is needed. */
  readonly leaving: Promise<Leaving>;
  readonly closed: Promise<void>;
  #leaves: (why: Leaving) => void = () => undefined;
  #host: string | null = null;
  #error: unknown = null;

  constructor(options: SocketModeOptions, hearing: Hearing) {
    this.#hearing = hearing;
    this.#client = new Client({ ...options, autoReconnectEnabled: false }, (heard) => this.#take(heard));
    this.#client.on("authenticated", ({ url }: { readonly url?: string }) => {
      this.#host = hostOf(url);
    });
    this.#client.on("error", (error: unknown) => {
      this.#error ??= error;
    });
    this.leaving = new Promise((resolve) => {
      this.#leaves = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#client.on("disconnected", () => resolve());
    });
    this.#client.on("disconnected", () => {
      this.#leaves("closed");
    });
  }

  /** Resolves when Slack has greeted; with what stood in the way otherwise. */
  async open(): Promise<OpeningFailure | null> {
    const impatience = setTimeout(() => {
      this.#error = new Error(`no greeting within ${GREETING_MS} ms`);
      void this.end();
    }, GREETING_MS);
    try {
      await this.#client.start();
      return null;
    } catch (error) {
      if (this.#host === null) return { kind: "no-address", failure: failureOf(error) };
      return { kind: "no-connection", host: this.#host, error: wordsOf(this.#error ?? error) };
    } finally {
      clearTimeout(impatience);
    }
  }

  /** False when the connection is not open. */
  say(text: string): boolean {
    return this.#client.say(text);
  }

  /** Closes as WebSockets do; one whose other end says nothing to that is cut. */
  async end(): Promise<void> {
    const cutting = setTimeout(() => this.#client.websocket?.disconnect(), ENDING_MS);
    await this.#client.disconnect();
    clearTimeout(cutting);
  }

  #take(heard: Message): void {
    switch (heard.kind) {
      case "hello":
        return;
      case "disconnect":
        this.#leaves(heard.reason === "link_disabled" ? "switched-off" : "refreshed");
        return;
      case "envelope":
        this.#hearing.envelope(heard.envelope, this);
        return;
      case "unreadable":
        this.#hearing.unreadable();
    }
  }
}

class Client extends SocketModeClient {
  readonly #hear: (message: Message) => void;

  constructor(options: SocketModeOptions, hear: (message: Message) => void) {
    super(options);
    this.#hear = hear;
  }

  /** The library's own part is the greeting. */
  protected override async onWebSocketMessage(data: string | ArrayBuffer, isBinary: boolean): Promise<void> {
    const heard = read(data, isBinary);
    if (heard.kind === "hello") await super.onWebSocketMessage(data, isBinary);
    this.#hear(heard);
  }

  say(text: string): boolean {
    const { websocket } = this;
    if (websocket === undefined || !websocket.isActive()) return false;
    let isSaid = true;
    websocket.send(text, (error) => {
      isSaid = error === undefined;
    });
    return isSaid;
  }
}

function read(data: string | ArrayBuffer, isBinary: boolean): Message {
  if (isBinary || typeof data !== "string") return { kind: "unreadable" };
  try {
    return message.safeParse(JSON.parse(data)).data ?? { kind: "unreadable" };
  } catch {
    return { kind: "unreadable" };
  }
}

/** Of a connection that is refused the library says nothing but that. */
function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message.replace(/^TypeError: /, "") : "";
  return words === "" ? "no WebSocket answers there" : words;
}

const hostOf = (url: string | undefined): string =>
  url !== undefined && URL.canParse(url) ? new URL(url).host : "the address that Slack gives";
