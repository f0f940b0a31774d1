import type { Answer, Request } from "../daemon.ts";
import type { User } from "../oned/accounts.ts";
import { OneError } from "../oned/one-error.ts";
import type { Zone } from "../oned/zone.ts";
import { noContent, notFound, refusal } from "./answers.ts";
import { actionOf, type Calls } from "./call.ts";
import { FlowError } from "./flow-error.ts";
import { parsedJson } from "./json.ts";
import { serviceCalls } from "./service-calls.ts";
import type { Services } from "./services.ts";
import { templateCalls } from "./template-calls.ts";

interface Route {
  readonly kind: "service" | "service_template";
  readonly id: number | undefined;
  readonly rest: readonly string[];
}

/** As faults and records call what is no action. */
const operations: ReadonlyMap<string, string> = new Map([
  ["GET list", "list"],
  ["GET show", "show"],
  ["POST list", "create"],
  ["PUT show", "put"],
  ["DELETE show", "delete"],
  ["POST action", "action"],
  ["POST scale", "scale"],
  ["POST role", "role"],
  ["POST role_action", "role_action"],
]);

/** OneFlow's REST interface: documents as JSON under a text content type, refusals as plain text. */
export class OneFlowServer {
  readonly #zone: Zone;
  readonly #onedAnswers: () => boolean;
  readonly #calls: Readonly<Record<Route["kind"], Calls>>;

  constructor(zone: Zone, services: Services, onedAnswers: () => boolean) {
    this.#zone = zone;
    this.#onedAnswers = onedAnswers;
    this.#calls = { service: serviceCalls(zone, services), service_template: templateCalls(zone, services) };
  }

  /** `oneflow.service.show`, `oneflow.service.instantiate` …, for faults and records. */
  static operation(request: Request): string {
    const route = routeOf(request.path);
    if (route === undefined) return "oneflow.unknown";
    const operation = operations.get(operationOf(request.method, route));
    if (operation !== "action") return `oneflow.${route.kind}.${operation ?? "unknown"}`;
    const perform = actionOf(parsedJson(request.body)?.value)?.perform;
    return perform === "instantiate" ? "oneflow.service.instantiate" : `oneflow.${route.kind}.${perform ?? "action"}`;
  }

  /** `work` is the time a call takes. Whoever comes while oned is away has wrong credentials; whoever it leaves halfway hears of an end. */
  async answer(request: Request, work: () => Promise<void>): Promise<Answer> {
    try {
      const user = this.#user(request);
      await work();
      if (!this.#onedAnswers()) throw new FlowError(500, "end of file reached");
      return this.#carryOut(request, user);
    } catch (error) {
      return refusal(error);
    }
  }

  #user(request: Request): User {
    const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (basic === undefined) throw new FlowError(401, "A username and password must be provided");
    if (!this.#onedAnswers()) throw new FlowError(401, "Invalid credentials");
    try {
      return this.#zone.accounts.authenticate(Buffer.from(basic, "base64").toString("utf8"));
    } catch (error) {
      if (error instanceof OneError) throw new FlowError(401, "Invalid credentials");
      throw error;
    }
  }

  #carryOut(request: Request, user: User): Answer {
    // Nothing is ever DONE here: a service that has ended is gone.
    if (request.method === "POST" && request.path === "/service_pool/purge_done") return noContent();
    const route = routeOf(request.path);
    if (route === undefined) return notFound();
    const call = { user, id: route.id ?? 0, rest: route.rest, body: request.body };
    return this.#calls[route.kind](operationOf(request.method, route), call) ?? notFound();
  }
}

/** An id that is no number is read as 0. */
function routeOf(path: string): Route | undefined {
  const [, kind, id, ...rest] = (path.split("?")[0] ?? "").replace(/\/$/, "").split("/");
  if (kind !== "service" && kind !== "service_template") return undefined;
  return { kind, id: id === undefined ? undefined : Number.parseInt(id, 10) || 0, rest };
}

function operationOf(method: string, { id, rest: [first] }: Route): string {
  return `${method} ${id === undefined ? "list" : (first ?? "show")}`;
}
