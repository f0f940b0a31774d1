/** Slack's markup and texts, drawn. */
import type { JSX } from "preact";
import type { TextObject } from "../../slack/block-kit/text-objects.ts";
import { Mark } from "./marks.tsx";
import { dateOf, timeOf } from "./moments.ts";
import { type Inline, isWebAddress, type Paragraph, parseMrkdwn } from "./mrkdwn.ts";
import { placeOf } from "./permalink.ts";
import { showMessage } from "./sought.ts";
import { nameOf } from "./store.ts";

export function Text({ object }: { readonly object: TextObject }): JSX.Element {
  return object.type === "plain_text" ? <PlainText text={object.text} /> : <Mrkdwn text={object.text} />;
}

/** Plain text, in which only emoji have names. */
export function PlainText({ text }: { readonly text: string }): JSX.Element {
  const parts = text.split(/(:[a-z0-9_+-]*[a-z+][a-z0-9_+-]*:)/);
  return <>{parts.map((part) => (/^:.+:$/.test(part) ? <Mark name={part.slice(1, -1)} /> : part))}</>;
}

export function Mrkdwn({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {parseMrkdwn(text).map((paragraph) => (
        <Drawn paragraph={paragraph} />
      ))}
    </>
  );
}

function Drawn({ paragraph }: { readonly paragraph: Paragraph }): JSX.Element {
  switch (paragraph.kind) {
    case "fence":
      return <Fence text={paragraph.text} />;
    case "quote":
      return (
        <blockquote>
          <Inlines inner={paragraph.inner} />
        </blockquote>
      );
    case "lines":
      return (
        <div class="lines">
          <Inlines inner={paragraph.inner} />
        </div>
      );
  }
}

/** Long code scrolls by itself, by keyboard too. */
export function Fence({ text }: { readonly text: string }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <pre tabIndex={0}>
      <code>{text}</code>
    </pre>
  );
}

function Inlines({ inner }: { readonly inner: readonly Inline[] }): JSX.Element {
  return (
    <>
      {inner.map((one) => (
        <OneInline inline={one} />
      ))}
    </>
  );
}

function OneInline({ inline }: { readonly inline: Inline }): JSX.Element {
  switch (inline.kind) {
    case "text":
      return <>{inline.text}</>;
    case "bold":
      return (
        <strong>
          <Inlines inner={inline.inner} />
        </strong>
      );
    case "italic":
      return (
        <em>
          <Inlines inner={inline.inner} />
        </em>
      );
    case "strike":
      return (
        <s>
          <Inlines inner={inline.inner} />
        </s>
      );
    case "code":
      return <code>{inline.text}</code>;
    case "link":
      return <Link url={inline.url} label={inline.label} />;
    case "person":
      return <Mention text={`@${inline.label ?? nameOf(inline.id)}`} />;
    case "channel":
      return <Mention text={`#${inline.label ?? nameOf(inline.id)}`} />;
    case "broadcast":
      return <Mention text={`@${inline.label ?? inline.id}`} />;
    case "date":
      return <Moment seconds={inline.seconds} format={inline.format} />;
    case "emoji":
      return <Mark name={inline.name} />;
  }
}

export const Mention = ({ text }: { readonly text: string }): JSX.Element => <span class="mention">{text}</span>;

export function Link({ url, label }: { readonly url: string; readonly label: string }): JSX.Element {
  if (!isWebAddress(url)) return <>{label}</>;
  const place = placeOf(url);
  if (place !== undefined) {
    const show = (event: Event) => {
      event.preventDefault();
      showMessage(place);
    };
    return (
      <a href={url} onClick={show}>
        {label}
      </a>
    );
  }
  return (
    <a href={url} target="_blank" rel="noopener noreferrer">
      {label}
    </a>
  );
}

/** Slack's tokens for dates, as far as a reader tells them apart. */
export function Moment({ seconds, format }: { readonly seconds: number; readonly format: string }): JSX.Element {
  const at = new Date(seconds * 1000);
  const text = format
    .replace(/\{time(_secs)?\}/g, (_, secs: string | undefined) => timeOf(at, secs !== undefined))
    .replace(/\{date[a-z_]*\}/g, dateOf(at))
    .replace(/\{ago\}/g, dateOf(at));
  return (
    <time dateTime={at.toISOString()} title={at.toLocaleString()}>
      {text}
    </time>
  );
}
