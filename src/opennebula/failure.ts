/** What went wrong on the way to a zone, or in it, turned into a `ZoneError` that says what to do. */
import { ZoneError, type ZoneErrorCode } from "../federation/model/zone-facts.ts";
import type { Redactor } from "../secret.ts";
import { Ended } from "./call-limiter.ts";
import { foreignText } from "./foreign-text.ts";

/** Where a call went and what it was, for the sentence a person reads. Never shows a credential. */
export interface Call {
  readonly zone: string;
  readonly endpoint: string;
  /** Such as `one.vm.info` or `DELETE /service/7`. */
  readonly what: string;
  /** Whether the call changes something in the zone: only then can a lost answer leave something behind. */
  readonly effect: boolean;
  /** Knows the credentials that whoever answers has been shown. */
  readonly redactor: Redactor;
}

/** Errors of the connection before a byte of the request was taken. */
const NOT_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EHOSTDOWN",
  "ENETDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_|HOSTNAME_MISMATCH$)/;

/** Where an answer of HTTP should begin, something else does. */
export class NotHttp extends Error {
  override readonly name = "NotHttp";
}

/** The code of a Node.js error, which undici and `fetch`-like layers put one or more causes deep. */
export function errorCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
}

/** The original's kind and words, without the request that some libraries hang onto their errors. */
function withoutRequest(redactor: Redactor, error: unknown): Error {
  const plain = new Error(foreignText(redactor, error instanceof Error ? error.message : String(error)));
  const code = errorCode(error);
  return code === undefined ? plain : Object.assign(plain, { code: foreignText(redactor, code) });
}

const LONGEST_MESSAGE = 2000;

/** The error as it may leave this room: whatever it was made of, no secret stands in it or in what caused it. */
export function withoutSecrets(redactor: Redactor, error: unknown): unknown {
  if (!(error instanceof ZoneError)) return error;
  return new ZoneError(error.code, foreignText(redactor, error.message, LONGEST_MESSAGE), {
    ambiguous: error.ambiguous,
    ...(error.cause === undefined ? {} : { cause: withoutRequest(redactor, error.cause) }),
  });
}

interface Told {
  readonly code: ZoneErrorCode;
  readonly sentence: string;
}

function tell(call: Call, error: unknown): Told {
  const at = `zone ${call.zone} at ${call.endpoint}`;
  if (error instanceof Ended && error.why === "closed") {
    return { code: "unreachable", sentence: `The connection to ${at} was closed while ${call.what} was under way.` };
  }
  if (error instanceof Ended && error.why === "held") {
    const sentence = `${call.what} was not sent: something before ${at} has asked to be left alone for a while.`;
    return { code: "rubbish", sentence };
  }
  if (error instanceof Ended) {
    return {
      code: "timeout",
      sentence: `No whole answer came from ${at} to ${call.what} in time. It may be overloaded or its daemon may hang.`,
    };
  }
  const words = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
  const code = foreignText(call.redactor, words);
  if (error instanceof NotHttp) {
    return {
      code: "rubbish",
      sentence: `What answers at ${at} does not speak HTTP (${code}). Check the address in the zones file.`,
    };
  }
  if (TLS_CODE.test(code)) {
    return {
      code: "tls",
      sentence: `No trusted connection to ${at} (${code}). Check the certificate of the zone and the CA in the zones file.`,
    };
  }
  return {
    code: "unreachable",
    sentence: `No connection to ${at} (${code}). Check that its daemon runs and that the address in the zones file is right.`,
  };
}

/** The connection failed, or was ended from this side. `sent`: the request may have reached the zone. */
export function connectionFailed(call: Call, error: unknown, sent: boolean): ZoneError {
  const { code, sentence } = tell(call, error);
  const arrived = sent && code !== "tls" && !NOT_CONNECTED.has(errorCode(error) ?? "");
  return new ZoneError(code, sentence, {
    ambiguous: call.effect && arrived,
    cause: withoutRequest(call.redactor, error),
  });
}

/** HTTP of proxies that have lost, or spare, what stands behind them. */
const GATEWAY = new Set([429, 502, 503, 504]);

/** Whether something before the daemon answered in its place: the request may have reached the daemon all the same. */
export const isGateway = (status: number): boolean => GATEWAY.has(status);

/** An answer came that no OpenNebula gives. `status`: HTTP's, if it is not the one of an answer. */
export function notUnderstood(
  call: Call,
  detail: string,
  { status, cause }: { readonly status?: number; readonly cause?: unknown } = {},
): ZoneError {
  const at = `Zone ${call.zone} at ${call.endpoint}`;
  const said = foreignText(call.redactor, status === undefined ? detail : `HTTP ${status}: ${detail}`, 200);
  const sentence =
    status !== undefined && isGateway(status)
      ? `${at} did not answer ${call.what} itself, but something before it did (${said}). Its daemon may be down or overloaded.`
      : `${at} answered ${call.what} with something that is no answer of OpenNebula (${said}). Check the address in the zones file.`;
  return new ZoneError("rubbish", sentence, {
    ambiguous: call.effect,
    ...(cause === undefined ? {} : { cause: withoutRequest(call.redactor, cause) }),
  });
}

/** The daemon failed in the middle of the call: it may have done it, or half of it. `said` are its own words. */
export function brokeDown(call: Call, said: string): ZoneError {
  const words = foreignText(call.redactor, said);
  const sentence = `Zone ${call.zone} at ${call.endpoint} failed while it carried out ${call.what}: ${words}`;
  return new ZoneError("rubbish", sentence, { ambiguous: call.effect });
}

/** A library refused the parameters. Its own words quote them, and the credential is among them. */
export function notSent(call: Call): ZoneError {
  const sentence = `${call.what} was not sent to zone ${call.zone}: a value of it holds a character that XML cannot carry.`;
  return new ZoneError("invalid", sentence);
}

export function tooLarge(call: Call, limit: number): ZoneError {
  const sentence = `Zone ${call.zone} answered ${call.what} with more than ${limit / 1024 / 1024} MB, which is not read.`;
  return new ZoneError("too-large", sentence, { ambiguous: call.effect });
}

const REMEDIES: Readonly<Partial<Record<ZoneErrorCode, string>>> = {
  authentication: "Check the user and the password or token that the bot was given for this zone.",
  forbidden: "The zone's administrator has to grant the bot's account that right.",
  quota: "Ask the zone's administrator for more, or run less there.",
  "zone-disabled": "Its administrator has disabled it: nothing can be changed there until it is enabled again.",
};

/** The zone answered that it will not: nothing was done. `said` are its own words. */
export function refused(call: Call, code: ZoneErrorCode, said: string): ZoneError {
  const sentence = `Zone ${call.zone} refused ${call.what}: ${foreignText(call.redactor, said)}`;
  const remedy = REMEDIES[code];
  return new ZoneError(code, remedy === undefined ? sentence : `${sentence} ${remedy}`);
}

/** Where an endpoint is, without what its URL may hold beside. */
export const place = (url: URL): string => `${url.origin}${url.pathname}`.replace(/\/$/, "");
