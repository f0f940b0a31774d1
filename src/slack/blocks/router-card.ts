/** What the zone's own router is to be configured with, for that zone's channel only. It holds no private key. */
import { hubKey } from "../../federation/model/hub.ts";
import { routerEnd, routerLink } from "../../federation/model/router.ts";
import { currentProposal, type Federation, type Site } from "../../federation/model/state.ts";
import { TUNNEL_KEEPALIVE } from "../../federation/tunnels/planner.ts";
import { dialledIn, pairIn } from "../../federation/tunnels/range.ts";
import { cardValue } from "../card-value.ts";
import { ACTION } from "../names.ts";
import { actions, type Blocks, button, context, section } from "./elements.ts";
import { MARK } from "./marks.ts";
import { code, codeBlock, mention, moment } from "./mrkdwn.ts";

/** What the router calls the device. */
const DEVICE = "florist";
/** Of TCP segments: what is left of a packet inside after the headers of IPv4 and TCP. */
const HEADERS = 40;

/** What stands on the card, each part as a file to be applied. None where there is no card. */
export function routerFiles(
  federation: Federation,
  site: Site,
): readonly { readonly name: string; readonly content: string }[] {
  const lines = site.approvalState === "approved" ? routerLines(federation, site) : null;
  if (lines === null) return [];
  const whole = (of: readonly string[]): string => `${of.join("\n")}\n`;
  return [
    { name: `${federation.name}-router.conf`, content: whole(lines.device) },
    { name: `${federation.name}-router.nft`, content: whole(lines.rules) },
  ];
}

/** null: its router has no end of the tunnels, or nobody can begin yet. */
export function routerCard(
  federation: Federation,
  site: Site,
): { readonly text: string; readonly blocks: Blocks } | null {
  const lines = routerLines(federation, site);
  const proposal = currentProposal(site);
  if (lines === null || proposal === null || site.approvalState !== "approved") return null;
  const text = `The WireGuard configuration of this zone's router for federation ${federation.name}`;
  const given = routerEnd(site) !== null;
  const label = given ? "Give another key" : "Give the router's key";
  return {
    text,
    blocks: [
      section(`*${text}*\n${codeBlock(lines.device.join("\n"), 1400)}`),
      section(
        `*What the router does for the VMs* (as nftables; do the same in its own way)\n${codeBlock(lines.rules.join("\n"), 1400)}`,
      ),
      section(stateOf(site)),
      context("Make the private key on the router, and never send it anywhere: only its public half is asked for."),
      ...actions(
        button(label, ACTION.giveRouterKey, cardValue(federation.id, proposal.card), {
          label: `${label} in ${site.name} for federation ${federation.name}`,
          ...(given ? {} : { style: "primary" as const }),
        }),
      ),
    ],
  };
}

function stateOf({ router }: Site): string {
  if (router === null)
    return `${MARK.pending} The SuperNodes are created once an owner has given the router's public key.`;
  return `${MARK.done} ${mention(router.by)} gave the key ${code(router.key)} ${moment(router.at)}.`;
}

function routerLines(federation: Federation, site: Site) {
  const link = routerLink(site);
  const hub = hubKey(federation);
  if (link === null || link.pairs === null || hub === null) return null;
  const { range, mtu, pairs } = link;
  const inside = dialledIn(range);
  const device = [
    "[Interface]",
    "# PrivateKey = made on the router by `wg genkey`",
    `Address = ${pairIn(range, pairs.first).peer}/31`,
    `MTU = ${mtu}`,
    "",
    "[Peer]",
    `PublicKey = ${hub}`,
    `Endpoint = ${link.hub.host}:${link.hub.port}`,
    `AllowedIPs = ${inside}/32`,
    `PersistentKeepalive = ${TUNNEL_KEEPALIVE}`,
  ];
  const limit = `tcp flags syn tcp option maxseg size set ${mtu - HEADERS}`;
  const rules = [
    "# once, and at every start: sysctl -w net.ipv4.ip_forward=1",
    `table ip ${DEVICE}_tunnel {`,
    "  chain to_hub {",
    "    type nat hook postrouting priority 100;",
    `    oifname "${DEVICE}" masquerade`,
    "  }",
    "  chain passing {",
    "    type filter hook forward priority 0;",
    `    oifname "${DEVICE}" ${limit}`,
    `    iifname "${DEVICE}" ${limit}`,
    `    iifname "${DEVICE}" ct state new drop`,
    "  }",
    "}",
  ];
  return { device, rules };
}
