import ipaddr from "ipaddr.js";
import { z } from "zod";
import type { NetworkFacts } from "../../federation/model/zone-facts.ts";
import { groupIds } from "./security-group.ts";
import { group, integer, many, optionalText, parseElement, parseMembers, readable } from "./xml.ts";

const range = z
  .object({
    IP: optionalText,
    IP_END: optionalText,
    SIZE: integer,
    FILTER_IP_SPOOFING: optionalText,
    LEASES: group({ LEASE: many(z.object({ IP: optionalText })) }),
  })
  .transform(({ IP, IP_END, SIZE, FILTER_IP_SPOOFING, LEASES }) => ({
    filter: FILTER_IP_SPOOFING,
    // A range without IP hands out IPv6 or bare Ethernet addresses: nothing that could be dialled.
    addresses:
      IP !== undefined && ipaddr.IPv4.isValid(IP)
        ? { first: IP, last: IP_END !== undefined && ipaddr.IPv4.isValid(IP_END) ? IP_END : last(IP, SIZE) }
        : undefined,
    leased: LEASES.LEASE.flatMap((lease) => (lease.IP === undefined ? [] : [lease.IP])),
  }));

const network = z
  .object({
    ID: integer,
    NAME: z.string(),
    TEMPLATE: group({
      NETWORK_MASK: optionalText,
      GUEST_MTU: optionalText,
      VN_MAD: optionalText,
      SECURITY_GROUPS: optionalText,
      GATEWAY: optionalText,
      FILTER_IP_SPOOFING: optionalText,
    }),
    AR_POOL: group({ AR: many(range) }),
  })
  .transform(({ ID, NAME, TEMPLATE, AR_POOL }): NetworkFacts => {
    const ranges = AR_POOL.AR.flatMap(({ addresses }) => (addresses === undefined ? [] : [addresses]));
    const driver = TEMPLATE.VN_MAD ?? "";
    const { GATEWAY: gateway, FILTER_IP_SPOOFING: ofNetwork } = TEMPLATE;
    const isFiltered = ({ filter }: { readonly filter: string | undefined }): boolean =>
      FILTERING.has(driver.toLowerCase()) && /^yes$/i.test(filter ?? ofNetwork ?? "");
    return {
      found: true,
      id: ID,
      name: NAME,
      ranges,
      mask: maskIn(TEMPLATE.NETWORK_MASK),
      guestMtu: numberIn(TEMPLATE.GUEST_MTU),
      driver,
      securityGroups: groupIds(TEMPLATE.SECURITY_GROUPS),
      gateway: gateway !== undefined && ipaddr.IPv4.isValid(gateway) ? gateway : null,
      filtered: AR_POOL.AR.filter(isFiltered).flatMap(({ addresses }) => (addresses === undefined ? [] : [addresses])),
      leased: AR_POOL.AR.flatMap(({ leased }) => leased),
      held: [],
    };
  });

/** Drivers that hold a card to its own address where they are told to; the others never do. */
const FILTERING: ReadonlySet<string> = new Set([
  ...["fw", "802.1q", "vxlan", "elastic", "nodeport"],
  ...["ovswitch", "ovswitch_vxlan"],
]);

/** One-context takes 255.255.255.0 for whatever is no mask. */
const maskIn = (text: string | undefined): string | null =>
  text !== undefined && ipaddr.IPv4.isValid(text) && ipaddr.IPv4.parse(text).prefixLengthFromSubnetMask() !== null
    ? text
    : null;

const numberIn = (text: string | undefined): number | null =>
  text !== undefined && /^[1-9]\d{1,4}$/.test(text) ? Number(text) : null;

/** From `vn.info`: of the leases an ordinary user is shown only those of VMs he may see. */
export function parseNetwork(xml: string): NetworkFacts {
  return parseElement(xml, "VNET", network);
}

const allocatedRange = z.object({ IP: optionalText, ALLOCATED: optionalText });
const allocatedNetwork = z.object({ ID: integer, AR_POOL: group({ AR: many(allocatedRange) }) });

/** The number of an owner that is no machine: a VM's kind, and -1. */
const HOLD = "73014444031";

export interface Allocated {
  /** In use, whoever uses them, and those that are held. */
  readonly leased: readonly string[];
  /** Set aside by somebody: no machine has them. */
  readonly held: readonly string[];
}

/**
 * Addresses that are not free, from `vnpool.info`: ALLOCATED holds pairs of an index into the range and a number for the
 * owner. Nothing for a network that the pool does not show.
 */
export function parseAllocated(xml: string, networkId: number): Allocated {
  const networks = readable(parseMembers(xml, "VNET_POOL", "VNET", allocatedNetwork));
  const ranges = networks.find(({ ID }) => ID === networkId)?.AR_POOL.AR ?? [];
  const all = ranges.flatMap(({ IP, ALLOCATED }) => {
    if (IP === undefined || ALLOCATED === undefined || !ipaddr.IPv4.isValid(IP)) return [];
    const numbers = ALLOCATED.trim().split(/\s+/);
    return numbers.flatMap((index, position) =>
      position % 2 === 0 && /^\d{1,9}$/.test(index)
        ? [{ address: after(IP, Number(index)), isHeld: numbers[position + 1] === HOLD }]
        : [],
    );
  });
  return {
    leased: all.map(({ address }) => address),
    held: all.flatMap(({ address, isHeld }) => (isHeld ? [address] : [])),
  };
}

const last = (first: string, size: number): string => after(first, Math.max(size, 1) - 1);

function after(first: string, steps: number): string {
  const octets = ipaddr.IPv4.parse(first).octets;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0) + steps;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
