/** Structured logs on stderr, one JSON object a line. A secret that ends up in one reads `[secret]`. */
import { type DestinationStream, destination, type Logger, pino, stdSerializers } from "pino";
import { Secret } from "./secret.ts";

export type { Logger } from "pino";

/** Names under which libraries hang credentials onto requests and errors. */
const SECRET_NAMES = ["token", "password", "authorization", "signingSecret", "appToken", "botToken", "cookie"];
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Slack's tokens, wherever in a text they stand. */
const SLACK_TOKEN = /\bx(?:ox[a-z]|app)-[A-Za-z0-9-]+/g;

const SHOWN = new Secret("").toString();

/** `level` is one of pino's, `silent` for none. Lines go to stderr, where they mix with no output of the program. */
export function createLog(level: string, to: DestinationStream = destination({ fd: 2, sync: true })): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: SHOWN },
      serializers: { error: stdSerializers.err, err: stdSerializers.err },
    },
    { write: (line) => to.write(line.replace(SLACK_TOKEN, SHOWN)) },
  );
}
