/** Slack's markup, read into a tree: nothing that somebody wrote ever becomes markup of the page. */
export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bold" | "italic" | "strike"; readonly inner: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "link"; readonly url: string; readonly label: string }
  | { readonly kind: "person" | "channel" | "broadcast"; readonly id: string; readonly label: string | undefined }
  | { readonly kind: "date"; readonly seconds: number; readonly fallback: string; readonly format: string }
  | { readonly kind: "emoji"; readonly name: string };

export type Paragraph =
  | { readonly kind: "lines"; readonly inner: readonly Inline[] }
  | { readonly kind: "quote"; readonly inner: readonly Inline[] }
  | { readonly kind: "fence"; readonly text: string };

/** Nesting beyond this is plain text. */
const DEEPEST = 6;

export function parseMrkdwn(text: string): readonly Paragraph[] {
  return text.split(/```\n?/).flatMap((part, nth): readonly Paragraph[] => {
    const isFence = nth % 2 === 1;
    if (isFence) return [{ kind: "fence", text: decoded(part.replace(/\n$/, "")) }];
    // The line that a fence begins or ends is its own.
    const around = part.replace(/\n$/, "");
    return around === "" ? [] : quotesOf(around);
  });
}

function quotesOf(text: string): Paragraph[] {
  const paragraphs: { kind: "lines" | "quote"; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    const quoted = /^(?:>|&gt;) ?(.*)$/.exec(line)?.[1];
    const kind = quoted === undefined ? "lines" : "quote";
    const last = paragraphs.at(-1);
    if (last?.kind === kind) last.lines.push(quoted ?? line);
    else paragraphs.push({ kind, lines: [quoted ?? line] });
  }
  return paragraphs.map(({ kind, lines }) => ({ kind, inner: parseInline(lines.join("\n")) }));
}

const STYLES = { "*": "bold", _: "italic", "~": "strike" } as const;
/** In order: code, what stands in angle brackets, an emoji, and styled words that begin and end at a word's edge. */
const TOKEN =
  /`([^`\n]+)`|<([^<>]+)>|(?<![\p{L}\p{N}]):([a-z0-9_+-]*[a-z+][a-z0-9_+-]*):(?![\p{L}\p{N}])|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\4(?![\p{L}\p{N}])/u;

function parseInline(text: string, depth = 0): readonly Inline[] {
  const parts: Inline[] = [];
  let rest = text;
  for (let match = TOKEN.exec(rest); match !== null; match = TOKEN.exec(rest)) {
    if (match.index > 0) parts.push(plain(rest.slice(0, match.index)));
    parts.push(tokenOf(match, depth));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== "") parts.push(plain(rest));
  return parts;
}

function tokenOf([whole, code, bracket, emoji, mark, styled]: RegExpExecArray, depth: number): Inline {
  if (code !== undefined) return { kind: "code", text: decoded(code) };
  if (bracket !== undefined) return bracketOf(bracket);
  if (emoji !== undefined) return { kind: "emoji", name: emoji };
  if (depth >= DEEPEST || (mark !== "*" && mark !== "_" && mark !== "~")) return plain(whole);
  return { kind: STYLES[mark], inner: parseInline(styled ?? "", depth + 1) };
}

function bracketOf(text: string): Inline {
  const [target = "", ...labels] = text.split("|");
  const label = labels.length === 0 ? undefined : decoded(labels.join("|"));
  const rest = target.slice(1);
  if (target.startsWith("@")) return { kind: "person", id: rest, label };
  if (target.startsWith("#")) return { kind: "channel", id: rest, label };
  const date = /^!date\^(\d+)\^([^^]*)/.exec(target);
  if (date !== null) {
    return { kind: "date", seconds: Number(date[1]), format: date[2] ?? "", fallback: label ?? "" };
  }
  if (target.startsWith("!")) return { kind: "broadcast", id: rest.replace(/\^.*$/, ""), label };
  const url = decoded(target);
  return isWebAddress(url) ? { kind: "link", url, label: label ?? url } : plain(`<${text}>`);
}

/** Only these become links: no other scheme is one that somebody may click. */
export const isWebAddress = (url: string): boolean => /^(https?:\/\/|mailto:)/i.test(url);

const plain = (text: string): Inline => ({ kind: "text", text: decoded(text) });

/** Slack escapes three characters. */
const decoded = (text: string): string => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
