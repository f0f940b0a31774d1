/** IPv4 arithmetic. Addresses are dotted text that was parsed before; networks are an address and a prefix length. */

export const toNumber = (ip: string): number => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

export const toIp = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");

/** Addresses in a network of that prefix length. */
export const sizeOf = (prefix: number): number => 2 ** (32 - prefix);

export type Subnet = readonly [base: string, prefix: number];

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

/** Addresses that follow each other, both ends included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** The network of that length in which the address lies. */
export function spanOf([address, prefix]: Subnet): Span {
  const first = Math.floor(toNumber(address) / sizeOf(prefix)) * sizeOf(prefix);
  return { first, last: first + sizeOf(prefix) - 1 };
}

export const overlaps = (one: Span, other: Span): boolean => one.first <= other.last && other.first <= one.last;

function isWithin(subnet: Subnet, outer: readonly Subnet[]): boolean {
  const { first, last } = spanOf(subnet);
  return outer.map(spanOf).some((one) => one.first <= first && last <= one.last);
}

/** No other site reaches it, whatever anybody says. */
export const isLocalIpv4 = (ip: string): boolean => isWithin([ip, 32], LOCAL);

/** Nobody reaches it from elsewhere unless the networks were joined. */
export const isPrivateIpv4 = (ip: string): boolean => isLocalIpv4(ip) || isPrivateSubnet([ip, 32]);

export const isPrivateSubnet = (subnet: Subnet): boolean => isWithin(subnet, PRIVATE);
