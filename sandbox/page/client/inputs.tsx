/** An input block: label, field, hint, and what is wrong with it. */
import { createContext, type JSX } from "preact";
import { useContext, useId } from "preact/hooks";
import type { InputBlock } from "../../slack/block-kit/blocks.ts";
import type { Stateful } from "../../slack/block-kit/elements.ts";
import { Choice } from "./choices.tsx";
import { type Use, Values, valueKey } from "./elements.tsx";

/** Sentences under fields, by block. */
export const Errors = createContext<Readonly<Record<string, string>>>({});

export function DrawnInput({ block, use }: { readonly block: InputBlock; readonly use: Use }): JSX.Element {
  const { element, label, hint, optional } = block;
  const blockId = block.block_id ?? "";
  const actionId = element.action_id ?? "";
  const value = useContext(Values).get(valueKey(blockId, actionId)) ?? null;
  const error = useContext(Errors)[blockId];
  const id = useId();
  const told = [hint === undefined ? [] : [`${id}-hint`], error === undefined ? [] : [`${id}-error`]].flat().join(" ");
  const name = `${label.text}${optional === true ? " (optional)" : ""}`;
  const field = (
    <Choice
      id={id}
      label={name}
      element={element}
      value={value}
      change={(selected) => void use({ blockId, actionId, selected })}
      describedBy={told === "" ? undefined : told}
      invalid={error !== undefined}
    />
  );
  return (
    <div class={`input ${error === undefined ? "" : "wrong"}`} data-label={label.text}>
      {isGroup(element) ? (
        <span class="label">{name}</span>
      ) : (
        <label class="label" for={id}>
          {label.text}
          {optional === true ? <span class="optional"> (optional)</span> : null}
        </label>
      )}
      {field}
      {error === undefined ? null : (
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint.text}
        </p>
      )}
    </div>
  );
}

const GROUPS: readonly Stateful["type"][] = [
  "multi_static_select",
  "multi_users_select",
  "checkboxes",
  "radio_buttons",
];
const isGroup = (element: Stateful): boolean => GROUPS.includes(element.type);
