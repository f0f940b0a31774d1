/** A zone's router that is set up as the bot's message says, word for word, carries real SuperNodes that know nothing of it. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { basename, dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { run } from "../../sandbox/hypervisor/real/command.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { decodeTunnelPeers, encodeTunnelPeers } from "../../src/guest-protocol/tunnel.ts";
import { routerCard } from "../../src/slack/blocks/router-card.ts";
import { giveRouterKey } from "../builders/commands.ts";
import { aZone, zonesOf } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { leftOut } from "./left-out.ts";
import { FLEET_PORT, LoneGuests, nic } from "./lone-guests.ts";

const HUB: VmAddress = { zone: "coordinator", vmId: 1 };
const NODE: VmAddress = { zone: "training-b", vmId: 2 };
const KEEPALIVE = { time: 10, timeout: 5 };
const ENDPOINT = { ip: "198.51.100.7", port: 51_820 };
const INSIDE = "10.99.0.0";
const DEVICE = "florist";

/** As `wg set`, which the machine need not have: what comes on stdin goes to the device's own socket. */
const CONFIGURE = `import socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect("/run/wireguard/${DEVICE}.sock")
line.sendall(sys.stdin.buffer.read())
answer = line.recv(200)
sys.exit(0 if answer == b"errno=0\\n\\n" else repr(answer))`;

/** Its own /run/wireguard, for the machine's is everybody's. */
const BRING_UP = `mkdir -p /run/wireguard && mount -t tmpfs tunnel /run/wireguard && wireguard-go ${DEVICE} >/dev/null 2>&1 \
&& for i in $(seq 100); do [ -S /run/wireguard/${DEVICE}.sock ] && break; sleep 0.1; done && python3 -c '${CONFIGURE}'`;

/** A federation of the same addresses, of which the hub has that key and gamma's router has its end. */
function planned(hubKey: string): Story {
  const zones = zonesOf([aZone("alpha"), aZone("beta"), aZone("gamma", { tunnelWay: "router" })]);
  const hub = { host: ENDPOINT.ip, port: ENDPOINT.port };
  const story = aFederation({
    crossing: { kind: "wireguard", hub, range: "10.99.0.0/23" },
    zones: ["alpha", "gamma"],
    context: { zones },
  }).trusted();
  return story.says("alpha", { WG_PUBLIC_KEY: hubKey }).observes("alpha").tunnels();
}

/** The two parts of what is posted: the device, and the rules. */
function posted(story: Story): { readonly device: string; readonly rules: string } {
  const card = routerCard(story.federation, story.site("gamma"));
  const texts = (card?.blocks ?? []).flatMap((block) =>
    block.type === "section" && block.text !== undefined ? [block.text.text] : [],
  );
  const [device = "", rules = ""] = texts.flatMap((text) => /```\n?([\s\S]*?)\n?```/.exec(text)?.[1] ?? []);
  return { device, rules };
}

const valueIn = (text: string, name: string): string => new RegExp(`^${name} = (\\S+)$`, "m").exec(text)?.[1] ?? "";
const hex = (key: string): string => Buffer.from(key, "base64").toString("hex");

describe("with real Flower, a SuperNode behind a router that has the tunnel for it", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let guests: LoneGuests;
  let router = "";
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
    router = `florist-${basename(dirname((await guests.view(NODE)).disk))}-${NODE.zone}-gateway`;
  });
  after(() => guests?.end());

  test("reaches nothing before, and serves once the router has what was posted and the hub knows its key", async () => {
    await guests.published(NODE, PUBLISHED.link, (link) => link === "unreachable");
    const story = planned(await guests.published(HUB, PUBLISHED.tunnelKey, () => true));
    const { device, rules } = posted(story);
    const own = generateKeyPairSync("x25519");
    const secret = own.privateKey.export({ type: "pkcs8", format: "der" }).subarray(-32).toString("hex");
    const publicKey = own.publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64");
    const settings = [
      "set=1",
      `private_key=${secret}`,
      `public_key=${hex(valueIn(device, "PublicKey"))}`,
      `endpoint=${valueIn(device, "Endpoint")}`,
      `allowed_ip=${valueIn(device, "AllowedIPs")}`,
      `persistent_keepalive_interval=${valueIn(device, "PersistentKeepalive")}`,
    ];
    const inRouter = (command: readonly string[], input = "") =>
      run("ip", ["netns", "exec", router, ...command], { input });
    await inRouter(["sh", "-c", BRING_UP], `${settings.join("\n")}\n\n`);
    await inRouter(["ip", "addr", "add", valueIn(device, "Address"), "dev", DEVICE]);
    await inRouter(["ip", "link", "set", DEVICE, "mtu", valueIn(device, "MTU"), "up"]);
    await inRouter(["ip", "route", "replace", valueIn(device, "AllowedIPs"), "dev", DEVICE]);
    await inRouter(["nft", "-f", "-"], `${rules}\n`);

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
