/** Which way of crossing there is, of a whole federation and of one of its sites. Pure. */
import type { AddressWish, Crossing } from "../model/events.ts";
import type { Federation, Site } from "../model/state.ts";

export type TunnelWish = Pick<Extract<Crossing, { kind: "wireguard" }>, "hub" | "range">;

/** What was asked for of the federation's tunnels; null when nothing crosses by them. */
export function tunnelWishOf(crossing: Crossing): TunnelWish | null {
  switch (crossing.kind) {
    case "public-address":
      return null;
    case "wireguard":
    case "both":
      return { hub: crossing.hub, range: crossing.range };
  }
}

/** What was asked for of the SuperLink's public address; null when nobody dials one. */
export function addressWishOf(crossing: Crossing): AddressWish | null {
  switch (crossing.kind) {
    case "wireguard":
      return null;
    case "public-address":
    case "both":
      return crossing.address;
  }
}

/** The site has an end of the tunnels: its SuperNodes come by them, or its SuperLink is the hub. */
export function hasTunnel({ crossing }: Federation, { role, wish }: Pick<Site, "role" | "wish">): boolean {
  switch (crossing.kind) {
    case "public-address":
      return false;
    case "wireguard":
      return true;
    case "both":
      return role === "coordinator" || wish.crossing === "wireguard";
  }
}
