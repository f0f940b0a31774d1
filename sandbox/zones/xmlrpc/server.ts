import type { Answer, Request } from "../daemon.ts";
import { OneError } from "../oned/one-error.ts";
import type { Zone } from "../oned/zone.ts";
import { type Call, Fault, failureEnvelope, faultEnvelope, parseCall, successEnvelope } from "./codec.ts";
import { methods } from "./methods.ts";
import { Parameters } from "./parameters.ts";

/** oned's XML-RPC endpoint: HTTP 200 whatever happens, and the connection closed after each call. */
export class XmlRpcServer {
  readonly #zone: Zone;
  readonly #zones: readonly Zone[];

  constructor(zone: Zone, zones: readonly Zone[]) {
    this.#zone = zone;
    this.#zones = zones;
  }

  /** The method's name, for faults and records. */
  static operation(request: Request): string {
    return /<methodName>\s*([\w.]+)\s*<\/methodName>/.exec(request.body)?.[1] ?? "unknown";
  }

  answer(request: Request): Answer {
    const refused = refusedByServer(request);
    if (refused !== undefined) return page(refused);
    return reply(200, this.#envelope(request.body), "text/xml; charset=utf-8");
  }

  #envelope(body: string): string {
    try {
      const call = parseCall(body);
      try {
        return successEnvelope(this.#run(call));
      } catch (error) {
        if (!(error instanceof OneError)) throw error;
        return failureEnvelope(`[${call.method}] ${error.message}`, error.code, error.objectId);
      }
    } catch (error) {
      if (error instanceof Fault) return faultEnvelope(error);
      throw error;
    }
  }

  #run(call: Call): string | number {
    const method = methods.get(call.method);
    if (method === undefined) throw new Fault(-506, `Method '${call.method}' not defined`);
    const parameters = new Parameters(call.parameters);
    const user = this.#zone.accounts.authenticate(parameters.string());
    if (!onlyReads(call.method)) this.#zone.requireEnabled();
    return method({ zone: this.#zone, zones: this.#zones, user }, parameters);
  }
}

/** What the HTTP server refuses before oned sees it: it wants to know the length, and that it is XML. */
function refusedByServer({ method, path, headers }: Request): number | undefined {
  if (method !== "POST") return 405;
  if (path !== "/RPC2") return 404;
  if (!headers["content-type"]?.startsWith("text/xml")) return 400;
  if (headers["content-length"] === undefined) return 411;
  return Number(headers["content-length"]) > 0 ? undefined : 400;
}

function page(status: number): Answer {
  return reply(status, `<HTML><HEAD><TITLE>Error ${status}</TITLE></HEAD></HTML>`, "text/html");
}

/** These a disabled zone still answers. */
function onlyReads(method: string): boolean {
  return /\.(info|infoextended|infoset|version|config|raftstatus)$/.test(method) || method === "one.zone.enable";
}

function reply(status: number, body: string, type: string): Answer {
  return {
    status,
    headers: {
      "Content-type": type,
      "Content-length": String(Buffer.byteLength(body)),
      Connection: "close",
      Date: new Date().toUTCString().replace("GMT", "UTC"),
      Server: "Xmlrpc-c_Abyss/1.33.14",
    },
    body,
  };
}
