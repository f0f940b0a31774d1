import { firstProblem, isTemplateBody, type TemplateBody } from "./bodies.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { convertedFrom6 } from "./old-format.ts";
import { type Schema, validated } from "./schema.ts";

const shutdownAction: Schema = {
  type: "string",
  values: ["terminate", "terminate-hard", "shutdown", "shutdown-hard"],
};
const count: Schema = { type: "integer", minimum: 0 };
const kindOfChange: Schema = {
  type: "string",
  required: true,
  values: ["CHANGE", "CARDINALITY", "PERCENTAGE_CHANGE"],
};

const policies = (more: Readonly<Record<string, Schema>>): Schema => ({
  type: "array",
  items: {
    type: "object",
    properties: {
      type: kindOfChange,
      adjust: { type: "integer", required: true },
      min_adjust_step: { type: "integer", minimum: 1 },
      ...more,
    },
  },
});

const role: Schema = {
  type: "object",
  properties: {
    name: { type: "string", required: true, pattern: /^\w+$/m },
    type: { type: "string", required: true, values: ["vm", "vr"] },
    template_id: { type: "integer", required: true },
    cardinality: { type: "integer", minimum: 0, default: 0 },
    user_inputs: { type: "object" },
    user_inputs_values: { type: "object" },
    parents: { type: "array", items: { type: "string" } },
    on_hold: { type: "boolean" },
    template_contents: { type: "object" },
    shutdown_action: shutdownAction,
    min_vms: count,
    max_vms: count,
    cooldown: count,
    elasticity_policies: policies({
      period_number: count,
      period: count,
      expression: { type: "string", required: true },
      cooldown: count,
    }),
    scheduled_policies: policies({ start_time: { type: "string" }, recurrence: { type: "string" }, cooldown: count }),
  },
};

const template: Schema = {
  type: "object",
  properties: {
    name: { type: "string", required: true },
    deployment: { type: "string", values: ["none", "straight"], default: "none" },
    description: { type: "string", default: "" },
    shutdown_action: shutdownAction,
    roles: { type: "array", items: role, required: true },
    user_inputs: { type: "object" },
    user_inputs_values: { type: "object" },
    ready_status_gate: { type: "boolean" },
    on_hold: { type: "boolean" },
    automatic_deletion: { type: "boolean" },
    networks: { type: "object" },
  },
};

/**
 * What OneFlow does with the body of a new service template: one of 6.x is brought to today's form, defaults are added
 * while the keys are checked in its schema's order, so a refusal quotes the document as far as it had come. Throws a
 * FlowError 400.
 */
export function checkedTemplate(given: unknown, registrationTime: number): TemplateBody {
  if (!isJsonObject(given)) throw new UncaughtFlowError("no implicit conversion of String into Integer");
  const body = validObject(convertedFrom6(given), template);
  body["registration_time"] = registrationTime;
  if (!isTemplateBody(body)) throw new FlowError(400, firstProblem(body));
  requireConsistentRoles(body, 400);
  return body;
}

/** A role alone, as for a service that runs. */
export function checkedRole(given: unknown): JsonObject {
  return validObject(given, role);
}

/** The document of a service is held to the same, but what is wrong is 500 then. */
export function requireValidService(body: JsonObject): void {
  try {
    validated(body, template, "");
  } catch (error) {
    throw error instanceof FlowError ? new FlowError(500, error.message) : error;
  }
}

function validObject(given: unknown, schema: Schema): JsonObject {
  const value = validated(given, schema, "");
  if (!isJsonObject(value)) throw new FlowError(400, "KEY: '' must be an Object;");
  return value;
}

/** The same mistake is 400 at create and 500 at instantiate. */
export function requireConsistentRoles({ roles }: Pick<TemplateBody, "roles">, status: 400 | 500): void {
  for (const [index, each] of roles.entries()) {
    const { name, cardinality } = each;
    const refuse = (what: string) => new FlowError(status, what);
    if (roles.slice(index + 1).some((other) => other.name === name)) throw refuse(`Role name '${name}' is repeated`);
    if (cardinality < (each.min_vms ?? 0)) {
      throw refuse(`Role '${name}' 'cardinality' must be greater than or equal to 'min_vms'`);
    }
    if (cardinality > (each.max_vms ?? Number.POSITIVE_INFINITY)) {
      throw refuse(`Role '${name}' 'cardinality' must be lower than or equal to 'max_vms'`);
    }
    requireLimitsOfPolicies(each, refuse);
  }
}

function requireLimitsOfPolicies(each: TemplateBody["roles"][number], refuse: (what: string) => FlowError): void {
  const lists = [each["elasticity_policies"], each["scheduled_policies"]];
  const some = lists.some((list) => Array.isArray(list) && list.length > 0);
  if (some && (each.min_vms === undefined || each.max_vms === undefined)) {
    throw refuse(
      `Role '${each.name}' with 'elasticity_policies' or 'scheduled_policies' must define both 'min_vms' and 'max_vms'`,
    );
  }
  const [elasticity] = lists;
  if (!Array.isArray(elasticity)) return;
  for (const [index, policy] of elasticity.entries()) {
    const expression: unknown = isJsonObject(policy) ? policy["expression"] : undefined;
    const start = `Role '${each.name}', elasticity policy #${index} 'expression'`;
    if (expression === "") throw refuse(`${start} cannot be empty`);
    if (!condition.test(String(expression))) throw refuse(`${start} parse error: Expected one of <, >, ==`);
  }
}

/** `CPU > 50`, or several such joined, as far as parentheses do not nest. */
const comparison = /\s*\(*\s*\w+\s*(?:<=?|>=?|==|!=)\s*-?[\d.]+\s*\)*\s*/.source;
const condition = new RegExp(`^${comparison}(?:(?:&&?|\\|\\|?|AND|OR)${comparison})*$`, "i");
