/** What the zone pool listed last, for a start while nobody answers there. */
import { z } from "zod";
import { zoneName } from "../federation/model/identity.ts";
import { poolZone } from "../federation/model/zone-pool.ts";
import type { KnownZonePool, Log, ZonePoolFile } from "../federation/ports.ts";
import { SealedFile } from "./sealed-file.ts";

const SCHEMA = 1;
const stored = z.strictObject({ zones: z.array(poolZone), addresses: z.array(z.tuple([zoneName, z.string()])) });

/** A file that cannot be used is told and made anew by the next answer. */
export async function openZonePoolFile(path: string, log: Log): Promise<ZonePoolFile> {
  const file = new SealedFile<KnownZonePool>({
    path,
    schema: SCHEMA,
    durable: false,
    encode: ({ zones, addresses }) => ({ zones, addresses: [...addresses] }),
    decode: (data) => {
      const { zones, addresses } = stored.parse(data);
      return { zones, addresses: new Map(addresses) };
    },
  });
  let known: KnownZonePool | null = null;
  try {
    known = await file.read();
  } catch (error) {
    log.warn({ err: error }, "What the zone pool listed last cannot be read; it is asked anew.");
  }
  let written = known === null ? "" : JSON.stringify([known.zones, ...known.addresses]);
  return {
    known,
    async keep(now) {
      const text = JSON.stringify([now.zones, ...now.addresses]);
      if (text === written) return;
      await file.write(now);
      written = text;
    },
  };
}
