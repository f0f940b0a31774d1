/** HTTP to one of a zone's daemons: few calls at once, each with a connection of its own, and each ends in time. */
import { Client, type Dispatcher, errors } from "undici";
import { CallLimiter, type Rank } from "./call-limiter.ts";
import type { Credentials } from "./credentials.ts";
import { type Call, connectionFailed, errorCode, NotHttp, place, tooLarge } from "./failure.ts";
import { retryAfter } from "./retry-after.ts";

/** No answer is read further than this; pools are asked for in pieces that stay far below. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export interface Endpoint {
  readonly zone: string;
  /** Asked for at each call: the zone pool may name another one meanwhile. Throws `ZoneError` where none is known. */
  readonly url: () => URL;
  /** PEM. The zone's own CA instead of the system's. */
  readonly ca?: string;
  readonly account: Credentials;
  readonly inFlight: number;
  /** Milliseconds. */
  readonly deadline: number;
  /** Hears of every call: the milliseconds that it took, and `answered` or a `ZoneError`'s code. */
  readonly onCall?: (took: number, outcome: string) => void;
  /** Hears the answers' `Date`, as it is written. */
  readonly onDate?: (date: string) => void;
}

/** `path` comes behind the endpoint's own. */
export interface Sending {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly rank?: Rank;
}

export interface Answer {
  readonly status: number;
  /** Its media type, or nothing. */
  readonly type: string;
  readonly text: string;
}

export class Line {
  readonly #endpoint: Endpoint;
  readonly #limiter: CallLimiter;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#limiter = new CallLimiter(endpoint);
  }

  /** What the call is, for whoever reads how it failed. */
  describe(what: string, effect: boolean): Call {
    const { zone, url, account } = this.#endpoint;
    return { zone, endpoint: place(url()), what, effect, redactor: account.redactor };
  }

  /** Whatever answered, whole. Throws `ZoneError`, ambiguous when the call changes something and may have arrived. */
  async send(call: Call, { rank, ...sending }: Sending): Promise<Answer> {
    const began = performance.now();
    const ended = (outcome: string) => this.#endpoint.onCall?.(performance.now() - began, outcome);
    let connected = false;
    const url = this.#endpoint.url();
    const client = this.#client(url);
    client.once("connect", () => {
      connected = true;
    });
    try {
      const answer = await this.#limiter.run((signal) => this.#exchange(client, url, sending, signal), rank);
      ended("answered");
      return answer;
    } catch (error) {
      const isTooLarge = errorCode(error) === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
      const failure = isTooLarge ? tooLarge(call, MAX_ANSWER_BYTES) : connectionFailed(call, error, connected);
      ended(failure.code);
      throw failure;
    } finally {
      await client.destroy();
    }
  }

  close(): void {
    this.#limiter.close();
  }

  /** Never used twice: a connection that the server has meanwhile closed would make a create ambiguous. */
  #client(url: URL): Client {
    const { ca } = this.#endpoint;
    return new Client(url.origin, {
      pipelining: 0,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: ca === undefined ? {} : { ca },
    });
  }

  async #exchange(
    client: Client,
    url: URL,
    { method, path, headers, body }: Omit<Sending, "rank">,
    signal: AbortSignal,
  ): Promise<Answer> {
    const base = url.pathname.replace(/\/$/, "");
    const answer = await begun(client.request({ method, path: `${base}${path}`, headers, body: body ?? null, signal }));
    const { date } = answer.headers;
    if (typeof date === "string") this.#endpoint.onDate?.(date);
    const pause = retryAfter(answer.statusCode, answer.headers["retry-after"]);
    if (pause !== undefined) this.#limiter.hold(pause);
    const type = String(answer.headers["content-type"] ?? "");
    return { status: answer.statusCode, type, text: await answer.body.text() };
  }
}

/** What cannot be read later is an answer that was cut. */
async function begun(answer: Promise<Dispatcher.ResponseData>): Promise<Dispatcher.ResponseData> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof errors.HTTPParserError ? new NotHttp(error.message, { cause: error }) : error;
  }
}
