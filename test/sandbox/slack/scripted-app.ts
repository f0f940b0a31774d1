import { createServer, type IncomingHttpHeaders } from "node:http";
import type { TestContext } from "node:test";
import type { z } from "zod";
import type { Workspace } from "./workspace.ts";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Scripted {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

export interface ScriptedApp {
  readonly received: Received[];
  /** The last interaction's payload, read with a schema. */
  readonly payload: <T>(schema: z.ZodType<T>) => T;
}

/** An app without Bolt: it keeps what it is sent and answers what the test says; `hang` answers nothing. */
export async function startScriptedApp(
  context: TestContext,
  workspace: Pick<Workspace, "url" | "control">,
  answer: (request: Received, count: number) => Scripted | "hang" = () => ({ status: 200 }),
): Promise<ScriptedApp> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const got = { headers: request.headers, body: Buffer.concat(chunks).toString() };
      received.push(got);
      const script = answer(got, received.length);
      if (script !== "hang") response.writeHead(script.status, script.headers ?? {}).end(script.body ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the app has no port");
  await workspace.control.eventsUrl({ url: `http://127.0.0.1:${address.port}/slack/events` });
  return {
    received,
    payload: (schema) => {
      const form = new URLSearchParams(received.at(-1)?.body ?? "");
      return schema.parse(JSON.parse(form.get("payload") ?? "null"));
    },
  };
}
