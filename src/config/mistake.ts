/** What is wrong with the configuration, as data: every mistake is told at once, each where it was made. */

export interface Mistake {
  /** Such as `zones.yml:12: zones.zone-a.owners[0].team` or `environment: SLACK_BOT_TOKEN`. */
  readonly where: string;
  /** What is wrong, as the end of a sentence that begins with the place. Never holds a secret. */
  readonly problem: string;
  /** A sentence that says what to do. */
  readonly remedy: string;
}

/** A value, or everything that stands in its way. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

export type Path = readonly PropertyKey[];

/** A mistake that does not know yet in which file or environment it was made. */
export interface Finding {
  readonly path: Path;
  readonly problem: string;
  readonly remedy: string;
}

/** `zones.zone-a.owners[0].team` */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");
}
