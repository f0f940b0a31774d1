/** What differs from run to run: compared as being there, not by its value. */
const volatile: ReadonlySet<string> = new Set([
  "ACTION_ID",
  "DEPLOY_ID",
  "ENDPOINT",
  "EETIME",
  "ERROR",
  "ESTIME",
  "ETIME",
  "EXPIRATION_TIME",
  "HID",
  "HOSTNAME",
  "IP",
  "MAC",
  "MODTIME",
  "NEXT_INDEX",
  "ONEGATE_ENDPOINT",
  "OWNER",
  "PETIME",
  "PORT",
  "PSTIME",
  "REGTIME",
  "REQUEST_ID",
  "REQ_ID",
  "RETIME",
  "RSTIME",
  "SCHED_MESSAGE",
  "STIME",
  "TIME",
  "UUID",
  "ETH0_IP",
  "ETH0_MAC",
  "ETH1_IP",
  "ETH1_MAC",
  "start_time",
  "registration_time",
  "timestamp",
]);

interface Element {
  readonly name: string;
  written: "empty tag" | "plain" | "CDATA";
  text: string;
  readonly children: Element[];
}

/**
 * An XML-RPC answer as lines: every element in its order and depth, how its text was written, and the text where it
 * is not volatile. The documents inside its strings are taken apart as well, and so is the JSON of a BODY.
 */
export function xmlStructure(xml: string, depth = 0): string[] {
  return elementsOf(xml).flatMap((element) => linesOf(element, depth));
}

function elementsOf(xml: string): Element[] {
  const tokens = xml.matchAll(/<\?[^>]*\?>|<!\[CDATA\[(.*?)\]\]>|<\/([\w.]+)>|<([\w.]+)\s*(\/?)>|([^<]+)/gs);
  const root: Element = { name: "", written: "plain", text: "", children: [] };
  const open: Element[] = [root];
  for (const [, cdata, closing, opening, selfClosing, text = ""] of tokens) {
    const top = open.at(-1) ?? root;
    if (closing !== undefined) open.pop();
    else if (opening !== undefined) begin(open, top, opening, selfClosing === "/");
    else {
      if (cdata !== undefined) top.written = "CDATA";
      top.text += cdata ?? text;
    }
  }
  return root.children;
}

function begin(open: Element[], parent: Element, name: string, closed: boolean): void {
  const child: Element = { name, written: closed ? "empty tag" : "plain", text: "", children: [] };
  parent.children.push(child);
  if (!closed) open.push(child);
}

function linesOf({ name, written, text, children }: Element, depth: number): string[] {
  const indent = " ".repeat(depth);
  if (children.length > 0) return [`${indent}${name}`, ...children.flatMap((child) => linesOf(child, depth + 1))];
  const plain = written === "CDATA" ? text : unescaped(text);
  if (name === "string" && plain.startsWith("<")) return [`${indent}${name}`, ...xmlStructure(plain, depth + 1)];
  const shown = name === "BODY" ? jsonStructure(JSON.parse(plain)) : comparable(name, plain);
  return [`${indent}${name} (${written}) ${shown}`];
}

/** A front-end's own address, which it tells whoever asks. */
const OWN_PORT = /^http:\/\/127\.0\.0\.1:\d+(?=\/)/;

/** Times that are open are 0, which is part of the structure; all else that is volatile is only there. */
function comparable(name: string, text: string): string {
  if (!volatile.has(name)) return /^[0-9a-f]{64}$/.test(text) ? "64 hex digits" : text.replace(OWN_PORT, "http://…");
  return text === "0" && name.endsWith("TIME") ? text : "…";
}

function unescaped(text: string): string {
  return text.replaceAll("&#x0d;", "\r").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** The same document, its keys in their order, with volatile values blanked. */
export function jsonStructure(value: unknown): string {
  const blanked = (name: string, inner: unknown) => {
    if (typeof inner === "string") return comparable(name, inner);
    return volatile.has(name) ? typeof inner : inner;
  };
  return JSON.stringify(value, blanked, 1);
}
