/** What is wrong with environment and zones file, all at once. */
import type { Mistake } from "../config/mistake.ts";
import { type Check, fault, notLookedAt, ok } from "./check.ts";

const ABOUT = { code: "configuration" } as const;

export const configurationChecks = (mistakes: readonly Mistake[]): readonly Check[] =>
  mistakes.length === 0
    ? [ok({ ...ABOUT, subject: "environment and zones file" }, "Environment and zones file are right.")]
    : mistakes.map(({ where, problem, remedy }) => fault({ ...ABOUT, subject: where }, `${where} ${problem}.`, remedy));

/** Without a configuration nobody can be asked. */
export const nothingElse: readonly Check[] = [
  notLookedAt(
    { code: "slack-bot-token", subject: "Slack, zones and data directory" },
    "Slack, the zones and the data directory were",
    "the configuration has to be right first",
  ),
];
