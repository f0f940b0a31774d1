/** Ends of tunnels and the paths between them, with a clock that only the test moves. */
import assert from "node:assert/strict";
import { TunnelDevice } from "../../../../sandbox/hypervisor/tunnel/device.ts";
import { TunnelKey } from "../../../../sandbox/hypervisor/tunnel/tunnel-key.ts";
import { Underlay, type ZonePath } from "../../../../sandbox/hypervisor/tunnel/underlay.ts";
import { type Address, parseAddress } from "../../../../src/guest-protocol/address.ts";
import type { TunnelPeer } from "../../../../src/guest-protocol/tunnel.ts";

export const HUB_ZONE = "zone-a";
export const ENDPOINT = "203.0.113.9:51820";
const SUPERLINK = addressOf("10.99.0.0:9092");
const HUB_ADDRESS = "10.99.0.0/31";
const SERVED_AT = 4242;

export type End = { readonly owner: string; readonly device: TunnelDevice; readonly key: TunnelKey };

export class TunnelBench {
  readonly cut = new Set<string>();
  readonly underlay: Underlay;
  hub: End;
  now = 0;
  readonly #clocksBehind = new Map<string, number>();
  readonly #forged = new Map<string, string>();
  readonly #ends: End[] = [];

  constructor() {
    this.underlay = new Underlay({ isCut: (owner) => this.cut.has(owner), now: () => this.now });
    this.underlay.forward(HUB_ZONE, "203.0.113.9", 51820);
    this.hub = this.begin(`${HUB_ZONE}/1`);
    this.hub.device.configure({ own: [HUB_ADDRESS], peers: [] });
    this.hub.device.serve(SUPERLINK, () => ({ port: SERVED_AT }));
  }

  /** A VM comes up, with a key of its own or one that it had. */
  begin(owner: string, key = TunnelKey.make(), mtu = 1420): End {
    const [zone = ""] = owner.split("/");
    const isHub = zone === HUB_ZONE;
    this.underlay.plugIn(owner, zone, isHub ? 51820 : undefined);
    const device = new TunnelDevice({
      ...{ owner, underlay: this.underlay, key, mtu, isHub },
      now: () => this.now,
      wallClock: () => 1_000_000_000 + this.now - (this.#clocksBehind.get(owner) ?? 0),
      forgedSource: () => this.#forged.get(owner),
    });
    const end = { owner, device, key };
    this.#ends.push(end);
    return end;
  }

  /** A site's end that knows the hub. */
  site(owner: string, pair: number, parts: { key?: TunnelKey; mtu?: number; hubKey?: string } = {}): End {
    const end = this.begin(owner, parts.key, parts.mtu);
    end.device.configure({ own: [`${hostOfPair(pair)}/31`], peers: [this.hubAsPeer(parts.hubKey)] });
    return end;
  }

  hubAsPeer(key = this.hub.key.publicKey): TunnelPeer {
    return { key, endpoint: ENDPOINT, allowed: ["10.99.0.0/32"], replaces: null };
  }

  /** The hub is told all its peers. */
  tell(...peers: readonly TunnelPeer[]): void {
    this.hub.device.configure({ own: [HUB_ADDRESS, "10.99.0.2/31", "10.99.0.4/31"], peers });
  }

  /** The hub's VM starts again with what was on its disk. */
  rebootHub(...peers: readonly TunnelPeer[]): void {
    const { owner, key, device } = this.hub;
    const seen = device.endpoints;
    device.close();
    this.hub = this.begin(owner, key);
    this.hub.device.configure({ own: [HUB_ADDRESS, "10.99.0.2/31", "10.99.0.4/31"], peers }, seen);
    this.hub.device.serve(SUPERLINK, () => ({ port: SERVED_AT }));
  }

  setPath(zone: string, change: Partial<ZonePath>): void {
    this.underlay.setPath(zone, { ...this.underlay.pathOf(zone), ...change });
  }

  setClockBehind(owner: string, ms: number): void {
    this.#clocksBehind.set(owner, ms);
  }

  forge(owner: string, address: string): void {
    this.#forged.set(owner, address);
  }

  /** Time passes second by second, and every end does what is due. */
  passes(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1_000;
      for (const { device } of this.#ends) device.tick();
    }
  }

  /** `ok`, how the dial of the SuperLink ended, or that it is too early to say. */
  dials({ device }: End, address = SUPERLINK): string {
    const lead = device.lead(address);
    if (lead === undefined) return "too early";
    if ("link" in lead) return lead.link;
    assert.equal(lead.port, SERVED_AT);
    return "ok";
  }

  ageAtHub({ key }: End): number | null | undefined {
    return this.hub.device.links().peers.find((peer) => peer.key === key.publicKey)?.age;
  }

  get knocks(): number {
    return this.hub.device.links().knocks.reduce((sum, { count }) => sum + count, 0);
  }
}

export function asPeer({ key }: { key: TunnelKey }, pair: number, change: Partial<TunnelPeer> = {}): TunnelPeer {
  return { key: key.publicKey, endpoint: null, allowed: [`${hostOfPair(pair)}/32`], replaces: null, ...change };
}

export function addressOf(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address.ok);
  return address.value;
}

const hostOfPair = (pair: number): string => `10.99.0.${2 * pair + 1}`;
