/** How many federations are how far, and what is wrong with them: counted as they change, for nobody walks all of them. */
import type { ConditionCode } from "../federation/model/conditions.ts";
import { coordinatorOf, type Federation } from "../federation/model/state.ts";
import { raisedConditions } from "../federation/model/status.ts";

/** `asked`: owners decide. An ended one is in none. */
export const STAGES = ["asked", "deploying", "running", "ending"] as const;
export type Stage = (typeof STAGES)[number];

function stageOf(federation: Federation): Stage | null {
  if (federation.ended !== null) return null;
  if (federation.teardown !== null) return "ending";
  if (federation.trustedAt !== null) return "running";
  return coordinatorOf(federation).deployment === null ? "asked" : "deploying";
}

const conditionsOf = (federation: Federation): readonly ConditionCode[] =>
  federation.ended === null ? raisedConditions(federation).map(({ code }) => code) : [];

export class FederationTally {
  readonly #stages = new Map<Stage, number>();
  readonly #conditions = new Map<ConditionCode, number>();

  /** `before` is null for one that is new. */
  change(after: Federation, before: Federation | null): void {
    if (before !== null) this.#count(before, -1);
    this.#count(after, 1);
  }

  inStage(stage: Stage): number {
    return this.#stages.get(stage) ?? 0;
  }

  /** Every code that has stood since the start, with how often it stands now. */
  conditions(): ReadonlyMap<ConditionCode, number> {
    return this.#conditions;
  }

  #count(federation: Federation, by: 1 | -1): void {
    const stage = stageOf(federation);
    if (stage !== null) add(this.#stages, stage, by);
    for (const code of conditionsOf(federation)) add(this.#conditions, code, by);
  }
}

const add = <K>(counts: Map<K, number>, key: K, by: number): void => void counts.set(key, (counts.get(key) ?? 0) + by);
