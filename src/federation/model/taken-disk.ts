/** What a site's disks take of its zone. */
import { z } from "zod";

/**
 * MB that a site's disks take when they are made: of the system's datastores, and of others by their numbers. No part of
 * its plan, for what counts against which quota is the zone's own affair.
 */
export const takenDisk = z.strictObject({
  system: z.number(),
  datastores: z.array(z.strictObject({ id: z.int(), size: z.number() })).readonly(),
});
export type TakenDisk = z.infer<typeof takenDisk>;
