import { z } from "zod";
import type { ImageFacts } from "../../federation/model/zone-facts.ts";
import { decimal, integer, parseElement } from "./xml.ts";

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

/** From `image.info`. */
export function parseImage(xml: string): ImageFacts {
  return parseElement(xml, "IMAGE", image);
}
