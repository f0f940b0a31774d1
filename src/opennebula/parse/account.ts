/** The bot's account: whether it may too much, and what quotas leave it. */
import { z } from "zod";
import type { Headroom } from "../../federation/model/zone-facts.ts";
import { group, integer, many, optionalText, parseElement } from "./xml.ts";

/** Names and texts; a limit and what is used of it stand side by side as `VMS` and `VMS_USED`. */
const row = z.record(z.string(), z.unknown()).transform((fields) => (name: string): number | undefined => {
  const parsed = optionalText.safeParse(fields[name]);
  const value = parsed.success && parsed.data !== undefined ? Number(parsed.data) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
});

type Row = z.output<typeof row>;

const quotaLists = {
  VM_QUOTA: group({ VM: many(row) }),
  NETWORK_QUOTA: group({ NETWORK: many(row) }),
  DATASTORE_QUOTA: group({ DATASTORE: many(row) }),
  IMAGE_QUOTA: group({ IMAGE: many(row) }),
};

const user = z.object({
  ID: integer,
  NAME: z.string(),
  GID: integer,
  GROUPS: group({ ID: many(integer) }),
  ...quotaLists,
  DEFAULT_USER_QUOTAS: group(quotaLists),
});

const userGroup = z.object({
  ID: integer,
  ADMINS: group({ ID: many(integer) }),
  ...quotaLists,
  DEFAULT_GROUP_QUOTAS: group(quotaLists),
});

/** Quotas of a user or a group: their own, and those that count where their own say nothing. */
interface Quotas {
  readonly own: QuotaLists;
  readonly standard: QuotaLists;
}

interface QuotaLists {
  readonly VM_QUOTA: { readonly VM: readonly Row[] };
  readonly NETWORK_QUOTA: { readonly NETWORK: readonly Row[] };
  readonly DATASTORE_QUOTA: { readonly DATASTORE: readonly Row[] };
  readonly IMAGE_QUOTA: { readonly IMAGE: readonly Row[] };
}

export interface ParsedUser {
  readonly id: number;
  readonly name: string;
  /** The group that counts for quotas. */
  readonly primaryGroup: number;
  readonly groups: readonly number[];
  readonly quotas: Quotas;
}

export interface ParsedGroup {
  readonly id: number;
  readonly admins: readonly number[];
  readonly quotas: Quotas;
}

/** From `user.info(-1)`. The hash of the password is in it and is dropped here. */
export function parseUser(xml: string): ParsedUser {
  const { ID, NAME, GID, GROUPS, DEFAULT_USER_QUOTAS, ...own } = parseElement(xml, "USER", user);
  return { id: ID, name: NAME, primaryGroup: GID, groups: GROUPS.ID, quotas: { own, standard: DEFAULT_USER_QUOTAS } };
}

/** From `group.info`, which an ordinary member may read. */
export function parseGroup(xml: string): ParsedGroup {
  const { ID, ADMINS, DEFAULT_GROUP_QUOTAS, ...own } = parseElement(xml, "GROUP", userGroup);
  return { id: ID, admins: ADMINS.ID, quotas: { own, standard: DEFAULT_GROUP_QUOTAS } };
}

/** A limit of -1, or none, is the zone's default; -2, or no default, is no limit. */
function left(own: Row | undefined, standard: Row | undefined, name: string): number | null {
  const ownLimit = own?.(name) ?? -1;
  const limit = ownLimit === -1 ? (standard?.(name) ?? -2) : ownLimit;
  return limit < 0 ? null : Math.max(0, limit - (own?.(`${name}_USED`) ?? 0));
}

function smallest(values: readonly (number | null)[]): number | null {
  const limits = values.filter((value) => value !== null);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** A VM_QUOTA bound to some clusters leaves the rest of the zone free; the one for all has no CLUSTER_IDS. */
const vmRow = (lists: QuotaLists): Row | undefined =>
  lists.VM_QUOTA.VM.find((candidate) => candidate("CLUSTER_IDS") === undefined);

const rowOf = (rows: readonly Row[], id: number): Row | undefined => rows.find((candidate) => candidate("ID") === id);

/** What is left of things that have a number each, where there is a limit. */
function leftById(
  quotas: readonly Quotas[],
  rowsOf: (lists: QuotaLists) => readonly Row[],
  name: string,
): ReadonlyMap<number, number> {
  const ids = quotas.flatMap(({ own, standard }) => [...rowsOf(own), ...rowsOf(standard)].map((found) => found("ID")));
  const entries = [...new Set(ids)].flatMap((id): (readonly [number, number])[] => {
    if (id === undefined) return [];
    const limit = smallest(
      quotas.map(({ own, standard }) => left(rowOf(rowsOf(own), id), rowOf(rowsOf(standard), id), name)),
    );
    return limit === null ? [] : [[id, limit]];
  });
  return new Map(entries);
}

/** What is left to an account whose user and group have these quotas. RUNNING_* limits count from the first moment. */
export function headroom(quotas: readonly Quotas[], networkId: number | undefined): Headroom {
  const ofVms = (...names: readonly string[]) =>
    smallest(quotas.flatMap(({ own, standard }) => names.map((name) => left(vmRow(own), vmRow(standard), name))));
  const leases = leftById(quotas, (lists) => lists.NETWORK_QUOTA.NETWORK, "LEASES");
  return {
    vms: ofVms("VMS", "RUNNING_VMS"),
    cpu: ofVms("CPU", "RUNNING_CPU"),
    memory: ofVms("MEMORY", "RUNNING_MEMORY"),
    leases: networkId === undefined ? null : (leases.get(networkId) ?? null),
    systemDisk: ofVms("SYSTEM_DISK_SIZE"),
    datastores: leftById(quotas, (lists) => lists.DATASTORE_QUOTA.DATASTORE, "SIZE"),
    imageVms: leftById(quotas, (lists) => lists.IMAGE_QUOTA.IMAGE, "RVMS"),
  };
}
