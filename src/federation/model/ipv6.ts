/** What can be said of an IPv6 address without asking anybody. Addresses are text that was parsed before. */
import { BlockList } from "node:net";

/** Unspecified, loopback, what stands for IPv4, link-local and multicast: no other site can dial these. */
const LOCAL = listOf(["::", 96], ["fe80::", 10], ["ff00::", 8]);

/** Unique local addresses, RFC 4193: reachable from elsewhere only where somebody has joined the networks. */
const PRIVATE = listOf(["fc00::", 7]);

function listOf(...subnets: readonly (readonly [base: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [base, prefix] of subnets) list.addSubnet(base, prefix, "ipv6");
  return list;
}

export const isLocalIpv6 = (ip: string): boolean => LOCAL.check(ip, "ipv6");

export const isPrivateIpv6 = (ip: string): boolean => PRIVATE.check(ip, "ipv6");
