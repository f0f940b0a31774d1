import type { Socket } from "node:net";
import type { Address } from "../../../src/guest-protocol/address.ts";
import type { GuestId, Lead } from "../network.ts";

/** A VM that has its zone's tunnel for others. */
export type Passage = {
  readonly owner: GuestId;
  /** Where an address inside leads through its tunnel; undefined: too early to say. */
  readonly lead: (address: Address) => Lead | undefined;
  /** Sees to it that the connection falls with the tunnel. */
  readonly guard: (socket: Socket, address: Address) => void;
};

/** Zones' gateways, by zone and address: what VMs there send to one goes through its tunnel. */
export class ZoneGateways {
  readonly #passages = new Map<string, Passage>();

  open(zone: string, ip: string, passage: Passage): void {
    this.#passages.set(keyOf(zone, ip), passage);
  }

  close(zone: string, ip: string, { owner }: Pick<Passage, "owner">): void {
    if (this.at(zone, ip)?.owner === owner) this.#passages.delete(keyOf(zone, ip));
  }

  at(zone: string, ip: string): Passage | undefined {
    return this.#passages.get(keyOf(zone, ip));
  }

  /** Its VMs see only whether somebody answers. */
  lead(zone: string, ip: string, address: Address): Lead | undefined {
    const passage = this.at(zone, ip);
    if (passage === undefined) return { link: "unreachable", detail: "There is no gateway at this address." };
    const lead = passage.lead(address);
    if (lead === undefined || "port" in lead || lead.link === "tunnel-stalled" || lead.link === "refused") return lead;
    return { link: "unreachable", detail: "The gateway passes nothing on." };
  }
}

const keyOf = (zone: string, ip: string): string => `${zone}/${ip}`;
