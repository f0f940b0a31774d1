/** Login tokens of the bot's account, as oned shows them to itself. */
import { z } from "zod";
import { group, integer, many, parseElement } from "./xml.ts";

const token = z
  .object({ TOKEN: z.string().min(1), EXPIRATION_TIME: integer, EGID: integer })
  .transform(({ TOKEN, EXPIRATION_TIME, EGID }) => ({ value: TOKEN, end: EXPIRATION_TIME, group: EGID }));

/** `end`: seconds since 1970 by the zone's clock, -1 for never. `group`: whose rights alone it has, -1 for all. */
export type ShownToken = z.output<typeof token>;

/** From `user.info(-1)`. Throws `ZoneError` unreadable. */
export const parseLoginTokens = (xml: string): readonly ShownToken[] =>
  parseElement(xml, "USER", group({ LOGIN_TOKEN: many(token) })).LOGIN_TOKEN;
