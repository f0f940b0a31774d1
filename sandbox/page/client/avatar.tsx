/** Who it is, in one letter and one colour. */
import type { JSX } from "preact";
import { nameOf, world } from "./store.ts";

const TONES = 8;

export function Avatar({ id, size = 36 }: { readonly id: string; readonly size?: 36 | 24 }): JSX.Element {
  const isApp = id === world.value?.app.botUserId;
  return (
    <span
      class={`avatar s${size} ${isApp ? "app" : `tone-${toneOf(id)}`}`}
      data-drawn={isApp ? "" : lettersOf(nameOf(id))}
      aria-hidden="true"
    >
      {isApp ? <img src="/icon.svg" alt="" /> : null}
    </span>
  );
}

/** `owner-b` is B, and her colleague B2. */
function lettersOf(name: string): string {
  const owner = /^(second-)?owner-(.)$/.exec(name);
  if (owner !== null) return `${owner[2] ?? ""}${owner[1] === undefined ? "" : "2"}`.toUpperCase();
  return name.slice(0, 2).replace(/^./, (first) => first.toUpperCase());
}

function toneOf(id: string): number {
  let sum = 0;
  for (const character of nameOf(id).replace("second-", "")) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % TONES;
}
