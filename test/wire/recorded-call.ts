import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../../src/package-root.ts";
import type { Lab } from "./lab.ts";
import { jsonStructure, xmlStructure } from "./structure.ts";

const recording = z.object({
  name: z.string(),
  zone_port: z.number(),
  request: z.object({
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string().nullish(),
  }),
  response: z.object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.string().nullish() }),
});

export type Recording = z.infer<typeof recording>;

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The recordings are only among the sources. */
const folder = join(packageRoot(), "test/wire/recorded");

export function recorded(name: string): Recording {
  return recording.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")));
}

const heldAgainst = new Set<string>();

/** Which recordings the lab's answer was held against in this process, and was the same. */
export const replayed: ReadonlySet<string> = heldAgainst;

export const allRecorded = (): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length));

/** Sends the recorded request to the lab and holds the answer against the recorded one. */
export async function replay(lab: Lab, name: string, headers: Record<string, string> = {}): Promise<Answered> {
  const call = recorded(name);
  const answered = await send(lab, call, headers);
  compare(call, answered);
  heldAgainst.add(name);
  return answered;
}

/** Sends it only, to bring the lab to where the next recording was made. */
export async function send(lab: Lab, call: Recording, headers: Record<string, string> = {}): Promise<Answered> {
  const url = new URL(addressOf(lab, call.zone_port));
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host: url.hostname,
        port: url.port,
        method: call.request.method,
        path: call.request.path,
        headers: { ...call.request.headers, ...headers },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(call.request.body ?? "");
  });
}

function compare(call: Recording, answered: Answered): void {
  assert.equal(answered.status, call.response.status, `${call.name}: status; body ${answered.body.slice(0, 300)}`);
  for (const header of ["Content-type", "Content-Type"]) {
    const expected = call.response.headers[header];
    if (expected !== undefined) assert.equal(answered.headers["content-type"], expected, `${call.name}: content type`);
  }
  if (call.request.path === "/RPC2") assert.equal(answered.headers["connection"], "close", `${call.name}: keep-alive`);
  assert.equal(structureOf(answered.body), structureOf(call.response.body ?? ""), call.name);
}

function structureOf(body: string): string {
  if (body.startsWith("<?xml")) return xmlStructure(body).join("\n");
  return body.startsWith("{") ? jsonStructure(JSON.parse(body)) : body;
}

function addressOf(lab: Lab, port: number): string {
  const { zones } = lab.running.addresses;
  const [a, b, c] = zones;
  if (a === undefined || b === undefined || c === undefined) throw new Error("the lab has three zones");
  switch (port) {
    case 2633:
      return a.xmlrpc;
    case 2733:
      return b.xmlrpc;
    case 2833:
      return c.xmlrpc;
    case 2474:
      return a.oneflow ?? "";
    case 2574:
      return b.oneflow ?? "";
    case 2674:
      return c.oneflow ?? "";
    case 5030:
      return a.onegate;
    default:
      throw new Error(`nothing was recorded at port ${port}`);
  }
}
