/** A zone whose SuperNodes have no way out but a gateway of their own zone, where OpenNebula filters addresses. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { encodeTunnelPeers, type TunnelPeers } from "../../src/guest-protocol/tunnel.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { FLEET_PORT, LoneGuests } from "./lone-guests.ts";

const HUB: VmAddress = { zone: "coordinator", vmId: 1 };
const GATEWAY: VmAddress = { zone: "training-b", vmId: 2 };
const NODE: VmAddress = { zone: "training-b", vmId: 3 };
const KEEPALIVE = { time: 10, timeout: 5 };
const ENDPOINT = { ip: "198.51.100.7", port: 51_820 };
const INSIDE = "10.99.0.0";
const MOST_LOST_MS = 5_000;

const card = (ip: string, router = true): Readonly<Record<string, string>> => ({
  ETH0_IP: ip,
  ETH0_MASK: "255.255.255.0",
  ...(router ? { ETH0_GATEWAY: ip.replace(/\.\d+$/, ".1") } : {}),
});

/** Dials until the SuperLink answers, and says how often it tried; then what more than 1500 bytes come to. */
const DIAL = `import socket, sys, time
while True:
    try:
        socket.create_connection(("${INSIDE}", ${FLEET_PORT}), 0.5).close()
        print("answered")
        break
    except OSError:
        time.sleep(0.05)
`;

describe("with real Flower, a SuperNode whose zone has a gateway and a filter of addresses", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let guests: LoneGuests;
  let sequence = 0;
  const tell = (vm: VmAddress, told: Omit<TunnelPeers, "sequence">): void => {
    sequence += 1;
    guests.give(vm, GIVEN.tunnelPeers, encodeTunnelPeers({ sequence, ...told }));
  };

  before(async () => {
    guests = await LoneGuests.start();
    await guests.client.forward(HUB.zone, ENDPOINT);
    const dialled = `${INSIDE}:${FLEET_PORT}`;
    const way = { [CONTEXT.tunnelKind]: "gateway", [CONTEXT.tunnelMtu]: "1420" };
    const training = {
      ...guests.context(NODE.zone, KEEPALIVE),
      ...way,
      [CONTEXT.superlinkAddress]: dialled,
      [CONTEXT.caCertificate]: encodePem([guests.authority.certificatePem]),
    };
    await guests.start(HUB, {
      ...guests.context(HUB.zone, KEEPALIVE),
      ...card("10.10.0.10"),
      [CONTEXT.tunnelKind]: "own",
      [CONTEXT.tunnelMtu]: "1420",
      [CONTEXT.tunnelAddress]: `${INSIDE}/31`,
      [CONTEXT.tunnelPort]: String(ENDPOINT.port),
      [CONTEXT.role]: "superlink",
      [CONTEXT.dialledAddress]: dialled,
    });
    await guests.start(GATEWAY, { ...training, ...card("10.20.0.2"), [CONTEXT.role]: "gateway" });
    await guests.client.filterAddresses(GATEWAY.zone, true);
    await guests.start(NODE, {
      ...training,
      ...card("10.20.0.10", false),
      [CONTEXT.role]: "supernode",
      [CONTEXT.tunnelGateway]: "10.20.0.2",
    });
  });
  after(() => guests?.end());

  test("serves once the hub knows the gateway's key, although it has no other way out of its zone", async () => {
    const [hub, gateway] = await Promise.all(
      [HUB, GATEWAY].map((vm) => guests.published(vm, PUBLISHED.tunnelKey, () => true)),
    );
    await guests.published(GATEWAY, PUBLISHED.ready, (ready) => ready === "YES");
    tell(HUB, {
      own: [`${INSIDE}/31`],
      peers: [{ key: gateway ?? "", endpoint: null, allowed: ["10.99.0.1/32"], replaces: null }],
    });
    const endpoint = `${ENDPOINT.ip}:${ENDPOINT.port}`;
    tell(GATEWAY, {
      own: ["10.99.0.1/31"],
      peers: [{ key: hub ?? "", endpoint, allowed: [`${INSIDE}/32`], replaces: null }],
    });
    await guests.certify(HUB, INSIDE);
    await guests.admit(HUB, [NODE]);
    assert.equal(guests.says(NODE, PUBLISHED.link), "ok");
    await guests.published(GATEWAY, PUBLISHED.link, (link) => link === "ok");
    await guests.stage(GATEWAY, "serving");
  });

  test("is seen by the SuperLink at the gateway's address inside, with segments that fit into the tunnel", async () => {
    const superlink = new Inside(await guests.view(HUB));
    const seen = await superlink.run(["ss", "-Hnti", "state", "established", `sport = :${FLEET_PORT}`]);
    assert.match(seen, /10\.99\.0\.1\]?:/);
    const node = new Inside(await guests.view(NODE));
    const own = await node.run(["ss", "-Hnti", "state", "established", `dport = :${FLEET_PORT}`]);
    for (const [, mss] of [...seen.matchAll(/ mss:(\d+)/g), ...own.matchAll(/ mss:(\d+)/g)]) {
      assert.ok(Number(mss) <= 1380, own);
    }
  });

  test("gets nothing else through the gateway, and nobody gets in to it through the tunnel", async () => {
    const dial = (host: string, port: number): string =>
      `import socket\ntry:\n  socket.create_connection(('${host}', ${port}), 2)\nexcept OSError: print('not reached')`;
    const node = new Inside(await guests.view(NODE));
    const route = ["ip", "route", "replace", "198.51.100.0/24", "via", "10.20.0.2"];
    await node.run(route);
    assert.match(await node.run(["python3", "-c", dial("198.51.100.7", 22)]), /not reached/);
    assert.match(await node.run(["python3", "-c", dial(INSIDE, 22)]), /not reached/);
    const superlink = new Inside(await guests.view(HUB));
    assert.match(await superlink.run(["python3", "-c", dial("10.99.0.1", FLEET_PORT)]), /not reached/);
    assert.match(await superlink.run(["python3", "-c", dial("10.20.0.10", 22)]), /not reached/);
  });

  test("has its way again in under five seconds after its gateway was rebooted while nothing was sent", async () => {
    await guests.client.reboot(GATEWAY);
    const node = new Inside(await guests.view(NODE));
    await until("the gateway's program is there again", async () => {
      const gateway = new Inside(await guests.view(GATEWAY));
      return (await gateway.run(["pgrep", "-f", "agent.py run"]).catch(() => "")).trim() !== "";
    });
    const begun = performance.now();
    assert.match(await node.run(["python3", "-c", DIAL]), /answered/);
    const lost = performance.now() - begun;
    assert.ok(lost < MOST_LOST_MS, `${Math.round(lost)} ms`);
  });

  test("has its way again after somebody flushed the gateway's rules and set forwarding back", async () => {
    const gateway = new Inside(await guests.view(GATEWAY));
    await gateway.run(["sh", "-c", "nft flush ruleset; echo 0 > /proc/sys/net/ipv4/ip_forward"]);
    const node = new Inside(await guests.view(NODE));
    assert.match(await node.run(["python3", "-c", DIAL]), /answered/);
  });
});
