/** What Slack delivers, whichever way it comes, as far as Bolt and the listeners look into it to find out what it is and whose. */
import { z } from "zod";
import { click, command, submission } from "./payloads.ts";

const text = z.string().min(1);
const id = z.object({ id: text });

const sslCheck = z.object({ ssl_check: z.literal("1") });
/** What a listener cannot read is never acknowledged, and whoever sent it would wait for an answer. */
const readAs = (payload: z.ZodType) => (body: unknown) => payload.safeParse(body).success;

const delivery = z.union([
  z.object({ type: z.literal("event_callback"), event: z.object({ type: text }) }),
  z.looseObject({ command: text, user_id: text }).refine(readAs(command)),
  z
    .looseObject({ type: z.literal("block_actions"), actions: z.array(z.looseObject({ action_id: text })).min(1) })
    .refine(readAs(click)),
  z.looseObject({ type: z.literal("view_submission") }).refine(readAs(submission)),
  z.object({ type: z.literal("view_closed"), user: id, view: z.object({ callback_id: z.string() }) }),
  z.object({ type: z.enum(["shortcut", "message_action"]), user: id, callback_id: text }),
  z.object({ type: z.literal("block_suggestion"), user: id, action_id: text }),
]);
/** Only signed requests also ask whether somebody is there. */
const signed = z.union([delivery, sslCheck, z.object({ type: z.literal("url_verification"), challenge: text })]);

export const isDelivery = (body: unknown): boolean => delivery.safeParse(body).success;
export const isSignedDelivery = (body: unknown): boolean => signed.safeParse(body).success;

/** Slack's question whether the address answers over TLS carries no date. */
export const isSslCheck = (body: unknown): boolean => sslCheck.safeParse(body).success;
