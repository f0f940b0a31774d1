/** Serves the page: its files, a stream of what is so, and the gestures that somebody makes on it. Loopback only. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { prettifyError } from "zod";
import type { Asset } from "./assets.ts";
import { carryOut, type Reach } from "./gestures.ts";
import { refusalOf, SECURITY_HEADERS } from "./guard.ts";
import { gesture, type Outcome } from "./protocol.ts";
import type { Scene } from "./scene.ts";

const HOST = "127.0.0.1";
/** The files of one choice, and what JSON makes of them where they are no text. */
const MOST_BYTES = 1_000_000;
/** A page that reads so slowly is let go; it comes back by itself and begins anew. */
const MOST_BEHIND_BYTES = 32_000_000;
const KEEP_ALIVE_MS = 15_000;

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws Error when the port is taken */
export async function servePage(
  scene: Scene,
  reach: Reach,
  assets: ReadonlyMap<string, Asset>,
  port: number,
): Promise<PageServer> {
  let bound = port;
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      process.stderr.write(`the page: ${error instanceof Error ? error.stack : String(error)}\n`);
      if (!response.headersSent) send(response, 500, "text/plain", "The page's server failed.");
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const refusal = refusalOf(method, headers, bound);
    if (refusal !== undefined) return send(response, 403, "text/plain", refusal);
    const { pathname } = new URL(request.url ?? "/", `http://${HOST}`);
    switch (`${method} ${pathname}`) {
      case "GET /events":
        return stream(scene, response);
      case "GET /addresses":
        return sendJson(response, reach.addresses);
      case "POST /gestures":
        return sendJson(response, await outcomeOf(reach, request));
      default:
        return sendAsset(response, method === "GET" ? assets.get(pathname) : undefined);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
  const address = server.address();
  bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${HOST}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Server-sent events: each is one push as JSON. */
function stream(scene: Scene, response: ServerResponse): void {
  response.writeHead(200, { ...SECURITY_HEADERS, "content-type": "text/event-stream", "cache-control": "no-store" });
  const end = scene.listen((push) => {
    response.write(`data: ${JSON.stringify(push)}\n\n`);
    if (response.writableLength > MOST_BEHIND_BYTES) response.destroy();
  });
  const alive = setInterval(() => response.write(": still here\n\n"), KEEP_ALIVE_MS);
  response.once("close", () => {
    clearInterval(alive);
    end();
  });
}

async function outcomeOf(reach: Reach, request: IncomingMessage): Promise<Outcome> {
  const parsed = gesture.safeParse(await readJson(request));
  if (!parsed.success) return { ok: false, why: prettifyError(parsed.error) };
  return carryOut(reach, parsed.data);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // What is too long is read to its end, so that the answer is heard, and not kept.
    if (size <= MOST_BYTES) chunks.push(bytes);
  }
  if (size > MOST_BYTES) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}

function sendAsset(response: ServerResponse, asset: Asset | undefined): void {
  if (asset === undefined) send(response, 404, "text/plain", "There is nothing here.");
  else send(response, 200, asset.type, asset.content);
}

function sendJson(response: ServerResponse, value: Outcome | Reach["addresses"]): void {
  send(response, 200, "application/json", JSON.stringify(value));
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    "content-type": type.startsWith("text/") ? `${type}; charset=utf-8` : type,
    "cache-control": "no-cache",
  });
  response.end(body);
}
