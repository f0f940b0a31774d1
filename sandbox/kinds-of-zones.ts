/**
 * Zones of every kind, for a federation that has them all: A coordinates and trains itself, B has no OneFlow and two
 * departments with owners of their own, and C has a disk with data.
 */
import type { SandboxOptions } from "./composition.ts";
import { ownersOf, type SandboxZonesFile, zoneChannel } from "./zones-file.ts";

/** The second department's people; there is no zone of that letter. */
const DEPARTMENT = "zone-d";

/** A part of the federation: what the bot calls it, the zone it is in, and the letter of the people who decide for it. */
export interface KindSite {
  readonly name: string;
  readonly zone: string;
  readonly people: string;
  readonly hasDisk: boolean;
}

export const COORDINATING_SITE: KindSite = { name: "zone-a", zone: "zone-a", people: "zone-a", hasDisk: false };
export const TRAINING_SITES = [
  { name: "zone-a/training", zone: "zone-a", people: "zone-a", hasDisk: false },
  { name: "zone-b/radiology", zone: "zone-b", people: "zone-b", hasDisk: false },
  { name: "zone-b/cardiology", zone: "zone-b", people: DEPARTMENT, hasDisk: false },
  { name: "zone-c", zone: "zone-c", people: "zone-c", hasDisk: true },
] as const satisfies readonly KindSite[];

/** How the sandbox is to be started for them. */
export const ZONES_OF_EVERY_KIND = {
  zones: 3,
  channels: 4,
  withoutOneFlow: ["zone-b"],
  configure: withDepartments,
} as const satisfies Partial<SandboxOptions>;

/** One of zone-b's departments has all that its zone has, the other a title, channel and owners of its own. */
function withDepartments(usual: SandboxZonesFile): object {
  const { "zone-b": zone, ...others } = usual.zones;
  if (zone === undefined) throw new Error("There is no zone-b to have departments.");
  const cardiology = {
    title: "Hospital B, cardiology",
    channel: zoneChannel(DEPARTMENT),
    owners: ownersOf(DEPARTMENT),
    nodeConfig: { department: "cardiology" },
  };
  const train = { ...zone.train, sites: { radiology: {}, cardiology } };
  return { ...usual, zones: { ...others, "zone-b": { ...zone, train } } };
}
