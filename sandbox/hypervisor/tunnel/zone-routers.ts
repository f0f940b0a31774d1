import { z } from "zod";
import type { Address } from "../../../src/guest-protocol/address.ts";
import type { Lead } from "../network.ts";
import { TunnelDevice } from "./device.ts";
import { TunnelKey } from "./tunnel-key.ts";
import type { Underlay } from "./underlay.ts";

/** What a zone's router is set up with: its WireGuard device, and what it does with packets. */
export const routerConfiguration = z.object({
  address: z.cidrv4(),
  mtu: z.int(),
  peer: z.object({ key: z.string(), endpoint: z.string(), allowed: z.array(z.cidrv4()).min(1) }),
  /** As nftables reads them; quick guests' routers pass on by themselves. */
  rules: z.string(),
});
export type RouterConfiguration = z.infer<typeof routerConfiguration>;

/** Real milliseconds between two looks of a router at what is due, whether or not its VMs send anything. */
const TURN_MS = 250;

/** Zones' own routers, set up by their administrators: what VMs send to an address inside goes through their tunnel. */
export class ZoneRouters {
  readonly #underlay: Underlay;
  readonly #now: () => number;
  readonly #devices = new Map<string, TunnelDevice>();

  /** `now`: milliseconds at speed 1. */
  constructor(parts: { underlay: Underlay; now: () => number }) {
    this.#underlay = parts.underlay;
    this.#now = parts.now;
    setInterval(() => {
      for (const device of this.#devices.values()) device.tick();
    }, TURN_MS).unref();
  }

  /** @returns the public half of the key that is made for it */
  setUp(zone: string, { address, mtu, peer }: RouterConfiguration): string {
    this.#devices.get(zone)?.close();
    const owner = `${zone}/router`;
    const key = TunnelKey.make();
    this.#underlay.plugIn(owner, zone, undefined);
    const device = new TunnelDevice({
      owner,
      underlay: this.#underlay,
      key,
      mtu,
      isHub: false,
      now: this.#now,
      wallClock: () => performance.timeOrigin + performance.now(),
      forgedSource: () => undefined,
    });
    device.configure({ own: [address], peers: [{ ...peer, replaces: null }] });
    this.#devices.set(zone, device);
    return key.publicKey;
  }

  has(zone: string): boolean {
    return this.#devices.has(zone);
  }

  /** Where an address leads for the zone's VMs. They see only whether somebody answers; undefined: too early to say. */
  lead(zone: string, address: Address): Lead | undefined {
    const lead = this.#devices.get(zone)?.lead(address);
    if (lead === undefined || "port" in lead) return lead;
    const isSilent = lead.link === "tunnel-silent" || lead.link === "tunnel-refused";
    return isSilent ? { link: "unreachable", detail: "The router passes nothing on." } : lead;
  }
}
