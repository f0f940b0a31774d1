/** Whatever answers in a zone's place, at every call that the bot makes. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import type { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { isTransient, zoneReason } from "../../src/federation/proposing/preflight.ts";
import type { OpenZone } from "../../src/opennebula/zone.ts";
import { ONE_OF } from "../thoroughness.ts";
import { errorOf, type Reply, startDaemons } from "./daemons.ts";
import { CALLS, CHANGING, type Instead, usualAnswer } from "./every-call.ts";

const PAGE = "<html>\n<head><title>Sorry</title></head>\n<body><center><h1>Sorry</h1></center></body>\n</html>\n";

const plainly = (status: number, body: string, headers: Readonly<Record<string, string>>) => (to: ServerResponse) => {
  to.writeHead(status, { connection: "close", ...headers });
  to.end(body);
};
const page = (status: number) => plainly(status, PAGE, { "content-type": "text/html" });
const text = (status: number, words: string) => plainly(status, words, { "content-type": "text/plain; charset=utf-8" });
const json = (status: number, body: string) => plainly(status, body, { "content-type": "application/json" });

/** What can come back instead of an answer, or of the end of one. */
const ANSWERS: readonly (readonly [what: string, write: (to: ServerResponse, right: Reply) => void])[] = [
  ...[429, 502, 503, 504].flatMap((status) => [
    [`a proxy's page with ${status}`, page(status)] as const,
    [
      `a proxy's words with ${status}`,
      text(status, "upstream connect error or disconnect/reset before headers"),
    ] as const,
    [`an empty ${status}`, plainly(status, "", {})] as const,
  ]),
  ...[200, 400, 401, 403, 404, 405, 413, 500].map((status) => [`a page with ${status}`, page(status)] as const),
  ["an empty 200", plainly(200, "", {})],
  ["an empty 400", plainly(400, "", {})],
  ["an empty 500", plainly(500, "", {})],
  ["a redirect", plainly(302, "", { location: "https://login.example.org/" })],
  ["a redirect that keeps the method", plainly(307, PAGE, { location: "/RPC2/", "content-type": "text/html" })],
  ["words with 400", text(400, "400 Bad Request")],
  ["words with 401", text(401, "401 Unauthorized")],
  ["words with 403", text(403, "RBAC: access denied")],
  ["words with 404", text(404, "404 page not found")],
  ["JSON with 200", json(200, '{"status":"ok"}')],
  ["JSON with 400", json(400, '{"message":"no Route matched with those values"}')],
  ["JSON with 401", json(401, '{"message":"Unauthorized"}')],
  [
    "a cut answer",
    (to, { status = 200, body }) => {
      to.writeHead(status, { "content-length": body.length + 1000 });
      to.write(body.slice(0, body.length / 2), () => to.destroy());
    },
  ],
  [
    "a cut chunked answer",
    (to, { status = 200, body }) => {
      to.writeHead(status, { "transfer-encoding": "chunked" });
      to.write(body.slice(0, body.length / 2), () => to.destroy());
    },
  ],
  [
    "half of the right answer, as if it were whole",
    (to, { status = 200, body }) => {
      to.writeHead(status, { connection: "close" });
      to.end(body.slice(0, body.length / 2));
    },
  ],
  ["no answer, but the end of the connection", (to) => to.destroy()],
  ["bytes that are no HTTP", (to) => to.socket?.end("\u0015\u0003\u0001\u0000\u0002\u0002F")],
];

/** Half of a short refusal may say as much as the whole one. */
const saysNothing = (what: string, request: string): boolean =>
  what.startsWith("half of") &&
  (request.startsWith("DELETE") || request.startsWith("GET") || request === "POST /service/7/action");

describe("what is not OpenNebula's answer", () => {
  for (const [turn, [what, write]] of ANSWERS.entries()) {
    it(`${what} is never a refusal: a look passes by itself, and whether an effect came about stays open`, async () => {
      let spoilt = "";
      let instead: Instead = {};
      const daemons = await startDaemons((asked, response) => {
        if (asked.what !== spoilt) return usualAnswer(asked, instead);
        write(response, usualAnswer(asked, instead));
        return undefined;
      });
      try {
        let place = turn;
        for (const [name, call, others = {}] of CALLS) {
          instead = others;
          for (const request of await requestsOf(name, call, others)) {
            place += 1;
            if (place % ONE_OF !== 0 || saysNothing(what, request)) continue;
            spoilt = request;
            const where = `${name} with ${what} at ${request}`;
            const error = await failureOf(call(daemons.open()), where);
            const isPassing = isTransient(zoneReason(error));
            assert.deepEqual([where, error.ambiguous, isPassing], [where, CHANGING.has(request), true], error.message);
            assert.doesNotMatch(error.message, /flbot-secret/, where);
          }
        }
      } finally {
        await daemons.close();
      }
    });
  }
});

async function failureOf(call: Promise<unknown>, where: string): Promise<ZoneError> {
  try {
    return await errorOf(call);
  } catch (error) {
    throw new Error(where, { cause: error });
  }
}

const known = new Map<string, readonly string[]>();

/** The requests that a call makes when nothing is wrong. */
async function requestsOf(
  name: string,
  call: (zone: OpenZone) => Promise<unknown>,
  instead: Instead,
): Promise<readonly string[]> {
  const before = known.get(name);
  if (before !== undefined) return before;
  const daemons = await startDaemons((asked) => usualAnswer(asked, instead));
  await call(daemons.open()).catch(() => undefined);
  const requests = [...new Set(daemons.asked.map(({ what }) => what))];
  await daemons.close();
  known.set(name, requests);
  return requests;
}
