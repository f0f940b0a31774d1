import { z } from "zod";
import type { DataImageFacts, ImageFacts } from "../../federation/model/zone-facts.ts";
import { decimal, group, integer, optionalText, parseElement } from "./xml.ts";

const STATES: ReadonlyMap<number, ImageFacts["state"]> = new Map([
  [1, "ready"],
  [2, "used"],
  [3, "disabled"],
  [4, "locked"],
  [5, "error"],
  [8, "used"],
]);

const image = z
  .object({ ID: integer, NAME: z.string(), REGTIME: integer, PERSISTENT: integer, STATE: integer, SIZE: decimal })
  .transform(({ ID, NAME, REGTIME, PERSISTENT, STATE, SIZE }): ImageFacts => {
    const state = STATES.get(STATE) ?? "other";
    return { id: ID, name: NAME, registeredAt: REGTIME, persistent: PERSISTENT === 1, state, size: SIZE };
  });

/** OS and DATABLOCK. */
const DISKS: ReadonlySet<number> = new Set([0, 2]);

/** Persistent images that several VMs may have at once. */
const SHARED: ReadonlySet<string> = new Set(["IMMUTABLE", "SHAREABLE"]);

const dataImage = z
  .object({ TYPE: integer, TEMPLATE: group({ PERSISTENT_TYPE: optionalText }) })
  .transform(({ TYPE, TEMPLATE }) => ({
    isDisk: DISKS.has(TYPE),
    isShared: SHARED.has(TEMPLATE.PERSISTENT_TYPE?.toUpperCase() ?? ""),
  }));

/** From `image.info`, of an image that is to be a disk of its own. */
export const parseDataImage = (xml: string): DataImageFacts => ({
  ...parseImage(xml),
  ...parseElement(xml, "IMAGE", dataImage),
});

/** From `image.info`. */
export function parseImage(xml: string): ImageFacts {
  return parseElement(xml, "IMAGE", image);
}
