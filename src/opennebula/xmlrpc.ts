/**
 * oned's XML-RPC. The `xmlrpc` package knows no deadline, no limit and no certificates of its own, so every call gets
 * a client of its own whose options carry them down to `node:http`.
 */
import net from "node:net";
import tls from "node:tls";
import xmlrpc from "xmlrpc";
import { z } from "zod";
import type { ZoneErrorCode } from "../federation/model/zone-facts.ts";
import type { Redactor } from "../secret.ts";
import { CallLimiter, Ended, type Rank } from "./call-limiter.ts";
import { type Call, connectionFailed, errorCode, notSent, notUnderstood, place, refused, tooLarge } from "./failure.ts";
import { retryAfter } from "./retry-after.ts";

/** No answer is read further than this; pools are asked for in pieces that stay far below. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** The bot's account in a zone. The password is asked for at each call and kept nowhere else. */
export interface Account {
  readonly user: string;
  readonly password: { reveal(): string };
}

export interface Endpoint {
  readonly zone: string;
  readonly url: URL;
  /** PEM. The zone's own CA instead of the system's. */
  readonly ca?: string;
  readonly account: Account;
  /** Knows the account's credentials. */
  readonly redactor: Redactor;
  readonly inFlight: number;
  /** Milliseconds. */
  readonly deadline: number;
}

type Parameter = string | number | boolean;

const success = z.tuple([z.literal(true), z.union([z.string(), z.number()])], z.unknown());
const failure = z.tuple([z.literal(false), z.string(), z.number()], z.unknown());
const envelope = z.union([success, failure]);
const faultSchema = z.object({ faultCode: z.number(), faultString: z.string() });

/** oned's error codes; 512 is also its word for quotas, and 8192 for a disabled zone: the text tells. */
function refusalCode(code: number, said: string): ZoneErrorCode {
  if (/zone disabled/i.test(said)) return "zone-disabled";
  switch (code) {
    case 256:
      return "authentication";
    case 512:
      return /limit of \S+ reached/.test(said) ? "quota" : "forbidden";
    case 1024:
      return "no-such-object";
    case 2048:
    case 32768:
      return "wrong-state";
    case 4096:
    case 16384:
      return "invalid";
    default:
      return "internal";
  }
}

/** How a call came out on the wire, before anybody judges it. */
interface Wire {
  connected: boolean;
  overflow: boolean;
}

/** The calls of oned that change nothing. */
export interface Reading {
  /** The value is text: XML, or the version. Throws `ZoneError`. */
  read(method: string, ...parameters: readonly Parameter[]): Promise<string>;
}

export class XmlRpc implements Reading {
  /** For what people want to see: behind everything else, and few calls at once. */
  readonly unhurried: Reading = { read: (method, ...parameters) => this.#read(method, parameters, "last") };
  readonly #endpoint: Endpoint;
  readonly #limiter: CallLimiter;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#limiter = new CallLimiter(endpoint);
  }

  read(method: string, ...parameters: readonly Parameter[]): Promise<string> {
    return this.#read(method, parameters, "first");
  }

  /** A call that changes something in the zone. Throws `ZoneError`, ambiguous when the answer was lost. */
  async act(method: string, ...parameters: readonly Parameter[]): Promise<void> {
    await this.#call(this.#describe(method, true), method, parameters, "first");
  }

  close(): void {
    this.#limiter.close();
  }

  async #read(method: string, parameters: readonly Parameter[], rank: Rank): Promise<string> {
    const call = this.#describe(method, false);
    const value = await this.#call(call, method, parameters, rank);
    if (typeof value !== "string") throw notUnderstood(call, "a number where text was expected");
    return value;
  }

  #describe(what: string, effect: boolean): Call {
    const { zone, url, redactor } = this.#endpoint;
    return { zone, endpoint: place(url), what, effect, redactor };
  }

  async #call(call: Call, method: string, parameters: readonly Parameter[], rank: Rank): Promise<string | number> {
    const wire: Wire = { connected: false, overflow: false };
    let answer: unknown;
    try {
      answer = await this.#limiter.run((signal) => this.#exchange(method, parameters, wire, signal), rank);
    } catch (error) {
      const pause = pauseAsked(error);
      if (pause !== undefined) this.#limiter.hold(pause);
      throw judge(call, error, wire);
    }
    const parsed = envelope.safeParse(answer);
    if (!parsed.success) throw notUnderstood(call, "no OpenNebula envelope", { cause: parsed.error });
    const [worked, value, code] = parsed.data;
    if (worked) return value;
    throw refused(call, refusalCode(typeof code === "number" ? code : -1, value), value);
  }

  #exchange(method: string, parameters: readonly Parameter[], wire: Wire, signal: AbortSignal): Promise<unknown> {
    const { url, account } = this.#endpoint;
    const secure = url.protocol === "https:";
    const port = Number(url.port === "" ? (secure ? 443 : 80) : url.port);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const options = {
      host,
      port,
      path: url.pathname,
      headers: { Connection: "close" },
      signal,
      createConnection: () => watch(this.#connect(host, port, secure), secure, wire),
    };
    const client = secure ? xmlrpc.createSecureClient(options) : xmlrpc.createClient(options);
    const credential = `${account.user}:${account.password.reveal()}`;
    return new Promise((resolve, reject) => {
      // The callback comes twice when a connection breaks in the middle of an answer; a promise listens once.
      client.methodCall(method, [credential, ...parameters], (error: unknown, value: unknown) => {
        if (error === undefined || error === null) resolve(value);
        else reject(error);
      });
    });
  }

  #connect(host: string, port: number, secure: boolean): net.Socket {
    if (!secure) return net.connect({ host, port });
    const { ca } = this.#endpoint;
    return tls.connect({
      host,
      port,
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    });
  }
}

/** Notes when a connection stands, and ends it when the answer grows too long. */
function watch(socket: net.Socket, secure: boolean, wire: Wire): net.Socket {
  socket.once(secure ? "secureConnect" : "connect", () => {
    wire.connected = true;
  });
  let received = 0;
  socket.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received <= MAX_ANSWER_BYTES) return;
    wire.overflow = true;
    socket.destroy();
  });
  return socket;
}

function judge(call: Call, error: unknown, wire: Wire): Error {
  if (wire.overflow) return tooLarge(call, MAX_ANSWER_BYTES);
  const fault = faultSchema.safeParse(error);
  if (fault.success) return refused(call, "invalid", `${fault.data.faultString} (fault ${fault.data.faultCode})`);
  const code = errorCode(error);
  if (code === undefined && error instanceof Error && !(error instanceof Ended)) {
    // Thrown before anything was sent: a character that XML cannot carry.
    if (!wire.connected) return notSent(call);
    const status = httpStatus(error);
    return notUnderstood(call, error.message, { cause: error, ...(status === undefined ? {} : { status }) });
  }
  return connectionFailed(call, error, wire.connected);
}

/** The answer that the package could not read, which it hangs onto its error. */
const unread = z.object({ res: z.object({ statusCode: z.number(), headers: z.record(z.string(), z.unknown()) }) });

/** The status of such an answer; nothing if it was 200. */
function httpStatus(error: Error): number | undefined {
  const answer = unread.safeParse(error);
  return answer.success && answer.data.res.statusCode !== 200 ? answer.data.res.statusCode : undefined;
}

function pauseAsked(error: unknown): number | undefined {
  const answer = unread.safeParse(error);
  return answer.success ? retryAfter(answer.data.res.statusCode, answer.data.res.headers["retry-after"]) : undefined;
}
