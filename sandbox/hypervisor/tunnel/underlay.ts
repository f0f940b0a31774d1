import { z } from "zod";
import type { GuestId } from "../network.ts";
import type { TunnelDevice } from "./device.ts";

/** Where a UDP packet ends up; `from` is whence it seems to come. Refused: an ICMP answer that nobody listens there. */
export type Delivery =
  | { readonly kind: "delivered"; readonly device: TunnelDevice; readonly from: string }
  | { readonly kind: "refused" | "lost" };

/** A VM as the network sees it: it is there while it runs, whether or not a program in it listens. */
type Host = {
  readonly owner: GuestId;
  readonly zone: string;
  /** Behind its router's address. */
  readonly outerPort: number;
  device: TunnelDevice | undefined;
  /** When it last sent to whom: what a router lets answers in by. */
  readonly asked: Map<GuestId, number>;
};

/** What lies between a zone and the others: what crosses at all, and whether its router forwards what it was told to. */
export const zonePath = z.object({
  udp: z.enum(["open", "blocked"]),
  mtu: z.int().min(576).max(9000),
  forward: z.enum(["open", "closed"]),
});
export type ZonePath = z.infer<typeof zonePath>;

const USUAL_PATH: ZonePath = { udp: "open", mtu: 1500, forward: "open" };

/**
 * How long a router lets answers in after the last question, in milliseconds at speed 1: longer than most do, so that
 * questions that come late because the machine is busy close no way.
 */
const REMEMBERED_MS = 900_000;
const FIRST_OUTER_PORT = 40_000;
const LOST: Delivery = { kind: "lost" };

/**
 * UDP between zones: each is behind a router with one public address that lets in what was asked for from inside and what
 * it forwards. A packet that a path does not carry is lost without a word.
 */
export class Underlay {
  readonly #isCut: (owner: GuestId) => boolean;
  readonly #now: () => number;
  readonly #hosts = new Map<GuestId, Host>();
  /** The zone behind each address and port that a router forwards. */
  readonly #forwards = new Map<string, string>();
  readonly #paths = new Map<string, ZonePath>();
  /** Of zones of which nobody has said their address. */
  readonly #addresses = new Map<string, string>();

  /** `now`: milliseconds at speed 1. */
  constructor(parts: { isCut: (owner: GuestId) => boolean; now: () => number }) {
    this.#isCut = parts.isCut;
    this.#now = parts.now;
  }

  /** A VM has come, with the UDP port that it is to listen at if it is one that others begin with. */
  plugIn(owner: GuestId, zone: string, port: number | undefined): void {
    const outerPort = port ?? FIRST_OUTER_PORT + this.#hosts.size;
    // The one that came last is found first, as whoever takes over an address has it.
    this.#hosts.delete(owner);
    this.#hosts.set(owner, { owner, zone, outerPort, device: undefined, asked: new Map() });
  }

  unplug(owner: GuestId): void {
    this.#hosts.delete(owner);
  }

  attach(owner: GuestId, device: TunnelDevice): void {
    const host = this.#hosts.get(owner);
    if (host !== undefined) host.device = device;
  }

  detach(owner: GuestId, device: TunnelDevice): void {
    const host = this.#hosts.get(owner);
    if (host?.device === device) host.device = undefined;
  }

  /** The zone's router has this public address, and hands what comes to the port on to the VM that is to listen at it. */
  forward(zone: string, ip: string, port: number): void {
    this.#forwards.set(`${ip}:${port}`, zone);
  }

  setPath(zone: string, path: ZonePath): void {
    this.#paths.set(zone, path);
  }

  pathOf(zone: string): ZonePath {
    return this.#paths.get(zone) ?? USUAL_PATH;
  }

  /** `bytes`: of the whole IP packet. */
  send(owner: GuestId, endpoint: string, bytes: number): Delivery {
    const sender = this.#hosts.get(owner);
    const target = this.#hostAt(endpoint);
    if (sender === undefined || target === undefined) return LOST;
    sender.asked.set(target.owner, this.#now());
    if (!this.#isCarried(sender, bytes) || !this.#isCarried(target, bytes)) return LOST;
    if (!this.#isLetIn(endpoint, sender, target)) return LOST;
    return target.device === undefined
      ? { kind: "refused" }
      : { kind: "delivered", device: target.device, from: this.#outerAddress(sender) };
  }

  #hostAt(endpoint: string): Host | undefined {
    return [...this.#hosts.values()].findLast((host) => this.#outerAddress(host) === endpoint);
  }

  #isCarried({ owner, zone }: Host, bytes: number): boolean {
    const { udp, mtu } = this.pathOf(zone);
    return udp === "open" && bytes <= mtu && !this.#isCut(owner);
  }

  #isLetIn(endpoint: string, sender: Host, target: Host): boolean {
    const asked = target.asked.get(sender.owner);
    const isAnswer = asked !== undefined && this.#now() - asked < REMEMBERED_MS;
    return isAnswer || (this.#forwards.get(endpoint) === target.zone && this.pathOf(target.zone).forward === "open");
  }

  #outerAddress({ zone, outerPort }: Host): string {
    return `${this.#addressOf(zone)}:${outerPort}`;
  }

  #addressOf(zone: string): string {
    const forwarded = [...this.#forwards].find(([, behind]) => behind === zone)?.[0];
    if (forwarded !== undefined) return forwarded.slice(0, forwarded.indexOf(":"));
    const known = this.#addresses.get(zone) ?? `198.18.0.${this.#addresses.size + 1}`;
    this.#addresses.set(zone, known);
    return known;
  }
}
