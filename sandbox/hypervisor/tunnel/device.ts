import { randomUUID } from "node:crypto";
import { BlockList } from "node:net";
import { type Address, formatAddress } from "../../../src/guest-protocol/address.ts";
import { MAX_COUNTED, type TunnelLinks, type TunnelPeers } from "../../../src/guest-protocol/tunnel.ts";
import type { GuestId, Lead } from "../network.ts";
import { Peer } from "./peer.ts";
import type { TunnelKey } from "./tunnel-key.ts";
import type { Underlay } from "./underlay.ts";

/** Bytes of WireGuard's messages, and of what IPv4 and UDP put before them and WireGuard around what it carries. */
const BYTES = { initiation: 148, response: 92, keepalive: 32, headers: 28, around: 32, small: 60 };

/** Since anything came: one is answered at once where all is well. */
const VAIN_KNOCKS = 2;

const SMALL: Packets = { bytes: BYTES.small, answer: BYTES.small };

/** The first message of a handshake. */
type Initiation = {
  readonly sender: string;
  readonly recipient: string;
  readonly timestamp: number;
  readonly proof: string;
};
type Response = { readonly session: string; readonly proof: string };

/** A packet of a session; without `inner` a keepalive. */
type Carried = {
  readonly session: string;
  readonly bytes: number;
  /** Bytes that come back for it. */
  readonly answer: number;
  readonly inner?: { readonly source: string; readonly destination: Address };
};

/** What is sent in one go; `largest` where it is several packets. */
type Packets = { readonly bytes: number; readonly answer: number; readonly largest?: number };

/** What a TCP packet met at the other end: a loopback port, a host where nobody listens, or nobody behind it. */
export type Met = { readonly port: number } | "refused" | "nobody";

/** Where what is served inside leads now. */
export type Served = () => Met;

export type DeviceParts = {
  readonly owner: GuestId;
  readonly underlay: Underlay;
  readonly key: TunnelKey;
  readonly mtu: number;
  /** Whether others begin with it: such a one counts who tries. */
  readonly isHub: boolean;
  /** Milliseconds at speed 1, by a clock that nobody sets. */
  readonly now: () => number;
  /** Milliseconds, by the VM's own clock. */
  readonly wallClock: () => number;
  /** The address that it sends with in place of its own, where somebody else has the say in the VM. */
  readonly forgedSource: () => string | undefined;
};

/**
 * One end of a tunnel. What passes is decided by what both ends really know, as WireGuard does: a handshake takes both
 * private keys and each other's public ones, a packet an address that is allowed at the end that receives it.
 */
export class TunnelDevice {
  readonly #parts: DeviceParts;
  #key: TunnelKey;
  #own: readonly string[] = [];
  readonly #peers = new Map<string, Peer>();
  /** By inner `host:port`. */
  readonly #services = new Map<string, Served>();
  readonly #knocks = new Map<string, number>();
  /** By address inside: what was not for this end. */
  readonly #strays = new Map<string, number>();
  #forged = 0;

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.#key = parts.key;
    parts.underlay.attach(parts.owner, this);
  }

  /** `seen`: endpoints of an earlier life, by key. */
  configure({ own, peers }: Omit<TunnelPeers, "sequence">, seen: ReadonlyMap<string, string> = new Map()): void {
    this.#own = own;
    const others = peers.filter(({ key }) => key !== this.#key.publicKey);
    const keys = new Set(others.map(({ key }) => key));
    for (const key of this.#peers.keys()) if (!keys.has(key)) this.#peers.delete(key);
    for (const told of others) {
      const known = this.#peers.get(told.key);
      if (known === undefined) this.#peers.set(told.key, new Peer(told, seen.get(told.key), this.#parts.now()));
      else known.told(told);
    }
    for (const peer of this.#peers.values()) this.#moveNetworks(peer);
    this.tick();
  }

  /** In place: peers stay, and every session begins anew. */
  useKey(key: TunnelKey): void {
    this.#key = key;
    for (const peer of this.#peers.values()) peer.ownKeyChanged(this.#parts.now());
    this.tick();
  }

  /** Lets a dialled address inside lead there, while the address is one of its own. */
  serve(address: Address, served: Served): void {
    this.#services.set(formatAddress(address), served);
  }

  close(): void {
    this.#parts.underlay.detach(this.#parts.owner, this);
  }

  /** Does what is due by now, so that whoever looks late sees no silence that is none. */
  tick(): void {
    const now = this.#parts.now();
    for (const peer of this.#peers.values()) {
      if (this.#parts.isHub && peer.isDeaf(now, this.#knocksOf(peer))) peer.makeAnew(now);
      if (peer.wantsHandshake(now)) this.#initiate(peer, now);
      if (peer.wantsKeepalive(now)) {
        peer.keptAlive(now);
        this.#send(peer, { bytes: BYTES.keepalive, answer: 0 });
      }
    }
  }

  links(): TunnelLinks {
    this.tick();
    const now = this.#parts.now();
    const peers = [...this.#peers.values()].map((peer) => peer.state(now));
    return { peers, knocks: counted(this.#knocks), strays: counted(this.#strays), forged: this.#forged };
  }

  /** The peers with which there is a tunnel now. */
  get linked(): readonly Peer[] {
    const now = this.#parts.now();
    return [...this.#peers.values()].filter((peer) => peer.sessionAt(now) !== undefined);
  }

  /**
   * Who is there: the peers, those with which there is a tunnel now or who are in two places, whence it is knocked in
   * vain, and about how much was dropped.
   */
  get attendance(): string {
    const { linked } = this;
    const now = this.#parts.now();
    const heard = linked.filter((peer) => peer.isHeard(now));
    const known = new Set(heard.map(({ endpoint }) => addressIn(endpoint ?? "")));
    const strangers = [...this.#knocks].filter(([host]) => !known.has(host)).map(about);
    const dropped: readonly [string, number][] = [...this.#strays, ["forged", this.#forged]];
    const restless = [...this.#peers.values()].filter((peer) => peer.isRestless(now));
    const keys = [linked, restless].map((peers) => peers.map(({ key }) => key));
    return [[...this.#peers.keys()], ...keys, strangers, this.#vain, dropped.map(about)]
      .map((each) => each.join())
      .join(" ");
  }

  /** Knocks from where somebody is known, since anything came from there: of several behind one address, from any. */
  get #vain(): readonly string[] {
    const counts = new Map<string, number>();
    for (const peer of this.#peers.values()) {
      const place = addressIn(peer.endpoint ?? "");
      const count = peer.knocksInVain(this.#knocksOf(peer));
      counts.set(place, Math.min(counts.get(place) ?? count, count));
    }
    return [...counts].filter(([, count]) => count >= VAIN_KNOCKS).map(about);
  }

  /** Where each peer was last, by key. */
  get endpoints(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#peers.values()].flatMap(({ key, endpoint }) => (endpoint === null ? [] : [[key, endpoint]])),
    );
  }

  /** Where a dialled address leads through the tunnel; undefined while it is too early to say why it leads nowhere. */
  lead(address: Address): Lead | undefined {
    this.tick();
    const peer = this.#peerFor(address.host.value);
    if (peer === undefined) return { link: "unreachable", detail: "No tunnel leads to this address." };
    const now = this.#parts.now();
    const hasSession = peer.sessionAt(now) !== undefined;
    const met = hasSession ? this.#ask(peer, address, SMALL) : undefined;
    if (met === undefined) return peer.isNew(now) ? undefined : this.#silence(peer);
    if (met === "nobody") return { link: "unreachable", detail: "Nobody answers behind the tunnel." };
    if (met === "refused") return { link: "refused", detail: "Nobody listens at this port inside the tunnel." };
    const stalls = this.#ask(peer, address, { ...SMALL, bytes: this.#parts.mtu }) === undefined;
    return stalls ? { link: "tunnel-stalled", detail: "Large packets are lost." } : met;
  }

  /** Whether a connection to this address would go on now; what is sent in vain brings a new handshake in time. */
  carries(address: Address, bytes: { sent: number; received: number }): boolean {
    this.tick();
    const peer = this.#peerFor(address.host.value);
    if (peer?.sessionAt(this.#parts.now()) === undefined) return false;
    const ping = { bytes: BYTES.small + bytes.sent, answer: BYTES.small + bytes.received, largest: BYTES.small };
    const met = this.#ask(peer, address, ping);
    return met !== undefined && met !== "nobody";
  }

  /** @returns the answer, or undefined: an end that does not know the sender says nothing at all. */
  initiated({ sender, recipient, timestamp, proof }: Initiation, from: string): Response | undefined {
    this.#countKnock(from);
    const peer = this.#peers.get(sender);
    const isForUs = recipient === this.#key.publicKey;
    if (!isForUs || peer === undefined || proof !== this.#key.proof(sender, initiationWords(timestamp)))
      return undefined;
    if (!peer.isNews(timestamp)) return undefined;
    const session = randomUUID();
    this.#received(peer, BYTES.initiation, from);
    peer.sent(BYTES.response);
    this.#shookHands(peer, session, false);
    return { session, proof: this.#key.proof(sender, responseWords(session)) ?? "" };
  }

  /** @returns what a TCP packet meets here; undefined where it is dropped, and for a keepalive. */
  arrived({ session, bytes, answer, inner }: Carried, from: string): Met | undefined {
    const now = this.#parts.now();
    const peer = [...this.#peers.values()].find((one) => one.sessionAt(now) === session);
    if (peer === undefined) return undefined;
    this.#received(peer, bytes, from);
    // Whose address it is, and who gets the answer, follow from the same list. Nothing is handed on to another peer.
    if (inner === undefined || !this.#isTaken(peer, inner)) return undefined;
    peer.sent(answer);
    return this.#services.get(formatAddress(inner.destination))?.() ?? "refused";
  }

  /** Sends what is not for the other end, as somebody else in the VM might who has the say there. */
  stray(destination: Address): void {
    const source = hostOf(this.#own[0] ?? "");
    for (const peer of this.linked) this.#send(peer, SMALL, { source, destination });
  }

  /** What is forged or strays is dropped, and counted. */
  #isTaken(peer: Peer, { source, destination }: NonNullable<Carried["inner"]>): boolean {
    const isItsOwn = this.#peerFor(source) === peer;
    const isForUs = this.#isOwn(destination);
    if (!isItsOwn) this.#forged += 1;
    else if (!isForUs) this.#strays.set(source, (this.#strays.get(source) ?? 0) + 1);
    return isItsOwn && isForUs;
  }

  #initiate(peer: Peer, now: number): void {
    const { owner, underlay, wallClock } = this.#parts;
    peer.tried(now);
    peer.sent(BYTES.initiation);
    const timestamp = wallClock();
    const proof = this.#key.proof(peer.key, initiationWords(timestamp));
    const delivery = underlay.send(owner, peer.endpoint ?? "", BYTES.initiation + BYTES.headers);
    if (proof === undefined || delivery.kind !== "delivered") return;
    const initiation = { sender: this.#key.publicKey, recipient: peer.key, timestamp, proof };
    const response = delivery.device.initiated(initiation, delivery.from);
    if (response === undefined || response.proof !== this.#key.proof(peer.key, responseWords(response.session))) return;
    this.#received(peer, BYTES.response, null);
    this.#shookHands(peer, response.session, true);
  }

  #shookHands(peer: Peer, session: string, isInitiator: boolean): void {
    peer.shookHands(this.#parts.now(), session, isInitiator);
    this.#moveNetworks(peer);
  }

  /** A key that was told as another's successor takes over its networks when it shows that it is in use. */
  #moveNetworks(peer: Peer): void {
    const before = peer.replaces === null ? undefined : this.#peers.get(peer.replaces);
    if (before === undefined || peer.allowed.length > 0 || peer.sessionAt(this.#parts.now()) === undefined) return;
    peer.allowed = before.allowed;
    before.allowed = [];
  }

  /** TCP packets, and what comes of them. */
  #ask(peer: Peer, destination: Address, packets: Packets): Met | undefined {
    const source = this.#parts.forgedSource() ?? hostOf(this.#own[0] ?? "");
    const met = this.#send(peer, packets, { source, destination });
    if (met === undefined) peer.unanswered(this.#parts.now());
    else this.#received(peer, packets.answer, null);
    return met;
  }

  #send(peer: Peer, { bytes, answer, largest = bytes }: Packets, inner?: Carried["inner"]): Met | undefined {
    const { owner, underlay, now } = this.#parts;
    const session = peer.sessionAt(now());
    peer.sent(bytes);
    if (session === undefined || peer.endpoint === null) return undefined;
    const around = inner === undefined ? BYTES.headers : BYTES.headers + BYTES.around;
    const delivery = underlay.send(owner, peer.endpoint, largest + around);
    const packet = { session, bytes, answer, ...(inner === undefined ? {} : { inner }) };
    return delivery.kind === "delivered" ? delivery.device.arrived(packet, delivery.from) : undefined;
  }

  /** WireGuard itself never says no, but a machine on which nobody listens does. */
  #silence({ endpoint }: Peer): Lead {
    const probe = this.#parts.underlay.send(this.#parts.owner, endpoint ?? "", BYTES.headers + 1);
    return probe.kind === "refused"
      ? { link: "tunnel-refused", detail: "Nobody listens at the tunnel's other end." }
      : { link: "tunnel-silent", detail: "The tunnel's other end does not answer." };
  }

  #received(peer: Peer, bytes: number, from: string | null): void {
    peer.received(bytes, from, { at: this.#parts.now(), knocks: this.#knocksOf(peer) });
  }

  #knocksOf({ endpoint }: Peer): number {
    return this.#knocks.get(addressIn(endpoint ?? "")) ?? 0;
  }

  /** The most specific network decides, as with a route. */
  #peerFor(host: string): Peer | undefined {
    const fitting = [...this.#peers.values()].flatMap((peer) =>
      peer.allowed.filter((network) => contains(network, host)).map((network) => ({ peer, size: prefixOf(network) })),
    );
    return fitting.sort((one, other) => other.size - one.size)[0]?.peer;
  }

  #isOwn({ host }: Address): boolean {
    return this.#own.some((address) => hostOf(address) === host.value);
  }

  #countKnock(from: string): void {
    const host = addressIn(from);
    if (this.#parts.isHub && (this.#knocks.has(host) || this.#knocks.size < MAX_COUNTED)) {
      this.#knocks.set(host, (this.#knocks.get(host) ?? 0) + 1);
    }
  }
}

const initiationWords = (timestamp: number): string => `initiation ${timestamp}`;
const responseWords = (session: string): string => `response ${session}`;
const hostOf = (prefixed: string): string => prefixed.split("/")[0] ?? "";
const addressIn = (endpoint: string): string => endpoint.split(":")[0] ?? "";
const counted = (counts: ReadonlyMap<string, number>) => [...counts].map(([from, count]) => ({ from, count }));
const about = ([what, count]: readonly [string, number]): string => `${what} ${count.toString(2).length}`;
const prefixOf = (network: string): number => Number(network.split("/")[1]);

function contains(network: string, host: string): boolean {
  const list = new BlockList();
  list.addSubnet(hostOf(network), prefixOf(network));
  return list.check(host);
}
