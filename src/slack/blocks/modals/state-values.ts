/** What stands in a modal's inputs, by block id and action id, as Slack sends it. */
import { z } from "zod";

const option = z.object({ value: z.string() });
const stateValue = z.object({
  value: z.string().nullish(),
  selected_date: z.string().nullish(),
  files: z.array(z.object({ id: z.string() })).nullish(),
  selected_option: option.nullish(),
  selected_options: z.array(option).nullish(),
});
export const stateValues = z.record(z.string(), z.record(z.string(), stateValue));
export type StateValues = z.infer<typeof stateValues>;

/** What stands in an input, as text; empty when nothing does. */
export function typed(values: StateValues, block: string): string {
  const [value] = Object.values(values[block] ?? {});
  return value?.value ?? value?.selected_option?.value ?? value?.selected_date ?? "";
}

export function chosen(values: StateValues, block: string): readonly string[] {
  const [value] = Object.values(values[block] ?? {});
  return (value?.selected_options ?? []).map((selected) => selected.value);
}

/** Ids of the files that were put into an input. */
export function filesIn(values: StateValues, block: string): readonly string[] {
  const [value] = Object.values(values[block] ?? {});
  return (value?.files ?? []).map(({ id }) => id);
}
