/** Objects of a pool by their names, for references in the zones file that are no numbers. */
import { z } from "zod";
import { group, integer, many, parseElement } from "./xml.ts";

const named = z
  .object({ ID: integer, NAME: z.string(), UID: integer, UNAME: z.string() })
  .transform(({ ID, NAME, UID, UNAME }) => ({ id: ID, name: NAME, uid: UID, uname: UNAME }));

export type Named = z.output<typeof named>;

/** `element` is the pool's member: VMTEMPLATE, VNET or IMAGE. */
export function parseNames(xml: string, element: "VMTEMPLATE" | "VNET" | "IMAGE"): readonly Named[] {
  const pool = group({ [element]: many(named) });
  return parseElement(xml, `${element}_POOL`, pool)[element] ?? [];
}
