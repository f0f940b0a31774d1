import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Checked, checkHome, checkMessageBlocks, checkModal } from "../../../sandbox/slack/block-kit/check.ts";

type Json = Record<string, unknown>;

const none: ReadonlySet<string> = new Set();
const long = (length: number) => "x".repeat(length);
const plain = (text: string) => ({ type: "plain_text", text });
const section = (more: Json = {}) => ({ type: "section", text: { type: "mrkdwn", text: "text" }, ...more });
const button = (more: Json = {}) => ({ type: "button", action_id: "press", text: plain("Press"), ...more });
const actions = (...elements: Json[]) => ({ type: "actions", elements });
const option = (value: string, more: Json = {}) => ({ text: plain(value), value, ...more });
const select = (more: Json = {}) => ({ type: "static_select", action_id: "pick", options: [option("a")], ...more });
const input = (element: Json, more: Json = {}) => ({ type: "input", label: plain("Label"), element, ...more });
const typed = (more: Json = {}) => ({ type: "plain_text_input", action_id: "type", ...more });
const richText = (text: string) => ({
  type: "rich_text",
  elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }],
});
const task = (more: Json = {}) => ({ type: "task_card", task_id: "t1", title: "Task", status: "pending", ...more });
const plan = (...tasks: Json[]) => ({ type: "plan", title: "Plan", tasks });
const confirm = { title: plain("Sure?"), text: plain("Really"), confirm: plain("Yes"), deny: plain("No") };
const modal = (blocks: Json[], more: Json = {}) => ({
  type: "modal",
  title: plain("Title"),
  submit: plain("Send"),
  blocks,
  ...more,
});
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));

function complaintsAbout(checked: Checked<unknown>): readonly string[] {
  return checked.ok ? [] : [checked.error, ...checked.complaints];
}

const inMessage = (...blocks: unknown[]) => complaintsAbout(checkMessageBlocks(blocks, none));
const inModal = (view: Json) => complaintsAbout(checkModal(view, none));
const inHome = (view: Json) => complaintsAbout(checkHome(view, none));

type Rule = readonly [rule: string, found: readonly string[], expected: readonly string[]];

function rules(...table: Rule[]): void {
  for (const [rule, found, expected] of table) test(rule, () => assert.deepEqual(found, expected));
}

const invalid = (...complaints: string[]) => ["invalid_blocks", ...complaints];
const refused = (...complaints: string[]) => ["invalid_arguments", ...complaints];

describe("What a message may have", () => {
  rules(
    [
      "every kind of block that messages know",
      inMessage(
        section({
          fields: [plain("a")],
          accessory: button({ confirm, style: "primary", value: "v", url: "https://a.example" }),
        }),
        { type: "header", text: plain("Header") },
        { type: "divider" },
        {
          type: "context",
          elements: [plain("a"), { type: "image", image_url: "https://a.example/a.png", alt_text: "a" }],
        },
        actions(button(), select({ action_id: "other" })),
        input(typed()),
        { type: "image", image_url: "https://a.example/a.png", alt_text: "a", title: plain("a") },
        richText("a"),
        { type: "markdown", text: "**a**" },
        { type: "table", rows: [[{ type: "raw_text", text: "a" }, richText("b")]] },
        plan(
          task(),
          task({
            task_id: "t2",
            status: "complete",
            details: richText("d"),
            output: richText("o"),
            sources: [{ type: "url", url: "https://a.example", text: "a" }],
          }),
        ),
      ),
      [],
    ],
    [
      "not more than 50 blocks",
      inMessage(...many(51, () => ({ type: "divider" }))),
      invalid("no more than 50 items allowed [json-pointer:/blocks]"),
    ],
    [
      "no block of an unknown type",
      inMessage({ type: "banner" }),
      invalid("unsupported type: banner [json-pointer:/blocks/0/type]"),
    ],
    [
      "no block without a type",
      inMessage({ text: "a" }),
      invalid("missing required field: type [json-pointer:/blocks/0]"),
    ],
    ["no block that is not an object", inMessage("text"), invalid("must provide an object [json-pointer:/blocks/0]")],
    [
      "blocks that are a list",
      complaintsAbout(checkMessageBlocks({ type: "divider" }, none)),
      ["invalid_blocks_format"],
    ],
    [
      "no alert, which is for modals",
      inMessage({ type: "alert", text: plain("a") }),
      invalid("unsupported type: alert [json-pointer:/blocks/0/type]"),
    ],
    [
      "each block_id once",
      inMessage({ type: "divider", block_id: "b" }, { type: "divider", block_id: "b" }),
      invalid("block_id `b` already exists [json-pointer:/blocks/1/block_id]"),
    ],
    [
      "a block_id of 255 characters at most",
      inMessage({ type: "divider", block_id: long(256) }),
      invalid("must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
    ],
    [
      "each action_id once in a block",
      inMessage(actions(button(), button())),
      invalid("action_id `press` already exists [json-pointer:/blocks/0/elements/1/action_id]"),
    ],
    ["the same action_id in two blocks", inMessage(actions(button()), actions(button())), []],
    [
      "no field that Slack does not know",
      inMessage({ type: "divider", colour: "red" }),
      invalid("invalid additional property: colour [json-pointer:/blocks/0]"),
    ],
    [
      "all mistakes at once",
      inMessage({ type: "header", text: plain("") }, { type: "divider", colour: "red" }),
      invalid(
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        "invalid additional property: colour [json-pointer:/blocks/1]",
      ),
    ],
    [
      "about 11,300 characters of text in all blocks together",
      inMessage(...many(4, () => section({ text: plain(long(2900)) }))),
      ["msg_blocks_too_long"],
    ],
  );

  test("A block type that the workspace refuses is an unsupported type", () => {
    const checked = checkMessageBlocks([plan(task())], new Set(["plan"]));
    assert.deepEqual(complaintsAbout(checked), invalid("unsupported type: plan [json-pointer:/blocks/0/type]"));
  });
});

describe("What each block holds", () => {
  rules(
    [
      "a section has text or fields",
      inMessage({ type: "section" }),
      invalid("must define either `text` or `fields` [json-pointer:/blocks/0/type]"),
    ],
    [
      "a section's text has 3000 characters at most",
      inMessage(section({ text: plain(long(3001)) })),
      invalid("must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ],
    [
      "a section has 10 fields at most",
      inMessage(section({ fields: many(11, () => plain("a")) })),
      invalid("no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    ],
    [
      "a field has 2000 characters at most",
      inMessage(section({ fields: [plain(long(2001))] })),
      invalid("must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]"),
    ],
    [
      "a section takes no text input",
      inMessage(section({ accessory: typed() })),
      invalid("unsupported type: plain_text_input [json-pointer:/blocks/0/accessory/type]"),
    ],
    [
      "a header is plain text",
      inMessage({ type: "header", text: { type: "mrkdwn", text: "a" } }),
      invalid("must be a valid enum value [json-pointer:/blocks/0/text/type]"),
    ],
    [
      "a header has 150 characters at most",
      inMessage({ type: "header", text: plain(long(151)) }),
      invalid("must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    ],
    [
      "a context has 10 elements at most",
      inMessage({ type: "context", elements: many(11, () => plain("a")) }),
      invalid("no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
    ],
    [
      "actions have 25 elements at most",
      inMessage(actions(...many(26, (index) => button({ action_id: `a${index}` })))),
      invalid("no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    ],
    [
      "actions have one element at least",
      inMessage(actions()),
      invalid("no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
    ],
    [
      "an input has a label",
      inMessage({ type: "input", element: typed() }),
      invalid("missing required field: label [json-pointer:/blocks/0]"),
    ],
    [
      "an input holds no button",
      inMessage(input(button())),
      invalid("unsupported type: button [json-pointer:/blocks/0/element/type]"),
    ],
    [
      "a markdown block has 12,000 characters at most",
      inMessage({ type: "markdown", text: long(12_001) }),
      invalid("must be less than 12001 characters [json-pointer:/blocks/0/text]"),
    ],
    [
      "an image comes from one place",
      inMessage({ type: "image", alt_text: "a" }),
      invalid("must define either `image_url` or `slack_file` [json-pointer:/blocks/0/type]"),
    ],
    [
      "a message has one table",
      inMessage(...many(2, () => ({ type: "table", rows: [[{ type: "raw_text", text: "a" }]] }))),
      invalid("only_one_table_allowed [json-pointer:/blocks]"),
    ],
    [
      "a table has 100 rows at most",
      inMessage({ type: "table", rows: many(101, () => [{ type: "raw_text", text: "a" }]) }),
      invalid("no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    ],
    [
      "a table has 10,000 characters in its cells at most",
      inMessage({ type: "table", rows: many(3, () => [{ type: "raw_text", text: long(3400) }]) }),
      invalid("must be less than 10001 characters in all cells [json-pointer:/blocks/0/rows]"),
    ],
    [
      "a message has one plan",
      inMessage(plan(task()), plan(task())),
      invalid("no more than 1 plan block allowed [json-pointer:/blocks]"),
    ],
    [
      "a task is complete, not completed",
      inMessage(plan(task({ status: "completed" }))),
      invalid("must be a valid enum value [json-pointer:/blocks/0/tasks/0/status]"),
    ],
    [
      "a task has a status",
      inMessage(plan(task({ status: undefined }))),
      invalid("missing required field: status [json-pointer:/blocks/0/tasks/0]"),
    ],
    [
      "a task's title is a plain string",
      inMessage(plan(task({ title: plain("Task") }))),
      invalid("must provide a string [json-pointer:/blocks/0/tasks/0/title]"),
    ],
    [
      "a task's details are one rich text",
      inMessage(plan(task({ details: plain("text") }))),
      invalid(
        "must be a valid enum value [json-pointer:/blocks/0/tasks/0/details/type]",
        "missing required field: elements [json-pointer:/blocks/0/tasks/0/details]",
        "invalid additional property: text [json-pointer:/blocks/0/tasks/0/details]",
      ),
    ],
    [
      "a task's id is its own",
      inMessage(plan(task(), task())),
      invalid("task_id `t1` already exists [json-pointer:/blocks/0/tasks/1/task_id]"),
    ],
    [
      "a plan holds nothing but tasks",
      inMessage(plan(section())),
      invalid("unsupported type: section [json-pointer:/blocks/0/tasks/0/type]"),
    ],
    [
      "a source is a url with a text",
      inMessage(plan(task({ sources: [{ type: "url", url: "https://a.example" }] }))),
      invalid("missing required field: text [json-pointer:/blocks/0/tasks/0/sources/0]"),
    ],
  );
});

describe("What each element holds", () => {
  rules(
    [
      "a text has at least one character",
      inMessage(section({ text: plain("") })),
      invalid("must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ],
    [
      "emoji belongs to plain text",
      inMessage(section({ text: { type: "mrkdwn", text: "a", emoji: true } })),
      invalid("invalid additional property: emoji [json-pointer:/blocks/0/text]"),
    ],
    [
      "verbatim belongs to mrkdwn",
      inMessage(section({ text: { ...plain("a"), verbatim: true } })),
      invalid("invalid additional property: verbatim [json-pointer:/blocks/0/text]"),
    ],
    [
      "a button's text has 75 characters at most",
      inMessage(actions(button({ text: plain(long(76)) }))),
      invalid("must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"),
    ],
    [
      "a button's text is plain",
      inMessage(actions(button({ text: { type: "mrkdwn", text: "a" } }))),
      invalid("must be a valid enum value [json-pointer:/blocks/0/elements/0/text/type]"),
    ],
    [
      "a button's value has 2000 characters at most",
      inMessage(actions(button({ value: long(2001) }))),
      invalid("must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"),
    ],
    [
      "a button's style is primary or danger",
      inMessage(actions(button({ style: "default" }))),
      invalid("must be a valid enum value [json-pointer:/blocks/0/elements/0/style]"),
    ],
    [
      "an action_id has 255 characters at most",
      inMessage(actions(button({ action_id: long(256) }))),
      invalid("must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]"),
    ],
    [
      "a confirmation has all four texts",
      inMessage(actions(button({ confirm: { text: plain("Really?") } }))),
      invalid(
        "missing required field: title [json-pointer:/blocks/0/elements/0/confirm]",
        "missing required field: confirm [json-pointer:/blocks/0/elements/0/confirm]",
        "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
      ),
    ],
    [
      "a confirmation's texts are short",
      inMessage(
        actions(
          button({
            confirm: {
              title: plain(long(101)),
              text: plain(long(301)),
              confirm: plain(long(31)),
              deny: plain(long(31)),
            },
          }),
        ),
      ),
      invalid(
        "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
        "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]",
        "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]",
      ),
    ],
    [
      "a select has 100 options at most",
      inMessage(actions(select({ options: many(101, (index) => option(`o${index}`)) }))),
      invalid("no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]"),
    ],
    [
      "a select has options or groups",
      inMessage(actions(select({ options: undefined }))),
      invalid("must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]"),
    ],
    [
      "an option's text has 75 characters at most",
      inMessage(actions(select({ options: [option("a", { text: plain(long(76)) })] }))),
      invalid("must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]"),
    ],
    [
      "an option's value has 150 characters at most",
      inMessage(actions(select({ options: [{ text: plain("a"), value: long(151) }] }))),
      invalid("must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]"),
    ],
    [
      "a placeholder has 150 characters at most",
      inMessage(actions(select({ placeholder: plain(long(151)) }))),
      invalid("must be less than 151 characters [json-pointer:/blocks/0/elements/0/placeholder/text]"),
    ],
    [
      "an initial option is one of the options, exactly",
      inMessage(actions(select({ initial_option: option("a", { description: plain("more") }) }))),
      invalid("initial option `a` must exactly match one of the options [json-pointer:/blocks/0/elements/0]"),
    ],
    [
      "the order of an initial option's fields does not matter",
      inMessage(actions(select({ initial_option: { value: "a", text: { text: "a", type: "plain_text" } } }))),
      [],
    ],
    [
      "initial options of a multiple select are options, each",
      inMessage(
        actions({
          type: "multi_static_select",
          action_id: "p",
          options: [option("a")],
          initial_options: [option("b")],
        }),
      ),
      invalid("initial option `b` must exactly match one of the options [json-pointer:/blocks/0/elements/0]"),
    ],
    [
      "check boxes have 10 options at most",
      inMessage(actions({ type: "checkboxes", action_id: "c", options: many(11, (index) => option(`o${index}`)) })),
      invalid("no more than 10 items allowed [json-pointer:/blocks/0/elements/0/options]"),
    ],
    [
      "check boxes start with at least one, or none named",
      inMessage(actions({ type: "checkboxes", action_id: "c", options: [option("a")], initial_options: [] })),
      invalid("no less than 1 items allowed [json-pointer:/blocks/0/elements/0/initial_options]"),
    ],
    [
      "the values of check boxes differ",
      inMessage(actions({ type: "checkboxes", action_id: "c", options: [option("a"), option("a")] })),
      invalid("value `a` already exists [json-pointer:/blocks/0/elements/0/options/1]"),
    ],
    [
      "an overflow menu has 5 options at most",
      inMessage(actions({ type: "overflow", action_id: "o", options: many(6, (index) => option(`o${index}`)) })),
      invalid("no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]"),
    ],
    [
      "a text input starts with 3000 characters at most",
      inMessage(input(typed({ initial_value: long(3001) }))),
      invalid("must be less than 3001 characters [json-pointer:/blocks/0/element/initial_value]"),
    ],
    [
      "a text input starts with no more than it takes",
      inMessage(input(typed({ initial_value: "abc", max_length: 2 }))),
      invalid("must be no longer than max_length [json-pointer:/blocks/0/element/initial_value]"),
    ],
    [
      "a multiple select starts with no more than can be chosen",
      inMessage(
        actions({
          type: "multi_static_select",
          action_id: "p",
          options: [option("a"), option("b")],
          initial_options: [option("a"), option("b")],
          max_selected_items: 1,
        }),
      ),
      invalid(
        "initial_options must be no more than max_selected_items [json-pointer:/blocks/0/elements/0/initial_options]",
      ),
    ],
    [
      "a number input says whether decimals are allowed",
      inMessage(input({ type: "number_input", action_id: "n" })),
      invalid("missing required field: is_decimal_allowed [json-pointer:/blocks/0/element]"),
    ],
    [
      "a number input's bounds are text",
      inMessage(input({ type: "number_input", action_id: "n", is_decimal_allowed: false, min_value: 1 })),
      invalid("must provide a string [json-pointer:/blocks/0/element/min_value]"),
    ],
    [
      "a number input starts between its bounds",
      inMessage(
        input({
          type: "number_input",
          action_id: "n",
          is_decimal_allowed: false,
          min_value: "1",
          max_value: "10",
          initial_value: "11",
        }),
      ),
      invalid("must be between min_value and max_value [json-pointer:/blocks/0/element/initial_value]"),
    ],
    [
      "a whole number input has whole bounds",
      inMessage(input({ type: "number_input", action_id: "n", is_decimal_allowed: false, max_value: "1.5" })),
      invalid("must be an integer [json-pointer:/blocks/0/element/max_value]"),
    ],
    [
      "a file input takes 10 files at most",
      inMessage(input({ type: "file_input", action_id: "f", max_files: 11 })),
      invalid("must be no more than 10 [json-pointer:/blocks/0/element/max_files]"),
    ],
    [
      "one element has the focus",
      inMessage(input(typed({ focus_on_load: true })), input(typed({ focus_on_load: true }))),
      invalid("only one element can have focus_on_load [json-pointer:/blocks/1/element]"),
    ],
  );
});

describe("What a modal may have", () => {
  rules(
    [
      "inputs, alerts and everything else that modals know",
      inModal(
        modal([input(typed()), { type: "alert", text: plain("Careful"), level: "warning" }, section(), richText("a")], {
          close: plain("Cancel"),
          callback_id: "c",
          private_metadata: "p",
          external_id: "e",
          notify_on_close: true,
        }),
      ),
      [],
    ],
    ["a title", inModal({ type: "modal", blocks: [] }), refused("missing required field: title [json-pointer:/view]")],
    [
      "a title, a submit and a close of 24 characters at most",
      inModal(modal([], { title: plain(long(25)), submit: plain(long(25)), close: plain(long(25)) })),
      refused(
        "must be less than 25 characters [json-pointer:/view/title/text]",
        "must be less than 25 characters [json-pointer:/view/submit/text]",
        "must be less than 25 characters [json-pointer:/view/close/text]",
      ),
    ],
    [
      "a submit as soon as there is an input",
      inModal(modal([section(), input(typed())], { submit: undefined })),
      refused("must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/1/input]"),
    ],
    [
      "100 blocks at most",
      inModal(modal(many(101, () => ({ type: "divider" })))),
      refused("no more than 100 items allowed [json-pointer:/view/blocks]"),
    ],
    [
      "private metadata of 3000 characters at most",
      inModal(modal([], { private_metadata: long(3001) })),
      refused("must be less than 3001 characters [json-pointer:/view/private_metadata]"),
    ],
    [
      "a callback_id of 255 characters at most",
      inModal(modal([], { callback_id: long(256) })),
      refused("must be less than 256 characters [json-pointer:/view/callback_id]"),
    ],
    [
      "no plan, task card, markdown, table or file",
      inModal(
        modal([
          plan(),
          task(),
          { type: "markdown", text: "a" },
          { type: "table", rows: [[richText("a")]] },
          { type: "file" },
        ]),
      ),
      refused(
        ...["plan", "task_card", "markdown", "table", "file"].map(
          (type, index) => `unsupported type: ${type} [json-pointer:/view/blocks/${index}/type]`,
        ),
      ),
    ],
    [
      "an alert of 200 characters at most",
      inModal(modal([{ type: "alert", text: plain(long(201)) }])),
      refused("must be less than 201 characters [json-pointer:/view/blocks/0/text/text]"),
    ],
    ["250 kB at most", inModal(modal(many(100, () => section({ text: plain(long(2600)) })))), ["view_too_large"]],
    [
      "a type",
      inModal({ title: plain("Title"), blocks: [] }),
      refused("missing required field: type [json-pointer:/view]"),
    ],
  );
});

describe("What a Home view may have", () => {
  rules(
    ["one table", inHome({ type: "home", blocks: [{ type: "table", rows: [[richText("a")]] }] }), []],
    [
      "no title, submit or close",
      inHome({ type: "home", blocks: [], title: plain("a"), submit: plain("a"), close: plain("a") }),
      refused(
        "invalid additional property: title [json-pointer:/view]",
        "invalid additional property: submit [json-pointer:/view]",
        "invalid additional property: close [json-pointer:/view]",
      ),
    ],
    [
      "no plan and no alert",
      inHome({ type: "home", blocks: [plan(), { type: "alert", text: plain("a") }] }),
      refused(
        "unsupported type: plan [json-pointer:/view/blocks/0/type]",
        "unsupported type: alert [json-pointer:/view/blocks/1/type]",
      ),
    ],
  );
});
