/** What it takes to plan a federation of a hundred SuperNodes whose traffic crosses by WireGuard, and to tell its hub. */
import type { Crossing } from "../../src/federation/model/events.ts";
import { proposeSites } from "../../src/federation/proposing/proposal.ts";
import { nextTelling } from "../../src/federation/tunnels/peers.ts";
import { encodeTunnelPeers } from "../../src/guest-protocol/tunnel.ts";
import { aDecisionContext, aZone, sitesOf, zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { aTunnelKey } from "../builders/tunnel-key.ts";
import { atMost, type Figure, median } from "./figures.ts";
import { measure } from "./measuring.ts";

const SITES = 20;
const SUPERNODES = 5;
const NAMES = Array.from({ length: SITES + 1 }, (_, nth) => `hospital${String(nth).padStart(2, "0")}`);
const [COORDINATOR = ""] = NAMES;
const WIREGUARD: Crossing = { kind: "wireguard", hub: { host: "198.51.100.7", port: 51_820 }, range: null };

function asked(crossing?: Crossing): Story {
  const context = aDecisionContext({ sites: sitesOf(NAMES.map((name) => aZone(name))) });
  return aFederation({
    zones: NAMES,
    superNodes: SUPERNODES,
    context,
    ...(crossing === undefined ? {} : { crossing }),
  });
}

function timed(work: () => unknown): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

/** Milliseconds for all plans with their digests. */
function planning(crossing?: Crossing): number {
  const story = asked(crossing);
  const surveys = story.surveys();
  return timed(() => {
    const decision = proposeSites(story.federation, surveys, story.context);
    if (!decision.ok || decision.events.length !== NAMES.length + 1) throw new Error("Not every site was planned.");
  });
}

/** A hub that serves, and every key accepted. */
function accepted(): Story {
  const story = asked(WIREGUARD).trusted();
  return story.happens(
    ...NAMES.slice(1).flatMap((name, site) =>
      Array.from({ length: SUPERNODES }, (_, nth) => ({
        type: "tunnel-key-accepted" as const,
        site: zone(name),
        vmId: nth,
        key: aTunnelKey(`${name}/${nth}`),
        pair: site * SUPERNODES + nth,
      })),
    ),
  );
}

/** Milliseconds for what the hub is told of all of them. */
function telling(story: Story): number {
  const { vmId } = story.vm(COORDINATOR);
  return timed(() => {
    const next = nextTelling(story.federation, zone(COORDINATOR), vmId);
    if (next === null || next.peers.peers.length !== SITES * SUPERNODES) throw new Error("Not every peer is told.");
    encodeTunnelPeers(next.peers);
  });
}

await measure(async ({ quick }) => {
  const rounds = Array.from({ length: quick ? 3 : 25 });
  const story = accepted();
  const times = {
    wireguard: rounds.map(() => planning(WIREGUARD)),
    address: rounds.map(() => planning()),
    telling: rounds.map(() => telling(story)),
  };
  const figures: readonly Figure[] = [
    {
      subject: "planning 20 sites with 100 SuperNodes by WireGuard, median",
      value: median(times.wireguard),
      unit: "ms",
      peer: { name: "to a public address", value: median(times.address) },
      targets: [atMost(50)],
    },
    {
      subject: "telling a hub its 100 peers, median",
      value: median(times.telling),
      unit: "ms",
      peer: null,
      targets: [atMost(50)],
    },
  ];
  return figures;
});
