/** What somebody may have meant who mistyped. Pure. */
import { distance } from "fastest-levenshtein";

/** Letters that may be wrong; a short word is another word after fewer. */
const mostWrong = (word: string): number => Math.min(2, Math.floor(word.length / 3));

/** Those that could be meant, the likeliest first: a few letters are wrong, or the end was left out. */
export function nearest(typed: string, known: Iterable<string>): readonly string[] {
  const found: { readonly word: string; readonly wrong: number }[] = [];
  for (const word of known) {
    const isBegun = typed.length >= 3 && (word.startsWith(typed) || typed.startsWith(word));
    const wrong = isBegun ? 1 : distance(typed, word);
    if (wrong <= Math.max(isBegun ? 1 : 0, mostWrong(typed))) found.push({ word, wrong });
  }
  return found.sort((one, other) => one.wrong - other.wrong).map(({ word }) => word);
}
