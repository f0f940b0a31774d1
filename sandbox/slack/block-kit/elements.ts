import { z } from "zod";
import { richText } from "./rich-text.ts";
import {
  anyOption,
  appId,
  confirmDialog,
  dispatchConfig,
  linkOption,
  optionGroup,
  plainOption,
  plainText,
  webAddress,
} from "./text-objects.ts";

const action = { action_id: appId.optional() };
const confirmable = { confirm: confirmDialog.optional() };
const focusable = { focus_on_load: z.boolean().optional() };
const placeholder = { placeholder: plainText(150).optional() };
const picker = { ...action, ...confirmable, ...focusable, ...placeholder };
const typed = { ...action, ...focusable, ...placeholder, dispatch_action_config: dispatchConfig.optional() };
const several = { max_selected_items: z.int().min(1).optional() };
const slackId = z.string().min(1);
const numberText = z.string().regex(/^-?\d+(\.\d+)?$/);
const style = z.enum(["primary", "danger"]).optional();

const button = z.strictObject({
  type: z.literal("button"),
  ...action,
  ...confirmable,
  text: plainText(75),
  value: z.string().max(2000).optional(),
  url: webAddress.optional(),
  style,
  accessibility_label: z.string().max(75).optional(),
});

const overflow = z.strictObject({
  type: z.literal("overflow"),
  ...action,
  ...confirmable,
  options: z.array(linkOption).min(1).max(5),
});

const choices = { options: z.array(anyOption).min(1).max(10) };
const checkboxes = z.strictObject({
  type: z.literal("checkboxes"),
  ...action,
  ...confirmable,
  ...focusable,
  ...choices,
  initial_options: z.array(anyOption).min(1).optional(),
});
const radioButtons = z.strictObject({
  type: z.literal("radio_buttons"),
  ...action,
  ...confirmable,
  ...focusable,
  ...choices,
  initial_option: anyOption.optional(),
});

const offered = {
  options: z.array(plainOption).min(1).max(100).optional(),
  option_groups: z.array(optionGroup).min(1).max(100).optional(),
};
const staticSelect = z.strictObject({
  type: z.literal("static_select"),
  ...picker,
  ...offered,
  initial_option: plainOption.optional(),
});
const multiStaticSelect = z.strictObject({
  type: z.literal("multi_static_select"),
  ...picker,
  ...offered,
  ...several,
  initial_options: z.array(plainOption).min(1).optional(),
});

const usersSelect = z.strictObject({ type: z.literal("users_select"), ...picker, initial_user: slackId.optional() });
const multiUsersSelect = z.strictObject({
  type: z.literal("multi_users_select"),
  ...picker,
  ...several,
  initial_users: z.array(slackId).optional(),
});

const conversations = {
  default_to_current_conversation: z.boolean().optional(),
  filter: z
    .strictObject({
      include: z
        .array(z.enum(["im", "mpim", "private", "public"]))
        .min(1)
        .optional(),
      exclude_external_shared_channels: z.boolean().optional(),
      exclude_bot_users: z.boolean().optional(),
    })
    .optional(),
};
const conversationsSelect = z.strictObject({
  type: z.literal("conversations_select"),
  ...picker,
  ...conversations,
  initial_conversation: slackId.optional(),
  response_url_enabled: z.boolean().optional(),
});
const channelsSelect = z.strictObject({
  type: z.literal("channels_select"),
  ...picker,
  initial_channel: slackId.optional(),
  response_url_enabled: z.boolean().optional(),
});

const datepicker = z.strictObject({
  type: z.literal("datepicker"),
  ...picker,
  initial_date: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .optional(),
});
const timepicker = z.strictObject({
  type: z.literal("timepicker"),
  ...picker,
  initial_time: z
    .string()
    .regex(/^\d{2}:\d{2}$/)
    .optional(),
  timezone: z.string().optional(),
});
const datetimepicker = z.strictObject({
  type: z.literal("datetimepicker"),
  ...action,
  ...confirmable,
  ...focusable,
  initial_date_time: z.int().min(1_000_000_000).max(9_999_999_999).optional(),
});

const plainTextInput = z.strictObject({
  type: z.literal("plain_text_input"),
  ...typed,
  initial_value: z.string().max(3000).optional(),
  multiline: z.boolean().optional(),
  min_length: z.int().min(0).max(3000).optional(),
  max_length: z.int().min(1).max(3000).optional(),
});
const emailInput = z.strictObject({
  type: z.literal("email_text_input"),
  ...typed,
  initial_value: z.string().optional(),
});
const urlInput = z.strictObject({ type: z.literal("url_text_input"), ...typed, initial_value: z.string().optional() });
/** Bounds and values are text, as Slack has them. */
const numberInput = z.strictObject({
  type: z.literal("number_input"),
  ...typed,
  is_decimal_allowed: z.boolean(),
  initial_value: numberText.optional(),
  min_value: numberText.optional(),
  max_value: numberText.optional(),
});
const richTextInput = z.strictObject({
  type: z.literal("rich_text_input"),
  ...typed,
  initial_value: richText.optional(),
});
const fileInput = z.strictObject({
  type: z.literal("file_input"),
  ...action,
  filetypes: z.array(z.string().min(1)).optional(),
  max_files: z.int().min(1).max(10).optional(),
});

const pictureFields = { type: z.literal("image"), alt_text: z.string().max(2000) };
export const image = z.strictObject({
  ...pictureFields,
  image_url: webAddress.optional(),
  slack_file: z.union([z.strictObject({ id: slackId }), z.strictObject({ url: webAddress })]).optional(),
});

const pickers = [
  checkboxes,
  radioButtons,
  staticSelect,
  multiStaticSelect,
  usersSelect,
  multiUsersSelect,
  conversationsSelect,
  channelsSelect,
  datepicker,
  timepicker,
] as const;

export const sectionAccessory = z.discriminatedUnion("type", [button, overflow, image, ...pickers]);
export const actionsElement = z.discriminatedUnion("type", [
  button,
  overflow,
  datetimepicker,
  richTextInput,
  ...pickers,
]);
export const inputElement = z.discriminatedUnion("type", [
  plainTextInput,
  emailInput,
  urlInput,
  numberInput,
  richTextInput,
  fileInput,
  datetimepicker,
  ...pickers,
]);

/** Everything that has an `action_id`. */
export type Interactive = Exclude<
  z.infer<typeof sectionAccessory | typeof actionsElement | typeof inputElement>,
  { type: "image" }
>;
/** Everything that holds a value until it is changed. */
export type Stateful = Exclude<Interactive, { type: "button" | "overflow" }>;
