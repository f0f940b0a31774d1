import type { Answer } from "../daemon.ts";
import { granted, type Right } from "../oned/access.ts";
import type { User } from "../oned/accounts.ts";
import { nameFault } from "../oned/names.ts";
import type { Zone } from "../oned/zone.ts";
import type { FlowDocument } from "./bodies.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import { isJsonObject, type JsonObject, parsedJson } from "./json.ts";

/** A request at OneFlow whose credentials were good. */
export interface Call {
  readonly user: User;
  /** 0 for what is no number. */
  readonly id: number;
  /** What stands behind the id, such as `action` or `role/supernode/action`. */
  readonly rest: readonly string[];
  readonly body: string;
}

/** Answers one kind of document; undefined is no such path. */
export type Calls = (operation: string, call: Call) => Answer | undefined;

export interface Action {
  readonly perform: string;
  readonly params: JsonObject;
  /** Some actions break down when there are none. */
  readonly hasParams: boolean;
}

/** Where no JSON is refused by nobody, it ends as an error of the server. */
export function requiredJson(body: string): JsonObject {
  const given = parsedJson(body);
  if (given === undefined) throw new UncaughtFlowError(`unexpected token at '${body}'`);
  if (!isJsonObject(given.value)) throw new UncaughtFlowError("no implicit conversion of String into Integer");
  return given.value;
}

export function requiredAction(body: string): Action {
  const action = actionOf(requiredJson(body));
  if (action === undefined) throw new UncaughtFlowError("undefined method `[]' for nil:NilClass");
  return action;
}

export function actionOf(value: unknown): Action | undefined {
  if (!isJsonObject(value) || !isJsonObject(value["action"])) return undefined;
  const { perform, params } = value["action"];
  return {
    perform: String(perform ?? ""),
    params: isJsonObject(params) ? params : {},
    hasParams: isJsonObject(params),
  };
}

/** A document of that type; one of another type is an error of OneFlow, not of oned. */
export function requiredDocument<Type extends 100 | 101>(
  zone: Zone,
  { user, id }: Call,
  right: Right,
  type: Type,
): FlowDocument & { readonly type: Type } {
  const document = granted(user, right, "DOCUMENT", id, zone.documents);
  if (isOfType(document, type)) return document;
  throw new FlowError(500, `[DocumentInfo] Error getting document [${id}].`);
}

function isOfType<Type extends 100 | 101>(
  document: FlowDocument,
  type: Type,
): document is FlowDocument & { readonly type: Type } {
  return document.type === type;
}

/** oned keeps the body in CDATA, and not every character comes there. */
export function requireKeepable(name: string, body: unknown): void {
  const fault = nameFault(name);
  if (fault !== undefined) throw new FlowError(500, `[one.document.allocate] ${fault}`);
  const text = JSON.stringify(body);
  if (text.includes("]]>")) throw new FlowError(500, "[one.document.allocate] Parse error: CDATA end mark in a value");
  if (/[\u{10000}-\u{10ffff}]/u.test(text)) throw new UncaughtFlowError("source sequence is illegal/malformed utf-8");
}

/** Actions that templates and services have alike: who owns it, who may, and its name. Undefined is none of them. */
export function commonAction(zone: Zone, document: FlowDocument, { perform, params }: Action): "done" | undefined {
  switch (perform) {
    case "rename": {
      const name = required(params["name"], perform, "a name");
      const fault = nameFault(name);
      if (fault !== undefined) throw new FlowError(500, `[one.document.rename] ${fault}`);
      document.name = name;
      return "done";
    }
    case "chmod":
      document.permissions = required(params["octet"], perform, "an OCTET");
      return "done";
    case "chown":
      belong(zone, document, Number(required(params["owner_id"], perform, "a UID")), Number(params["group_id"] ?? -1));
      return "done";
    case "chgrp":
      belong(zone, document, -1, Number(required(params["group_id"], perform, "a GID")));
      return "done";
    default:
      return undefined;
  }
}

function required(value: unknown, action: string, what: string): string {
  if (value !== undefined && value !== null) return String(value);
  throw new FlowError(500, `Action ${action}: You have to specify ${what}`);
}

function belong({ accounts }: Zone, document: FlowDocument, uid: number, gid: number): void {
  const user = accounts.users.find(({ id }) => id === uid);
  const group = accounts.groups.find(({ id }) => id === gid);
  if (user !== undefined) Object.assign(document, { uid, uname: user.name });
  if (group !== undefined) Object.assign(document, { gid, gname: group.name });
}
