/** `/healthz`, `/readyz` and `/metrics` over HTTP, for this machine: whoever keeps the bot running asks them. */
import { createServer, type Server, type ServerResponse } from "node:http";
import { LoopDelay } from "./loop-delay.ts";
import { Metrics, type SlackCall, type ZoneCall } from "./metrics.ts";
import { ailments, unready, type VitalSigns } from "./vital-signs.ts";

export interface HealthPlace {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/** The place cannot be listened at; the sentence says what to do. */
export class HealthPlaceError extends Error {
  override readonly name = "HealthPlaceError";
  readonly code = "health-listen";
}

export interface Health {
  readonly port: number;
  zoneCalled(call: ZoneCall): void;
  slackCalled(call: SlackCall): void;
  /** From now on it is told how the bot's parts are. */
  attend(signs: VitalSigns): void;
  stop(): Promise<void>;
}

/** Throws `HealthPlaceError`. */
export async function openHealth(place: HealthPlace): Promise<Health> {
  let attended: VitalSigns | null = null;
  const signs = () => attended;
  const loop = new LoopDelay();
  const metrics = new Metrics(signs, loop);
  const server = createServer((request, response) => {
    answer(request.method, request.url, response).catch((error: unknown) => {
      response.writeHead(500, PLAIN).end(`${error instanceof Error ? error.message : String(error)}\n`);
    });
  });

  async function answer(method: string | undefined, url: string | undefined, response: ServerResponse): Promise<void> {
    if (method !== "GET" && method !== "HEAD") return void response.writeHead(405, { allow: "GET, HEAD" }).end();
    switch (url?.split("?")[0]) {
      case "/healthz":
        return tell(response, await ailments(attended));
      case "/readyz":
        return tell(response, await unready(attended));
      case "/metrics":
        return void response.writeHead(200, { "content-type": metrics.contentType }).end(await metrics.text());
      default:
        return void response.writeHead(404, PLAIN).end("There are /healthz, /readyz and /metrics.\n");
    }
  }

  const port = await listen(server, place);
  return {
    port,
    zoneCalled: (call) => metrics.zoneCalled(call),
    slackCalled: (call) => metrics.slackCalled(call),
    attend: (newest) => {
      attended = newest;
    },
    stop: () => {
      loop.stop();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

const PLAIN = { "content-type": "text/plain; charset=utf-8" };

function tell(response: ServerResponse, troubles: readonly string[]): void {
  const text = troubles.length === 0 ? "ok" : troubles.join("\n");
  response.writeHead(troubles.length === 0 ? 200 : 503, PLAIN).end(`${text}\n`);
}

/** The port that it got. */
async function listen(server: Server, { host, port }: HealthPlace): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      const code = "code" in error ? String(error.code) : error.message;
      reject(
        new HealthPlaceError(
          `The bot cannot listen at ${host}:${port} for /healthz, /readyz and /metrics (${code}). Give a free port of this machine in FLORIST_HEALTH_PORT, or none.`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return address === null || typeof address === "string" ? port : address.port;
}
