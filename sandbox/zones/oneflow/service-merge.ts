import { firstProblem, isServiceBody, type Role, type ServiceBody, type TemplateBody } from "./bodies.ts";
import { FlowError } from "./flow-error.ts";
import { deepMerged, isJsonObject, type JsonObject } from "./json.ts";
import { requireConsistentRoles, requireValidService } from "./template-check.ts";

/** The first document of a service: the template with what `merge_template` says. Throws FlowErrors as recorded. */
export function serviceFrom(template: TemplateBody, merge: JsonObject, startTime: number): ServiceBody {
  const values = merge["user_inputs_values"] ?? merge["custom_attrs_values"];
  const networks = networksValues(template, merge["networks_values"]);
  const inputs = userInputsValues(template, values);
  const body: JsonObject = {
    ...template,
    ...(typeof merge["name"] === "string" ? { name: merge["name"] } : {}),
    roles: template.roles.map((role) => roleFrom(role, overrideOf(merge, role.name))),
    ...(networks === undefined ? {} : { networks_values: networks }),
    ...(inputs === undefined ? {} : { user_inputs_values: inputs }),
    state: 0,
    start_time: startTime,
  };
  requireValidService(body);
  if (!isServiceBody(body)) throw new FlowError(400, firstProblem(body));
  requireConsistentRoles(body, 500);
  return body;
}

/** Every key must have its value, optional ones too. */
function userInputsValues(template: TemplateBody, given: unknown): JsonObject | undefined {
  const wanted = Object.keys(template.user_inputs ?? {});
  if (wanted.length === 0) return isJsonObject(given) ? textValues(given) : undefined;
  if (!isJsonObject(given)) {
    throw new FlowError(400, "The Service template specifies User Inputs but no values have been found");
  }
  if (wanted.some((key) => given[key] === undefined)) {
    throw new FlowError(400, "Verify that every User Input have its corresponding value defined");
  }
  return textValues(given);
}

/** A list of one-key objects; absent it is what stands after the last `|` of the network, such as `id:0`. */
function networksValues(template: TemplateBody, given: unknown): unknown {
  const networks = Object.entries(template.networks ?? {});
  if (networks.length === 0) return given;
  if (given === undefined) return networks.map(([name, text]) => ({ [name]: defaultNetwork(text) }));
  const named = Array.isArray(given) ? given.flatMap((value) => (isJsonObject(value) ? Object.keys(value) : [])) : [];
  if (networks.some(([name]) => !named.includes(name))) {
    throw new FlowError(400, "Every network key must have its value defined at networks_value");
  }
  return given;
}

function defaultNetwork(text: string): JsonObject {
  const [kind = "", value = ""] = (text.split("|").at(-1) ?? "").split(":");
  if (kind.trim() === "") throw new FlowError(400, "Every network key must have its value defined at networks_value");
  return { [kind.trim()]: value.trim() };
}

function overrideOf(merge: JsonObject, roleName: string): JsonObject {
  const roles = Array.isArray(merge["roles"]) ? merge["roles"] : [];
  return roles.find((role) => isJsonObject(role) && role["name"] === roleName) ?? {};
}

function roleFrom(role: Role, override: JsonObject): Role {
  const result: Role = { ...role };
  if (override["cardinality"] !== undefined) result.cardinality = cardinality(override["cardinality"]);
  if (isJsonObject(override["template_contents"])) {
    result.template_contents = deepMerged(role.template_contents ?? {}, override["template_contents"]);
  }
  if (isJsonObject(override["user_inputs_values"])) {
    result.user_inputs_values = textValues(override["user_inputs_values"]);
  }
  result.state = 0;
  return result;
}

/** Ruby's to_i: "3" is 3 and 2.5 is 2. */
function cardinality(given: unknown): number {
  return Math.trunc(Number.parseFloat(String(given))) || 0;
}

function textValues(given: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value ?? "")]));
}
