/** OpenNebula's template text, such as `NAME="value"` and `NIC=[NETWORK_ID="3"]`. */
import { ZoneError } from "../federation/model/zone-facts.ts";
import { isAttributeValue } from "../guest-protocol/alphabets.ts";

const ATTRIBUTE_NAME = /^[A-Z][A-Z0-9_]*$/;

/** What is said to a guest. oned takes even an unterminated quote for a value, so nothing that needs quoting may pass. */
export function attributesText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => {
      if (!ATTRIBUTE_NAME.test(name) || !isAttributeValue(value)) {
        throw new ZoneError("invalid", `The attribute ${name} holds what may not enter a VM's attributes.`);
      }
      return `${name}="${value}"\n`;
    })
    .join("");
}

/** A vector attribute. Throws `ZoneError` invalid for a value that the text cannot carry. */
export const vectorText = (name: string, entries: Readonly<Record<string, string>>): string =>
  `${name}=[${Object.entries(entries)
    .map(([key, value]) => `${key}="${quoted(name, key, value)}"`)
    .join(",\n")}]\n`;

/** A quote is the only character that is escaped: a backslash stands for itself, unless a quote follows. */
function quoted(name: string, key: string, value: string): string {
  if (/\\("|$)/.test(value) || value.includes("]]>")) {
    throw new ZoneError(
      "invalid",
      `${key} in ${name} has a backslash before a quote or at its end, or "]]>", which cannot be handed on. Change it in the VM template.`,
    );
  }
  return value.replaceAll('"', '\\"');
}
