/** Words that a zone wrote, made fit to be read and kept: no secrets, no control characters, bounded. */
import type { Redactor } from "../secret.ts";

/** What is longer is not even looked through. */
const LOOKED_THROUGH = 64 * 1024;
const USUAL_LENGTH = 500;

/** Control and formatting characters, which could also turn or hide what stands beside them. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/** Cut last: half a secret would not be found any more. */
export function foreignText(redactor: Redactor, text: string, length: number = USUAL_LENGTH): string {
  const clean = redactor.clean(text.slice(0, LOOKED_THROUGH)).replace(UNPRINTABLE, " ").trim();
  return clean.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}
