import { isUtf8 } from "node:buffer";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** What is no UTF-8 has its odd bytes replaced in `body`. */
  readonly isUtf8: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** No answer: the connection is cut. */
export type Handler = (request: Request) => Promise<Answer | undefined>;

/** A request that has not come whole by then is cut off. */
const STALLED_MS = 15_000;
/** Milliseconds that an idle connection is kept: its client gives it up first, and sends nothing into one that closes. */
const IDLE_MS = 600_000;

const HOST = "127.0.0.1";

/** One HTTP listener on loopback that can go away and come back on the same port. */
export class Daemon {
  readonly #handler: Handler;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  get url(): string {
    return `http://${HOST}:${this.#port}`;
  }

  async listen(port: number): Promise<void> {
    const server = createServer(
      { requestTimeout: STALLED_MS, headersTimeout: STALLED_MS, keepAliveTimeout: IDLE_MS },
      (request, response) => void this.#serve(request, response),
    );
    server.on("clientError", (_, socket) => socket.destroy());
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, HOST, resolve);
    });
    this.#port = portOf(server.address());
    this.#server = server;
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  /** From now on connections are refused, and those that stand are cut. */
  async down(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async up(): Promise<void> {
    if (this.#server === undefined) await this.listen(this.#port);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const answer = await this.#handler({
        method: incoming.method ?? "GET",
        path: incoming.url ?? "/",
        headers: incoming.headers,
        body: body.toString("utf8"),
        isUtf8: isUtf8(body),
      });
      if (answer === undefined) return void incoming.socket.destroy();
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    } catch (error) {
      process.stderr.write(`${incoming.method} ${incoming.url}: ${error instanceof Error ? error.stack : error}\n`);
      incoming.socket.destroy();
    }
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the listener has no port");
  return address.port;
}
