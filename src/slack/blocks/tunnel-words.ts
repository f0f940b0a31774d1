/** How a site's traffic crosses, in words. */
import { readableAddress } from "../../federation/model/ipv6.ts";
import {
  FLEET_PORT,
  flowerPart,
  gatewayAddress,
  gatewayPart,
  type SitePlan,
  superNodesOf,
  type TunnelWay,
  type WireGuardLink,
} from "../../federation/model/plan.ts";
import type { Federation, Site } from "../../federation/model/state.ts";
import { farEnds } from "../../federation/tunnels/peers.ts";
import { dialledIn, pairIn } from "../../federation/tunnels/range.ts";
import { MARK } from "./marks.ts";
import { code, count, listed } from "./mrkdwn.ts";

/** Addresses that are named. */
const MOST_ADDRESSES = 10;

/** For the zone's owners: what crosses, and what the zone has to let through. */
export function trafficOf(plan: SitePlan): string {
  const { link } = plan;
  switch (link.kind) {
    case "public-address":
      return publicTraffic(plan);
    case "wireguard":
      if (plan.role === "coordinator") return hubTraffic(plan, link);
      return WORDS_OF[link.way](plan, link);
  }
}

function publicTraffic({ role, endpoint }: SitePlan): string {
  return role === "coordinator"
    ? `*Traffic.* The SuperLink listens on port ${endpoint.port} for the training sites, over TLS. Its Control API listens on the VM's loopback only.`
    : `*Traffic.* Each SuperNode opens one connection to ${code(readableAddress(endpoint))}, over TLS. Nothing listens here.`;
}

function hubTraffic(plan: SitePlan, link: WireGuardLink): string {
  const outside = code(outsideOf(link));
  const { endpoint } = plan;
  const who = hubWords(plan);
  const inside = code(`${dialledIn(link.range)}:${FLEET_PORT}`);
  const crosses =
    endpoint.host === dialledIn(link.range)
      ? `It crosses by WireGuard: ${who.hub} is the hub, to which each site has its tunnels.`
      : `Some sites dial ${code(readableAddress(endpoint))}, over TLS. For the others ${who.hub} is the hub of WireGuard tunnels.`;
  return [
    `*Traffic.* ${crosses} Inside, sites dial ${inside}, ${who.passes}. The hub passes nothing on from one site to another, and the Control API listens on the loopback of the SuperLink's VM only.`,
    `${MARK.warning} *What this needs from your zone.* ${who.needs}UDP that is sent to ${outside} has to reach UDP port ${link.hub.port} of ${who.target}: by a port forward to the same port or because the VM has that address, and through every firewall and security group in between. The bot cannot see whether it does.`,
  ].join("\n");
}

/** Which VM is the hub, and what that is to do. */
function hubWords(plan: SitePlan) {
  const gateway = gatewayAddress(plan);
  if (gateway === null) {
    return {
      hub: "this VM",
      passes: "where the SuperLink listens, over TLS",
      needs: "",
      target: "this VM",
    };
  }
  const superLink = code(flowerPart(plan).nics[0]?.address ?? "");
  return {
    hub: `one VM before the SuperLink, the gateway ${code(gateway)},`,
    passes: `and the gateway passes that on to the SuperLink's own address ${superLink}, over TLS that ends there, and nothing else`,
    needs: `Room for this one VM more and its address; the gateway may open TCP ${FLEET_PORT} to the SuperLink. `,
    target: "the gateway",
  };
}

function peerTraffic(plan: SitePlan, link: WireGuardLink): string {
  const { endpoint } = plan;
  const { range, pairs, mtu } = link;
  const own =
    pairs === null ? [] : Array.from({ length: superNodesOf(plan) }, (_, nth) => pairIn(range, pairs.first + nth).peer);
  return [
    `*Traffic.* It crosses by WireGuard: each SuperNode's VM keeps a tunnel of its own to ${code(outsideOf(link))} over UDP, and dials ${code(readableAddress(endpoint))} through it, over TLS. Nothing listens here, and no other site can reach these VMs.`,
    `*What this needs from your zone.* The VMs may send UDP to ${code(outsideOf(link))}; answers come back by themselves. The zone's routers, routes and address filters stay as they are. Inside the tunnels the VMs have ${listed(own, MOST_ADDRESSES)}, MTU ${mtu}.`,
  ].join("\n");
}

function routerTraffic({ endpoint }: SitePlan, link: WireGuardLink): string {
  const dialled = code(readableAddress(endpoint));
  const own = link.pairs === null ? "" : pairIn(link.range, link.pairs.first).peer;
  return [
    `*Traffic.* It crosses by WireGuard: the zone's own router keeps one tunnel to ${code(outsideOf(link))} over UDP. The SuperNodes dial ${dialled} by their default route, over TLS, and the router passes that through. Nothing listens here, and no other site can reach these VMs.`,
    `${MARK.warning} *What this needs from your zone.* The router is the VMs' default route and may send UDP to ${code(outsideOf(link))}. Once the coordinator serves you get its configuration here, without a private key: inside it has ${own}, MTU ${link.mtu}, translates what the VMs send to that address, and limits the size of TCP segments. You then give its public key. The bot cannot look into the router. If the router is itself a VM behind FILTER_IP_SPOOFING, what it hands on to the VMs is dropped.`,
  ].join("\n");
}

function gatewayTraffic(plan: SitePlan, link: WireGuardLink): string {
  const gateway = code(gatewayAddress(plan) ?? "");
  const own = link.pairs === null ? "" : pairIn(link.range, link.pairs.first).peer;
  return [
    `*Traffic.* It crosses by WireGuard: one VM beside the SuperNodes, the gateway ${gateway}, keeps one tunnel to ${code(outsideOf(link))} over UDP. What the SuperNodes dial goes to the gateway's port ${FLEET_PORT}, over TLS that ends at the SuperLink; it translates that to its address inside, ${own}, MTU ${link.mtu}, and passes nothing else on. No other site can reach these VMs.`,
    `*What this needs from your zone.* Room for this one VM more and its address. The gateway may send UDP to ${code(outsideOf(link))}, and the SuperNodes may open TCP ${FLEET_PORT} to the gateway; they need no way out of the zone. Address filters stay as they are: each VM sends with its own address.`,
  ].join("\n");
}

const WORDS_OF: Readonly<Record<TunnelWay, (plan: SitePlan, link: WireGuardLink) => string>> = {
  own: peerTraffic,
  gateway: gatewayTraffic,
  router: routerTraffic,
};

/** Which of a site's ends there are, for the card of what runs; nothing without tunnels. */
export function endsLine(federation: Federation, { name, role, deployment }: Site): readonly string[] {
  if (deployment === null || deployment.plan.link.kind !== "wireguard") return [];
  const peers = farEnds(federation);
  if (role === "coordinator") {
    const keys = [...federation.tunnelKeys.values()];
    const isHub = keys.some(({ pair, site, revoked }) => !revoked && pair === null && site === name);
    const hub = gatewayPart(deployment.plan) === null ? "the hub" : "the gateway is the hub";
    return [isHub ? `WireGuard: ${hub} of ${count(peers.length, "tunnel")}.` : "WireGuard: the hub has no key yet."];
  }
  if (deployment.plan.link.way === "router") return ["WireGuard: the zone's router has the tunnel."];
  const own = peers.filter(({ site }) => site === name).length;
  if (deployment.plan.link.way === "gateway") {
    return [
      own > 0 ? "WireGuard: the zone's gateway has the tunnel." : "WireGuard: the zone's gateway has no key yet.",
    ];
  }
  return [`WireGuard: ${own} of ${count(superNodesOf(deployment.plan), "SuperNode")} with a tunnel's key.`];
}

const outsideOf = ({ hub }: WireGuardLink): string => `${hub.host}:${hub.port}`;

const hubLine = (plan: SitePlan, range: string): string => {
  const gateway = gatewayAddress(plan);
  return gateway === null ? dialledIn(range) : `${dialledIn(range)} at the gateway ${gateway}`;
};

/** In one line, for comparing two versions. */
export function linkWords(plan: SitePlan): string {
  const { link } = plan;
  if (link.kind === "public-address") return "to a public address";
  const { range, pairs, mtu, way } = link;
  if (way !== "own" && pairs !== null) {
    const who = way === "router" ? "the zone's router" : `the gateway ${gatewayAddress(plan) ?? ""}`;
    return `WireGuard by ${who} to ${outsideOf(link)}, pair ${pairs.first} of ${range}, MTU ${mtu}`;
  }
  const own = pairs === null ? hubLine(plan, range) : `pairs ${pairs.first} to ${pairs.first + pairs.count - 1}`;
  return `WireGuard to ${outsideOf(link)}, ${own} of ${range}, MTU ${mtu}`;
}
