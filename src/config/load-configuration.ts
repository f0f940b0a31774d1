import { setImmediate as breath } from "node:timers/promises";
import type { Configuration } from "./configuration.ts";
import { readEnvironment, unknownVariables, zonesFilePath } from "./environment.ts";
import type { ReadFile } from "./file-reader.ts";
import type { Mistake } from "./mistake.ts";
import type { Environment } from "./secret-source.ts";
import { readZonesPart } from "./zones-part.ts";

export type Loaded =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/**
 * Reads everything before it judges, so that all mistakes of environment and zones file are told at once. Other work has
 * its turn between the parts.
 */
export async function loadConfiguration(from: {
  readonly environment: Environment;
  readonly readFile: ReadFile;
}): Promise<Loaded> {
  const own = readEnvironment(from.environment, from.readFile);
  await breath();
  const { outcome: zones, variables } = await readZonesPart({ ...from, path: zonesFilePath(from.environment) });
  const unknown = unknownVariables(from.environment, variables);
  if (!own.ok || !zones.ok || unknown.length > 0) {
    const told = [own, zones].flatMap((outcome) => (outcome.ok ? [] : outcome.mistakes));
    return { ok: false, mistakes: [...told, ...unknown] };
  }
  const { dataDirectory, health, logLevel, slack, storeKey } = own.value;
  return { ok: true, configuration: { ...zones.value, dataDirectory, health, logLevel, slack, storeKey } };
}

/** What a person reads when the bot does not start. */
export function describeMistakes(mistakes: readonly Mistake[]): string {
  const count = mistakes.length === 1 ? "one mistake" : `${mistakes.length} mistakes`;
  const lines = mistakes.map(({ where, problem, remedy }) => `- ${where} ${problem}.\n  ${remedy}`);
  return [
    `florist does not start: there ${mistakes.length === 1 ? "is" : "are"} ${count} in its configuration.`,
    ...lines,
  ].join("\n");
}
