/** What happens around a federation's last day. */
import { z } from "zod";
import { cardId, person, siteName } from "./identity.ts";

export const termed = [
  /** Its last day is near. */
  z.strictObject({ type: z.literal("end-near") }),
  /** Owners are asked whether their sites go on until another day. */
  z.strictObject({
    type: z.literal("go-on-asked"),
    cards: z.record(siteName, cardId).readonly(),
    until: z.iso.date(),
    answerBy: z.iso.datetime(),
  }),
  z.strictObject({ type: z.literal("go-on-reminder-due"), site: siteName }),
  z.strictObject({ type: z.literal("go-on-agreed"), site: siteName, by: person }),
  /** Nobody of the zone said in time that it goes on: what runs there is to be removed now. */
  z.strictObject({ type: z.literal("site-run-out"), site: siteName }),
  /** Those that are left go on. */
  z.strictObject({ type: z.literal("term-extended"), until: z.iso.date() }),
] as const;
