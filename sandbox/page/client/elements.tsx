/** What people use in messages and modals: buttons, menus and choices. */
import { createContext, type JSX } from "preact";
import { useContext, useId, useState } from "preact/hooks";
import type { Block } from "../../slack/block-kit/blocks.ts";
import type { Interactive } from "../../slack/block-kit/elements.ts";
import { Choice } from "./choices.tsx";
import { ask } from "./confirmation.tsx";

export type Value = string | readonly string[] | null;

/** One use of one element. */
export interface Used {
  readonly blockId: string;
  readonly actionId: string;
  readonly selected?: Value;
  /** What a button carries: several of one kind may stand in a message. */
  readonly carried?: string | undefined;
}

/** The element that is meant, as the control interface names it. */
export const pointerOf = ({ actionId, selected, carried }: Used) => ({
  actionId,
  ...(selected === undefined ? {} : { selected: given(selected) }),
  ...(carried === undefined ? {} : { value: carried }),
});

export const given = (value: Value): string | string[] | null =>
  typeof value === "string" || value === null ? value : [...value];

/** Resolves to what went wrong, when it is over. */
export type Use = (used: Used) => Promise<string | undefined>;

/** What stands in each field, by `block/action`. */
export const Values = createContext<ReadonlyMap<string, Value>>(new Map());
export const valueKey = (blockId: string, actionId: string): string => `${blockId}/${actionId}`;

interface ElementProps {
  readonly block: Block;
  readonly element: Interactive;
  readonly use: Use;
}

export function DrawnElement({ block, element, use }: ElementProps): JSX.Element {
  const at = { blockId: block.block_id ?? "", actionId: element.action_id ?? "" };
  switch (element.type) {
    case "button":
      return <PressButton at={at} element={element} use={use} />;
    case "overflow":
      return <Overflow at={at} element={element} use={use} />;
    default:
      return <Standing at={at} element={element} use={use} />;
  }
}

type At = Pick<Used, "blockId" | "actionId">;
type Of<Type extends Interactive["type"]> = Extract<Interactive, { type: Type }>;

interface PressProps<Type extends Interactive["type"]> {
  readonly at: At;
  readonly element: Of<Type>;
  readonly use: Use;
}

function PressButton({ at, element, use }: PressProps<"button">): JSX.Element {
  const { style = "usual", text, url, confirm, accessibility_label: label } = element;
  const { busy, failed, run } = useGesture(use);
  if (url !== undefined) {
    return (
      <a class={`button ${style}`} href={url} target="_blank" rel="noopener noreferrer">
        {text.text}
      </a>
    );
  }
  const press = async () => {
    if (confirm === undefined || (await ask(confirm))) await run({ ...at, carried: element.value });
  };
  return (
    <span class="pressed">
      <button
        type="button"
        class={`button ${style}`}
        aria-busy={busy}
        {...(label === undefined ? {} : { "aria-label": accessible(text.text, label) })}
        onClick={() => void press()}
      >
        {text.text}
      </button>
      {failed === undefined ? null : (
        <span class="failed" role="alert" title={failed}>
          Did not work
        </span>
      )}
    </span>
  );
}

/** What is read aloud begins with what is seen, so that it can be said as well. */
const accessible = (seen: string, label: string): string => (label.includes(seen) ? label : `${seen}: ${label}`);

function Overflow({ at, element, use }: PressProps<"overflow">): JSX.Element {
  const { run } = useGesture(use);
  const choose = async (value: string) => {
    if (element.confirm === undefined || (await ask(element.confirm))) await run({ ...at, selected: value });
  };
  return (
    <details class="overflow">
      <summary aria-label="More actions">⋯</summary>
      <div class="menu">
        {element.options.map(({ value, text }) => (
          <button type="button" onClick={() => void choose(value)}>
            {text.text}
          </button>
        ))}
      </div>
    </details>
  );
}

/** A choice that stands in a message or beside a text: told at once. */
function Standing({ at, element, use }: PressProps<Exclude<Interactive["type"], "button" | "overflow">>): JSX.Element {
  const value = useContext(Values).get(valueKey(at.blockId, at.actionId)) ?? null;
  const id = useId();
  const { run } = useGesture(use);
  return (
    <Choice
      id={id}
      label="Choose"
      element={element}
      value={value}
      change={(selected) => void run({ ...at, selected })}
    />
  );
}

function useGesture(use: Use) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const run = async (used: Used): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setFailed(await use(used));
    setBusy(false);
  };
  return { busy, failed, run };
}
