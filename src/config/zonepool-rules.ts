/** What must hold between a zone pool and the entries beside it. */
import { z } from "zod";
import type { Finding } from "./mistake.ts";

const file = z.object({
  zonepool: z.unknown().optional(),
  zones: z.record(z.string(), z.looseObject({}).catch({})),
});

type Entry = Readonly<Record<string, unknown>>;

export function zonepoolFindings(value: unknown): readonly Finding[] {
  const parsed = file.safeParse(value);
  if (!parsed.success) return [];
  const entries = Object.entries(parsed.data.zones);
  if (parsed.data.zonepool !== undefined) return [...entries.flatMap(halfAnAccount), ...sameCalled(entries)];
  return entries.flatMap(([name, entry]) =>
    entry["pool"] === undefined
      ? []
      : [
          {
            path: ["zones", name, "pool"],
            problem: "says what the zone is called in a zone pool, and the file has none",
            remedy: "Add `zonepool` with its address and account, or remove this.",
          },
        ],
  );
}

function halfAnAccount([name, entry]: readonly [string, Entry]): readonly Finding[] {
  const [has, lacks] = entry["password"] === undefined ? ["user", "password"] : ["password", "user"];
  if (entry[has ?? ""] === undefined || entry[lacks ?? ""] !== undefined) return [];
  return [
    {
      path: ["zones", name, lacks ?? ""],
      problem: `is missing beside \`${has}\``,
      remedy:
        "Give both for an account of the zone's own, or leave both out for the one that all zones of the pool share.",
    },
  ];
}

/** By number or by name: what the pool knows of both is told when it has answered. */
function sameCalled(entries: readonly (readonly [string, Entry])[]): readonly Finding[] {
  const first = new Map<string, string>();
  return entries.flatMap(([name, entry]) => {
    const called = String(entry["pool"] ?? name);
    const earlier = first.get(called);
    if (earlier === undefined) first.set(called, name);
    return earlier === undefined
      ? []
      : [
          {
            path: ["zones", name, "pool"],
            problem: `is the zone of the pool that ${earlier} is already`,
            remedy: "Give each zone of the pool one entry.",
          },
        ];
  });
}
