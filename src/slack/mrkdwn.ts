/** Text as Slack reads it. What people or zones wrote goes through `escaped` or `code`, always. */
import type { Person } from "../federation/identity.ts";

/** Keeps `<!channel>`, false links and entities out of what others wrote. */
export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** At most `most` characters, the cut marked. */
export const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

/** Foreign text in a code span; a backtick in it would end the span. */
export const code = (text: string, most = 200): string =>
  `\`${escaped(clip(text.replaceAll("`", "'"), most)) || " "}\``;

/** Foreign text of several lines in a code block. */
export const codeBlock = (text: string, most: number): string =>
  `\`\`\`\n${escaped(clip(text.replaceAll("```", "'''"), most))}\n\`\`\``;

export const mention = (person: Person): string => `<@${person.user}>`;
export const mentions = (people: readonly Person[]): string => people.map(mention).join(" ");

/** A moment in each reader's own time zone. */
export const moment = (iso: string): string =>
  `<!date^${Math.floor(Date.parse(iso) / 1000)}^{date_short_pretty}, {time}|${iso.slice(0, 16).replace("T", " ")} UTC>`;

/** `1 SuperNode`, `2 SuperNodes`. */
export const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? "" : "s"}`;
