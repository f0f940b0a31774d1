import { parseTemplateText } from "../oned/template-text.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** A service template of 6.x in today's form, when every role is of the old one; any other as it came. */
export function convertedFrom6(given: JsonObject): JsonObject {
  const { roles } = given;
  if (!Array.isArray(roles) || roles.length === 0 || !roles.every(isOldRole)) return given;
  const converted: JsonObject = { ...given, roles: roles.map(convertedRole) };
  const { custom_attrs: inputs, ...body } = converted;
  return isJsonObject(inputs) ? { ...body, user_inputs: inputs } : body;
}

function isOldRole(role: unknown): role is JsonObject {
  return isJsonObject(role) && ("vm_template" in role || "vm_template_contents" in role);
}

function convertedRole(role: JsonObject): JsonObject {
  const { vm_template: id, vm_template_contents: contents, custom_attrs: inputs, ...rest } = role;
  return {
    ...rest,
    template_id: id,
    type: "vm",
    ...(isJsonObject(inputs) ? { user_inputs: inputs } : {}),
    ...(typeof contents === "string" ? { template_contents: contentsOf(contents) } : {}),
  };
}

/** Vectors become lists, also where there is one only; of plain values the last one stays. */
function contentsOf(text: string): JsonObject {
  const contents: JsonObject = {};
  for (const [name, values] of parseTemplateText(text)) {
    const vectors = values.filter((value) => typeof value !== "string").map((value) => Object.fromEntries(value));
    contents[name] = vectors.length > 0 ? vectors : values.at(-1);
  }
  return contents;
}
