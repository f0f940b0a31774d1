/** A zone's router that is set up as the bot's message says, word for word, carries real SuperNodes that know nothing of it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { routerConfigurationIn } from "../../sandbox/story/routers.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { decodeTunnelPeers, encodeTunnelPeers } from "../../src/guest-protocol/tunnel.ts";
import { routerCard } from "../../src/slack/blocks/router-card.ts";
import { giveRouterKey } from "../builders/commands.ts";
import { aZone, sitesOf } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { leftOut } from "./left-out.ts";
import { FLEET_PORT, LoneGuests, nic } from "./lone-guests.ts";

const HUB: VmAddress = { zone: "coordinator", vmId: 1 };
const NODE: VmAddress = { zone: "training-b", vmId: 2 };
const KEEPALIVE = { time: 10, timeout: 5 };
const ENDPOINT = { ip: "198.51.100.7", port: 51_820 };
const INSIDE = "10.99.0.0";

/** A federation of the same addresses, of which the hub has that key and gamma's router has its end. */
function planned(hubKey: string): Story {
  const zones = sitesOf([aZone("alpha"), aZone("beta"), aZone("gamma", { tunnelWay: "router" })]);
  const hub = { host: ENDPOINT.ip, port: ENDPOINT.port };
  const story = aFederation({
    crossing: { kind: "wireguard", hub, range: "10.99.0.0/23" },
    zones: ["alpha", "gamma"],
    context: { sites: zones },
  }).trusted();
  return story.says("alpha", { WG_PUBLIC_KEY: hubKey }).observes("alpha").tunnels();
}

/** What the zone's channel reads. */
function posted(story: Story): string {
  const card = routerCard(story.federation, story.site("gamma"));
  const texts = (card?.blocks ?? []).flatMap((block) =>
    block.type === "section" && block.text !== undefined ? [block.text.text] : [],
  );
  return texts.join("\n").replaceAll("```", "\n");
}

describe("with real Flower, a SuperNode behind a router that has the tunnel for it", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let guests: LoneGuests;
  before(async () => {
    guests = await LoneGuests.start();
    await guests.client.forward(HUB.zone, ENDPOINT);
    await guests.start(HUB, {
      ...guests.context(HUB.zone, KEEPALIVE),
      ...nic("10.10.0"),
      [CONTEXT.tunnelKind]: "own",
      [CONTEXT.tunnelMtu]: "1420",
      [CONTEXT.tunnelAddress]: `${INSIDE}/31`,
      [CONTEXT.tunnelPort]: String(ENDPOINT.port),
      [CONTEXT.role]: "superlink",
      [CONTEXT.dialledAddress]: `${INSIDE}:${FLEET_PORT}`,
    });
    await guests.start(NODE, {
      ...guests.context(NODE.zone, KEEPALIVE),
      ...nic("10.20.0"),
      [CONTEXT.tunnelKind]: "router",
      [CONTEXT.tunnelMtu]: "1420",
      [CONTEXT.role]: "supernode",
      [CONTEXT.superlinkAddress]: `${INSIDE}:${FLEET_PORT}`,
      [CONTEXT.caCertificate]: encodePem([guests.authority.certificatePem]),
    });
  });
  after(() => guests?.end());

  test("reaches nothing before, and serves once the router has what was posted and the hub knows its key", async () => {
    await guests.published(NODE, PUBLISHED.link, (link) => link === "unreachable");
    const story = planned(await guests.published(HUB, PUBLISHED.tunnelKey, () => true));
    const publicKey = await guests.client.setUpRouter(NODE.zone, routerConfigurationIn(posted(story)));
    story.does(giveRouterKey("gamma", publicKey)).tunnels();
    const { vmId } = story.vm("alpha");
    const told = story
      .zone("alpha")
      .vms(story.serviceId("alpha"))
      .find(({ id }) => id === vmId)?.attributes["WG_PEERS"];
    const peers = decodeTunnelPeers(told ?? "");
    assert.ok(peers.ok);
    guests.give(HUB, GIVEN.tunnelPeers, encodeTunnelPeers(peers.value));

    await guests.certify(HUB, INSIDE);
    await guests.admit(HUB, [NODE]);
    assert.equal(guests.says(NODE, PUBLISHED.link), "ok");
  });

  test("is seen by the SuperLink at the router's address, and nobody comes in to it from the hub", async () => {
    const superlink = new Inside(await guests.view(HUB));
    const connections = await superlink.run(["ss", "-Hnt", "state", "established", `sport = :${FLEET_PORT}`]);
    assert.match(connections, /10\.99\.0\.1\]?:/);
    const dial =
      "import socket\ntry:\n  socket.create_connection(('10.20.0.10', 22), 2)\nexcept OSError as error: print('not reached')";
    assert.match(await superlink.run(["python3", "-c", dial]), /not reached/);
  });
});
