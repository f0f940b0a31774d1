/** IPv4 arithmetic and the choice of the address that training sites will dial. */
import { sha256 } from "../model/digest.ts";
import type { NetworkFacts } from "../model/zone-facts.ts";

const toNumber = (ip: string): number => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const toIp = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");

type Subnet = readonly [base: string, bits: number];

/** "This" network, loopback, link-local, multicast and reserved (RFC 6890): no other site can dial these. */
const LOCAL: readonly Subnet[] = [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
];

/** RFC 1918 and RFC 6598: reachable from elsewhere only where somebody has joined the networks. */
const PRIVATE: readonly Subnet[] = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
];

function isWithin(ip: string, subnets: readonly Subnet[]): boolean {
  const value = toNumber(ip);
  return subnets.some(
    ([base, bits]) => Math.floor(value / 2 ** (32 - bits)) === Math.floor(toNumber(base) / 2 ** (32 - bits)),
  );
}

/** No other site reaches it, whatever anybody says. */
export const isLocalIpv4 = (ip: string): boolean => isWithin(ip, LOCAL);

/** Nobody reaches it from elsewhere unless the networks were joined. */
export const isPrivateIpv4 = (ip: string): boolean => isLocalIpv4(ip) || isWithin(ip, PRIVATE);

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
