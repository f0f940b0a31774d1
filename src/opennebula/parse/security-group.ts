import ipaddr from "ipaddr.js";
import { z } from "zod";
import { toNumber } from "../../federation/model/ipv4.ts";
import type { PortSpan, SurveyQuery } from "../../federation/model/zone-facts.ts";
import { group, many, optionalText, parseElement } from "./xml.ts";

/** As a network or a card names them: `0,101`. */
export const groupIds = (text: string | undefined): readonly number[] =>
  (text ?? "").split(",").flatMap((id) => (/^\d{1,9}$/.test(id.trim()) ? [Number(id)] : []));

const rule = z.object({
  PROTOCOL: optionalText,
  RULE_TYPE: optionalText,
  RANGE: optionalText,
  IP: optionalText,
  SIZE: optionalText,
  NETWORK_ID: optionalText,
});
type Rule = z.infer<typeof rule>;
const securityGroup = z.object({ TEMPLATE: group({ RULE: many(rule) }) });

const EVERY_PORT: PortSpan = { first: 0, last: 65_535 };

/** Ports that a group opens in one direction, from `secgroup.info`. Throws `ZoneError` unreadable. */
export function parseOpenPorts(xml: string, asked: NonNullable<SurveyQuery["opens"]>): readonly PortSpan[] {
  const other = asked.direction === "inbound" ? /^outbound$/i : /^inbound$/i;
  const protocol = asked.protocol === "udp" ? /^(all|udp)$/i : /^(all|tcp)$/i;
  const { TEMPLATE } = parseElement(xml, "SECURITY_GROUP", securityGroup);
  return TEMPLATE.RULE.filter(
    ({ PROTOCOL, RULE_TYPE }) => protocol.test(PROTOCOL ?? "all") && !other.test(RULE_TYPE ?? ""),
  ).flatMap((one) => {
    const spans = one.RANGE === undefined ? [EVERY_PORT] : spansIn(one.RANGE);
    return spans.map((span) => ({ ...span, ...targetOf(one) }));
  });
}

/** Whom a rule is about, where that is not everybody; of a whole network its addresses are not looked up. */
function targetOf({ IP, SIZE, NETWORK_ID }: Rule): Pick<PortSpan, "target"> {
  if (NETWORK_ID !== undefined) return { target: "a network" };
  if (IP === undefined || !ipaddr.IPv4.isValid(IP)) return {};
  const first = toNumber(IP);
  return { target: { first, last: first + (/^[1-9]\d{0,9}$/.test(SIZE ?? "") ? Number(SIZE) : 1) - 1 } };
}

/** `22,53,80:90`; what is none of that lets nothing in. */
const spansIn = (range: string): readonly PortSpan[] =>
  range.split(",").flatMap((part) => {
    const [, first, last] = /^\s*(\d{1,5})(?::(\d{1,5}))?\s*$/.exec(part) ?? [];
    return first === undefined ? [] : [{ first: Number(first), last: Number(last ?? first) }];
  });
