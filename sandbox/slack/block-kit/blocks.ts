import { z } from "zod";
import { actionsElement, image, inputElement, sectionAccessory } from "./elements.ts";
import { richText } from "./rich-text.ts";
import { anyText, appId, plainText, webAddress } from "./text-objects.ts";

const base = { block_id: appId.optional() };

const section = z.strictObject({
  type: z.literal("section"),
  ...base,
  text: anyText(3000).optional(),
  fields: z.array(anyText(2000)).min(1).max(10).optional(),
  accessory: sectionAccessory.optional(),
  expand: z.boolean().optional(),
});
const header = z.strictObject({ type: z.literal("header"), ...base, text: plainText(150) });
const divider = z.strictObject({ type: z.literal("divider"), ...base });
const context = z.strictObject({
  type: z.literal("context"),
  ...base,
  elements: z
    .array(z.discriminatedUnion("type", [image, anyText(3000)]))
    .min(1)
    .max(10),
});
const actions = z.strictObject({
  type: z.literal("actions"),
  ...base,
  elements: z.array(actionsElement).min(1).max(25),
});
const input = z.strictObject({
  type: z.literal("input"),
  ...base,
  label: plainText(2000),
  element: inputElement,
  hint: plainText(2000).optional(),
  optional: z.boolean().optional(),
  dispatch_action: z.boolean().optional(),
});
const picture = image.extend({ ...base, title: plainText(2000).optional() });
const markdown = z.strictObject({ type: z.literal("markdown"), ...base, text: z.string().min(1).max(12_000) });
const file = z.strictObject({
  type: z.literal("file"),
  ...base,
  source: z.literal("remote"),
  external_id: z.string().min(1),
});
const alert = z.strictObject({
  type: z.literal("alert"),
  ...base,
  text: anyText(200),
  level: z.enum(["default", "info", "warning", "error", "success"]).optional(),
});

const cell = z.discriminatedUnion("type", [
  richText,
  z.strictObject({ type: z.literal("raw_text"), text: z.string() }),
  z.strictObject({ type: z.literal("raw_number"), value: z.number(), text: z.string() }),
]);
const table = z.strictObject({
  type: z.literal("table"),
  ...base,
  rows: z.array(z.array(cell).min(1).max(20)).min(1).max(100),
  column_settings: z
    .array(
      z
        .strictObject({ align: z.enum(["left", "center", "right"]).optional(), is_wrapped: z.boolean().optional() })
        .nullable(),
    )
    .max(20)
    .optional(),
});

/** Titles are plain strings here, and the word for done is `complete`. */
const taskCard = z.strictObject({
  type: z.literal("task_card"),
  ...base,
  task_id: z.string().min(1),
  title: z.string().min(1),
  status: z.enum(["pending", "in_progress", "complete", "error"]),
  details: richText.optional(),
  output: richText.optional(),
  sources: z.array(z.strictObject({ type: z.literal("url"), url: webAddress, text: z.string().min(1) })).optional(),
});
const plan = z.strictObject({
  type: z.literal("plan"),
  ...base,
  title: z.string().min(1),
  tasks: z.array(z.discriminatedUnion("type", [taskCard])).optional(),
});

const everywhere = [section, header, divider, context, actions, input, picture, richText] as const;

export const messageBlock = z.discriminatedUnion("type", [...everywhere, markdown, file, table, taskCard, plan]);
export const modalBlock = z.discriminatedUnion("type", [...everywhere, alert]);
export const homeBlock = z.discriminatedUnion("type", [...everywhere, table]);

export type Block = z.infer<typeof messageBlock | typeof modalBlock | typeof homeBlock>;
export type InputBlock = z.infer<typeof input>;
