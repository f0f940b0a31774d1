/** A SuperLink and SuperNodes in zones behind NAT, whose traffic crosses by WireGuard, without the bot. */
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import {
  decodeTunnelLinks,
  encodeTunnelPeers,
  type TunnelLinks,
  type TunnelPeer,
} from "../../src/guest-protocol/tunnel.ts";
import { FLEET_PORT, type LoneGuests, nic } from "./lone-guests.ts";

const PORT = 51_820;
const KEEPALIVE = { time: 10, timeout: 5 };

export class LoneTunnels {
  /** Where the coordinator's router forwards UDP. */
  readonly endpoint = { ip: "198.51.100.7", port: PORT };
  /** The SuperLink's inside the tunnel. */
  readonly address = "10.99.0.0";
  readonly hub: VmAddress = { zone: "coordinator", vmId: 1 };
  /** Each at the address of its own zone that the other has in its own. */
  readonly nodes: readonly VmAddress[] = [
    { zone: "training-b", vmId: 2 },
    { zone: "training-c", vmId: 3 },
  ];
  readonly guests: LoneGuests;
  #sequence = 0;

  constructor(guests: LoneGuests) {
    this.guests = guests;
  }

  /** Resolves when all serve. */
  async deploy(): Promise<void> {
    const { guests, hub, nodes, address } = this;
    const dialled = `${address}:${FLEET_PORT}`;
    await guests.client.forward(hub.zone, this.endpoint);
    const tunnel = { [CONTEXT.tunnelKind]: "own", [CONTEXT.tunnelMtu]: "1420" };
    await guests.start(hub, {
      ...guests.context(hub.zone, KEEPALIVE),
      ...nic("10.10.0"),
      ...tunnel,
      [CONTEXT.tunnelAddress]: `${address}/31`,
      [CONTEXT.tunnelPort]: String(PORT),
      [CONTEXT.role]: "superlink",
      [CONTEXT.dialledAddress]: dialled,
    });
    for (const vm of nodes) {
      await guests.start(vm, {
        ...guests.context(vm.zone, KEEPALIVE),
        ...nic("10.20.0"),
        ...tunnel,
        [CONTEXT.role]: "supernode",
        [CONTEXT.superlinkAddress]: dialled,
        [CONTEXT.caCertificate]: encodePem([guests.authority.certificatePem]),
      });
    }
    await this.connect();
    await guests.certify(hub, address);
    await guests.admit(hub, nodes);
  }

  /** Tells every end of the others, by the keys that they say now. */
  async connect(): Promise<void> {
    const keys = await Promise.all(this.nodes.map((vm) => this.key(vm)));
    this.tellHub(keys.map((key, index) => this.node(index, key)));
    const key = await this.key(this.hub);
    for (const index of this.nodes.keys()) this.tellNode(index, [this.hubAs(key)]);
  }

  key(vm: VmAddress): Promise<string> {
    return this.guests.published(vm, PUBLISHED.tunnelKey, () => true);
  }

  /** A SuperNode as the hub is told of it. */
  node(index: number, key: string): TunnelPeer {
    return { key, endpoint: null, allowed: [`10.99.0.${2 * index + 1}/32`], replaces: null };
  }

  /** The hub as a SuperNode is told of it. */
  hubAs(key: string): TunnelPeer {
    return { key, endpoint: `${this.endpoint.ip}:${PORT}`, allowed: [`${this.address}/32`], replaces: null };
  }

  tellHub(peers: readonly TunnelPeer[]): void {
    const own = this.nodes.map((_, index) => `10.99.0.${2 * index}/31`);
    this.#tell(this.hub, own, peers);
  }

  tellNode(index: number, peers: readonly TunnelPeer[]): void {
    const vm = this.nodes[index];
    if (vm !== undefined) this.#tell(vm, [`10.99.0.${2 * index + 1}/31`], peers);
  }

  /** What an end says of its tunnels; null before it has said anything. */
  links(vm: VmAddress): TunnelLinks | null {
    const decoded = decodeTunnelLinks(this.guests.says(vm, PUBLISHED.tunnelLinks));
    return decoded.ok ? decoded.value : null;
  }

  async inside(vm: VmAddress): Promise<Inside> {
    return new Inside(await this.guests.view(vm));
  }

  #tell(vm: VmAddress, own: readonly string[], peers: readonly TunnelPeer[]): void {
    this.#sequence += 1;
    this.guests.give(vm, GIVEN.tunnelPeers, encodeTunnelPeers({ sequence: this.#sequence, own, peers }));
  }
}
