import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Inline, type Paragraph, parseMrkdwn } from "../../sandbox/page/client/mrkdwn.ts";
import { placeOf } from "../../sandbox/page/client/permalink.ts";

/** What is drawn, with each element in brackets under its kind. */
const drawn = (text: string): string => parseMrkdwn(text).map(paragraphText).join("\n");

function paragraphText(paragraph: Paragraph): string {
  switch (paragraph.kind) {
    case "lines":
      return inlineText(paragraph.inner);
    case "quote":
      return `(quote ${inlineText(paragraph.inner)})`;
    case "fence":
      return `(fence ${paragraph.text})`;
  }
}

const inlineText = (inner: readonly Inline[]): string => inner.map(oneText).join("");

function oneText(inline: Inline): string {
  switch (inline.kind) {
    case "text":
      return inline.text;
    case "bold":
    case "italic":
    case "strike":
      return `(${inline.kind} ${inlineText(inline.inner)})`;
    case "code":
      return `(code ${inline.text})`;
    case "link":
      return `(link ${inline.url} ${inline.label})`;
    case "person":
    case "channel":
    case "broadcast":
      return `(${inline.kind} ${inline.label ?? inline.id})`;
    case "date":
      return `(date ${inline.seconds} ${inline.format})`;
    case "emoji":
      return `(emoji ${inline.name})`;
  }
}

suite("Slack's markup on the page", () => {
  test("is styled where its marks stand at the edges of words", () => {
    assert.equal(drawn("*bold* and _it_, ~gone~"), "(bold bold) and (italic it), (strike gone)");
    assert.equal(drawn("*a _b_*"), "(bold a (italic b))");
    assert.equal(drawn("2*3*4 snake_case_name a ~ b ~ c"), "2*3*4 snake_case_name a ~ b ~ c");
  });

  test("shows code as it was written", () => {
    assert.equal(drawn("`*no* &lt;b&gt;`"), "(code *no* <b>)");
    assert.equal(drawn("a\n```\n*x*\n&amp;\n```\nb"), "a\n(fence *x*\n&)\nb");
  });

  test("names people, channels and dates", () => {
    assert.equal(drawn("<@U1> in <#C1|home>, <!here>"), "(person U1) in (channel home), (broadcast here)");
    assert.equal(drawn("<!date^1700000000^{time}|then>"), "(date 1700000000 {time})");
    assert.equal(drawn(":x: 12:30:00"), "(emoji x) 12:30:00");
  });

  test("makes links of web addresses and of nothing else", () => {
    assert.equal(drawn("<https://flower.ai|Flower>"), "(link https://flower.ai Flower)");
    for (const target of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", " https://x"]) {
      assert.equal(drawn(`<${target}|press>`), `<${target}|press>`);
    }
  });

  test("undoes Slack's three escapes once, and never makes an element of what they give", () => {
    assert.equal(drawn("&lt;script&gt; &amp;lt; &lt;@U1&gt;"), "<script> &lt; <@U1>");
    assert.equal(drawn("&gt; said"), "(quote said)");
  });

  test("knows a link to a message, which the page shows itself", () => {
    const link = "https://aster.slack.com/archives/C0FEDERATE/p1503436955000247";
    assert.deepEqual(placeOf(link), { channel: "C0FEDERATE", ts: "1503436955.000247", threadTs: undefined });
    assert.equal(placeOf(`${link}?thread_ts=1503436950.000100&cid=C0FEDERATE`)?.threadTs, "1503436950.000100");
    for (const other of ["https://flower.ai/archives/C1/p1", "https://aster.slack.com/files/F1"]) {
      assert.equal(placeOf(other), undefined);
    }
  });

  test("comes to an end however deep somebody nests", () => {
    const deep = `${"*_".repeat(2000)}x${"_*".repeat(2000)}`;
    assert.ok(drawn(deep).includes("x"));
  });
});
