import ipaddr from "ipaddr.js";
import { z } from "zod";
import type { NetworkFacts } from "../../federation/model/zone-facts.ts";
import { group, integer, many, optionalText, parseElement } from "./xml.ts";

const range = z
  .object({
    IP: optionalText,
    IP_END: optionalText,
    SIZE: integer,
    LEASES: group({ LEASE: many(z.object({ IP: optionalText })) }),
  })
  .transform(({ IP, IP_END, SIZE, LEASES }) => ({
    // A range without IP hands out IPv6 or bare Ethernet addresses: nothing that could be dialled.
    addresses: IP !== undefined && ipaddr.IPv4.isValid(IP) ? { first: IP, last: IP_END ?? last(IP, SIZE) } : undefined,
    leased: LEASES.LEASE.flatMap((lease) => (lease.IP === undefined ? [] : [lease.IP])),
  }));

const network = z
  .object({ ID: integer, NAME: z.string(), AR_POOL: group({ AR: many(range) }) })
  .transform(({ ID, NAME, AR_POOL }): NetworkFacts => {
    const ranges = AR_POOL.AR.flatMap(({ addresses }) => (addresses === undefined ? [] : [addresses]));
    return { found: true, id: ID, name: NAME, ranges, leased: AR_POOL.AR.flatMap(({ leased }) => leased) };
  });

/** From `vn.info`; the pool leaves the leases out. */
export function parseNetwork(xml: string): NetworkFacts {
  return parseElement(xml, "VNET", network);
}

function last(first: string, size: number): string {
  const octets = ipaddr.IPv4.parse(first).octets;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0) + Math.max(size, 1) - 1;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
