import { z } from "zod";
import type { PortSpan } from "../../federation/model/zone-facts.ts";
import { group, many, optionalText, parseElement } from "./xml.ts";

/** As a network or a card names them: `0,101`. */
export const groupIds = (text: string | undefined): readonly number[] =>
  (text ?? "").split(",").flatMap((id) => (/^\d{1,9}$/.test(id.trim()) ? [Number(id)] : []));

const rule = z.object({ PROTOCOL: optionalText, RULE_TYPE: optionalText, RANGE: optionalText });
const securityGroup = z.object({ TEMPLATE: group({ RULE: many(rule) }) });

const EVERY_PORT: PortSpan = { first: 0, last: 65_535 };

export type Direction = "inbound" | "outbound";

/** UDP ports that a group opens in one direction, from or to wherever, from `secgroup.info`. Throws `ZoneError` unreadable. */
export function parseOpenUdp(xml: string, direction: Direction): readonly PortSpan[] {
  const other = direction === "inbound" ? /^outbound$/i : /^inbound$/i;
  const { TEMPLATE } = parseElement(xml, "SECURITY_GROUP", securityGroup);
  return TEMPLATE.RULE.filter(
    ({ PROTOCOL, RULE_TYPE }) => /^(all|udp)$/i.test(PROTOCOL ?? "all") && !other.test(RULE_TYPE ?? ""),
  ).flatMap(({ RANGE }) => (RANGE === undefined ? [EVERY_PORT] : spansIn(RANGE)));
}

/** `22,53,80:90`; what is none of that lets nothing in. */
const spansIn = (range: string): readonly PortSpan[] =>
  range.split(",").flatMap((part) => {
    const [, first, last] = /^\s*(\d{1,5})(?::(\d{1,5}))?\s*$/.exec(part) ?? [];
    return first === undefined ? [] : [{ first: Number(first), last: Number(last ?? first) }];
  });
