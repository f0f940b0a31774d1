/** No value that crosses is longer, in either direction: OneGate and the pools carry it whole. */
export const MAX_VALUE_BYTES = 64 * 1024;

const CONTEXT_VALUE = /^[A-Za-z0-9 ._:/,+=-]*$/;
const ATTRIBUTE_VALUE = /^[A-Za-z0-9 ._:/+=-]*$/;

/**
 * Whether a value may enter CONTEXT. one-context writes every value inside double quotes into a file that root's shell
 * sources, so anything a shell could read otherwise has to be base64.
 */
export function isContextValue(value: string): boolean {
  return value.length <= MAX_VALUE_BYTES && CONTEXT_VALUE.test(value);
}

/** Whether a value may be a VM attribute: OneGate's quoting corrupts commas, brackets, backslashes and newlines. */
export function isAttributeValue(value: string): boolean {
  return value.length <= MAX_VALUE_BYTES && ATTRIBUTE_VALUE.test(value);
}
