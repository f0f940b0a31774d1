/** Structured logs on stderr, one JSON object a line. A secret that ends up in one reads `[secret]`. */
import { type DestinationStream, destination, type Logger, pino, stdSerializers } from "pino";
import { Secret } from "./secret.ts";

export type { Logger } from "pino";

const SHOWN = new Secret("").toString();

/** Names under which libraries hang credentials onto requests and errors, at whatever depth. */
const NAMED = /("(?:[a-z]*token|[a-z]*password|[a-z]*secret|authorization|cookie|set-cookie)":)"(?:[^"\\]|\\.)*"/gi;
/** Slack's tokens, wherever in a text they stand. */
const SLACK_TOKEN = /\bx(?:ox[a-z]|app)[-.][A-Za-z0-9.-]+/g;
const CREDENTIALS = /\b(Basic|Bearer) [A-Za-z0-9._~+/=-]+/g;

/** Works on the finished line: nothing that a library does to an object on its way there is missed. */
const censored = (line: string): string =>
  line.replace(NAMED, `$1"${SHOWN}"`).replace(SLACK_TOKEN, SHOWN).replace(CREDENTIALS, `$1 ${SHOWN}`);

/** `level` is one of pino's, `silent` for none. Lines go to stderr, where they mix with no output of the program. */
export function createLog(level: string, to: DestinationStream = destination({ fd: 2, sync: true })): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    { write: (line) => to.write(censored(line)) },
  );
}
