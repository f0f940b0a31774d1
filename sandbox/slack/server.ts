import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { answerControl } from "./control/control.ts";
import { json, type Reply, type Request, readRequest, text } from "./http.ts";
import type { Slack } from "./state/slack.ts";
import { createSlack, type SlackOptions } from "./state/slack.ts";
import { answerApiCall } from "./web-api/api-call.ts";
import { answerReply } from "./web-api/replies.ts";
import { answerDownload, answerUpload } from "./web-api/uploads.ts";

export interface RunningSlack {
  /** Such as `http://127.0.0.1:4000`; the Web API is below `/api/`. */
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Milliseconds that an idle connection is kept: its client gives it up first, and sends nothing into one that closes. */
const IDLE_MS = 600_000;

/**
 * Starts the stand-in.
 * @param listen 127.0.0.1 and any free port by default
 * @throws Error if the port is taken
 */
export async function startSlack(
  options: SlackOptions,
  listen: { readonly host?: string; readonly port?: number } = {},
): Promise<RunningSlack> {
  const host = listen.host ?? "127.0.0.1";
  let url = "";
  const slack = createSlack(options, () => url);
  const server = createServer({ keepAliveTimeout: IDLE_MS }, (incoming, outgoing) => {
    serve(slack, incoming, outgoing).catch((error: unknown) => {
      process.stderr.write(`slack stand-in: ${error instanceof Error ? error.stack : String(error)}\n`);
      if (!outgoing.headersSent) send(outgoing, json(500, { ok: false, error: "fatal_error" }));
    });
  });
  server.on("upgrade", (request, socket, head) => slack.sockets.upgrade(request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  url = `http://${host}:${port}`;
  return {
    url,
    port,
    close: () => {
      slack.stop();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function serve(slack: Slack, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = await readRequest(incoming);
  const route = routeOf(request.path);
  if (route.fromBot === undefined) {
    send(outgoing, await route.answer(slack, request));
    return;
  }
  const at = new Date().toISOString();
  const reply = await route.answer(slack, request);
  slack.record({
    at,
    direction: "from-bot",
    method: route.fromBot,
    request: { headers: request.headers, body: request.body.toString() },
    response: reply.kind === "answer" ? { status: reply.status, headers: reply.headers, body: reply.body } : null,
  });
  send(outgoing, reply);
}

interface Route {
  /** The name under which an exchange with the app is recorded. */
  readonly fromBot?: string;
  readonly answer: (slack: Slack, request: Request) => Promise<Reply> | Reply;
}

function routeOf(path: string): Route {
  const [, first, second = ""] = path.split("/");
  switch (first) {
    case "api":
      return { fromBot: second, answer: (slack, request) => answerApiCall(slack, second, request) };
    case "actions":
      return { fromBot: "response_url", answer: answerReply };
    case "upload":
      return { fromBot: "upload", answer: answerUpload };
    case "files-pri":
      return { fromBot: "download", answer: answerDownload };
    case "control":
      return { answer: answerControl };
    case "ready":
      return { answer: () => json(200, { ok: true }) };
    default:
      return { answer: () => text(404, "not found") };
  }
}

function send(outgoing: ServerResponse, reply: Reply): void {
  switch (reply.kind) {
    case "answer":
      outgoing.writeHead(reply.status, reply.headers).end(reply.body);
      return;
    case "cut":
      outgoing.destroy();
      return;
    case "hang":
      return;
  }
}
