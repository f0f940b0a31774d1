/** oned's XML-RPC: what is asked of a zone, and what its answers mean. */
import { z } from "zod";
import { ZoneError, type ZoneErrorCode } from "../federation/model/zone-facts.ts";
import type { Secret } from "../secret.ts";
import type { Rank } from "./call-limiter.ts";
import { type Call, notSent, notUnderstood, refused } from "./failure.ts";
import { type Answer, type Endpoint, Line } from "./line.ts";
import { methodAnswer, methodCall, type Parameter } from "./method-call.ts";

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

/** The calls of oned that change nothing. */
export interface Reading {
  /** The value is text: XML, or the version. Throws `ZoneError`. */
  read(method: string, ...parameters: readonly Parameter[]): Promise<string>;
}

export class XmlRpc implements Reading {
  /** For what people want to see: behind everything else, and few calls at once. */
  readonly unhurried: Reading = { read: (method, ...parameters) => this.#read(method, parameters, "last") };
  readonly #endpoint: Endpoint;
  readonly #line: Line;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
    this.#line = new Line(endpoint);
  }

  read(method: string, ...parameters: readonly Parameter[]): Promise<string> {
    return this.#read(method, parameters, "first");
  }

  /** A call that changes something in the zone. Throws `ZoneError`, ambiguous when the answer was lost. */
  async act(method: string, ...parameters: readonly Parameter[]): Promise<void> {
    await this.#call(this.#line.describe(method, true), method, parameters, "first");
  }

  /** A call that makes something: its number. Throws as `act` does. */
  async make(method: string, ...parameters: readonly Parameter[]): Promise<number> {
    const call = this.#line.describe(method, true);
    const value = await this.#call(call, method, parameters, "first");
    if (typeof value !== "number") throw notUnderstood(call, "no number of what was made");
    return value;
  }

  /** A call that makes something which goes by a text. Throws as `act` does. */
  async obtain(method: string, ...parameters: readonly Parameter[]): Promise<string> {
    const call = this.#line.describe(method, true);
    const value = await this.#call(call, method, parameters, "first");
    if (typeof value !== "string") throw notUnderstood(call, "a number where text was expected");
    return value;
  }

  close(): void {
    this.#line.close();
  }

  async #read(method: string, parameters: readonly Parameter[], rank: Rank): Promise<string> {
    const call = this.#line.describe(method, false);
    const value = await this.#call(call, method, parameters, rank);
    if (typeof value !== "string") throw notUnderstood(call, "a number where text was expected");
    return value;
  }

  /** Who is not known has changed nothing: such a call is sent once more where there is something else to be known by. */
  async #call(call: Call, method: string, parameters: readonly Parameter[], rank: Rank): Promise<string | number> {
    const { account } = this.#endpoint;
    const shown = await account.current();
    try {
      return await this.#once(call, this.#written(call, method, parameters, shown), rank);
    } catch (error) {
      if (!isUnknownUser(error) || !(await account.replace(shown))) throw error;
    }
    return this.#once(call, this.#written(call, method, parameters, await account.current()), rank);
  }

  async #once(call: Call, body: string, rank: Rank): Promise<string | number> {
    const answer = await this.#line.send(call, {
      method: "POST",
      path: "",
      headers: { "content-type": "text/xml" },
      body,
      rank,
    });
    const parsed = envelope.safeParse(await understood(call, answer));
    if (!parsed.success) throw notUnderstood(call, "no OpenNebula envelope", { cause: parsed.error });
    const [worked, value, code] = parsed.data;
    if (worked) return value;
    throw refused(call, refusalCode(typeof code === "number" ? code : -1, value), value);
  }

  #written(call: Call, method: string, parameters: readonly Parameter[], secret: Secret): string {
    try {
      return methodCall(method, [`${this.#endpoint.account.user}:${secret.reveal()}`, ...parameters]);
    } catch {
      throw notSent(call);
    }
  }
}

const isUnknownUser = (error: unknown): boolean => error instanceof ZoneError && error.code === "authentication";

async function understood(call: Call, { status, text }: Answer): Promise<unknown> {
  try {
    return await methodAnswer(text);
  } catch (error) {
    const fault = faultSchema.safeParse(error);
    if (fault.success) throw refused(call, "invalid", `${fault.data.faultString} (fault ${fault.data.faultCode})`);
    const said = error instanceof Error ? error.message : String(error);
    throw notUnderstood(call, said, { cause: error, ...(status === 200 ? {} : { status }) });
  }
}
