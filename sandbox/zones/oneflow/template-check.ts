import { firstProblem, isTemplateBody, type TemplateBody } from "./bodies.ts";
import { FlowError } from "./flow-error.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/**
 * What OneFlow does with the body of a new service template: defaults are added while the keys are checked in its
 * schema's order, so a refusal quotes the document as far as it had come. Throws a FlowError 400.
 */
export function checkedTemplate(given: JsonObject, registrationTime: number): TemplateBody {
  const body: JsonObject = { ...given };
  mandatory(body, "name", "string");
  body["deployment"] ??= "none";
  body["description"] ??= "";
  mandatory(body, "roles", "array");
  const roles = Array.isArray(body["roles"]) ? body["roles"] : [];
  body["roles"] = roles.map(checkedRole);
  body["registration_time"] = registrationTime;
  if (!isTemplateBody(body)) throw new FlowError(400, firstProblem(body));
  for (const role of body.roles) requireCardinality(role, 400);
  return body;
}

/** The same mistake is 400 at create and 500 at instantiate. */
export function requireCardinality(
  role: { name: string; cardinality: number; min_vms?: number | undefined; max_vms?: number | undefined },
  status: 400 | 500,
): void {
  if (role.cardinality < (role.min_vms ?? 0)) {
    throw new FlowError(status, `Role '${role.name}' 'cardinality' must be greater than or equal to 'min_vms'`);
  }
  if (role.cardinality > (role.max_vms ?? Number.POSITIVE_INFINITY)) {
    throw new FlowError(status, `Role '${role.name}' 'cardinality' must be lower than or equal to 'max_vms'`);
  }
}

function checkedRole(given: unknown): JsonObject {
  if (!isJsonObject(given)) throw new FlowError(400, "KEY: 'roles' must be of type Hash;");
  mandatory(given, "name", "string");
  if (!/^\w+$/.test(String(given["name"]))) throw new FlowError(400, "KEY: 'name' must match regexp /^\\w+$/;");
  mandatory(given, "type", "string");
  mandatory(given, "template_id", "integer");
  return "cardinality" in given ? given : { ...given, cardinality: 1 };
}

function mandatory(object: JsonObject, key: string, type: string): void {
  if (object[key] !== undefined) return;
  throw new FlowError(400, `Mandatory document key '${key} (${type})' is missing from ${JSON.stringify(object)}`);
}
