/** The zones of an OpenNebula federation, as any of its zones lists them. */
import { z } from "zod";
import type { PoolZone } from "../../federation/model/zone-pool.ts";
import { attributes, group, integer, many, parseElement } from "./xml.ts";

const DISABLED = 1;

const zone = z.object({ ID: integer, NAME: z.string(), STATE: integer, TEMPLATE: attributes }).transform(
  ({ ID, NAME, STATE, TEMPLATE }): PoolZone => ({
    id: ID,
    name: NAME,
    disabled: STATE === DISABLED,
    endpoint: TEMPLATE["ENDPOINT"] ?? "",
  }),
);

const pool = group({ ZONE: many(z.unknown()) });

/** From `zonepool.info`. A zone of an odd shape hides none of the others. Throws `ZoneError` unreadable when it is no pool. */
export const parseZonePool = (xml: string): readonly PoolZone[] =>
  parseElement(xml, "ZONE_POOL", pool).ZONE.flatMap((member) => {
    const parsed = zone.safeParse(member);
    return parsed.success ? [parsed.data] : [];
  });
