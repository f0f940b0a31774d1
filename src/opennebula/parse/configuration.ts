/** oned's configuration, which an ordinary user is shown without its secrets, and the state of its zone. */
import { z } from "zod";
import type { ZoneRules } from "../../federation/model/zone-facts.ts";
import { group, integer, isYes, many, optionalText, parseElement } from "./xml.ts";

const configuration = z
  .object({
    VM_RESTRICTED_ATTR: many(z.string()),
    VM_SUBMIT_ON_HOLD: optionalText,
    FEDERATION: group({ ZONE_ID: integer }),
  })
  .transform(({ VM_RESTRICTED_ATTR, VM_SUBMIT_ON_HOLD, FEDERATION }): ZoneRules & { readonly zoneId: number } => ({
    restricted: VM_RESTRICTED_ATTR.map((name) => name.trim().toUpperCase()),
    startsOnHold: isYes(VM_SUBMIT_ON_HOLD),
    zoneId: FEDERATION.ZONE_ID,
  }));

/** From `system.config`. Throws `ZoneError` unreadable. */
export function parseConfiguration(xml: string): z.output<typeof configuration> {
  return parseElement(xml, "OPENNEBULA_CONFIGURATION", configuration);
}

const DISABLED = 1;

/** From `zone.info`. Throws `ZoneError` unreadable. */
export function parseIsDisabled(xml: string): boolean {
  return parseElement(xml, "ZONE", z.object({ STATE: integer })).STATE === DISABLED;
}
