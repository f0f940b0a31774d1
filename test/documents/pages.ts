/** Files of the repository that are made from the code: what they say cannot fall behind. */
import { troubleshooting } from "./troubleshooting.ts";
import { zonesSchema } from "./zones-schema.ts";

/** By their path in the repository. */
export const PAGES: ReadonlyMap<string, () => string> = new Map([
  ["docs/zones.schema.json", zonesSchema],
  ["docs/troubleshooting.md", troubleshooting],
]);
