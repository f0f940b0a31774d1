/** Small drawings of lines, in a box of 16 by 16. */
import type { JSX } from "preact";

const PATHS = {
  close: "M4 4l8 8M12 4l-8 8",
  send: "M2.5 13.5 14 8 2.5 2.5 4.5 8ZM4.5 8H9",
  thread: "M3 3h10v7H7l-3 3v-3H3Z",
  attach: "M11.5 4.5v6a3.5 3.5 0 0 1-7 0V4a2.3 2.3 0 0 1 4.6 0v6.2a1.1 1.1 0 0 1-2.2 0V5",
  file: "M4 2h5l3 3v9H4ZM9 2v3h3",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5",
  system: "M2 3h12v8H2ZM6 14h4M8 11v3",
  home: "M2 8 8 2.5 14 8M4 6.5v7h3v-4h2v4h3v-7",
  hash: "M6.5 2.5 5 13.5M11 2.5 9.5 13.5M3 6h10.5M2.5 10.5H13",
  shared: "M6.5 9.5 9.5 6.5M7 4.5l1.5-1.5a2.8 2.8 0 0 1 4.5 4L11.5 8.5M9 11.5 7.5 13a2.8 2.8 0 0 1-4.5-4L4.5 7.5",
  message: "M2.5 3.5h11v8h-6l-3 2.5v-2.5h-2Z",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6",
  panel: "M2 3h12v10H2ZM9.5 3v10",
  chevron: "M6 4l4 4-4 4",
  check: "M3 8.5 6.5 12 13 4.5",
  route: "M3.5 12.5a1 1 0 1 0 0-.1M12.5 3.5a1 1 0 1 0 0-.1M4.5 12.5h5a2.5 2.5 0 0 0 0-5h-3a2.5 2.5 0 0 1 0-4h5",
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { readonly name: IconName }): JSX.Element => (
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
