/** The public part of a zone's WireGuard configuration, for that zone's channel only. */
import { hubKey } from "../../federation/model/hub.ts";
import type { WireGuardLink } from "../../federation/model/plan.ts";
import type { RouterEnd } from "../../federation/model/router.ts";
import type { Deployment, Federation, Site, TunnelKey } from "../../federation/model/state.ts";
import { farEnds } from "../../federation/tunnels/peers.ts";
import { TUNNEL_KEEPALIVE } from "../../federation/tunnels/planner.ts";
import { dialledIn, pairIn } from "../../federation/tunnels/range.ts";
import { type Blocks, context, section } from "./elements.ts";
import { codeBlock, count } from "./mrkdwn.ts";

/** Ends that are listed. */
const MOST_ENDS = 20;

/** null: no end in this zone is known yet. */
export function tunnelCard(
  federation: Federation,
  site: Site,
  { plan }: Deployment,
): { readonly text: string; readonly blocks: Blocks } | null {
  const { link } = plan;
  if (link.kind !== "wireguard") return null;
  const ends = [...federation.tunnelKeys.values()].filter(({ revoked }) => !revoked);
  const own = ends.filter((end) => end.site === site.name);
  if (own.length === 0) return null;
  const text = `The WireGuard configuration of federation ${federation.name} in this zone`;
  const lines =
    site.role === "coordinator" ? hubLines(link, own, farEnds(federation)) : peerLines(link, own, hubKey(federation));
  return {
    text,
    blocks: [
      section(`*${text}*\n${codeBlock(lines.join("\n"), 2900)}`),
      context(
        "The VMs have it already; it is here to be compared with `wg show`. Private keys are made on the VMs and never leave them.",
      ),
    ],
  };
}

function listedEnds<End extends Pick<TunnelKey, "pair">>(
  ends: readonly End[],
  line: (end: End) => string,
): readonly string[] {
  const more = ends.length - MOST_ENDS;
  const lines = ends
    .toSorted((one, other) => (one.pair ?? 0) - (other.pair ?? 0))
    .slice(0, MOST_ENDS)
    .map(line);
  return more > 0 ? [...lines, `# and ${count(more, "more end")}`] : lines;
}

function hubLines(link: WireGuardLink, own: readonly TunnelKey[], peers: readonly RouterEnd[]): readonly string[] {
  return [
    "[Interface]",
    ...own.map(({ key, vmId }) => `# VM ${vmId}, public key ${key}`),
    `ListenPort = ${link.hub.port}`,
    `Address = ${dialledIn(link.range)}/31, and its side of each pair of ${link.range}`,
    `MTU = ${link.mtu}`,
    ...listedEnds(peers, ({ key, pair, site }) =>
      [
        "",
        `[Peer] # ${site}`,
        `PublicKey = ${key}`,
        `AllowedIPs = ${pairIn(link.range, pair).peer}/32`,
        `PersistentKeepalive = ${TUNNEL_KEEPALIVE}`,
      ].join("\n"),
    ),
  ];
}

function peerLines(link: WireGuardLink, own: readonly TunnelKey[], hub: string | null): readonly string[] {
  return [
    "[Interface]",
    ...listedEnds(own, ({ key, pair, vmId }) =>
      [`# VM ${vmId}, public key ${key}`, `Address = ${pairIn(link.range, pair ?? 0).peer}/31`].join("\n"),
    ),
    `MTU = ${link.mtu}`,
    "",
    "[Peer] # the hub, for each of them",
    `PublicKey = ${hub ?? "(not known at the moment)"}`,
    `Endpoint = ${link.hub.host}:${link.hub.port}`,
    `AllowedIPs = ${dialledIn(link.range)}/32`,
    `PersistentKeepalive = ${TUNNEL_KEEPALIVE}`,
  ];
}
