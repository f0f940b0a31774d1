/** Text as Slack reads it. What people or zones wrote goes through `escaped` or `code`, always. */
import type { Person } from "../../federation/model/identity.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** Keeps `<!channel>`, false links and entities out of what others wrote; the result has at most `max` characters. */
export function escaped(text: string, max = 3000): string {
  let shown = "";
  for (const character of text) {
    const next = ENTITIES[character] ?? character;
    if (shown.length + next.length >= max) return `${shown}…`;
    shown += next;
  }
  return shown;
}

/** At most `max` characters, the cut marked. */
export const clip = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);

/** Foreign text in a code span; a backtick or a line's end in it would end the span. */
export const code = (text: string, max = 200): string =>
  `\`${escaped(text.replaceAll("`", "'").replaceAll(/\s/g, " "), max) || " "}\``;

/** Foreign text of several lines in a code block of at most `max` characters. */
export const codeBlock = (text: string, max: number): string =>
  `\`\`\`\n${escaped(text.replaceAll("```", "'".repeat(3)), max - 8)}\n\`\`\``;

export const mention = (person: Person): string => `<@${person.user}>`;
/** People that one sentence mentions; of more it says how many. */
const MOST_MENTIONED = 10;

export function mentions(people: readonly Person[]): string {
  const more = people.length - MOST_MENTIONED;
  const named = people.slice(0, MOST_MENTIONED).map(mention).join(" ");
  return more > 0 ? `${named} and ${count(more, "more owner")}` : named;
}

/** A moment in each reader's own time zone. */
export const moment = (iso: string): string =>
  `<!date^${Math.floor(Date.parse(iso) / 1000)}^{date_short_pretty}, {time}|${iso.slice(0, 16).replace("T", " ")} UTC>`;

/** As many of the names as are to be read, and how many more there are. */
export function listed(names: readonly string[], most: number): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}

/** As many of the lines as are to be read, and how many more there are of what they are about. */
export const firstOf = (lines: readonly string[], most: number, what: string): readonly string[] =>
  lines.length > most ? [...lines.slice(0, most), `and ${count(lines.length - most, `more ${what}`)}`] : lines;

/** `1 SuperNode`, `2 SuperNodes`. */
export const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? "" : "s"}`;

/** What a person gave as a reason, on one line and recognisable as theirs. */
export const quoted = (text: string): string => `“${escaped(text.replaceAll(/\s+/g, " "), 500)}”`;
