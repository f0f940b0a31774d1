import { appendFileSync } from "node:fs";
import type { Answer, Request } from "./daemon.ts";

export type Recorder = (entry: {
  edge: string;
  operation: string;
  request: Request;
  answer: Answer | undefined;
  at: Date;
}) => void;

export const noRecord: Recorder = () => {};

/** Appends one JSON line per request and answer, both whole; credentials are replaced. An answer that never came is null. */
export function fileRecorder(path: string): Recorder {
  return ({ edge, operation, request, answer, at }) => {
    const { authorization, ...headers } = request.headers;
    const line = {
      at: at.toISOString(),
      edge,
      direction: "from-bot",
      method: operation,
      request: {
        method: request.method,
        path: request.path,
        headers: authorization === undefined ? headers : { ...headers, authorization: "[secret]" },
        body: withoutSession(operation, request.body),
      },
      response:
        answer === undefined
          ? null
          : { ...answer, body: operation === "one.user.login" ? withoutToken(answer.body) : answer.body },
    };
    appendFileSync(path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  };
}

/** The credential is the first parameter of every XML-RPC call; a login's third may be a token. */
function withoutSession(operation: string, body: string): string {
  if (!operation.startsWith("one.")) return body;
  const values = /<value>\s*(?:<string>[^<]*<\/string>|<string\s*\/>|[^<]*)\s*<\/value>/g;
  const secretPlaces = operation === "one.user.login" ? [0, 2] : [0];
  let place = -1;
  return body.replace(values, (value) => {
    place += 1;
    return secretPlaces.includes(place) ? "<value><string>[secret]</string></value>" : value;
  });
}

function withoutToken(body: string): string {
  return body.replace(/\b[0-9a-f]{64}\b/g, "[secret]");
}
