import { z } from "zod";
import { homeBlock, modalBlock } from "./blocks.ts";
import { APP_ID_LENGTH, plainText } from "./text-objects.ts";

const base = {
  private_metadata: z.string().max(3000).optional(),
  callback_id: z.string().max(APP_ID_LENGTH).optional(),
  external_id: z.string().max(APP_ID_LENGTH).optional(),
};

export const modal = z.strictObject({
  type: z.literal("modal"),
  ...base,
  title: plainText(24),
  submit: plainText(24).optional(),
  close: plainText(24).optional(),
  blocks: z.array(modalBlock).max(100),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
});

/** A Home view has no title, submit or close: a strict object refuses them by name. */
export const home = z.strictObject({ type: z.literal("home"), ...base, blocks: z.array(homeBlock).max(100) });

export type Modal = z.infer<typeof modal>;
export type Home = z.infer<typeof home>;
