/**
 * Zones that an OpenNebula federation lists, beside those of the zones file: which entry is which of them, where each is
 * reached, and how the two differ. Where both say something, the file prevails.
 */
import { z } from "zod";
import type { ZoneName } from "./identity.ts";

/** One zone as the pool lists it. Its words are another's: cut and cleaned before they come here. */
export const poolZone = z.strictObject({
  id: z.int().min(0),
  name: z.string(),
  disabled: z.boolean(),
  /** Of its XML-RPC, as it is written there. */
  endpoint: z.string(),
});
export type PoolZone = z.infer<typeof poolZone>;

/** What an entry of the zones file says about the pool. */
export interface PoolEntry {
  readonly name: ZoneName;
  /** The zone's number or name in the pool. */
  readonly called: number | string;
  /** It may be a zone outside of the pool: it has an address and an account of its own and does not say what it is called. */
  readonly standsAlone: boolean;
  /** null: the pool says it. */
  readonly xmlrpc: string | null;
  /** It is reached with the account that all zones share. */
  readonly sharesAccount: boolean;
}

export type PoolDifference =
  | { readonly kind: "not-in-pool"; readonly zone: ZoneName; readonly called: number | string }
  | { readonly kind: "other-address"; readonly zone: ZoneName; readonly file: string; readonly pool: string }
  | { readonly kind: "unusable-address"; readonly zone: ZoneName; readonly pool: string }
  | { readonly kind: "same-zone"; readonly zone: ZoneName; readonly first: ZoneName }
  | { readonly kind: "disabled"; readonly zone: ZoneName }
  | { readonly kind: "not-in-file"; readonly member: PoolZone };

export interface PoolMembers {
  /** Where each zone is reached; absent where nobody knows. */
  readonly addresses: ReadonlyMap<ZoneName, string>;
  readonly disabled: ReadonlySet<ZoneName>;
  readonly differences: readonly PoolDifference[];
}

/** 127.0.0.0/8 in the form that URL gives every IPv4 address. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The address as it is dialled, or null: only TLS, or this machine, is trusted with the account. */
export function usableAddress(written: string): string | null {
  const url = URL.canParse(written.trim()) ? new URL(written.trim()) : null;
  if (url === null || url.username !== "" || url.password !== "") return null;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname)) ? url.href : null;
}

/** `before`: where zones were reached until now. One that leaves the pool, or is listed without a usable address, is reached there still. */
export function membersOf(
  entries: readonly PoolEntry[],
  pool: readonly PoolZone[],
  before: ReadonlyMap<ZoneName, string>,
): PoolMembers {
  const addresses = new Map<ZoneName, string>();
  const differences: PoolDifference[] = [];
  const members = new Map(entries.map((entry) => [entry.name, memberOf(entry, pool)]));
  const shared = new Map<string, ZoneName>();
  for (const entry of entries) {
    const member = members.get(entry.name);
    const address = addressFor(entry, member, before);
    const first = entry.sharesAccount && address !== null ? shared.get(address) : undefined;
    differences.push(...differencesOf(entry, member, first));
    if (address === null || first !== undefined) continue;
    if (entry.sharesAccount) shared.set(address, entry.name);
    addresses.set(entry.name, address);
  }
  const meant = new Set(members.values());
  const others = pool.filter((member) => !meant.has(member)).sort((one, other) => one.id - other.id);
  const disabled = [...members].flatMap(([name, member]) => (member?.disabled === true ? [name] : []));
  return {
    addresses,
    disabled: new Set(disabled),
    differences: [...differences, ...others.map((member): PoolDifference => ({ kind: "not-in-file", member }))],
  };
}

const memberOf = ({ called }: PoolEntry, pool: readonly PoolZone[]): PoolZone | undefined =>
  pool.find(({ id, name }) => (typeof called === "number" ? id : name) === called);

function addressFor(
  { name, xmlrpc }: PoolEntry,
  member: PoolZone | undefined,
  before: ReadonlyMap<ZoneName, string>,
): string | null {
  if (xmlrpc !== null) return xmlrpc;
  const listed = member === undefined ? null : usableAddress(member.endpoint);
  return listed ?? before.get(name) ?? null;
}

function differencesOf(
  { name: zone, called, standsAlone, xmlrpc }: PoolEntry,
  member: PoolZone | undefined,
  first: ZoneName | undefined,
): readonly PoolDifference[] {
  const same: readonly PoolDifference[] = first === undefined ? [] : [{ kind: "same-zone", zone, first }];
  if (member === undefined) return standsAlone ? same : [{ kind: "not-in-pool", zone, called }, ...same];
  const pool = usableAddress(member.endpoint);
  const address: readonly PoolDifference[] =
    xmlrpc === null
      ? pool === null
        ? [{ kind: "unusable-address", zone, pool: member.endpoint }]
        : []
      : pool === xmlrpc
        ? []
        : [{ kind: "other-address", zone, file: xmlrpc, pool: member.endpoint }];
  return [...address, ...same, ...(member.disabled ? [{ kind: "disabled", zone } as const] : [])];
}

/** Tells one difference from another, and stays while what is told of it stays. */
export function differenceKey(difference: PoolDifference): string {
  switch (difference.kind) {
    case "not-in-file":
      return `not-in-file ${difference.member.id}`;
    case "other-address":
    case "unusable-address":
      return `${difference.kind} ${difference.zone} ${difference.pool}`;
    case "not-in-pool":
    case "same-zone":
    case "disabled":
      return `${difference.kind} ${difference.zone}`;
  }
}

export interface PoolWords {
  /** One sentence. */
  readonly sentence: string;
  /** What to do about it. */
  readonly remedy: string;
}

export function differenceWords(difference: PoolDifference): PoolWords {
  switch (difference.kind) {
    case "not-in-pool":
      return {
        sentence: `${difference.zone} is in the zones file, and the zone pool lists no zone ${nameOf(difference.called)}.`,
        remedy:
          "If it has left the OpenNebula federation, give its entry an `xmlrpc` and an account of its own; otherwise say with `pool` what it is called there. Until then it is looked at where it was last.",
      };
    case "other-address":
      return {
        sentence: `${difference.zone} is at ${difference.file} in the zones file and at ${difference.pool} in the zone pool; the file prevails.`,
        remedy: "Take `xmlrpc` out of its entry if the pool is right.",
      };
    case "unusable-address":
      return {
        sentence: `The zone pool names ${difference.pool === "" ? "no address" : difference.pool} for ${difference.zone}, which the bot does not send an account to.`,
        remedy:
          "Give its entry an `xmlrpc` that begins with https://, or have the pool's ENDPOINT corrected with `onezone update`.",
      };
    case "same-zone":
      return {
        sentence: `${difference.zone} is the same OpenNebula as ${difference.first}, with the same account, so it is not looked at.`,
        remedy: "Remove one of the two entries, or say with `pool` which zone each of them is.",
      };
    case "disabled":
      return {
        sentence: `${difference.zone} is disabled in the zone pool: what runs there goes on, and nothing can be changed.`,
        remedy: "Its administrator enables it again with `onezone enable`.",
      };
    case "not-in-file":
      return newcomersWords([difference.member]);
  }
}

/** Zones that are named of those without an entry. */
const MOST_NAMED = 10;

/** All zones without an entry together, with the lines of one for the first of them. */
export function newcomersWords([first, ...others]: readonly [PoolZone, ...PoolZone[]]): PoolWords {
  if (others.length === 0) {
    return {
      sentence: `The zone ${nameOf(first.name)} of the zone pool is not in the zones file.`,
      remedy: `To let it take part, put this under \`zones\` and fill it in: ${entryFor(first)}`,
    };
  }
  const named = [first, ...others].slice(0, MOST_NAMED).map(({ id, name }) => `${nameOf(name)} (number ${id})`);
  const more = others.length + 1 - named.length;
  return {
    sentence: `Zones of the zone pool that are not in the zones file: ${named.join(", ")}${more > 0 ? `, and ${more} more` : ""}.`,
    remedy: `To let one take part, put such lines under \`zones\` and fill them in: ${entryFor(first)}`,
  };
}

const nameOf = (called: number | string): string => (typeof called === "number" ? `number ${called}` : `"${called}"`);

/** YAML on one line, so that it can be taken out of a log line as it is. */
function entryFor({ id, name, endpoint }: PoolZone): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, MOST_NAME);
  const key = /^[a-z]/.test(plain) ? plain : `zone-${id}`;
  const fields = [
    "title: …",
    ...(key === name ? [] : [`pool: ${id}`]),
    ...(usableAddress(endpoint) === null ? ["xmlrpc: https://…"] : []),
    "oneflow: https://…",
    "owners: [{ team: T…, user: U… }]",
    "network: …",
    "train: { templates: { none: … } }",
  ];
  return `${key}: { ${fields.join(", ")} }`;
}

const MOST_NAME = 20;
