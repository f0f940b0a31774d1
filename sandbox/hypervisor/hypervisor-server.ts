import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Logger } from "pino";
import { z } from "zod";
import type { Hypervisor } from "./hypervisor.ts";

/** What a route answers: a status, and a body where there is one to give. */
export type Answer = { readonly status: number; readonly body?: unknown };

/** One route; `parameters` are the pattern's groups, decoded. */
export type Route = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: RegExp;
  readonly handle: (parameters: readonly string[], body: unknown) => Promise<Answer> | Answer;
};

const MAX_BODY_BYTES = 4 * 1024 * 1024;

const vmId = z.int().min(0);
const vmSpec = z.object({
  zone: z.string().min(1),
  vmId,
  context: z.record(z.string(), z.string()),
  serials: z.array(z.string()).optional(),
  oneGate: z.object({ url: z.url(), token: z.string() }),
});
const stopping = z.object({ hard: z.boolean().default(false) }).default({ hard: false });

/** The interface between a zone and whatever runs its VMs. */
function hypervisorRoutes(hypervisor: Hypervisor): readonly Route[] {
  return [
    { method: "GET", path: /^\/ready$/, handle: () => ({ status: 200, body: { ready: true } }) },
    { method: "GET", path: /^\/vms$/, handle: () => ({ status: 200, body: hypervisor.list() }) },
    {
      method: "POST",
      path: /^\/vms$/,
      handle: async (_parameters, body) => {
        const outcome = await hypervisor.start(vmSpec.parse(body));
        return { status: outcome === "started" ? 201 : 200, body: { outcome } };
      },
    },
    {
      method: "POST",
      path: /^\/vms\/([^/]+)\/([^/]+)\/stop$/,
      handle: async (parameters, body) => {
        await hypervisor.stop(addressOf(parameters), stopping.parse(body).hard);
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: /^\/vms\/([^/]+)\/([^/]+)\/reboot$/,
      handle: async (parameters) => {
        const outcome = await hypervisor.reboot(addressOf(parameters));
        return outcome === "unknown" ? { status: 404, body: { error: "no such VM" } } : { status: 204 };
      },
    },
    {
      method: "DELETE",
      path: /^\/vms\/([^/]+)\/([^/]+)$/,
      handle: async (parameters) => {
        await hypervisor.remove(addressOf(parameters));
        return { status: 204 };
      },
    },
  ];
}

export interface RunningHypervisor {
  /** Such as `http://127.0.0.1:5500`. */
  readonly url: string;
  readonly port: number;
  /** Ends every VM. @throws when something of them stays on the machine */
  readonly close: () => Promise<void>;
}

/** Milliseconds that an idle connection is kept: its client gives it up first, and sends nothing into one that closes. */
const IDLE_MS = 600_000;

/**
 * Serves the hypervisor, and routes that control it, as JSON over HTTP on loopback.
 * @param listen with a token, only to those who show it; port 0 takes a free one
 * @throws Error if the port is taken
 */
export async function serveHypervisor(
  hypervisor: Hypervisor,
  control: readonly Route[],
  { port, token, log }: { readonly port: number; readonly token: string | undefined; readonly log: Logger },
): Promise<RunningHypervisor> {
  const failed = (error: unknown): void => log.error({ err: error }, "a request failed");
  const routes = [...hypervisorRoutes(hypervisor), ...control];
  const server = createServer({ keepAliveTimeout: IDLE_MS }, (request, response) => {
    answer(routes, token, request)
      .catch((error: unknown) => refusalOf(error, failed))
      .then((result) => send(response, result))
      .catch(failed);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  } catch (error) {
    await hypervisor.close();
    throw error;
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    async close() {
      server.close();
      server.closeAllConnections();
      await hypervisor.close();
    },
  };
}

async function answer(routes: readonly Route[], token: string | undefined, request: IncomingMessage): Promise<Answer> {
  if (token !== undefined && !isBearer(request.headers.authorization ?? "", token)) {
    return { status: 401, body: { error: "the token is missing or wrong" } };
  }
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  for (const route of routes) {
    const match = request.method === route.method ? route.path.exec(pathname) : null;
    if (match !== null) {
      return await route.handle(match.slice(1).map(decodeURIComponent), await readJson(request));
    }
  }
  return { status: 404, body: { error: `no ${request.method} ${pathname}` } };
}

function addressOf([zone = "", id = ""]: readonly string[]) {
  return { zone, vmId: vmId.parse(Number(id)) };
}

function isBearer(header: string, token: string): boolean {
  const given = Buffer.from(header);
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) {
      throw new SyntaxError("the body is too large");
    }
    chunks.push(bytes);
  }
  return size === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function refusalOf(error: unknown, failed: (error: unknown) => void): Answer {
  if (error instanceof z.ZodError) {
    return { status: 400, body: { error: z.prettifyError(error) } };
  }
  if (error instanceof SyntaxError || error instanceof URIError) {
    return { status: 400, body: { error: error.message } };
  }
  failed(error);
  return { status: 500, body: { error: "the hypervisor failed; its log says why" } };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (body === undefined) {
    response.writeHead(status).end();
    return;
  }
  response.writeHead(status, { "Content-Type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
