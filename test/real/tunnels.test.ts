import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { GIVEN, type Link, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { eventually, until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { LoneGuests } from "./lone-guests.ts";
import { LoneTunnels } from "./lone-tunnels.ts";

const MOST_LOST_MS = 5_000;

/**
 * Sends an echo request to the address ten times a second and says when each answer came, until nobody reads that any more;
 * with "once" it ends with the first answer. It hears everybody's requests and answers, too.
 */
const PROBE = `import socket, struct, sys, time
line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
head = struct.pack("!BBHHH", 8, 0, 0, 0x0c1f, 0)
total = sum(struct.unpack("!4H", head))
head = struct.pack("!BBHHH", 8, 0, 0xffff - (total & 0xffff) - (total >> 16), 0x0c1f, 0)
def is_answered(due):
    try:
        line.sendto(head, (sys.argv[1], 0))
        while (left := due - time.monotonic()) > 0:
            line.settimeout(left)
            heard = line.recv(200)
            if heard[20] == 0 and heard[24:26] == b"\\x0c\\x1f":
                return True
    except OSError:
        pass
    return False
while True:
    due = time.monotonic() + 0.1
    if is_answered(due):
        print("answer", flush=True)
        if "once" in sys.argv:
            break
    time.sleep(max(0, due - time.monotonic()))
`;

/** What somebody tries who runs code as an app does. */
const APP = `import json, os, pwd, socket
user = pwd.getpwnam("florist-apps")
os.setgroups([])
os.setgid(user.pw_gid)
os.setuid(user.pw_uid)
def outcome(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"
print(json.dumps({
    "key": outcome(lambda: open("/var/lib/florist/agent/tunnel.key")),
    "device": outcome(lambda: socket.socket(socket.AF_UNIX).connect("/var/run/wireguard/wg-florist.sock")),
    "tunnel": outcome(lambda: socket.create_connection(("10.99.0.0", 9092), 2)),
}))
`;

describe("with real Flower behind NAT, two SuperNodes and a SuperLink whose traffic crosses by wireguard-go", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let guests: LoneGuests;
  let tunnels: LoneTunnels;
  let one: VmAddress;
  let other: VmAddress;

  before(async () => {
    guests = await LoneGuests.start();
    tunnels = new LoneTunnels(guests);
    await tunnels.deploy();
    const [first, second] = tunnels.nodes;
    assert.ok(first !== undefined && second !== undefined);
    [one, other] = [first, second];
  });
  after(() => guests?.end());

  test("all serve, and nothing of a zone is reached from another but the one UDP port", async () => {
    for (const vm of tunnels.nodes) assert.equal(guests.says(vm, PUBLISHED.link), "ok");
    const { outerAddress } = await guests.view(tunnels.hub);
    const program = `import socket, sys
for host in sys.argv[1:]:
    try:
        socket.create_connection((host, 9092), 2)
        print("reached", host)
    except OSError:
        pass`;
    const inside = await tunnels.inside(one);
    const reached = await inside.run([
      "python3",
      "-c",
      program,
      outerAddress,
      tunnels.endpoint.ip,
      "10.10.0.10",
      "10.99.0.0",
    ]);
    assert.equal(reached, "reached 10.99.0.0\n");
  });

  test("each end says of the other how it does", async () => {
    const [key, hub] = [await tunnels.key(one), await tunnels.key(tunnels.hub)];
    const { outerAddress } = await guests.view(one);
    const seen = await eventually("the hub has heard of it", () => endOf(tunnels.hub, key));
    assert.equal(seen.endpoint?.split(":")[0], outerAddress);
    await until(
      "it has heard of the hub",
      () => endOf(one, hub),
      (end) => end !== undefined && end.rx > 0,
    );
  });

  test("the hub forwards nothing from one site to another, whatever a site sends and even if the VM forwards packets, and says who sent it", async () => {
    const [hub, hostile] = [await tunnels.inside(tunnels.hub), await tunnels.inside(one)];
    const forwarded = "nft list chain inet watch out | grep -o 'packets [0-9]*'";
    await hub.run([
      "sh",
      "-ec",
      `echo 1 > /proc/sys/net/ipv4/ip_forward
nft add table inet watch
nft add chain inet watch out '{ type filter hook postrouting priority 0; }'
nft add rule inet watch out ip saddr 10.99.0.1 ip daddr 10.99.0.3 counter`,
    ]);
    await stopAgent(one, "STOP");
    try {
      const hubKey = Buffer.from(await tunnels.key(tunnels.hub), "base64").toString("hex");
      const toOther = `import socket
line = socket.socket(socket.AF_UNIX)
line.connect("/var/run/wireguard/wg-florist.sock")
line.sendall(b"set=1\\npublic_key=${hubKey}\\nallowed_ip=10.99.0.3/32\\n\\n")
assert line.recv(100) == b"errno=0\\n\\n"`;
      await hostile.run(["python3", "-c", toOther]);
      await hostile.run(["ip", "route", "add", "10.99.0.3", "dev", "wg-florist"]);
      const send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('10.99.0.3', 9))";
      const sent = async () => {
        await hostile.run(["python3", "-c", send]);
        await hostile.run(["timeout", "5", "python3", "-c", PROBE, "10.99.0.0", "once"]);
        return (await hub.run(["sh", "-ec", forwarded])).trim();
      };
      assert.equal(await sent(), "packets 0");
      const strays = () => tunnels.links(tunnels.hub)?.strays.map(({ from }) => from);
      await until("the hub says who strays", strays, (from) => from?.join() === "10.99.0.1");
      for (const chain of ["prerouting", "forward"])
        await hub.run(["nft", "flush", "chain", "inet", "florist_tunnel", chain]);
      assert.notEqual(await sent(), "packets 0", "Without its walls the VM does forward.");
    } finally {
      await stopAgent(one, "CONT");
    }
  });

  test("what a site sends with another peer's tunnel address is dropped at the hub before anything sees it", async () => {
    const [hub, hostile] = [await tunnels.inside(tunnels.hub), await tunnels.inside(one)];
    const counted = "nft list chain inet forged in | grep -o 'packets [0-9]*' | tr '\\n' ' '";
    await hub.run([
      "sh",
      "-ec",
      `nft add table inet forged
nft add chain inet forged in '{ type filter hook prerouting priority -400; }'
nft add rule inet forged in ip saddr 10.99.0.3 udp dport 7777 counter
nft add rule inet forged in ip saddr 10.99.0.1 udp dport 7777 counter`,
    ]);
    const send = `import socket, sys
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind((sys.argv[1], 0))
line.sendto(b"x", ("10.99.0.0", 7777))`;
    await stopAgent(one, "STOP");
    try {
      await hostile.run(["ip", "addr", "add", "10.99.0.3/32", "dev", "wg-florist"]);
      await hostile.run(["python3", "-c", send, "10.99.0.3"]);
      await hostile.run(["python3", "-c", send, "10.99.0.1"]);
      await until(
        "its own packet has come",
        async () => (await hub.run(["sh", "-ec", counted])).trim(),
        (counts) => counts.endsWith("packets 1"),
      );
      assert.equal((await hub.run(["sh", "-ec", counted])).trim(), "packets 0 packets 1");
      await hostile.run(["ip", "addr", "del", "10.99.0.3/32", "dev", "wg-florist"]);
    } finally {
      await stopAgent(one, "CONT");
    }
    await areWell();
  });

  test("an app reads no tunnel's key, does not reach its device, and sends nothing through it", async () => {
    const found: unknown = JSON.parse(await (await tunnels.inside(one)).run(["python3", "-c", APP]));
    assert.deepEqual(found, { key: "PermissionError", device: "PermissionError", tunnel: "TimeoutError" });
    const strays = () => tunnels.links(one)?.strays.map(({ from }) => from);
    await until("its VM says that something strays", strays, (from) => from?.join() === "10.99.0.1");
  });

  test("a SuperNode's key is changed with less than 5 s lost", (t) =>
    losesLittle(t, async () => {
      const [before, stays] = [await tunnels.key(one), await tunnels.key(other)];
      guests.give(one, GIVEN.rotateTunnelKey, "1");
      const next = await guests.published(one, PUBLISHED.nextTunnelKey, () => true);
      const both = [tunnels.node(0, before), tunnels.node(1, stays)];
      tunnels.tellHub([...both, { key: next, endpoint: null, allowed: [], replaces: before }]);
      await eventually("the hub knows it", () => endOf(tunnels.hub, next));
      guests.give(one, GIVEN.switchTunnelKey, next);
      await guests.published(one, PUBLISHED.tunnelKey, (key) => key === next);
      await until("the hub meets it", () => endOf(tunnels.hub, next)?.age != null);
      tunnels.tellHub([tunnels.node(0, next), tunnels.node(1, stays)]);
      await until("the old one is gone", () => endOf(tunnels.hub, before) === undefined);
    }));

  test("the hub's key is changed with less than 5 s lost", (t) =>
    losesLittle(t, async () => {
      const before = await tunnels.key(tunnels.hub);
      guests.give(tunnels.hub, GIVEN.rotateTunnelKey, "1");
      const next = await guests.published(tunnels.hub, PUBLISHED.nextTunnelKey, () => true);
      for (const index of tunnels.nodes.keys()) {
        tunnels.tellNode(index, [tunnels.hubAs(before), { ...tunnels.hubAs(next), allowed: [], replaces: before }]);
      }
      for (const vm of tunnels.nodes) await eventually("a site knows it", () => endOf(vm, next));
      guests.give(tunnels.hub, GIVEN.switchTunnelKey, next);
      await guests.published(tunnels.hub, PUBLISHED.tunnelKey, (key) => key === next);
      for (const [index, vm] of tunnels.nodes.entries()) {
        await until("a site meets it", () => endOf(vm, next)?.age != null);
        tunnels.tellNode(index, [tunnels.hubAs(next)]);
        await until("the old one is gone", () => endOf(vm, before) === undefined);
      }
    }));

  test("a hub that reboots is there for its sites in less than 5 s after it is up, whoever is silent", async (t) => {
    const { pid } = await guests.view(tunnels.hub);
    // No site sends anything by itself: the hub has to find them.
    for (const vm of tunnels.nodes) await stopAgent(vm, "STOP");
    try {
      guests.oneGate.broken = true;
      await guests.client.reboot(tunnels.hub);
      assert.notEqual((await guests.view(tunnels.hub)).pid, pid);
      const inside = await tunnels.inside(tunnels.hub);
      await until("its device is there", () => inside.run(["sh", "-c", "ls /sys/class/net | grep wg-florist || true"]));
      const up = Date.now();
      await inside.run(["timeout", "60", "python3", "-c", PROBE, "10.99.0.1", "once"]);
      const took = Date.now() - up;
      t.diagnostic(`traffic after ${took} ms`);
      assert.ok(took < MOST_LOST_MS, `${took} ms`);
    } finally {
      guests.oneGate.broken = false;
      for (const vm of tunnels.nodes) await stopAgent(vm, "CONT");
    }
    await areWell();
  });

  test("another key at the hub is told by the site, and its knocks by the hub; another site notices nothing", async (t) => {
    const [right, stays] = [await tunnels.key(one), await tunnels.key(other)];
    const strange = Buffer.alloc(32, 9).toString("base64");
    const { outerAddress } = await guests.view(one);
    const knocks = () => tunnels.links(tunnels.hub)?.knocks.find(({ from }) => from === outerAddress)?.count ?? 0;
    tunnels.tellHub([tunnels.node(0, strange), tunnels.node(1, stays)]);
    await isTold(t, one, "tunnel-silent");
    const before = knocks();
    await until("the hub says that it is knocked at", knocks, (now) => now > before);
    assert.equal(guests.says(other, PUBLISHED.link), "ok");
    tunnels.tellHub([tunnels.node(0, right), tunnels.node(1, stays)]);
    await areWell();
  });

  test("UDP that is cut off for 30 s is told, and Flower goes on over the same connection", async (t) => {
    const inside = await tunnels.inside(one);
    const processes = () => inside.run(["pgrep", "-f", "bin/flower-supernode"]);
    const running = await processes();
    const { outerAddress } = await guests.view(one);
    const cut = Date.now();
    await guests.client.firewall([`ip saddr ${outerAddress} udp dport ${tunnels.endpoint.port} drop`]);
    await isTold(t, one, "tunnel-silent");
    await until("30 s are over", () => Date.now() - cut > 30_000);
    await guests.client.firewall([]);
    await areWell();
    assert.equal(await processes(), running);
  });

  test("a hub that does not listen is told, and one whose wireguard-go was killed is back by itself", async (t) => {
    await stopAgent(tunnels.hub, "STOP");
    try {
      await (await tunnels.inside(tunnels.hub)).run(["pkill", "-9", "wireguard-go"]);
      await isTold(t, one, "tunnel-refused");
    } finally {
      await stopAgent(tunnels.hub, "CONT");
    }
    await areWell();
  });

  test("packets that are lost for their size are told as that", async (t) => {
    await guests.client.firewall(["meta l4proto udp ip length > 1400 drop"]);
    await isTold(t, one, "tunnel-stalled");
    await guests.client.firewall([]);
    await areWell();
  });

  /** What an end says of the one with that key; nothing if it does not know it. */
  function endOf(vm: VmAddress, key: string) {
    return tunnels.links(vm)?.peers.find((peer) => peer.key === key);
  }

  async function isTold(t: TestContext, vm: VmAddress, link: Link): Promise<void> {
    const since = Date.now();
    await guests.published(vm, PUBLISHED.link, (value) => value === link);
    t.diagnostic(`${link}: said after ${Date.now() - since} ms`);
  }

  async function areWell(): Promise<void> {
    for (const vm of tunnels.nodes) {
      await guests.published(vm, PUBLISHED.link, (value) => value === "ok");
      await guests.published(vm, PUBLISHED.reason, (value) => value === "none");
    }
  }

  /** While something is done, both sites get answers through the tunnel but for a short time. */
  async function losesLittle(t: TestContext, act: () => Promise<void>): Promise<void> {
    const ended = new AbortController();
    const longest = Promise.all(tunnels.nodes.map((vm) => longestSilence(vm, ended.signal)));
    try {
      await act();
    } finally {
      ended.abort();
    }
    const lost = await longest;
    t.diagnostic(`longest silence ${lost.join(" ms and ")} ms`);
    assert.ok(
      lost.every((silence) => silence < MOST_LOST_MS),
      lost.join(", "),
    );
    await areWell();
  }

  /** Milliseconds, until the signal. */
  async function longestSilence(vm: VmAddress, signal: AbortSignal): Promise<number> {
    let [longest, last] = [0, Date.now()];
    for await (const _ of (await tunnels.inside(vm)).lines(["python3", "-c", PROBE, tunnels.address], signal)) {
      longest = Math.max(longest, Date.now() - last);
      last = Date.now();
    }
    return Math.max(longest, Date.now() - last);
  }

  /** The agent of a VM, without Flower or the device. */
  async function stopAgent(vm: VmAddress, signal: "STOP" | "CONT"): Promise<void> {
    await (await tunnels.inside(vm)).run(["pkill", `-${signal}`, "-f", "program/agent.py run"]);
  }
});
