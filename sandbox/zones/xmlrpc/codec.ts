import { XMLParser, XMLValidator } from "fast-xml-parser";
import { escapeXml } from "../xml.ts";

export type RpcValue =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "integer"; readonly value: number }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "array"; readonly values: readonly RpcValue[] }
  | { readonly type: "other" };

export interface Call {
  readonly method: string;
  readonly parameters: readonly RpcValue[];
}

/** What xmlrpc-c answers when a call is none, or its parameters are not what the method wants. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  trimValues: false,
  parseTagValue: false,
  htmlEntities: true,
});

/** Throws a Fault -503 for what is no XML-RPC call. */
export function parseCall(body: string): Call {
  if (XMLValidator.validate(body) !== true) {
    throw new Fault(
      -503,
      "Call XML not a proper XML-RPC call.  Call is not valid XML.  Invalid XML \"content\".  Problem with token at '...': no element found",
    );
  }
  const call = childrenOf(tree(parser.parse(body)), "methodCall");
  const method = textOf(childrenOf(call, "methodName"));
  if (method === "") {
    throw new Fault(-503, "Call XML not a proper XML-RPC call.  <methodCall> has no <methodName> child");
  }
  const parameters = childrenOf(call, "params")
    .filter(({ name }) => name === "param")
    .map(({ children }) => parameterOf(childrenOf(children, "value")));
  return { method, parameters };
}

interface XmlNode {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlNode[];
}

/** The parser's ordered form: a list of objects with one key each, `#text` for text. */
function tree(parsed: unknown): XmlNode[] {
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null) return [];
    return Object.entries(item)
      .filter(([name]) => name !== ":@")
      .map(([name, value]) => ({ name, text: name === "#text" ? String(value) : "", children: tree(value) }));
  });
}

function childrenOf(nodes: readonly XmlNode[], name: string): readonly XmlNode[] {
  return nodes.find((node) => node.name === name)?.children ?? [];
}

function textOf(nodes: readonly XmlNode[]): string {
  return nodes.map(({ text }) => text).join("");
}

function parameterOf(nodes: readonly XmlNode[]): RpcValue {
  const typed = nodes.find(({ name }) => name !== "#text");
  if (typed === undefined) return { type: "string", value: textOf(nodes) };
  const text = textOf(typed.children);
  switch (typed.name) {
    case "string":
      return { type: "string", value: text };
    case "int":
    case "i4":
      return { type: "integer", value: Number.parseInt(text, 10) };
    case "boolean":
      return { type: "boolean", value: text.trim() === "1" };
    case "array": {
      const members = childrenOf(typed.children, "data").filter(({ name }) => name === "value");
      return { type: "array", values: members.map(({ children }) => parameterOf(children)) };
    }
    default:
      return { type: "other" };
  }
}

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n';
const TAIL = "</methodResponse>\r\n";

/** `[true, value, 0]` */
export function successEnvelope(value: string | number | boolean): string {
  return envelope([xmlValue(true), xmlValue(value), xmlValue(0)]);
}

/** `[false, "[method] text", code, object id, -1]`, the last an i8. */
export function failureEnvelope(text: string, code: number, objectId: number): string {
  return envelope([xmlValue(false), xmlValue(text), xmlValue(code), xmlValue(objectId), "<i8>-1</i8>"]);
}

export function faultEnvelope(fault: Fault): string {
  const member = (name: string, value: string) =>
    `<member><name>${name}</name>\r\n<value>${value}</value></member>\r\n`;
  const members = member("faultCode", xmlValue(fault.code)) + member("faultString", xmlValue(fault.message));
  return `${HEAD}<fault>\r\n<value><struct>\r\n${members}</struct></value>\r\n</fault>\r\n${TAIL}`;
}

function envelope(values: readonly string[]): string {
  const items = values.map((value) => `<value>${value}</value>\r\n`).join("");
  return `${HEAD}<params>\r\n<param><value><array><data>\r\n${items}</data></array></value></param>\r\n</params>\r\n${TAIL}`;
}

function xmlValue(value: string | number | boolean): string {
  if (typeof value === "string") return `<string>${escapeXml(value)}</string>`;
  if (typeof value === "number") return `<i4>${value}</i4>`;
  return `<boolean>${value ? 1 : 0}</boolean>`;
}
