/** Status marks and other emoji: the marks are drawn, so that they look the same on every machine. */
import type { JSX } from "preact";

const DISCS: Readonly<Record<string, string>> = {
  large_green_circle: "good",
  large_blue_circle: "busy",
  white_circle: "idle",
  large_yellow_circle: "warn",
  red_circle: "bad",
};

/** Paths in a box of 16 by 16, and the colour they are drawn in. */
const DRAWN: Readonly<Record<string, { readonly tone: string; readonly path: string }>> = {
  white_check_mark: { tone: "good", path: "M3 8.5 6.5 12 13 4.5" },
  x: { tone: "bad", path: "M4 4l8 8M12 4l-8 8" },
  heavy_minus_sign: { tone: "idle", path: "M3 8h10" },
  grey_question: { tone: "idle", path: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.7 8 9.2 8 10M8 12.5v.1" },
  hourglass: { tone: "warn", path: "M4 2.5h8M4 13.5h8M5 2.5c0 5 6 6 6 11M11 2.5c0 5-6 6-6 11" },
  warning: { tone: "warn", path: "M8 2.5 14.5 13.5H1.5ZM8 6.5v3M8 11.5v.1" },
  checkered_flag: { tone: "good", path: "M4 14V2.5h8.5l-2 3 2 3H4" },
  lock: { tone: "busy", path: "M4 7.5h8v6H4ZM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5" },
  information_source: { tone: "busy", path: "M8 1.7a6.3 6.3 0 1 1 0 12.6A6.3 6.3 0 0 1 8 1.7M8 7.2V11.5M8 4.8v.1" },
  no_entry: { tone: "bad", path: "M8 1.7a6.3 6.3 0 1 1 0 12.6A6.3 6.3 0 0 1 8 1.7M5 8h6" },
};

export function Mark({ name }: { readonly name: string }): JSX.Element {
  const disc = DISCS[name];
  const label = name.replaceAll("_", " ");
  if (disc !== undefined) return <span class={`disc ${disc}`} role="img" aria-label={label} title={label} />;
  const drawn = DRAWN[name];
  if (drawn === undefined) return <span class="emoji">:{name}:</span>;
  return (
    <svg class={`mark ${drawn.tone}`} viewBox="0 0 16 16" role="img" aria-label={label}>
      <title>{label}</title>
      <path d={drawn.path} />
    </svg>
  );
}
