/** Structured logs on stderr, one JSON object a line. A secret that ends up in one reads `[secret]`. */
import { type DestinationStream, destination, type Logger, pino, stdSerializers } from "pino";
import { Redactor, Secret } from "./secret.ts";

export type { Logger } from "pino";

const SHOWN = new Secret("").toString();

/** Names under which libraries hang credentials onto requests and errors, at whatever depth. */
const NAMED = /("(?:[a-z]*token|[a-z]*password|[a-z]*secret|authorization|cookie|set-cookie)":)"(?:[^"\\]|\\.)*"/gi;
/** Slack's tokens, wherever in a text they stand. */
const SLACK_TOKEN = /\bx(?:ox[a-z]|app)[-.][A-Za-z0-9.-]+/g;
const CREDENTIALS = /\b(Basic|Bearer) [A-Za-z0-9._~+/=-]+/g;

const TEXT = /"(?:[^"\\]|\\.)*"/g;

/** Works on the finished line: nothing that a library does to an object on its way there is missed. */
const censored = (line: string, redactor: Redactor): string =>
  line
    .replace(NAMED, `$1"${SHOWN}"`)
    .replace(SLACK_TOKEN, SHOWN)
    .replace(CREDENTIALS, `$1 ${SHOWN}`)
    // Text by text: a secret that reads like JSON must not break the line.
    .replace(TEXT, (text) => cleaned(text, redactor));

function cleaned(text: string, redactor: Redactor): string {
  const written: unknown = JSON.parse(text);
  if (typeof written !== "string") return text;
  const clean = redactor.clean(written);
  return clean === written ? text : JSON.stringify(clean);
}

/** An error with a code is trouble that has a name: where in the program it came up is said at debug only. */
const inBrief = (error: Error): object => {
  const { type, message, stack } = stdSerializers.err(error);
  return "code" in error && error.code !== undefined ? { type, code: error.code, message } : { type, message, stack };
};

export interface LogOptions {
  /** Knows what may stand in no line, however it is spelled there. */
  readonly redactor?: Redactor;
  /** stderr without it, where lines mix with no output of the program. */
  readonly to?: DestinationStream;
}

/** `level` is one of pino's, `silent` for none. */
export function createLog(
  level: string,
  { redactor = new Redactor([]), to = destination({ fd: 2, sync: true }) }: LogOptions = {},
): Logger {
  const serialize = level === "debug" || level === "trace" ? stdSerializers.err : inBrief;
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: serialize, error: serialize },
    },
    { write: (line) => to.write(censored(line, redactor)) },
  );
}
