import type { Socket } from "node:net";
import { z } from "zod";
import type { Address } from "../../../src/guest-protocol/address.ts";
import { GIVEN, PUBLISHED, type Reason } from "../../../src/guest-protocol/names.ts";
import { decodeTunnelPeers, encodeTunnelLinks, type TunnelPeers } from "../../../src/guest-protocol/tunnel.ts";
import type { TunnelContext } from "../context.ts";
import type { Attributes } from "../distortion.ts";
import { type GuestEnvironment, repeatedly } from "../guest.ts";
import { GuestFailure } from "../guest-failure.ts";
import type { Lead } from "../network.ts";
import { type Served, TunnelDevice } from "./device.ts";
import { TunnelKey } from "./tunnel-key.ts";

const FILE = "tunnel.json";

/** Milliseconds at speed 1. */
const TURN_MS = 1_000;
/** Between two changes that are said. */
const CHANGES_MS = 10_000;
/** What goes through a connection now and then, and how much of it may be lost before the connection is given up. */
const PING = { everyMs: 20_000, lost: 4 };

const onDisk = z.strictObject({
  key: z.string(),
  next: z.string().nullable(),
  rotation: z.int(),
  /** `WG_PEERS` as it was taken. */
  peers: z.string().nullable(),
  endpoints: z.record(z.string(), z.string()),
});
type OnDisk = z.infer<typeof onDisk>;

type Connection = {
  readonly socket: Socket;
  readonly address: Address;
  counted: { readonly sent: number; readonly received: number };
  pingedAt: number;
  lost: number;
};

/** A guest's end of its tunnel: its key and what it was told, both on its disk, and the device they are applied to. */
export class Tunnel {
  readonly #guest: GuestEnvironment;
  readonly #context: TunnelContext;
  readonly #device: TunnelDevice;
  readonly #connections = new Set<Connection>();
  #kept: OnDisk;
  #writing: Promise<void> = Promise.resolve();
  #told: TunnelPeers | undefined;
  #isMalformed = false;
  /** Who was there when that was said last, and when that was. */
  #said = { attendance: "", at: Number.NEGATIVE_INFINITY };

  private constructor(guest: GuestEnvironment, context: TunnelContext, kept: OnDisk) {
    this.#guest = guest;
    this.#context = context;
    this.#kept = kept;
    const { id, pace, underlay } = guest;
    this.#device = new TunnelDevice({
      owner: id,
      underlay,
      key: TunnelKey.fromPem(kept.key),
      mtu: context.mtu,
      isHub: context.hub !== undefined,
      now: () => pace.now,
      wallClock: () => performance.timeOrigin + performance.now() - this.#clockBehind,
      forgedSource: () => this.#forgedSource,
    });
  }

  /** Makes the key unless there is one, and goes on with what it was told in an earlier life. @throws GuestFailure */
  static async open(guest: GuestEnvironment, context: TunnelContext): Promise<Tunnel> {
    if (guest.faults().some(({ kind }) => kind === "tunnel-unavailable")) {
      throw new GuestFailure("tunnel-unavailable", "The VM can make no WireGuard device.");
    }
    const text = await guest.disk.read(FILE);
    const fresh = { next: null, rotation: 0, peers: null, endpoints: {} };
    const kept = text === undefined ? { ...fresh, key: TunnelKey.make().pem } : onDisk.parse(JSON.parse(text));
    const tunnel = new Tunnel(guest, context, kept);
    if (text === undefined) await tunnel.#keep({});
    tunnel.#configure(kept.peers === null ? undefined : decodeTunnelPeers(kept.peers));
    guest.heartbeat.accompany(() => tunnel.#links());
    return tunnel;
  }

  /** Its public keys, as it publishes them. */
  get keys(): Readonly<Record<string, string>> {
    const { key, next } = this.#kept;
    return {
      [PUBLISHED.tunnelKey]: TunnelKey.fromPem(key).publicKey,
      ...(next === null ? {} : { [PUBLISHED.nextTunnelKey]: TunnelKey.fromPem(next).publicKey }),
    };
  }

  /** With how many ends there is a tunnel now. */
  get linked(): number {
    return this.#device.linked.length;
  }

  /** Whether it has ever been told its peers. */
  get isTold(): boolean {
    return this.#told !== undefined;
  }

  get reason(): Reason {
    return this.#isMalformed ? "peers-malformed" : "none";
  }

  /** Looks at what it was given. */
  async take(given: Attributes): Promise<void> {
    await this.#takePeers(given.get(GIVEN.tunnelPeers));
    await this.#rotate(given.get(GIVEN.rotateTunnelKey));
    await this.#switch(given.get(GIVEN.switchTunnelKey));
    await this.#sayChange();
  }

  /** Where a dialled address leads; undefined while it is too early to say. */
  lead(address: Address): Lead | undefined {
    return this.isTold ? this.#device.lead(address) : undefined;
  }

  /** Lets an address inside lead there. */
  serve(address: Address, served: Served): void {
    this.#device.serve(address, served);
  }

  /** A connection falls when the tunnel has not carried it for as long as gRPC waits for an answer. */
  guard(socket: Socket, address: Address): void {
    const counted = { sent: 0, received: 0 };
    const connection: Connection = { socket, address, counted, pingedAt: this.#guest.pace.now, lost: 0 };
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
  }

  /** Until the guest ends. */
  async run(): Promise<void> {
    const turn = async (): Promise<void> => {
      this.#device.tick();
      const strayTo = this.#strayTo;
      if (strayTo !== undefined) this.#device.stray({ host: { kind: "ip", value: strayTo }, port: 22 });
      for (const connection of this.#connections) this.#ping(connection);
      await this.#sayChange();
    };
    try {
      await repeatedly(this.#guest, () => TURN_MS, turn);
    } finally {
      this.#device.close();
    }
  }

  /** A list that is not newer changes nothing; one that cannot be read whole is said. */
  async #takePeers(value: string | undefined): Promise<void> {
    const peers = value === undefined ? undefined : decodeTunnelPeers(value);
    this.#isMalformed = peers !== undefined && !(peers.ok && this.#isSound(peers.value));
    if (value === undefined || !peers?.ok || this.#isMalformed || peers.value.sequence <= (this.#told?.sequence ?? 0))
      return;
    await this.#keep({ peers: value });
    this.#configure(peers);
  }

  /** A device would leave out a peer with its own key without a word. */
  #isSound({ peers }: TunnelPeers): boolean {
    const own = TunnelKey.fromPem(this.#kept.key).publicKey;
    return peers.every(({ key }) => key !== own);
  }

  #configure(peers: ReturnType<typeof decodeTunnelPeers> | undefined): void {
    if (peers?.ok) {
      this.#told = peers.value;
      this.#device.configure(peers.value, new Map(Object.entries(this.#kept.endpoints)));
    } else if (this.#context.hub !== undefined) {
      this.#device.configure({ own: [this.#context.hub.address], peers: [] });
    }
  }

  async #rotate(value = ""): Promise<void> {
    const rotation = /^[1-9][0-9]{0,8}$/.test(value) ? Number(value) : 0;
    if (rotation <= this.#kept.rotation) return;
    await this.#keep({ rotation, next: TunnelKey.make().pem });
    await this.#guest.publisher.say(this.keys);
  }

  async #switch(value: string | undefined): Promise<void> {
    const { next } = this.#kept;
    const key = next === null ? undefined : TunnelKey.fromPem(next);
    if (key === undefined || key.publicKey !== value) return;
    await this.#keep({ key: key.pem, next: null });
    this.#device.useKey(key);
    await this.#guest.publisher.say(this.keys);
  }

  #ping(connection: Connection): void {
    const { socket, address, counted, pingedAt } = connection;
    const { now } = this.#guest.pace;
    if (now - pingedAt < PING.everyMs) return;
    const total = { sent: socket.bytesWritten, received: socket.bytesRead };
    const bytes = { sent: total.sent - counted.sent, received: total.received - counted.received };
    const isCarried = this.#device.carries(address, bytes);
    connection.counted = total;
    connection.pingedAt = now;
    connection.lost = isCarried ? 0 : connection.lost + 1;
    if (connection.lost >= PING.lost) socket.destroy();
  }

  /** When a peer comes or goes, but for the first time only when there is one; else its links go with the heartbeat. */
  async #sayChange(): Promise<void> {
    const { attendance } = this.#device;
    const { now } = this.#guest.pace;
    if (attendance === this.#said.attendance || now - this.#said.at < CHANGES_MS) return;
    const links = this.#links();
    if (Object.keys(links).length === 0) return;
    this.#said = { attendance, at: now };
    await this.#keep({ endpoints: Object.fromEntries(this.#device.endpoints) });
    await this.#guest.publisher.say(links);
  }

  #links(): Readonly<Record<string, string>> {
    const links = this.#device.links();
    const isFirst = this.#said.at === Number.NEGATIVE_INFINITY;
    return isFirst && links.peers.length === 0 ? {} : { [PUBLISHED.tunnelLinks]: encodeTunnelLinks(links) };
  }

  /** Memory changes at once; the disk follows in order, for two look after the tunnel. */
  async #keep(change: Partial<OnDisk>): Promise<void> {
    this.#kept = { ...this.#kept, ...change };
    const turn = this.#writing
      .catch(() => undefined)
      .then(() => this.#guest.disk.write(FILE, JSON.stringify(this.#kept)));
    this.#writing = turn;
    await turn;
  }

  get #clockBehind(): number {
    const fault = this.#guest.faults().find(({ kind }) => kind === "tunnel-clock-behind");
    return fault?.kind === "tunnel-clock-behind" ? fault.ms : 0;
  }

  get #strayTo(): string | undefined {
    const fault = this.#guest.faults().find(({ kind }) => kind === "stray-packets");
    return fault?.kind === "stray-packets" ? fault.address : undefined;
  }

  get #forgedSource(): string | undefined {
    const fault = this.#guest.faults().find(({ kind }) => kind === "forged-tunnel-address");
    return fault?.kind === "forged-tunnel-address" ? fault.address : undefined;
  }
}
