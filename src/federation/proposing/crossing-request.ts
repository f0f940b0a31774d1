/** How traffic is to cross, as a person asks for it with the form. */

import { parseHost } from "../../guest-protocol/address.ts";
import type { AddressWish, Crossing } from "../model/events.ts";
import { isLocalIpv4, isPrivateIpv4 } from "../model/ipv4.ts";
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
  const wrongHost = hostMistake(rest.length > 0 ? form.hub : host, form.privateIsReachable);
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
  const host = form.host.trim().toLowerCase();
  if (form.addressKind === "picked") {
    if (port !== null && port !== FLEET_PORT) {
      mistakes.port = `The SuperLink listens on ${FLEET_PORT}. Another port needs an address given by you that forwards to it.`;
    }
    return { kind: "picked", port: port ?? FLEET_PORT, privateIsReachable: form.privateIsReachable };
  }
  const mistake = hostMistake(host, form.privateIsReachable);
  if (mistake !== null) mistakes.host = mistake;
  return { kind: "given", host, port: port ?? FLEET_PORT };
}

function hostMistake(host: string, privateIsReachable: boolean): string | null {
  if (host.includes(":")) {
    return "Give an IPv4 address or a DNS name without port. IPv6 addresses are not supported yet; a name may resolve to one.";
  }
  const parsed = parseHost(host);
  if (!parsed.ok) return "Give an IPv4 address such as 203.0.113.20 or a DNS name such as superlink.example.org.";
  if (parsed.value.kind !== "ip") return null;
  if (isLocalIpv4(host)) return "This is an address that no other site can reach. Give one that all sites reach.";
  if (isPrivateIpv4(host) && !privateIsReachable) {
    return "This is a private address. Give one that all sites reach, or confirm below that they reach this one.";
  }
  return null;
}
