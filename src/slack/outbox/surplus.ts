/** Which receipts need not be kept: a book stays bounded however long its federation lives. Pure. */
import type { GivenUp, Receipt } from "../../federation/ports.ts";
import { isCardContent } from "../message.ts";

/** So many of the newest receipts are kept, whatever they are of. */
const KEPT = 200;
/** Looked for only when so many more have come together. */
const SLACK = 20;

export function surplusOf(
  posted: ReadonlyMap<string, Receipt>,
  givenUp: ReadonlyMap<string, GivenUp>,
  isWanted: (key: string) => boolean,
): readonly string[] {
  const unposted = [...givenUp.keys()].filter((key) => !posted.has(key) && !isWanted(key));
  if (posted.size < KEPT + SLACK) return unposted;
  const newestFirst = [...posted].sort(([, one], [, other]) => timeOf(other) - timeOf(one));
  const old = newestFirst.slice(KEPT).filter(([key, { content }]) => !isCardContent(content) && !isWanted(key));
  return [...unposted, ...old.map(([key]) => key)];
}

/** Slack's timestamps are seconds. What has none yet is the newest. */
const timeOf = ({ ts }: Receipt): number => (ts === "" ? Number.POSITIVE_INFINITY : Number(ts));
