import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Fault } from "../../../../sandbox/hypervisor/faults.ts";
import type { VmAddress } from "../../../../sandbox/hypervisor/hypervisor.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../../../src/guest-protocol/names.ts";
import { decodeNodeList } from "../../../../src/guest-protocol/node-list.ts";
import {
  decodeTunnelLinks,
  encodeTunnelPeers,
  parseTunnelKey,
  type TunnelLinks,
  type TunnelPeer,
} from "../../../../src/guest-protocol/tunnel.ts";
import { eventually } from "../../../waiting.ts";
import { GuestsFixture } from "../guests-fixture.ts";

let guests: GuestsFixture;
before(async () => {
  guests = await GuestsFixture.start();
});
after(() => guests.close());

let federations = 0;

/** A SuperLink behind a router that forwards its port, and a site with two SuperNodes; the test plays the bot. */
class Federation {
  readonly hubZone: string;
  readonly siteZone: string;
  readonly hub: VmAddress;
  readonly nodes: readonly [VmAddress, VmAddress];
  readonly endpoint: string;
  readonly #ip: string;
  #sequence = 0;
  readonly #keys = new Map<VmAddress, string>();

  constructor() {
    federations += 1;
    this.hubZone = `hub-${federations}`;
    this.siteZone = `site-${federations}`;
    this.hub = { zone: this.hubZone, vmId: 1 };
    this.nodes = [
      { zone: this.siteZone, vmId: 1 },
      { zone: this.siteZone, vmId: 2 },
    ];
    this.#ip = `203.0.113.${federations}`;
    this.endpoint = `${this.#ip}:51820`;
  }

  /** The hub serves; its key is known. */
  async serve(): Promise<void> {
    await guests.client.forward(this.hubZone, { ip: this.#ip, port: 51820 });
    await guests.startSuperlink(this.hub, {
      [CONTEXT.dialledAddress]: "10.99.0.0:9092",
      [CONTEXT.tunnelKind]: "own",
      [CONTEXT.tunnelAddress]: "10.99.0.0/31",
      [CONTEXT.tunnelPort]: "51820",
      [CONTEXT.tunnelMtu]: "1420",
    });
    await guests.certify(this.hub);
    await guests.shows(this.hub, PUBLISHED.stage, "serving");
    await this.learnKey(this.hub);
  }

  async startNode(vm: VmAddress, extra: Record<string, string> = {}): Promise<void> {
    await guests.startSupernode(vm, {
      [CONTEXT.superlinkAddress]: "10.99.0.0:9092",
      [CONTEXT.tunnelKind]: "own",
      [CONTEXT.tunnelMtu]: "1420",
      ...extra,
    });
    await guests.published(vm, PUBLISHED.nodeKey);
  }

  async learnKey(vm: VmAddress): Promise<string> {
    const key = await guests.published(vm, PUBLISHED.tunnelKey);
    this.#keys.set(vm, key);
    return key;
  }

  keyOf(vm: VmAddress): string {
    return this.#keys.get(vm) ?? "";
  }

  /** What the hub is told: these SuperNodes, by their pairs, and what else there is. */
  tellHub(nodes: readonly VmAddress[], ...others: readonly TunnelPeer[]): void {
    const peers = nodes.map((vm) => ({ ...NOTHING, key: this.keyOf(vm), allowed: [`${this.#hostOf(vm)}/32`] }));
    this.#tell(this.hub, ["10.99.0.0/31", "10.99.0.2/31"], [...peers, ...others]);
  }

  tellNode(vm: VmAddress, ...others: readonly TunnelPeer[]): void {
    const hub = { ...NOTHING, key: this.keyOf(this.hub), endpoint: this.endpoint, allowed: ["10.99.0.0/32"] };
    this.#tell(vm, [`${this.#hostOf(vm)}/31`], [hub, ...others]);
  }

  /** All SuperNodes run, are told and admitted, and serve. */
  async comeUp(): Promise<void> {
    await this.serve();
    for (const vm of this.nodes) {
      await this.startNode(vm);
      await this.learnKey(vm);
      this.tellNode(vm);
    }
    this.tellHub(this.nodes);
    await guests.admit(this.hub, 1, this.nodes);
    await this.allAre("online");
  }

  allAre(status: string): Promise<void> {
    return guests.sees(
      this.hub,
      this.nodes.map((vm) => [vm, status] as const),
    );
  }

  fault(fault: Fault, vm: VmAddress): Promise<void> {
    return guests.client.addFault({ ...vm, fault });
  }

  #tell(vm: VmAddress, own: readonly string[], peers: readonly TunnelPeer[]): void {
    this.#sequence += 1;
    guests.give(vm, GIVEN.tunnelPeers, encodeTunnelPeers({ sequence: this.#sequence, own, peers }));
  }

  #hostOf({ vmId }: VmAddress): string {
    return `10.99.0.${2 * vmId - 1}`;
  }
}

const NOBODY = `${"ab".repeat(21)}w=`;
const NOTHING = { endpoint: null, allowed: [], replaces: null };

/** As soon as WG_LINKS of the VM is so. */
const links = (vm: VmAddress, what: string, holds: (links: TunnelLinks) => boolean): Promise<TunnelLinks> =>
  eventually(`${what} in WG_LINKS of ${vm.zone}/${vm.vmId}`, () => {
    const decoded = decodeTunnelLinks(guests.oneGate.attributes(vm).get(PUBLISHED.tunnelLinks) ?? "");
    return decoded.ok && holds(decoded.value) ? decoded.value : undefined;
  });

describe("a federation of quick guests with a tunnel", () => {
  const federation = new Federation();
  const { hub, nodes } = federation;
  const [first, second] = nodes;

  it("the SuperLink publishes its key before it has a certificate, a SuperNode with its node key", async () => {
    await federation.serve();
    const [request] = guests.oneGate.updates(hub).filter((update) => update.has(PUBLISHED.certificateRequest));
    assert.equal(request?.get(PUBLISHED.tunnelKey), federation.keyOf(hub));
    assert.equal(parseTunnelKey(federation.keyOf(hub)).ok, true);
    await federation.startNode(first);
    await federation.learnKey(first);
    const [keys] = guests.oneGate.updates(first).filter((update) => update.has(PUBLISHED.nodeKey));
    assert.equal(keys?.get(PUBLISHED.tunnelKey), federation.keyOf(first));
  });

  it("a SuperNode dials nobody before it is told its peers, even when it is admitted", async () => {
    await guests.shows(first, PUBLISHED.stage, "awaiting-admission");
    const looks = guests.oneGate.looks(first);
    await eventually("more looks", () => (guests.oneGate.looks(first) > looks + 3 ? true : undefined));
    assert.equal(guests.oneGate.attributes(first).has(PUBLISHED.link), false);
    await guests.admit(hub, 1, [first]);
    await guests.sees(hub, [[first, "registered"]]);
  });

  it("one that the hub does not know yet says that the tunnel is silent, and the hub says who knocks", async () => {
    federation.tellNode(first);
    await guests.shows(first, PUBLISHED.link, "tunnel-silent");
    await guests.shows(first, PUBLISHED.reason, "link-down");
    federation.tellHub([hub]);
    await guests.shows(hub, PUBLISHED.reason, "peers-malformed");
    federation.tellHub([], { ...NOTHING, key: NOBODY });
    const { knocks } = await links(hub, "a knock", (said) => said.knocks.length > 0);
    assert.ok((knocks[0]?.count ?? 0) > 0);
    const site = await links(first, "the hub without a handshake", (said) => said.peers.length > 0);
    assert.deepEqual([site.peers[0]?.age, site.peers[0]?.rx], [null, 0]);
  });

  it("once both know each other it serves, and both ends say so at once", async () => {
    federation.tellHub([first]);
    await guests.shows(first, PUBLISHED.link, "ok");
    await guests.shows(first, PUBLISHED.ready, "YES");
    await guests.sees(hub, [[first, "online"]]);
    const at = await links(hub, "the peer", ({ peers }) => peers.some(({ age }) => age !== null));
    assert.deepEqual(
      at.peers.map(({ key }) => key),
      [federation.keyOf(first)],
    );
    assert.match(at.peers[0]?.endpoint ?? "", /^198\.18\.0\.\d+:\d+$/);
    const from = await links(first, "the hub", ({ peers }) => peers.some(({ age }) => age !== null));
    assert.equal(from.peers[0]?.endpoint, federation.endpoint);
    assert.ok((from.peers[0]?.rx ?? 0) > 0 && (at.peers[0]?.rx ?? 0) > 0);
  });

  it("the SuperLink's address inside leads nowhere without a tunnel", async () => {
    const outside = { zone: "without-tunnel", vmId: 1 };
    await guests.startSupernode(outside, { [CONTEXT.superlinkAddress]: "10.99.0.0:9092" });
    await guests.shows(outside, PUBLISHED.link, "unreachable");
  });

  it("WG_PEERS that cannot be read, or is not newer, changes nothing; the first is said", async () => {
    const told = guests.oneGate.attributes(hub).get(GIVEN.tunnelPeers) ?? "";
    for (const vm of [hub, first]) {
      const value = guests.oneGate.attributes(vm).get(GIVEN.tunnelPeers) ?? "";
      guests.give(vm, GIVEN.tunnelPeers, `${value.slice(0, -8)}AAAAAAA=`);
      await guests.shows(vm, PUBLISHED.reason, "peers-malformed");
      await guests.shows(vm, PUBLISHED.stage, "serving");
      guests.give(vm, GIVEN.tunnelPeers, value);
      await guests.shows(vm, PUBLISHED.reason, "none");
    }
    guests.give(hub, GIVEN.tunnelPeers, encodeTunnelPeers({ sequence: 1, own: ["10.99.0.0/31"], peers: [] }));
    const looks = guests.oneGate.looks(hub);
    await eventually("looks at the old list", () => (guests.oneGate.looks(hub) > looks + 2 ? true : undefined));
    await guests.sees(hub, [[first, "online"]]);
    guests.give(hub, GIVEN.tunnelPeers, told);
  });

  it("a reboot of either end keeps key and peers, without bot or OneGate's word", async () => {
    await federation.startNode(second);
    await federation.learnKey(second);
    federation.tellNode(second);
    federation.tellHub(nodes);
    await guests.admit(hub, 2, nodes);
    await federation.allAre("online");
    for (const vm of [hub, first]) {
      guests.oneGate.attributes(vm).delete(GIVEN.tunnelPeers);
      guests.oneGate.attributes(vm).delete(PUBLISHED.tunnelKey);
      await guests.client.reboot(vm);
      await guests.servesAgain(vm);
      assert.equal(await guests.published(vm, PUBLISHED.tunnelKey), federation.keyOf(vm));
    }
    await federation.allAre("online");
  });

  it("WG_LINKS goes with every second heartbeat and costs no update of its own", async () => {
    const seen = guests.oneGate.updates(second).length;
    const since = () => guests.oneGate.updates(second).slice(seen);
    await eventually("four heartbeats", () =>
      since().filter((update) => update.has(PUBLISHED.heartbeat)).length >= 4 ? true : undefined,
    );
    const said = since().filter((update) => update.has(PUBLISHED.tunnelLinks));
    assert.ok(said.length >= 1);
    assert.ok(said.every((update) => update.has(PUBLISHED.heartbeat)));
    assert.ok(since().some((update) => update.has(PUBLISHED.heartbeat) && !update.has(PUBLISHED.tunnelLinks)));
  });

  it("a path that is cut takes the site off the SuperLink, is told as a silent tunnel, and heals", async () => {
    await guests.client.setPath(federation.siteZone, { udp: "blocked" });
    await federation.allAre("offline");
    await guests.shows(first, PUBLISHED.link, "tunnel-silent");
    const { peers } = await links(hub, "no living peer", (said) => said.peers.every(({ age }) => (age ?? 999) > 180));
    assert.equal(peers.length, 2);
    await guests.client.setPath(federation.siteZone, { udp: "open" });
    await federation.allAre("online");
    await guests.shows(first, PUBLISHED.link, "ok");
  });

  it("a path that carries no large packets is told as stalled", async () => {
    await guests.client.setPath(federation.siteZone, { mtu: 1400 });
    await guests.shows(first, PUBLISHED.link, "tunnel-stalled");
    await guests.client.setPath(federation.siteZone, { mtu: 1500 });
    await guests.shows(first, PUBLISHED.link, "ok");
  });

  it("a SuperLink whose programs died refuses; a SuperNode that the hub forgets is silent and goes offline", async () => {
    await guests.client.kill(hub);
    await guests.shows(first, PUBLISHED.link, "tunnel-refused");
    await guests.client.reboot(hub);
    await federation.allAre("online");
    federation.tellHub([second]);
    await guests.sees(hub, [
      [first, "offline"],
      [second, "online"],
    ]);
    await guests.shows(first, PUBLISHED.link, "tunnel-silent");
    await links(hub, "one peer", ({ peers }) => peers.length === 1 && peers[0]?.key === federation.keyOf(second));
  });
});

describe("tunnel keys of quick guests", () => {
  const federation = new Federation();
  const { hub, nodes } = federation;
  const [first, second] = nodes;

  it("are changed on demand: asked for, told, taken into use; no SuperNode is lost", async () => {
    await federation.comeUp();
    const updates = guests.oneGate.updates(hub).length;
    await change(first, (successor) => federation.tellHub(nodes, ...successor), [hub]);
    await change(
      hub,
      (successor) => {
        for (const node of nodes) federation.tellNode(node, ...successor);
      },
      nodes,
    );
    await guests.shows(first, PUBLISHED.link, "ok");
    const listed = guests.oneGate
      .updates(hub)
      .slice(updates)
      .map((update) => decodeNodeList(update.get(PUBLISHED.nodes) ?? ""))
      .flatMap((list) => (list.ok ? list.value : []));
    assert.ok(listed.length > 0 && listed.every(({ status }) => status === "online"));
  });

  /** As the bot does it: `tell` tells the other ends all their peers, and the key that follows on the old one. */
  async function change(
    vm: VmAddress,
    tell: (successor: readonly TunnelPeer[]) => void,
    others: readonly VmAddress[],
  ): Promise<void> {
    const old = federation.keyOf(vm);
    guests.give(vm, GIVEN.rotateTunnelKey, "1");
    const next = await guests.published(vm, PUBLISHED.nextTunnelKey);
    assert.equal(await guests.published(vm, PUBLISHED.tunnelKey), old);
    tell([{ key: next, endpoint: vm === hub ? federation.endpoint : null, allowed: [], replaces: old }]);
    for (const other of others)
      await links(other, "the next key", ({ peers }) => peers.some(({ key }) => key === next));
    guests.give(vm, GIVEN.switchTunnelKey, next);
    await guests.shows(vm, PUBLISHED.tunnelKey, next);
    await federation.learnKey(vm);
    const isInUse = ({ peers }: TunnelLinks) => peers.some(({ key, age }) => key === next && age !== null);
    for (const other of others) await links(other, "the new key in use", isInUse);
    tell([]);
    for (const other of others)
      await links(other, "the old key gone", ({ peers }) => peers.every(({ key }) => key !== old));
  }

  it("that were changed stay changed over a reboot, and the same WG_ROTATE asks for nothing more", async () => {
    await guests.client.reboot(first);
    await guests.servesAgain(first);
    assert.equal(await guests.published(first, PUBLISHED.tunnelKey), federation.keyOf(first));
    assert.equal(await guests.published(first, PUBLISHED.nextTunnelKey), federation.keyOf(first));
  });

  it("are the same on a copied disk", async () => {
    await guests.client.clone(first, second);
    await guests.shows(second, PUBLISHED.tunnelKey, federation.keyOf(first));
  });

  it("can be lies: of nobody, of another SuperNode, of the hub", async () => {
    const [liar, thief] = [
      { zone: "liars", vmId: 1 },
      { zone: "liars", vmId: 2 },
    ];
    await federation.fault({ kind: "false-tunnel-key" }, liar);
    await federation.fault({ kind: "hub-tunnel-key" }, thief);
    for (const vm of [liar, thief]) await federation.startNode(vm);
    const nobodys = await guests.published(liar, PUBLISHED.tunnelKey);
    assert.equal(parseTunnelKey(nobodys).ok, true);
    assert.ok((await publishedBy("superlink")).includes(await guests.published(thief, PUBLISHED.tunnelKey)));
    await guests.client.clearFaults();
    const own = await guests.published(liar, PUBLISHED.tunnelKey, (key) => key !== nobodys);
    await federation.fault({ kind: "copied-tunnel-key" }, liar);
    const copied = await guests.published(liar, PUBLISHED.tunnelKey, (key) => key !== own);
    assert.equal((await publishedBy("supernode")).filter((key) => key === copied).length > 1, true);
    await guests.client.clearFaults();
  });
});

/** The tunnel keys that stand at VMs of this role. */
async function publishedBy(role: string): Promise<readonly (string | undefined)[]> {
  const all = (await guests.client.guests()).filter((guest) => guest.role === role);
  return all.map((vm) => guests.oneGate.attributes(vm).get(PUBLISHED.tunnelKey));
}

describe("a guest's CONTEXT of a tunnel", () => {
  it("is refused with a value that is missing or not of its form, and where no device can be made that is said", async () => {
    const federation = new Federation();
    const [node, other] = federation.nodes;
    for (const [vm, name, value] of [
      [node, CONTEXT.tunnelKind, "gateway"],
      [other, CONTEXT.tunnelMtu, "1500"],
    ] as const) {
      await guests.startSupernode(vm, {
        [CONTEXT.superlinkAddress]: "10.99.0.0:9092",
        [CONTEXT.tunnelKind]: "own",
        [CONTEXT.tunnelMtu]: "1420",
        [name]: value,
      });
      await guests.shows(vm, PUBLISHED.stage, "failed");
      await guests.shows(vm, PUBLISHED.reason, "context-invalid");
    }
    await federation.fault({ kind: "tunnel-unavailable" }, federation.hub);
    await guests.startSuperlink(federation.hub, {
      [CONTEXT.tunnelKind]: "own",
      [CONTEXT.tunnelAddress]: "10.99.0.0/31",
      [CONTEXT.tunnelPort]: "51820",
      [CONTEXT.tunnelMtu]: "1420",
    });
    await guests.shows(federation.hub, PUBLISHED.reason, "tunnel-unavailable");
    await guests.client.clearFaults();
  });
});
