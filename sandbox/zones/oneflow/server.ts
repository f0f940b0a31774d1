import type { Answer, Request } from "../daemon.ts";
import { granted, may, requireCreate } from "../oned/access.ts";
import { primaryGroup, type User } from "../oned/accounts.ts";
import { permissionBits } from "../oned/objects.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import type { Zone } from "../oned/zone.ts";
import type { FlowDocument, ServiceDocument, TemplateDocument } from "./bodies.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import { isJsonObject, type JsonObject, parsedJson } from "./json.ts";
import type { Services } from "./services.ts";
import { checkedTemplate } from "./template-check.ts";

interface Route {
  readonly kind: "service" | "service_template";
  readonly id: number | undefined;
  readonly rest: string;
}

interface Call {
  readonly user: User;
  readonly route: Route;
  readonly body: string;
}

const operations: ReadonlyMap<string, string> = new Map([
  ["GET list", "list"],
  ["GET show", "show"],
  ["POST list", "create"],
  ["PUT show", "put"],
  ["DELETE show", "delete"],
  ["POST action", "action"],
  ["POST scale", "scale"],
]);

/** OneFlow's REST interface: documents as JSON under a text content type, refusals as plain text. */
export class OneFlowServer {
  readonly #zone: Zone;
  readonly #services: Services;
  readonly #onedAnswers: () => boolean;

  constructor(zone: Zone, services: Services, onedAnswers: () => boolean) {
    this.#zone = zone;
    this.#services = services;
    this.#onedAnswers = onedAnswers;
  }

  /** `oneflow.service.show`, `oneflow.service.instantiate` …, for faults and records. */
  static operation(request: Request): string {
    const route = routeOf(request.path);
    if (route === undefined) return "oneflow.unknown";
    const operation = operationOf(request.method, route);
    if (operation !== "action") return `oneflow.${route.kind}.${operation ?? "unknown"}`;
    const perform = actionOf(parsedJson(request.body)?.value)?.perform;
    return perform === "instantiate" ? "oneflow.service.instantiate" : `oneflow.${route.kind}.${perform ?? "action"}`;
  }

  answer(request: Request): Answer {
    try {
      const route = routeOf(request.path);
      if (route === undefined) return reply(404, "<h1>Not Found</h1>");
      return this.#carryOut(request, { user: this.#user(request), route, body: request.body });
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

  #carryOut(request: Request, call: Call): Answer {
    switch (operationOf(request.method, call.route)) {
      case "list":
        return this.#list(call);
      case "show":
        return reply(200, pretty({ DOCUMENT: documentJson(this.#document(call, "USE")) }));
      case "create":
        return call.route.kind === "service_template" ? this.#create(call) : reply(404, "<h1>Not Found</h1>");
      case "put":
        return this.#put(call);
      case "delete":
        return this.#delete(call);
      case "action":
        return call.route.kind === "service" ? this.#serviceAction(call) : this.#templateAction(call);
      case "scale":
        return this.#scale(call);
      default:
        return reply(404, "<h1>Not Found</h1>");
    }
  }

  #list({ user, route }: Call): Answer {
    const type = typeOf(route);
    const seen = this.#zone.documents
      .newestFirst()
      .filter((document) => document.type === type && may(user, "USE", document))
      .map(documentJson);
    return reply(
      200,
      seen.length === 0 ? '{\n  "DOCUMENT_POOL": {\n  }\n}' : pretty({ DOCUMENT_POOL: { DOCUMENT: seen } }),
    );
  }

  #create({ user, body }: Call): Answer {
    const given = parsedJson(body);
    if (given === undefined || !isJsonObject(given.value)) throw new FlowError(400, `unexpected token at '${body}'`);
    const template = checkedTemplate(given.value, this.#zone.clock.seconds());
    this.#zone.requireEnabled();
    requireCreate(user, "DOCUMENT");
    const group = primaryGroup(user);
    const made = this.#zone.documents.add((id) => ({
      id,
      uid: user.id,
      gid: group.id,
      uname: user.name,
      gname: group.name,
      name: template.name,
      permissions: "600",
      type: 101,
      body: template,
    }));
    return reply(201, pretty({ DOCUMENT: documentJson(made) }));
  }

  #put(call: Call): Answer {
    const template = this.#template(call, "MANAGE");
    const given = parsedJson(call.body);
    if (given === undefined || !isJsonObject(given.value))
      throw new FlowError(400, `unexpected token at '${call.body}'`);
    template.body = checkedTemplate(given.value, template.body.registration_time);
    return reply(200, pretty({ DOCUMENT: documentJson(template) }));
  }

  #delete(call: Call): Answer {
    if (call.route.kind === "service") this.#services.remove(this.#service(call, "USE"));
    else this.#zone.documents.remove(this.#template(call, "MANAGE").id);
    return noContent();
  }

  #templateAction(call: Call): Answer {
    const action = requiredAction(call.body);
    const template = this.#template(call, "USE");
    switch (action.perform) {
      case "instantiate": {
        const merge = isJsonObject(action.params["merge_template"]) ? action.params["merge_template"] : {};
        const service = this.#services.instantiate(call.user, template, merge);
        return reply(201, pretty({ DOCUMENT: documentJson(service) }));
      }
      case "rename":
        template.name = String(action.params["name"]);
        template.body.name = template.name;
        return noContent();
      case "chmod":
        template.permissions = String(action.params["octet"]);
        return noContent();
      default:
        return reply(200, "");
    }
  }

  #serviceAction(call: Call): Answer {
    const action = requiredAction(call.body);
    const service = this.#service(call, "USE");
    switch (action.perform) {
      case "recover":
        this.#services.recover(service, action.params["delete"] === true);
        return noContent();
      case "rename":
        service.name = String(action.params["name"]);
        service.body.name = service.name;
        return noContent();
      default:
        throw new FlowError(500, `Action ${action.perform} not supported`);
    }
  }

  #scale(call: Call): Answer {
    const service = this.#service(call, "USE");
    const given = requiredJson(call.body);
    this.#services.scale(service, given["role_name"], given["cardinality"], given["force"]);
    return noContent();
  }

  #service(call: Call, right: "USE" | "MANAGE"): ServiceDocument {
    const document = this.#document(call, right);
    if (document.type !== 100) throw missing(document.id);
    return document;
  }

  #template(call: Call, right: "USE" | "MANAGE"): TemplateDocument {
    const document = this.#document(call, right);
    if (document.type !== 101) throw missing(document.id);
    return document;
  }

  #document({ user, route }: Call, right: "USE" | "MANAGE"): FlowDocument {
    const document = granted(user, right, "DOCUMENT", route.id ?? 0, this.#zone.documents);
    if (document.type !== typeOf(route)) throw missing(document.id);
    return document;
  }
}

function routeOf(path: string): Route | undefined {
  const found = /^\/(service|service_template)(?:\/([^/?]+))?(?:\/([^/?]+))?\/?(?:\?.*)?$/.exec(path);
  const [, kind, id, rest = ""] = found ?? [];
  if (kind !== "service" && kind !== "service_template") return undefined;
  return { kind, id: id === undefined ? undefined : Number.parseInt(id, 10) || 0, rest };
}

function operationOf(method: string, route: Route): string | undefined {
  const place = route.id === undefined ? "list" : route.rest === "" ? "show" : route.rest;
  return operations.get(`${method} ${place}`);
}

function typeOf(route: Route): 100 | 101 {
  return route.kind === "service" ? 100 : 101;
}

function actionOf(value: unknown): { perform: string; params: JsonObject } | undefined {
  if (!isJsonObject(value) || !isJsonObject(value["action"])) return undefined;
  const { perform, params } = value["action"];
  return { perform: String(perform), params: isJsonObject(params) ? params : {} };
}

function requiredAction(body: string): { perform: string; params: JsonObject } {
  const action = actionOf(requiredJson(body));
  if (action === undefined) throw new UncaughtFlowError("undefined method `[]' for nil:NilClass");
  return action;
}

function requiredJson(body: string): JsonObject {
  const given = parsedJson(body);
  if (given === undefined || !isJsonObject(given.value)) throw new UncaughtFlowError(`unexpected token at '${body}'`);
  return given.value;
}

function missing(id: number): OneError {
  return new OneError(errorCode.noSuchObject, `Error getting document [${id}].`, id);
}

/** Numbers of the document are strings, numbers inside BODY are numbers. */
function documentJson(document: FlowDocument): JsonObject {
  return {
    ID: String(document.id),
    UID: String(document.uid),
    GID: String(document.gid),
    UNAME: document.uname,
    GNAME: document.gname,
    NAME: document.name,
    TYPE: String(document.type),
    PERMISSIONS: Object.fromEntries(permissionBits(document.permissions)),
    TEMPLATE: { BODY: document.body },
  };
}

function refusal(error: unknown): Answer {
  if (error instanceof FlowError) return reply(error.status, error.message);
  if (error instanceof UncaughtFlowError) {
    return reply(500, JSON.stringify({ message: "Internal server error", reason: error.message }));
  }
  if (!(error instanceof OneError)) throw error;
  const allocates = /CREATE DOCUMENT|zone disabled/.test(error.message);
  const method = allocates ? "one.document.allocate" : "one.document.info";
  return reply(statusOf(error), `[${method}] ${error.message}`);
}

function statusOf(error: OneError): 401 | 404 | 500 {
  if (error.code === errorCode.authorization || error.code === errorCode.authentication) return 401;
  return error.code === errorCode.noSuchObject ? 404 : 500;
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

const security = { "X-Content-Type-Options": "nosniff", Server: "thin" };

function reply(status: number, body: string): Answer {
  return {
    status,
    headers: {
      "Content-Type": "text/html;charset=utf-8",
      "Content-Length": String(Buffer.byteLength(body)),
      "X-XSS-Protection": "1; mode=block",
      "X-Frame-Options": "SAMEORIGIN",
      ...security,
    },
    body,
  };
}

function noContent(): Answer {
  return { status: 204, headers: { ...security, Connection: "close" }, body: "" };
}
