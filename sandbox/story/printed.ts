/** What stands on the screen, as lines of text. */
import type { ShownMessage, ShownView } from "../slack/control/control-api.ts";

const MARGIN = "    ";

/** A form with what was filled in; choices by the words that people read. */
export function formText({ title, fields, submit, close }: ShownView): string {
  const lines = fields.map(({ label, value, options }) => {
    const chosen = typeof value === "string" ? [value] : (value ?? []);
    const words = chosen.map((one) => options?.find((option) => option.value === one)?.text ?? one);
    return `${label}: ${words.length === 0 ? "–" : words.join(", ")}`;
  });
  return framed(
    [title, "", ...lines],
    [submit, close].flatMap((button) => button ?? []),
  );
}

export const cardText = ({ text, buttons }: ShownMessage): string =>
  framed(
    text.split("\n"),
    buttons.map((button) => button.text),
  );

const framed = (lines: readonly string[], buttons: readonly string[]): string =>
  ["", ...lines, "", buttons.map((button) => `[ ${button} ]`).join("  "), ""]
    .map((line) => (line === "" ? "" : `${MARGIN}${line}`))
    .join("\n");
