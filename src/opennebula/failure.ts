/** What went wrong on the way to a zone, or in it, turned into a `ZoneError` that says what to do. */
import { ZoneError, type ZoneErrorCode } from "../federation/model/zone-facts.ts";
import { Ended } from "./call-limiter.ts";

/** Where a call went and what it was, for the sentence a person reads. Never holds a credential. */
export interface Call {
  readonly zone: string;
  readonly endpoint: string;
  /** Such as `one.vm.info` or `DELETE /service/7`. */
  readonly what: string;
  /** Whether the call changes something in the zone: only then can a lost answer leave something behind. */
  readonly effect: boolean;
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

/** The code of a Node.js error, which undici and `fetch`-like layers put one or more causes deep. */
export function errorCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
}

/** The original's kind and words, without the request that some libraries hang onto their errors. */
function withoutRequest(error: unknown): Error {
  const plain = new Error(error instanceof Error ? error.message : String(error));
  const code = errorCode(error);
  return code === undefined ? plain : Object.assign(plain, { code });
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
  if (error instanceof Ended) {
    return {
      code: "timeout",
      sentence: `No whole answer came from ${at} to ${call.what} in time. It may be overloaded or its daemon may hang.`,
    };
  }
  const code = errorCode(error) ?? (error instanceof Error ? error.message : String(error));
  if (code.startsWith("HPE_")) {
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
  return new ZoneError(code, sentence, { ambiguous: call.effect && arrived, cause: withoutRequest(error) });
}

/** An answer came that no OpenNebula gives. */
export function notUnderstood(call: Call, detail: string, cause?: unknown): ZoneError {
  const sentence = `Zone ${call.zone} at ${call.endpoint} answered ${call.what} with something that is no answer of OpenNebula (${detail}). Check the address in the zones file.`;
  return new ZoneError("rubbish", sentence, {
    ambiguous: call.effect,
    ...(cause === undefined ? {} : { cause: withoutRequest(cause) }),
  });
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
  const sentence = `Zone ${call.zone} refused ${call.what}: ${said.trim().slice(0, 500)}`;
  const remedy = REMEDIES[code];
  return new ZoneError(code, remedy === undefined ? sentence : `${sentence} ${remedy}`);
}

/** Where an endpoint is, without what its URL may hold beside. */
export const place = (url: URL): string => `${url.origin}${url.pathname}`.replace(/\/$/, "");
