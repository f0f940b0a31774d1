/** A small HTTP server that answers as a test says, in place of oned and OneFlow. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { type OpenZone, openZone, type ZoneOptions } from "../../src/opennebula/zone.ts";

export interface Asked {
  /** `one.vm.info`, or `DELETE /service/7`. */
  readonly what: string;
  /** Parameters as text, the credential first; or the JSON body. */
  readonly parameters: readonly string[];
  readonly body: string;
  readonly authorization: string | undefined;
}

export interface Reply {
  readonly status?: number;
  readonly body: string;
}

type Answering = (asked: Asked, response: ServerResponse) => Reply | undefined | Promise<Reply | undefined>;

export interface Daemons {
  readonly url: string;
  readonly asked: readonly Asked[];
  open(options?: Partial<ZoneOptions>): OpenZone;
  close(): Promise<void>;
}

/** `answer` gives nothing back when it deals with the response itself. */
export async function startDaemons(answer: Answering, tls?: { key: string; cert: string }): Promise<Daemons> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const zones: OpenZone[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(request, response);
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const question = await read(request);
    asked.push(question);
    const reply = await answer(question, response);
    if (reply === undefined) return;
    response.writeHead(reply.status ?? 200, { connection: "close" });
    response.end(reply.body);
  };
  const server: Server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${address.port}`;
  return {
    url,
    asked,
    open: (options = {}) => {
      const zone = openZone({ ...defaults(url), ...options });
      zones.push(zone);
      return zone;
    },
    close: async () => {
      await Promise.all(zones.map((zone) => zone.close()));
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function defaults(url: string): ZoneOptions {
  return {
    name: "zone-a",
    xmlrpc: `${url}/RPC2`,
    oneflow: url,
    user: "flbot",
    password: { reveal: () => "flbot-secret" },
    deadlines: { xmlrpc: 60_000, oneflow: 60_000 },
    inFlight: { xmlrpc: 4, oneflow: 2 },
  };
}

async function read(request: IncomingMessage): Promise<Asked> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
  const { authorization } = request.headers;
  if (request.url !== "/RPC2")
    return { what: `${request.method} ${request.url}`, parameters: [body], body, authorization };
  const method = /<methodName>(.*?)<\/methodName>/.exec(body)?.[1] ?? "";
  const parameters = [...body.matchAll(/<value>(?:<\w+>([^<]*)<\/\w+>|<\w+\/>)<\/value>/g)].map(
    (match) => match[1] ?? "",
  );
  return { what: method, parameters, body, authorization };
}

/** An answer of oned that carries `value`. */
export function success(value: string | number): Reply {
  const escaped = String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const typed = typeof value === "number" ? `<i4>${value}</i4>` : `<string>${escaped}</string>`;
  return envelope(`<value><boolean>1</boolean></value><value>${typed}</value><value><i4>0</i4></value>`);
}

export function failure(code: number, message: string): Reply {
  return envelope(
    `<value><boolean>0</boolean></value><value><string>${message}</string></value><value><i4>${code}</i4></value><value><i4>-1</i4></value><value><i8>-1</i8></value>`,
  );
}

function envelope(values: string): Reply {
  const body = `<?xml version="1.0"?><methodResponse><params><param><value><array><data>${values}</data></array></value></param></params></methodResponse>`;
  return { body };
}

/** What a call failed with; that it did not fail, or not so, fails the test. */
export async function errorOf(promise: Promise<unknown>): Promise<ZoneError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof ZoneError, String(error));
    return error;
  }
  return assert.fail("it did not fail");
}
