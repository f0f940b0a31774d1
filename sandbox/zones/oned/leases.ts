import type { Lease, Network } from "./objects.ts";

export interface GivenLease {
  readonly ip: string;
  readonly mac: string;
}

/** Takes that address, or the next free one; undefined when it is taken, out of range, or none is left. */
export function takeLease(network: Network, vmId: number, wanted?: string): GivenLease | undefined {
  const index = wanted === undefined ? nextFree(network) : indexOf(network, wanted);
  if (index === undefined || network.leases.has(index)) return undefined;
  const ip = ipAt(network, index);
  network.leases.set(index, { ip, vmId });
  if (wanted === undefined) network.nextIndex = (index + 1) % network.size;
  return { ip, mac: macOf(ip) };
}

export function releaseLeases(network: Network, vmId: number): void {
  for (const [index, lease] of network.leases) {
    if (lease.vmId === vmId) network.leases.delete(index);
  }
}

/** Only what is on hold; what a VM leases stays its. */
export function releaseHold(network: Network, ip: string): void {
  for (const [index, lease] of network.leases) {
    if (lease.ip === ip && lease.vmId < 0 && lease.networkId === undefined) network.leases.delete(index);
  }
}

export function releaseAddress(network: Network, ip: string): boolean {
  const index = indexOf(network, ip);
  return index !== undefined && network.leases.delete(index);
}

/** The first so many free addresses in a row become another network's; undefined when there are not as many. */
export function reserveRange(network: Network, networkId: number, size: number): string | undefined {
  for (let first = 0; first + size <= network.size; first += 1) {
    const indexes = Array.from({ length: size }, (_, step) => first + step);
    if (indexes.some((index) => network.leases.has(index))) continue;
    for (const index of indexes) network.leases.set(index, { ip: ipAt(network, index), vmId: -1, networkId });
    return ipAt(network, first);
  }
  return undefined;
}

export function releaseReservation(network: Network, networkId: number): void {
  for (const [index, lease] of network.leases) {
    if (lease.networkId === networkId) network.leases.delete(index);
  }
}

/** In the order of the addresses. */
export function leasesOf(network: Network): Lease[] {
  return [...network.leases].sort(([a], [b]) => a - b).map(([, lease]) => lease);
}

export function lastIp(network: Network): string {
  return ipAt(network, network.size - 1);
}

/** oned makes the MAC of the address: 02:00 and its four bytes. */
export function macOf(ip: string): string {
  const bytes = ip.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "00", ...bytes].join(":");
}

function nextFree(network: Network): number | undefined {
  for (let step = 0; step < network.size; step += 1) {
    const index = (network.nextIndex + step) % network.size;
    if (!network.leases.has(index)) return index;
  }
  return undefined;
}

function indexOf(network: Network, ip: string): number | undefined {
  const index = toNumber(ip) - toNumber(network.firstIp);
  return index >= 0 && index < network.size ? index : undefined;
}

function ipAt(network: Network, index: number): string {
  const value = toNumber(network.firstIp) + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

function toNumber(ip: string): number {
  return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
