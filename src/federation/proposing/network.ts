/** The free addresses of a network, and the choice of the one that training sites will dial. */
import { sha256 } from "../model/digest.ts";
import { toIp, toNumber } from "../model/ipv4.ts";
import type { NetworkFacts } from "../model/zone-facts.ts";

const size = (range: { first: string; last: string }): number => toNumber(range.last) - toNumber(range.first) + 1;

export function freeAddressCount(network: NetworkFacts): number {
  const all = network.ranges.reduce((sum, range) => sum + size(range), 0);
  return all - network.leased.filter((ip) => isInRanges(network, ip)).length;
}

export function isFree(network: NetworkFacts, ip: string): boolean {
  return isInRanges(network, ip) && !network.leased.includes(ip);
}

function isInRanges(network: NetworkFacts, ip: string): boolean {
  const value = toNumber(ip);
  return network.ranges.some(({ first, last }) => value >= toNumber(first) && value <= toNumber(last));
}

/**
 * Picks a free address. `seed` spreads picks over the ranges, so that two plans made at the same moment
 * rarely want the same one; `taken` are those of other open plans. null when none is left.
 */
export function pickAddress(network: NetworkFacts, taken: ReadonlySet<string>, seed: string): string | null {
  const unavailable = new Set([...network.leased, ...taken]);
  const total = network.ranges.reduce((sum, range) => sum + size(range), 0);
  if (total === 0) return null;
  const start = Number.parseInt(sha256(seed).slice(0, 8), 16) % total;
  const tries = Math.min(total, unavailable.size + 1);
  for (let step = 0; step < tries; step += 1) {
    const ip = addressAt(network, (start + step) % total);
    if (!unavailable.has(ip)) return ip;
  }
  return null;
}

function addressAt(network: NetworkFacts, index: number): string {
  let rest = index;
  for (const range of network.ranges) {
    if (rest < size(range)) return toIp(toNumber(range.first) + rest);
    rest -= size(range);
  }
  throw new RangeError(`Address ${index} is beyond the network's ranges.`);
}
