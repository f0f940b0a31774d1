import { z } from "zod";

/** Characters allowed in ids that an app chooses: `block_id`, `action_id`, `callback_id`. */
export const APP_ID_LENGTH = 255;

export const appId = z.string().min(1).max(APP_ID_LENGTH);
export const webAddress = z.url().max(3000);

/** `emoji` belongs to plain text only, `verbatim` to mrkdwn only; strict objects refuse the other one. */
export const plainText = (maximum: number) =>
  z.strictObject({
    type: z.literal("plain_text"),
    text: z.string().min(1).max(maximum),
    emoji: z.boolean().optional(),
  });

const mrkdwn = (maximum: number) =>
  z.strictObject({
    type: z.literal("mrkdwn"),
    text: z.string().min(1).max(maximum),
    verbatim: z.boolean().optional(),
  });

export const anyText = (maximum: number) => z.discriminatedUnion("type", [plainText(maximum), mrkdwn(maximum)]);

/** Slack wants all four texts, although the published types make three of them optional. */
export const confirmDialog = z.strictObject({
  title: plainText(100),
  text: anyText(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.enum(["primary", "danger"]).optional(),
});

const optionFields = { value: z.string().min(1).max(150) };

export const plainOption = z.strictObject({
  ...optionFields,
  text: plainText(75),
  description: plainText(75).optional(),
});

/** Check boxes and radio buttons may format their options. */
export const anyOption = z.strictObject({ ...optionFields, text: anyText(75), description: anyText(75).optional() });

export const linkOption = z.strictObject({
  ...optionFields,
  text: plainText(75),
  description: plainText(75).optional(),
  url: webAddress.optional(),
});

export const optionGroup = z.strictObject({ label: plainText(75), options: z.array(plainOption).min(1).max(100) });

export const dispatchConfig = z.strictObject({
  trigger_actions_on: z.array(z.enum(["on_enter_pressed", "on_character_entered"])).min(1),
});

export type TextObject = z.infer<ReturnType<typeof anyText>>;
export type Option = z.infer<typeof anyOption>;
