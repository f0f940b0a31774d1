import type { GuestId } from "../network.ts";

type Service = { readonly owner: GuestId; readonly port: number };

/** SuperLinks as the VMs beside them find them: the loopback port behind an address in a zone. */
export class ZoneServices {
  readonly #services = new Map<string, Service>();

  open(zone: string, ip: string, service: Service): void {
    this.#services.set(keyOf(zone, ip), service);
  }

  close(zone: string, ip: string, { owner }: Pick<Service, "owner">): void {
    if (this.at(zone, ip)?.owner === owner) this.#services.delete(keyOf(zone, ip));
  }

  at(zone: string, ip: string): Service | undefined {
    return this.#services.get(keyOf(zone, ip));
  }
}

const keyOf = (zone: string, ip: string): string => `${zone}/${ip}`;
