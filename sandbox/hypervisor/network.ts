import { connect, type Socket } from "node:net";
import { type Address, formatAddress } from "../../src/guest-protocol/address.ts";
import type { Link } from "../../src/guest-protocol/names.ts";

/** Who owns a connection or an address: `zone/vmId`. */
export type GuestId = string;

/** Where a dialled address leads: to a loopback port, or nowhere. */
export type Lead = { readonly port: number } | { readonly link: Exclude<Link, "ok">; readonly detail: string };

type Route = { readonly port: number; readonly owner: GuestId };

/**
 * The network between the guests, on one machine. Nobody can bind 203.0.113.20 on a laptop, so a dialled address is
 * looked up here and leads to a loopback port; certificates are still verified against the address that was dialled.
 */
export class LoopbackNetwork {
  readonly #routes = new Map<string, Route>();
  /** Those inside tunnels: whoever is outside reaches nothing there. */
  readonly #inside = new Set<string>();
  readonly #sockets = new Map<GuestId, Set<Socket>>();
  readonly #cut = new Set<GuestId>();

  /** From now on the address leads to this port; the guest that comes up last with an address has it. */
  announce(address: Address, port: number, owner: GuestId): void {
    this.#routes.set(formatAddress(address), { port, owner });
  }

  /** Whatever is announced, this address leads somewhere through tunnels only. */
  withhold(address: Address): void {
    this.#inside.add(formatAddress(address));
  }

  withdraw(owner: GuestId): void {
    for (const [address, route] of this.#routes) {
      if (route.owner === owner) {
        this.#routes.delete(address);
      }
    }
  }

  /** Where an address leads for this guest; nowhere also while either end is cut off. */
  lead(address: Address, from: GuestId): Lead {
    const route = this.#routes.get(formatAddress(address));
    if (
      route !== undefined &&
      !this.#inside.has(formatAddress(address)) &&
      !this.#cut.has(from) &&
      !this.#cut.has(route.owner)
    ) {
      return { port: route.port };
    }
    const link = this.#hasHost(address, from) ? "refused" : "unreachable";
    return { link, detail: "Nothing answers at this address." };
  }

  /** Whether somebody is at the address's host, be it at another port. */
  #hasHost({ host }: Address, from: GuestId): boolean {
    const isThere = [...this.#routes].some(
      ([address, { owner }]) => address.startsWith(`${host.value}:`) && !this.#cut.has(owner),
    );
    return isThere && !this.#cut.has(from);
  }

  /** A TCP connection that falls when its guest is cut off or ends. */
  connect(port: number, owner: GuestId): Socket {
    const socket = connect({ host: "127.0.0.1", port });
    this.adopt(socket, owner);
    return socket;
  }

  /** Takes a connection that came in, so that it falls with its guest too. */
  adopt(socket: Socket, owner: GuestId): void {
    const sockets = this.#sockets.get(owner) ?? new Set();
    this.#sockets.set(owner, sockets.add(socket));
    // Whoever uses a connection tells why it fell; here it must only not end the program.
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  }

  cut(owner: GuestId): void {
    this.#cut.add(owner);
    this.drop(owner);
  }

  heal(owner: GuestId): void {
    this.#cut.delete(owner);
  }

  isCut(owner: GuestId): boolean {
    return this.#cut.has(owner);
  }

  /** Ends every connection of a guest without a goodbye. */
  drop(owner: GuestId): void {
    for (const socket of this.#sockets.get(owner) ?? []) {
      socket.destroy();
    }
  }
}
