/** What the command-line tools read of oned's XML: a pool's elements, each by the texts of its own children. */
import { XMLParser } from "fast-xml-parser";
import { z } from "zod";

const element = z.record(z.string(), z.unknown());
export type Element = z.infer<typeof element>;

const parser = new XMLParser({ parseTagValue: false });

export function parseXml(xml: string, name: string): readonly Element[] {
  const read: unknown = parser.parse(xml);
  const [pool] = Object.values(element.parse(read));
  const found = typeof pool === "object" && pool !== null && name in pool ? element.parse(pool)[name] : [];
  return z.array(element).parse(Array.isArray(found) ? found : [found]);
}

export const textAt = (of: Element, name: string): string => String(of[name] ?? "");
