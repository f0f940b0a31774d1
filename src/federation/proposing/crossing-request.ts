/** How traffic is to cross, as a person asks for it with the form. */

import { isIpv6, parseHost } from "../../guest-protocol/address.ts";
import type { AddressWish, Crossing } from "../model/events.ts";
import { isLocalIpv4, isPrivateIpv4 } from "../model/ipv4.ts";
import { isLocalIpv6, isPrivateIpv6 } from "../model/ipv6.ts";
import { FLEET_PORT } from "../model/plan.ts";
import type { TakenTunnel } from "../model/policy.ts";
import type { TunnelWish } from "../tunnels/crossing.ts";
import { HUB_PORT, isHubTaken } from "../tunnels/planner.ts";
import { rangeMistake } from "../tunnels/range.ts";
import type { RequestForm } from "./request.ts";
import { wholeNumber } from "./whole-number.ts";

type CrossingForm = Pick<
  RequestForm,
  "crossing" | "addressKind" | "host" | "port" | "hub" | "range" | "privateIsReachable"
>;
type Mistakes = Partial<Record<"host" | "port" | "hub" | "range", string>>;

/** The crossing stands only where there are no mistakes. */
export function parseCrossing(
  form: CrossingForm,
  superNodes: number,
  others: Iterable<TakenTunnel>,
): { readonly crossing: Crossing; readonly mistakes: Mistakes } {
  const mistakes: Mistakes = {};
  switch (form.crossing) {
    case "public-address":
      return { crossing: { kind: "public-address", address: parseAddress(form, mistakes) }, mistakes };
    case "wireguard":
      return { crossing: { kind: "wireguard", ...parseTunnel(form, superNodes, others, mistakes) }, mistakes };
    case "both": {
      const address = parseAddress(form, mistakes);
      return { crossing: { kind: "both", address, ...parseTunnel(form, superNodes, others, mistakes) }, mistakes };
    }
  }
}

function parseTunnel(
  form: CrossingForm,
  superNodes: number,
  others: Iterable<TakenTunnel>,
  mistakes: Mistakes,
): TunnelWish {
  const [host = "", port = String(HUB_PORT), ...rest] = form.hub.trim().toLowerCase().split(":");
  const number = wholeNumber(port, 1, 65535);
  const hub = { host, port: number ?? HUB_PORT };
  const wrongHost = hubMistake(rest.length > 0 ? form.hub.trim() : host, form.privateIsReachable);
  if (wrongHost !== null) mistakes.hub = wrongHost;
  else if (number === null) mistakes.hub = "Give a port from 1 to 65535 after the colon.";
  else if (isHubTaken(hub, others)) {
    mistakes.hub =
      "Another federation's tunnels end at this address and port, and it can be forwarded to one of them only. Give another port.";
  }
  const range = form.range.trim();
  const wrongRange = range === "" ? null : rangeMistake(range, superNodes);
  if (wrongRange !== null) mistakes.range = wrongRange;
  return { hub, range: range === "" ? null : range };
}

function parseAddress(form: CrossingForm, mistakes: Mistakes): AddressWish {
  const port = wholeNumber(form.port, 1, 65535);
  if (port === null) mistakes.port = "Give a port from 1 to 65535.";
  const parsed = parseHost(withoutBrackets(form.host.trim()));
  if (form.addressKind === "picked") {
    if (port !== null && port !== FLEET_PORT) {
      mistakes.port = `The SuperLink listens on ${FLEET_PORT}. Another port needs an address given by you that forwards to it.`;
    }
    return { kind: "picked", port: port ?? FLEET_PORT, privateIsReachable: form.privateIsReachable };
  }
  const mistake = hostMistake(form.host.trim(), form.privateIsReachable);
  if (mistake !== null) mistakes.host = mistake;
  return { kind: "given", host: parsed.ok ? parsed.value.value : "", port: port ?? FLEET_PORT };
}

const AN_IPV4 = "an IPv4 address such as 203.0.113.20";
const withoutBrackets = (text: string): string => /^\[(.*)\]$/.exec(text)?.[1] ?? text;

/** WireGuard's own packets go over IPv4 only: that is what both ends count and compare when a tunnel is silent. */
function hubMistake(text: string, privateIsReachable: boolean): string | null {
  if (isIpv6(withoutBrackets(text)) || text.startsWith("[")) {
    return `The tunnels' hub is dialled over IPv4: give ${AN_IPV4}, or a name that has one. What goes through the tunnels does not notice.`;
  }
  return hostMistake(text, privateIsReachable);
}

function hostMistake(text: string, privateIsReachable: boolean): string | null {
  const host = withoutBrackets(text);
  const parsed = parseHost(host);
  if (!parsed.ok) return malformation(host);
  const { kind, value } = parsed.value;
  if (kind !== "ip") return null;
  const [isLocal, isPrivate] = isIpv6(value)
    ? [isLocalIpv6(value), isPrivateIpv6(value)]
    : [isLocalIpv4(value), isPrivateIpv4(value)];
  if (isLocal) return "This is an address that no other site can reach. Give one that all sites reach.";
  if (isPrivate && !privateIsReachable) {
    return "This is a private address. Give one that all sites reach, or confirm below that they reach this one.";
  }
  return null;
}

function malformation(host: string): string {
  if (isIpv6(host)) {
    return host.includes("%")
      ? "This is an IPv6 address with an interface, which means something on one machine only. Give one that all sites reach."
      : "This is an IPv4 address in IPv6's form, and Flower does not dial those. Give the IPv4 address itself, such as 203.0.113.20.";
  }
  if (host.includes(":"))
    return `Give the address or the DNS name without port: ${AN_IPV4}, or one of IPv6 such as 2001:db8::20.`;
  return `Give ${AN_IPV4}, one of IPv6 such as 2001:db8::20, or a DNS name such as superlink.example.org.`;
}
