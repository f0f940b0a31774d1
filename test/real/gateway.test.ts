/**
 * A zone whose SuperNodes have no way out but a gateway of their own zone, and a SuperLink whose tunnels end at a gateway of
 * its zone; OpenNebula filters addresses in both.
 */
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

const HUB: VmAddress = { zone: "coordinator", vmId: 4 };
const SUPERLINK: VmAddress = { zone: "coordinator", vmId: 1 };
const GATEWAY: VmAddress = { zone: "training-b", vmId: 2 };
const NODE: VmAddress = { zone: "training-b", vmId: 3 };
const KEEPALIVE = { time: 10, timeout: 5 };
const ENDPOINT = { ip: "198.51.100.7", port: 51_820 };
const INSIDE = "10.99.0.0";
const [HUB_IP, SUPERLINK_IP] = ["10.10.0.2", "10.10.0.10"];
const MOST_LOST_MS = 5_000;

const card = (ip: string, router = true): Readonly<Record<string, string>> => ({
  ETH0_IP: ip,
  ETH0_MASK: "255.255.255.0",
  ...(router ? { ETH0_GATEWAY: ip.replace(/\.\d+$/, ".1") } : {}),
});

/** Dials until the SuperLink answers. */
const DIAL = `import socket, sys, time
while True:
    try:
        socket.create_connection(("${INSIDE}", ${FLEET_PORT}), 0.5).close()
        print("answered")
        break
    except OSError:
        time.sleep(0.05)
`;

/** Takes the device for other addresses of the coordinator's network, as whoever has a gateway might, and dials there. */
const REACH_OUT = `import pathlib, re, socket, subprocess
device = "/var/run/wireguard/wg-florist.sock"
def ask(*lines):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(device)
        line.sendall("".join(f"{each}\\n" for each in (*lines, "")).encode())
        return line.recv(65536).decode()
key = re.search("public_key=(.*)", ask("get=1"))[1]
ask("set=1", f"public_key={key}", "allowed_ip=10.10.0.0/24", "allowed_ip=10.99.0.0/24")
subprocess.run(["ip", "route", "replace", "10.10.0.0/24", "dev", "wg-florist"], check=True)
subprocess.run(["ip", "route", "replace", "10.99.0.2/32", "dev", "wg-florist"], check=True)
for host, port in (("${SUPERLINK_IP}", ${FLEET_PORT}), ("${SUPERLINK_IP}", 22), ("${HUB_IP}", ${FLEET_PORT}), ("${INSIDE}", 22), ("10.99.0.2", ${FLEET_PORT})):
    with socket.socket() as plain:
        plain.settimeout(1)
        print(host, port, "not reached" if plain.connect_ex((host, port)) else "REACHED")
subprocess.run(["ip", "route", "delete", "10.10.0.0/24"], check=True)
`;

describe("with real Flower, a SuperNode whose zone has a gateway, as the coordinator's has, and filters of addresses", {
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
      ...training,
      ...card(HUB_IP),
      [CONTEXT.site]: HUB.zone,
      [CONTEXT.tunnelAddress]: `${INSIDE}/31`,
      [CONTEXT.tunnelPort]: String(ENDPOINT.port),
      [CONTEXT.tunnelSuperlink]: SUPERLINK_IP,
      [CONTEXT.role]: "gateway",
    });
    await guests.client.filterAddresses(HUB.zone, true);
    await guests.start(SUPERLINK, {
      ...guests.context(SUPERLINK.zone, KEEPALIVE),
      ...card(SUPERLINK_IP, false),
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
    for (const vm of [HUB, GATEWAY]) await guests.published(vm, PUBLISHED.ready, (ready) => ready === "YES");
    tell(HUB, {
      own: [`${INSIDE}/31`],
      peers: [{ key: gateway ?? "", endpoint: null, allowed: ["10.99.0.1/32"], replaces: null }],
    });
    const endpoint = `${ENDPOINT.ip}:${ENDPOINT.port}`;
    tell(GATEWAY, {
      own: ["10.99.0.1/31"],
      peers: [{ key: hub ?? "", endpoint, allowed: [`${INSIDE}/32`], replaces: null }],
    });
    await guests.certify(SUPERLINK, INSIDE);
    await guests.admit(SUPERLINK, [NODE]);
    assert.equal(guests.says(NODE, PUBLISHED.link), "ok");
    for (const vm of [HUB, GATEWAY]) {
      await guests.published(vm, PUBLISHED.link, (link) => link === "ok");
      await guests.stage(vm, "serving");
    }
    assert.equal(guests.says(SUPERLINK, PUBLISHED.tunnelKey), "");
  });

  test("is seen by the SuperLink at the address of the gateway before it, with segments that fit into the tunnel", async () => {
    const superlink = new Inside(await guests.view(SUPERLINK));
    const seen = await superlink.run(["ss", "-Hnti", "state", "established", `sport = :${FLEET_PORT}`]);
    assert.match(seen, /10\.10\.0\.2\]?:/);
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
    const hub = new Inside(await guests.view(HUB));
    assert.match(await hub.run(["python3", "-c", dial("10.99.0.1", FLEET_PORT)]), /not reached/);
    assert.match(await hub.run(["python3", "-c", dial("10.20.0.10", 22)]), /not reached/);
  });

  test("reaches one port of the SuperLink through the hub and nothing else of that zone, whoever has its gateway", async () => {
    const gateway = new Inside(await guests.view(GATEWAY));
    const met = (await gateway.run(["python3", "-c", REACH_OUT])).trim().split("\n");
    assert.equal(met.length, 5);
    for (const line of met) assert.match(line, / not reached$/);
    const hub = new Inside(await guests.view(HUB));
    assert.match(await hub.run(["nft", "list", "set", "inet", "florist_tunnel", "strays"]), /10\.99\.0\.1 counter/);
    const node = new Inside(await guests.view(NODE));
    assert.match(await node.run(["python3", "-c", DIAL]), /answered/);
  });

  for (const [vm, whose] of [
    [GATEWAY, "its gateway"],
    [HUB, "the gateway before the SuperLink"],
  ] as const) {
    test(`has its way again in under five seconds after ${whose} was rebooted while nothing was sent`, async () => {
      await guests.client.reboot(vm);
      const node = new Inside(await guests.view(NODE));
      await until("the gateway's program is there again", async () => {
        const gateway = new Inside(await guests.view(vm));
        return (await gateway.run(["pgrep", "-f", "agent.py run"]).catch(() => "")).trim() !== "";
      });
      const begun = performance.now();
      assert.match(await node.run(["python3", "-c", DIAL]), /answered/);
      const lost = performance.now() - begun;
      assert.ok(lost < MOST_LOST_MS, `${Math.round(lost)} ms`);
    });

    test(`has its way again after somebody flushed the rules of ${whose} and set forwarding back`, async () => {
      const gateway = new Inside(await guests.view(vm));
      await gateway.run(["sh", "-c", "nft flush ruleset; echo 0 > /proc/sys/net/ipv4/ip_forward"]);
      const node = new Inside(await guests.view(NODE));
      assert.match(await node.run(["python3", "-c", DIAL]), /answered/);
    });
  }
});
