/** Slack's rich text, drawn. */
import type { JSX } from "preact";
import type { RichText, RichTextInline, RichTextPart } from "../../slack/block-kit/rich-text.ts";
import { Mark } from "./marks.tsx";
import { Fence, Link, Mention, Moment } from "./mrkdwn-text.tsx";
import { nameOf } from "./store.ts";

export function DrawnRichText({ block }: { readonly block: Pick<RichText, "elements"> }): JSX.Element {
  return (
    <div class="rich-text">
      {block.elements.map((part) => (
        <Part part={part} />
      ))}
    </div>
  );
}

function Part({ part }: { readonly part: RichTextPart }): JSX.Element {
  switch (part.type) {
    case "rich_text_section":
      return (
        <div class="lines">
          <Joined elements={part.elements} />
        </div>
      );
    case "rich_text_quote":
      return (
        <blockquote>
          <Joined elements={part.elements} />
        </blockquote>
      );
    case "rich_text_preformatted":
      return (
        <Fence text={part.elements.map((one) => (one.type === "text" ? one.text : (one.text ?? one.url))).join("")} />
      );
    case "rich_text_list": {
      const items = part.elements.map((item) => (
        <li>
          <Joined elements={item.elements} />
        </li>
      ));
      return part.style === "ordered" ? <ol start={(part.offset ?? 0) + 1}>{items}</ol> : <ul>{items}</ul>;
    }
  }
}

function Joined({ elements }: { readonly elements: readonly RichTextInline[] }): JSX.Element {
  return (
    <>
      {elements.map((inline) => (
        <Styled inline={inline} />
      ))}
    </>
  );
}

function Styled({ inline }: { readonly inline: RichTextInline }): JSX.Element {
  const style = "style" in inline ? inline.style : undefined;
  let drawn = <Plain inline={inline} />;
  if (style?.code) drawn = <code>{drawn}</code>;
  if (style?.bold) drawn = <strong>{drawn}</strong>;
  if (style?.italic) drawn = <em>{drawn}</em>;
  if (style?.strike) drawn = <s>{drawn}</s>;
  if (style?.underline) drawn = <u>{drawn}</u>;
  return drawn;
}

function Plain({ inline }: { readonly inline: RichTextInline }): JSX.Element {
  switch (inline.type) {
    case "text":
      return <>{inline.text}</>;
    case "link":
      return <Link url={inline.url} label={inline.text ?? inline.url} />;
    case "broadcast":
      return <Mention text={`@${inline.range}`} />;
    case "channel":
      return <Mention text={`#${nameOf(inline.channel_id)}`} />;
    case "user":
      return <Mention text={`@${nameOf(inline.user_id)}`} />;
    case "usergroup":
      return <Mention text={`@${inline.usergroup_id}`} />;
    case "team":
      return <Mention text={inline.team_id} />;
    case "color":
      return <code>{inline.value}</code>;
    case "date":
      return <Moment seconds={inline.timestamp} format={inline.format} />;
    case "emoji":
      return <Mark name={inline.name} />;
  }
}
