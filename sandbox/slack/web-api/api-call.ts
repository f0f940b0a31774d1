import { contentType, json, parseJson, type Reply, type Request } from "../http.ts";
import type { Slack } from "../state/slack.ts";
import { chatMethods } from "./chat.ts";
import { directoryMethods } from "./directory.ts";
import { answerUnlessFailing, logCall, rateLimited } from "./failure.ts";
import { fileMethods } from "./files.ts";
import { type Args, type Method, needScope, Refusal } from "./method.ts";
import { viewMethods } from "./views.ts";

const methods: Readonly<Record<string, Method>> = {
  ...chatMethods,
  ...viewMethods,
  ...directoryMethods,
  ...fileMethods,
};

function methodNamed(name: string): Method | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

/** Answers `/api/<method>` as Slack does: refusals are HTTP 200 with `ok: false`, and only 429 differs. */
export function answerApiCall(slack: Slack, name: string, request: Request): Promise<Reply> {
  const args = { ...Object.fromEntries(request.query), ...bodyArgs(request) };
  return answerUnlessFailing(slack, name, args, () => run(slack, name, request, args));
}

function run(slack: Slack, name: string, request: Request, args: Args): Reply {
  try {
    const { method, given } = admit(slack, name, request, args);
    const answer = method.run(slack, given);
    logCall(slack, name, args, { status: 200, ok: true });
    return json(200, { ok: true, ...answer }, scopeHeaders(slack, method));
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const { error, extra } = refusal;
    const isRate = error === "ratelimited";
    logCall(slack, name, args, { status: isRate ? 429 : 200, ok: false, error });
    if (isRate) return rateLimited(Math.max(1, Math.ceil(Number(extra["retryAfterMs"]) / 1000)));
    return json(200, { ok: false, error, ...extra }, scopeHeaders(slack, methodNamed(name)));
  }
}

/** Checks the call in Slack's order: method, token, form of the arguments, scopes, rate. @throws Refusal */
function admit(slack: Slack, name: string, request: Request, args: Args): { method: Method; given: Args } {
  if (name === OPENING) return { method: openConnection, given: admitApp(slack, request) };
  const method = methodNamed(name);
  if (method === undefined) throw new Refusal("unknown_method", { req_method: name });
  checkToken(slack, bearer(request) ?? args["token"]);
  const type = contentType(request);
  if (request.body.length > 0 && !KNOWN_TYPES.has(type)) throw new Refusal("invalid_post_type");
  if (type === "application/json" && request.body.length > 0 && parseJson(request.body.toString()) === undefined) {
    throw new Refusal("invalid_json");
  }
  needScope(slack, method.scopes);
  const waitMs = slack.rates.call(name, method.perMinute);
  if (waitMs > 0) throw new Refusal("ratelimited", { retryAfterMs: waitMs });
  const sawNoBody = type === "application/json" && !method.takesJson;
  return { method, given: sawNoBody ? Object.fromEntries(request.query) : args };
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(["application/x-www-form-urlencoded", "application/json"]);

function checkToken(slack: Slack, token: unknown): void {
  if (token === undefined || token === "") throw new Refusal("not_authed");
  if (token === slack.options.appToken) throw new Refusal("not_allowed_token_type");
  if (token !== slack.options.botToken) throw new Refusal("invalid_auth");
  if (slack.settings.revoked.has("bot")) throw new Refusal("token_revoked");
}

const OPENING = "apps.connections.open";

/** Takes no scope of the bot token: the app-level token has one of its own. */
const openConnection: Method = {
  scopes: [],
  perMinute: 50,
  takesJson: true,
  run: (slack) => ({ url: slack.sockets.newAddress() }),
};

/** Reads the app-level token, from the header only. @throws Refusal */
function admitApp(slack: Slack, request: Request): Args {
  const token = bearer(request);
  if (token === undefined) throw new Refusal("not_authed");
  if (token === slack.options.botToken) throw new Refusal("not_allowed_token_type");
  if (token !== slack.options.appToken) throw new Refusal("invalid_auth");
  if (slack.settings.revoked.has("app")) throw new Refusal("token_revoked");
  const waitMs = slack.rates.call(OPENING, openConnection.perMinute);
  if (waitMs > 0) throw new Refusal("ratelimited", { retryAfterMs: waitMs });
  return {};
}

function bearer(request: Request): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1];
}

function bodyArgs(request: Request): Args {
  const body = request.body.toString();
  switch (contentType(request)) {
    case "application/x-www-form-urlencoded":
      return Object.fromEntries(new URLSearchParams(body));
    case "application/json": {
      const parsed = parseJson(body);
      return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
    }
    default:
      return {};
  }
}

function scopeHeaders(slack: Slack, method: Method | undefined): Record<string, string> {
  const accepted = method?.scopes.join(",") ?? "";
  return {
    "x-oauth-scopes": slack.options.scopes.join(","),
    ...(accepted === "" ? {} : { "x-accepted-oauth-scopes": accepted }),
  };
}
