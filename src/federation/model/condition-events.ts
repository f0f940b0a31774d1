/** What is wrong, as it begins, changes and ends. */
import { z } from "zod";
import { conditionCode, extent, subject } from "./conditions.ts";

export const noticed = [
  z.strictObject({
    type: z.literal("condition-raised"),
    subject,
    code: conditionCode,
    detail: z.string(),
    vmIds: z.array(z.int()).readonly(),
    extent: extent.nullable(),
    since: z.iso.datetime(),
  }),
  /** It stands and its extent is another. */
  z.strictObject({
    type: z.literal("condition-changed"),
    subject,
    code: conditionCode,
    vmIds: z.array(z.int()).readonly(),
    extent: extent.nullable(),
  }),
  z.strictObject({ type: z.literal("condition-cleared"), subject, code: conditionCode }),
  /** It has come and gone `count` times since; said when that begins and then seldom. */
  z.strictObject({
    type: z.literal("condition-flapping"),
    subject,
    code: conditionCode,
    count: z.int(),
    since: z.iso.datetime(),
  }),
] as const;
