/** What a rule between parts of the zones file is, and how one goes through its zones. */
import { z } from "zod";
import type { Finding } from "./mistake.ts";

export type Rule = (file: unknown) => readonly Finding[];

export const entries = z.object({ zones: z.record(z.string(), z.unknown()) });

export function zonesIn(file: unknown): readonly [name: string, entry: unknown][] {
  const parsed = entries.safeParse(file);
  return parsed.success ? Object.entries(parsed.data.zones) : [];
}

/** A rule about one zone at a time; `check` may give paths within the zone. */
export function zoneRule<T>(part: z.ZodType<T>, check: (zone: T, name: string) => readonly Finding[]): Rule {
  return (file) =>
    zonesIn(file).flatMap(([name, entry]) => {
      const zone = part.safeParse(entry);
      if (!zone.success) return [];
      return check(zone.data, name).map((finding) => ({ ...finding, path: ["zones", name, ...finding.path] }));
    });
}
