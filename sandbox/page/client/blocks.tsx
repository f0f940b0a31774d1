/** Slack's blocks, drawn strictly by their type. */
import type { ComponentChildren, JSX } from "preact";
import type { Block } from "../../slack/block-kit/blocks.ts";
import { readBlock } from "./block-reading.ts";
import { DrawnElement, type Use } from "./elements.tsx";
import { DrawnInput } from "./inputs.tsx";
import { Mark } from "./marks.tsx";
import { Mrkdwn, PlainText, Text } from "./mrkdwn-text.tsx";
import { DrawnRichText } from "./rich-text.tsx";

export interface BlocksProps {
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
  /** What using an element of these blocks does. */
  readonly use: Use;
}

export function Blocks({ blocks, use }: BlocksProps): JSX.Element {
  return (
    <div class="blocks">
      {blocks.map((raw, nth) => {
        const read = readBlock(raw);
        const key = read.known ? (read.block.block_id ?? nth) : nth;
        return read.known ? (
          <DrawnBlock key={key} block={read.block} use={use} />
        ) : (
          <p key={key} class="unknown-block">
            A block of the type “{read.type}”, which this page cannot draw.
          </p>
        );
      })}
    </div>
  );
}

function DrawnBlock({ block, use }: { readonly block: Block; readonly use: Use }): JSX.Element {
  switch (block.type) {
    case "section":
      return <Section block={block} use={use} />;
    case "header":
      return (
        <h2 class="block-header">
          <PlainText text={block.text.text} />
        </h2>
      );
    case "divider":
      return <hr />;
    case "context":
      return (
        <div class="block-context">
          {block.elements.map((one) => (one.type === "image" ? <Picture alt={one.alt_text} /> : <Text object={one} />))}
        </div>
      );
    case "actions":
      return (
        <div class="block-actions">
          {block.elements.map((element) => (
            <DrawnElement key={element.action_id} block={block} element={element} use={use} />
          ))}
        </div>
      );
    case "input":
      return <DrawnInput block={block} use={use} />;
    case "image":
      return <Picture alt={block.alt_text} />;
    case "rich_text":
      return <DrawnRichText block={block} />;
    case "markdown":
      return <Mrkdwn text={block.text} />;
    case "file":
      return <p class="unknown-block">A remote file, {block.external_id}.</p>;
    case "alert":
      return (
        <div class={`alert ${block.level ?? "default"}`}>
          <Text object={block.text} />
        </div>
      );
    case "table":
      return <Table block={block} />;
    case "task_card":
      return (
        <ul class="tasks">
          <Task task={block} />
        </ul>
      );
    case "plan":
      return (
        <div class="plan">
          <p class="plan-title">{block.title}</p>
          <ul class="tasks">
            {(block.tasks ?? []).map((task) => (
              <Task key={task.task_id} task={task} />
            ))}
          </ul>
        </div>
      );
  }
}

type Of<Type extends Block["type"]> = Extract<Block, { type: Type }>;

function Section({ block, use }: { readonly block: Of<"section">; readonly use: Use }): JSX.Element {
  const { text, fields, accessory } = block;
  return (
    <div class="block-section">
      <div class="block-section-text">
        {text === undefined ? null : <Text object={text} />}
        {fields === undefined ? null : (
          <div class="fields">
            {fields.map((field) => (
              <div>
                <Text object={field} />
              </div>
            ))}
          </div>
        )}
      </div>
      {accessory === undefined ? null : accessory.type === "image" ? (
        <Picture alt={accessory.alt_text} />
      ) : (
        <DrawnElement block={block} element={accessory} use={use} />
      )}
    </div>
  );
}

/** The page fetches nothing from elsewhere, so of a picture there is what it says to those who cannot see it. */
const Picture = ({ alt }: { readonly alt: string }): JSX.Element => <span class="picture">Picture: {alt}</span>;

const TASK_MARK = {
  pending: "white_circle",
  in_progress: "large_blue_circle",
  complete: "white_check_mark",
  error: "warning",
} as const;

function Task({ task }: { readonly task: Of<"task_card"> }): JSX.Element {
  const more: ComponentChildren[] = [task.details, task.output].map((rich) =>
    rich === undefined ? null : <DrawnRichText block={rich} />,
  );
  return (
    <li class={`task ${task.status}`}>
      <Mark name={TASK_MARK[task.status]} />
      <div>
        <p class="task-title">{task.title}</p>
        {more}
        {(task.sources ?? []).map(({ url, text }) => (
          <a href={url} target="_blank" rel="noopener noreferrer">
            {text}
          </a>
        ))}
      </div>
    </li>
  );
}

function Table({ block }: { readonly block: Of<"table"> }): JSX.Element {
  const [head = [], ...rows] = block.rows;
  type Cell = (typeof head)[number];
  const drawn = (cell: Cell) => (cell.type === "rich_text" ? <DrawnRichText block={cell} /> : cell.text);
  return (
    <table class="block-table">
      <thead>
        <tr>
          {head.map((cell) => (
            <th>{drawn(cell)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            {row.map((cell) => (
              <td>{drawn(cell)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
