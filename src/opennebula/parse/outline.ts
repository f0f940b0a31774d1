/** Where elements stand in XML of the form that oned writes, found without reading what they hold. */

/** From its `<` to behind its end. */
export interface Piece {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const NAME = /^[A-Za-z_][\w.-]*$/;
const CDATA = "<![CDATA[";

/**
 * The elements right inside the one that stands from `from` to `to`, in their order. undefined where the text is of
 * another form, which only a parser can judge: with attributes, comments or declarations, or not well formed.
 */
export function childrenOf(xml: string, from = 0, to = xml.length): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  const open: { readonly name: string; readonly from: number }[] = [];
  for (const tag of tagsOf(xml, from, to)) {
    if (tag === "another form") return undefined;
    if (tag.kind !== "end") open.push(tag);
    if (tag.kind === "start") continue;
    const ended = open.pop();
    if (ended?.name !== tag.name) return undefined;
    if (open.length === 1) pieces.push({ name: tag.name, from: ended.from, to: tag.to });
  }
  return open.length === 0 ? pieces : undefined;
}

interface Tag extends Piece {
  readonly kind: "start" | "end" | "empty";
}

function* tagsOf(xml: string, from: number, to: number): Generator<Tag | "another form"> {
  let at = xml.indexOf("<", from);
  while (at !== -1 && at < to) {
    const end = xml.startsWith(CDATA, at) ? endOf(xml, "]]>", at) : undefined;
    const tag = end === undefined ? tagAt(xml, at) : undefined;
    if (tag !== undefined) yield tag;
    const next = tag?.to ?? end;
    if (next === undefined) return yield "another form";
    at = xml.indexOf("<", next);
  }
}

function endOf(xml: string, mark: string, from: number): number | undefined {
  const at = xml.indexOf(mark, from);
  return at === -1 ? undefined : at + mark.length;
}

function tagAt(xml: string, from: number): Tag | undefined {
  const to = endOf(xml, ">", from);
  if (to === undefined) return undefined;
  const kind = xml[from + 1] === "/" ? "end" : xml[to - 2] === "/" ? "empty" : "start";
  const name = xml.slice(from + (kind === "end" ? 2 : 1), to - (kind === "empty" ? 2 : 1));
  return NAME.test(name) ? { kind, name, from, to } : undefined;
}
