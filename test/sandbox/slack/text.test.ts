import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMessageBlocks } from "../../../sandbox/slack/block-kit/check.ts";
import { plainTextOf } from "../../../sandbox/slack/text.ts";

const names = new Map([
  ["U1", "rosa"],
  ["C1", "federation"],
]);
const nameOf = (id: string) => names.get(id);

function read(...raw: unknown[]): string {
  const checked = checkMessageBlocks(raw, new Set());
  assert.ok(checked.ok, JSON.stringify(checked));
  return plainTextOf(checked.value, "", nameOf);
}

const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });

test("Mentions read as names, links as text and target, and escapes as what they stand for", () => {
  assert.equal(
    read(section("<@U1> in <#C1> &lt;b&gt; &amp; <https://a.example|more>")),
    "@rosa in #federation <b> & more (https://a.example)",
  );
});

test("An unescaped broadcast reads as the shout that it would be", () => {
  assert.equal(read(section("<!channel> hi")), "@channel hi");
});

test("A plan reads as its tasks with their marks", () => {
  const details = {
    type: "rich_text",
    elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "3 of 3" }] }],
  };
  const tasks = [
    { type: "task_card", task_id: "a", title: "zone-a", status: "complete", details },
    { type: "task_card", task_id: "b", title: "zone-b", status: "in_progress" },
    { type: "task_card", task_id: "c", title: "zone-c", status: "error" },
    { type: "task_card", task_id: "d", title: "zone-d", status: "pending" },
  ];
  assert.equal(
    read({ type: "plan", title: "Rollout", tasks }),
    "Rollout\n  ● zone-a\n    3 of 3\n  ◐ zone-b\n  ✗ zone-c\n  ○ zone-d",
  );
});

test("Blocks read one below the other, with buttons and fields as a person sees them", () => {
  const plain = (text: string) => ({ type: "plain_text", text });
  const text = read(
    { type: "header", text: plain("Header") },
    { type: "divider" },
    { type: "context", elements: [plain("one"), plain("two")] },
    {
      type: "actions",
      elements: [
        { type: "button", text: plain("Approve") },
        { type: "button", text: plain("Reject") },
      ],
    },
    {
      type: "input",
      optional: true,
      label: plain("Name"),
      element: { type: "plain_text_input", initial_value: "tulip" },
    },
    {
      type: "table",
      rows: [
        [
          { type: "raw_text", text: "a" },
          { type: "raw_text", text: "b" },
        ],
      ],
    },
  );
  assert.equal(text, "Header\n―――\none  two\n[Approve] [Reject]\nName (optional): [tulip]\na | b");
});

test("Without blocks the text is read", () => {
  assert.equal(plainTextOf([], "a &amp; b"), "a & b");
});
