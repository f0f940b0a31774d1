/** By what one sees that the bot lives, as its parts tell it. */
import type { FederationTally } from "./federation-tally.ts";

export interface ZoneLooked {
  readonly zone: string;
  /** `not-yet`: since the start. `away`: the last look did not work. */
  readonly state: "not-yet" | "seen" | "away";
  /** Milliseconds since the last look that worked; null: there was none yet. */
  readonly age: number | null;
}

/** What is known of the zone pool. */
export interface PoolSeen {
  /** Milliseconds since it answered last; null: it has not yet. */
  readonly age: number | null;
  /** In how much it and the zones file differ. */
  readonly differences: number;
  readonly disabled: ReadonlySet<string>;
}

export interface VitalSigns {
  readonly tally: FederationTally;
  /** Why nothing can be journalled any more; null where it can. */
  storeTrouble(): Promise<string | null>;
  /** Whether what people do in Slack reaches the bot. */
  isConnected(): boolean;
  looks(): readonly ZoneLooked[];
  /** null: the zones file names none. */
  pool(): PoolSeen | null;
  /** Messages that wait to be sent. */
  backlog(): number;
}

/** What is broken, so that only another start may mend it. */
export async function ailments(signs: VitalSigns | null): Promise<readonly string[]> {
  const trouble = signs === null ? null : await signs.storeTrouble();
  return trouble === null ? [] : [trouble];
}

/** Why the bot does not serve people yet, or not now. A zone that was looked at in vain is no reason: people are told so. */
export async function unready(signs: VitalSigns | null): Promise<readonly string[]> {
  if (signs === null) return ["The bot is starting: it waits for Slack, or reads what it has stored."];
  const unseen = signs.looks().filter(({ state }) => state === "not-yet");
  return [
    ...(await ailments(signs)),
    ...(signs.isConnected() ? [] : ["Slack does not reach the bot."]),
    ...(unseen.length === 0 ? [] : [`Not looked at yet: ${unseen.map(({ zone }) => zone).join(", ")}.`]),
  ];
}
