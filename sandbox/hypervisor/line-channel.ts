import type { TLSSocket } from "node:tls";
import type { z } from "zod";

/** Nothing the guests say to each other is longer; a peer that sends more is cut off. */
const MAX_LINE_LENGTH = 8192;

/**
 * Messages over a connection between guests, one JSON text a line. It stands where Flower speaks gRPC: the quick guests
 * prove who they are over it and hold it open, and train nothing.
 */
export class LineChannel {
  readonly #socket: TLSSocket;
  readonly #lines: string[] = [];
  #rest = "";
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => this.#take(chunk));
    // An error only says why it ends; that it ends is what counts, and `close` follows.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.#closed = true;
      this.#wake();
    });
    this.#closed = socket.destroyed;
  }

  send(message: object): void {
    if (!this.#socket.destroyed) {
      this.#socket.write(`${JSON.stringify(message)}\n`);
    }
  }

  /** The next message, or undefined when the connection ended first or the peer said something else. */
  async receive<T>(shape: z.ZodType<T>): Promise<T | undefined> {
    while (this.#lines.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const line = this.#lines.shift();
    return line === undefined ? undefined : parse(line, shape);
  }

  /** Says a last word and ends; a peer that does not end too is cut off. */
  end(message?: object): void {
    if (message !== undefined) {
      this.send(message);
    }
    this.#socket.destroySoon();
  }

  #take(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#lines.push(...lines);
    if (this.#rest.length > MAX_LINE_LENGTH) {
      this.#socket.destroy();
    }
    this.#wake();
  }
}

function parse<T>(line: string, shape: z.ZodType<T>): T | undefined {
  try {
    const parsed = shape.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
