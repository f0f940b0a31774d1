/** The addresses inside a federation's tunnels: a private range of /31 pairs, a pair for each tunnel. */
import { z } from "zod";
import { isPrivateSubnet, overlaps, type Span, type Subnet, sizeOf, spanOf, toIp, toNumber } from "../model/ipv4.ts";

/** Prefix lengths that a range may have: 32768 pairs, or two. */
const PREFIX = { widest: 16, narrowest: 30 } as const;

/** Docker's own bridge: a VM that has it would look for the hub there. */
const DOCKER = spanOf(["172.17.0.0", 16]);

/** Holds 256 pairs: more than a federation may have SuperNodes. */
const DEFAULT_PREFIX = 23;

/** Where a range is looked for when nobody asks for one. */
const DEFAULT_BASES = ["10.99.0.0", "172.22.0.0", "192.168.128.0", "100.99.0.0"] as const;
const TRIES_PER_BASE = 64;

/** Of a range that `rangeMistake` found nothing wrong with. */
function subnetOf(range: string): Subnet {
  const [base = "", prefix = ""] = range.split("/");
  return [base, Number(prefix)];
}

export const spanOfRange = (range: string): Span => spanOf(subnetOf(range));

/** What is wrong with a range that somebody typed, in a sentence; null when it can be used for so many tunnels. */
export function rangeMistake(text: string, tunnels: number): string | null {
  const [base = "", prefix = "", ...rest] = text.split("/");
  if (rest.length > 0 || !z.ipv4().safeParse(base).success || !/^\d{1,2}$/.test(prefix)) {
    return "Give an IPv4 network with its prefix length, such as 10.99.0.0/23.";
  }
  const subnet: Subnet = [base, Number(prefix)];
  if (subnet[1] < PREFIX.widest || subnet[1] > PREFIX.narrowest) {
    return `Give a prefix length from ${PREFIX.widest} to ${PREFIX.narrowest}.`;
  }
  const span = spanOf(subnet);
  if (span.first !== toNumber(base)) return `A network of that length begins at ${toIp(span.first)}. Give that.`;
  if (!isPrivateSubnet(subnet)) {
    return "Give a network within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10: tunnels would hide any other from the VMs.";
  }
  if (overlaps(span, DOCKER)) return "172.17.0.0/16 is Docker's own on many VMs. Give another network.";
  if (pairsIn(text) >= tunnels) return null;
  return `This network has ${pairsIn(text)} pairs of addresses, and these sites need ${tunnels}. Give a wider one.`;
}

/** Pairs of addresses that a range has. */
export const pairsIn = (range: string): number => sizeOf(subnetOf(range)[1]) / 2;

/** The hub's address in a pair, and the peer's. */
export function pairIn(range: string, nth: number): { readonly hub: string; readonly peer: string } {
  const first = toNumber(subnetOf(range)[0]) + 2 * nth;
  return { hub: toIp(first), peer: toIp(first + 1) };
}

/** What all peers dial, whichever pair they have. */
export const dialledIn = (range: string): string => pairIn(range, 0).hub;

/** The first range that overlaps none of these; null when there is none. */
export function freeRange(taken: readonly Span[]): string | null {
  for (const base of DEFAULT_BASES) {
    for (let step = 0; step < TRIES_PER_BASE; step += 1) {
      const subnet: Subnet = [toIp(toNumber(base) + step * sizeOf(DEFAULT_PREFIX)), DEFAULT_PREFIX];
      const span = spanOf(subnet);
      if (!taken.some((one) => overlaps(one, span))) return subnet.join("/");
    }
  }
  return null;
}
