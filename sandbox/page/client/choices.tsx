/** The fields in which somebody types or chooses: one control for each kind of element. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Stateful } from "../../slack/block-kit/elements.ts";
import { offered } from "../../slack/block-kit/rules.ts";
import type { Option } from "../../slack/block-kit/text-objects.ts";
import type { Value } from "./elements.tsx";
import { acceptOf, read } from "./given-files.ts";
import { Text } from "./mrkdwn-text.tsx";
import { channels, world } from "./store.ts";

/** As many files as Slack takes where the app does not say. */
const MOST_FILES = 10;

export interface ChoiceProps {
  readonly id: string;
  readonly label: string;
  readonly element: Stateful;
  readonly value: Value;
  readonly change: (value: Value) => void;
  readonly describedBy?: string | undefined;
  readonly invalid?: boolean;
}

export function Choice(props: ChoiceProps): JSX.Element {
  const { element } = props;
  switch (element.type) {
    case "static_select":
      return <Select {...props} groups={groupsOf(element)} hint={element.placeholder?.text} />;
    case "users_select":
      return <Select {...props} groups={[{ options: people() }]} hint={element.placeholder?.text} />;
    case "channels_select":
    case "conversations_select":
      return <Select {...props} groups={[{ options: conversations() }]} hint={element.placeholder?.text} />;
    case "multi_static_select":
      return <Several {...props} options={offered(element)} />;
    case "multi_users_select":
      return <Several {...props} options={people()} />;
    case "checkboxes":
      return <Several {...props} options={element.options} />;
    case "radio_buttons":
      return <Radios {...props} options={element.options} />;
    case "datepicker":
      return <Typed {...props} type="date" />;
    case "timepicker":
      return <Typed {...props} type="time" />;
    case "datetimepicker":
      return <Typed {...props} type="text" mode="numeric" hint="Seconds since 1970" />;
    case "number_input":
      // As text: what is no number is for Slack's client to refuse, in its words.
      return <Typed {...props} type="text" mode="numeric" hint={element.placeholder?.text} />;
    case "email_text_input":
      return <Typed {...props} type="text" mode="email" hint={element.placeholder?.text} />;
    case "url_text_input":
      return <Typed {...props} type="text" mode="url" hint={element.placeholder?.text} />;
    case "plain_text_input":
      return element.multiline === true ? (
        <Long {...props} hint={element.placeholder?.text} />
      ) : (
        <Typed {...props} type="text" hint={element.placeholder?.text} />
      );
    case "rich_text_input":
      return <Long {...props} hint={element.placeholder?.text} />;
    case "file_input":
      return <FileChoice {...props} element={element} />;
  }
}

interface Offered {
  readonly label?: string;
  readonly options: readonly Option[];
}

function groupsOf(element: Extract<Stateful, { type: "static_select" }>): readonly Offered[] {
  const { option_groups: groups } = element;
  if (groups === undefined) return [{ options: element.options ?? [] }];
  return groups.map(({ label, options }) => ({ label: label.text, options }));
}

const named = (value: string, text: string): Option => ({ value, text: { type: "plain_text", text } });
const people = (): readonly Option[] => (world.value?.people ?? []).map(({ id, name }) => named(id, name));
const conversations = (): readonly Option[] => channels.value.map(({ id, name }) => named(id, `#${name}`));

const one = (value: Value): string => (typeof value === "string" ? value : (value?.[0] ?? ""));
const several = (value: Value): readonly string[] =>
  value === null ? [] : typeof value === "string" ? [value] : value;

const described = ({ describedBy, invalid }: ChoiceProps) => ({
  ...(describedBy === undefined ? {} : { "aria-describedby": describedBy }),
  ...(invalid === true ? { "aria-invalid": true } : {}),
});

interface SelectProps extends ChoiceProps {
  readonly groups: readonly Offered[];
  readonly hint?: string | undefined;
}

function Select({ groups, hint, ...props }: SelectProps): JSX.Element {
  const drawn = (options: readonly Option[]) =>
    options.map(({ value, text }) => (
      <option key={value} value={value}>
        {text.text}
      </option>
    ));
  return (
    <select
      id={props.id}
      value={one(props.value)}
      {...described(props)}
      onChange={({ currentTarget }) => props.change(currentTarget.value === "" ? null : currentTarget.value)}
    >
      <option value="">{hint ?? "Choose…"}</option>
      {groups.map(({ label, options }) =>
        label === undefined ? drawn(options) : <optgroup label={label}>{drawn(options)}</optgroup>,
      )}
    </select>
  );
}

interface OptionsProps extends ChoiceProps {
  readonly options: readonly Option[];
}

function Several({ options, ...props }: OptionsProps): JSX.Element {
  const chosen = several(props.value);
  const toggle = (value: string, on: boolean) =>
    props.change(on ? [...chosen, value] : chosen.filter((other) => other !== value));
  return (
    // biome-ignore lint/a11y/useSemanticElements: the block around it has the legend
    <div
      class={`options ${options.length > 8 ? "many" : ""}`}
      role="group"
      aria-label={props.label}
      id={props.id}
      {...described(props)}
    >
      {options.map(({ value, text, description }) => (
        <label key={value} class="option">
          <input
            type="checkbox"
            checked={chosen.includes(value)}
            onChange={({ currentTarget }) => toggle(value, currentTarget.checked)}
          />
          <OptionText text={text} description={description} />
        </label>
      ))}
    </div>
  );
}

function OptionText({ text, description }: Pick<OptionsProps["options"][number], "text" | "description">): JSX.Element {
  return (
    <span>
      <Text object={text} />
      {description === undefined ? null : (
        <small>
          <Text object={description} />
        </small>
      )}
    </span>
  );
}

function Radios({ options, ...props }: OptionsProps): JSX.Element {
  return (
    <div class="options" role="radiogroup" aria-label={props.label} id={props.id} {...described(props)}>
      {options.map(({ value, text, description }) => (
        <label key={value} class="option">
          <input
            type="radio"
            name={props.id}
            checked={one(props.value) === value}
            onChange={() => props.change(value)}
          />
          <OptionText text={text} description={description} />
        </label>
      ))}
    </div>
  );
}

interface TypedProps extends ChoiceProps {
  readonly type: "text" | "date" | "time";
  readonly mode?: "numeric" | "email" | "url";
  readonly hint?: string | undefined;
}

function Typed({ type, mode, hint, ...props }: TypedProps): JSX.Element {
  const usual = {
    id: props.id,
    value: one(props.value),
    onInput: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => props.change(currentTarget.value),
    ...described(props),
  };
  if (type !== "text") return <input {...usual} type={type} />;
  return (
    <input
      {...usual}
      type="text"
      autoComplete="off"
      {...(mode === undefined ? {} : { inputMode: mode })}
      {...(hint === undefined ? {} : { placeholder: hint })}
    />
  );
}

function Long({ hint, ...props }: ChoiceProps & { readonly hint?: string | undefined }): JSX.Element {
  return (
    <textarea
      id={props.id}
      rows={3}
      value={one(props.value)}
      {...(hint === undefined ? {} : { placeholder: hint })}
      {...described(props)}
      onInput={({ currentTarget }) => props.change(currentTarget.value)}
    />
  );
}

interface FileChoiceProps extends ChoiceProps {
  readonly element: Extract<Stateful, { type: "file_input" }>;
}

function FileChoice({ element, ...props }: FileChoiceProps): JSX.Element {
  const { filetypes: types = [], max_files: most = MOST_FILES } = element;
  const [refused, setRefused] = useState<string>();
  const choose = async (files: readonly File[]): Promise<void> => {
    const chosen = await read(files, { types, most });
    setRefused(chosen.ok ? undefined : chosen.why);
    props.change(chosen.ok ? chosen.files.map(({ content }) => content) : null);
  };
  const count = several(props.value).length;
  return (
    <>
      <input
        id={props.id}
        type="file"
        multiple={most > 1}
        {...(types.length === 0 ? {} : { accept: acceptOf(types) })}
        {...described({ element, ...props })}
        onChange={({ currentTarget }) => void choose([...(currentTarget.files ?? [])])}
      />
      {refused === undefined ? (
        <p class="hint" role="status">
          {count === 0 ? "No file is given yet." : `${count === 1 ? "1 file is" : `${count} files are`} given.`}
        </p>
      ) : (
        <p class="error" role="alert">
          {refused}
        </p>
      )}
    </>
  );
}
