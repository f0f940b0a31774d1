/** What a SuperNode can dial besides an IPv4 address: IPv6, and names with several addresses of which one is dead. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { run } from "../../sandbox/hypervisor/real/command.ts";
import { FlowerRun } from "../../sandbox/hypervisor/real/flower-run.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { encodeStructured } from "../../src/guest-protocol/decoded.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { FLEET_PORT, LoneGuests, nic } from "./lone-guests.ts";
import { NAME_SERVER } from "./name-server.ts";

const LINK: VmAddress = { zone: "coordinator", vmId: 1 };
const NODE: VmAddress = { zone: "training", vmId: 2 };
const RUN_MS = 180_000;
const [FOUR, DEAD_FOUR, SIX, DEAD_SIX] = ["203.0.77.10", "203.0.77.99", "2001:db8:77::10", "2001:db8:77::99"];
/** By name, what the name server of the SuperNode's VM answers. */
const NAMES = {
  "six.example.org": [SIX],
  "both.example.org": [FOUR, SIX],
  "dead-six.example.org": [FOUR, DEAD_SIX],
  "dead-four.example.org": [DEAD_FOUR, FOUR],
};

describe("with real Flower, a SuperLink that is reached at an IPv4 and an IPv6 address", {
  skip: await leftOut(),
}, () => {
  let guests: LoneGuests;
  let sequence = 1;

  before(async () => {
    guests = await LoneGuests.start(Object.keys(NAMES));
    const keepalive = { time: 60, timeout: 20 };
    const link = {
      ...guests.context(LINK.zone, keepalive),
      ...nic("203.0.77"),
      [CONTEXT.role]: "superlink",
      [CONTEXT.dialledAddress]: `${SIX}:${FLEET_PORT}`,
      [CONTEXT.extraSan]: [`IP:${FOUR}`, ...Object.keys(NAMES).map((name) => `DNS:${name}`)].join(","),
    };
    const node = {
      ...guests.context(NODE.zone, keepalive),
      ...nic("10.20.77"),
      [CONTEXT.role]: "supernode",
      [CONTEXT.superlinkAddress]: `${SIX}:${FLEET_PORT}`,
      [CONTEXT.caCertificate]: encodePem([guests.authority.certificatePem]),
    };
    for (const [vm, context] of [[LINK, link] as const, [NODE, node] as const])
      await guests.start(vm, { ...context, [CONTEXT.startScript]: "" });
    await layLine();
    for (const [vm, context] of [[LINK, link] as const, [NODE, node] as const]) {
      await guests.client.stop(vm);
      await guests.start(vm, context);
    }
    await guests.certify(LINK, SIX, FOUR, ...Object.keys(NAMES));
    await guests.admit(LINK, [NODE]);
    const inside = new Inside(await guests.view(NODE));
    await inside.run([
      ...["sh", "-ec", 'echo nameserver 127.0.0.1 > /etc/resolv.conf; nohup python3 -c "$1" "$2" > /tmp/names 2>&1 &'],
      ...["sh", NAME_SERVER, JSON.stringify(NAMES)],
    ]);
    await until("the name server is there", () => inside.run(["sh", "-c", "ss -Hlun 'sport = :53'"]));
  });
  after(() => guests?.end());

  test("is dialled at its IPv6 address, and a run of Flower completes", async () => {
    assert.match(await peers(), /^\[2001:db8:77::10\]:9092$/);
    const training = await FlowerRun.start(await guests.view(LINK), { "num-server-rounds": 1, nodes: 1, answers: 1 });
    assert.equal(await training.ended(RUN_MS), "finished:completed");
  });

  const CASES = [
    ["an IPv4 address", FOUR, /203\.0\.77\.10\]?:9092$/],
    ["a name that has an IPv6 address only", "six.example.org", /\[2001:db8:77::10\]:9092$/],
    ["a name that has an address of either kind", "both.example.org", /10\]?:9092$/],
    ["a name of which the IPv6 address does not answer", "dead-six.example.org", /203\.0\.77\.10\]?:9092$/],
    ["a name of which the first IPv4 address does not answer", "dead-four.example.org", /203\.0\.77\.10\]?:9092$/],
  ] as const;
  for (const [what, host, reached] of CASES) {
    test(`is dialled by ${what}`, async () => {
      await lead(`${host}:${FLEET_PORT}`);
      assert.match(await peers(), reached);
    });
  }

  test("is not led to by an IPv4 address in IPv6's form, which Flower would not dial", async () => {
    trust(`::ffff:${FOUR}:${FLEET_PORT}`);
    await guests.published(NODE, PUBLISHED.reason, (reason) => reason === "trust-malformed");
    await lead(`${FOUR}:${FLEET_PORT}`);
  });

  /** A second card for both VMs, on a line between them: the zones' own routers know IPv4 only. */
  async function layLine(): Promise<void> {
    const [link, node] = [(await guests.view(LINK)).space, (await guests.view(NODE)).space];
    await run("ip", ["link", "add", "six", "netns", link, "type", "veth", "peer", "name", "six", "netns", node]);
    for (const [space, ip] of [[link, SIX] as const, [node, "2001:db8:77::20"] as const]) {
      await run("ip", ["-n", space, "link", "set", "six", "up"]);
      await run("ip", ["-n", space, "addr", "add", `${ip}/64`, "dev", "six", "nodad"]);
    }
  }

  function trust(address: string): void {
    const ca = guests.authority.certificatePem;
    sequence += 1;
    const digest = createHash("sha256").update(`FL_TRUST\n${sequence}\n${address}\n${ca}`).digest("hex");
    guests.give(NODE, GIVEN.trust, encodeStructured({ sequence, digest, address, ca }));
  }

  /** Resolves when Flower is at work with that address; only then it is said to be. */
  async function lead(address: string): Promise<void> {
    trust(address);
    const inside = new Inside(await guests.view(NODE));
    const running = ["sh", "-c", "pgrep -af '[f]lower-supernode --root' || true"];
    await until(`Flower runs with ${address}`, async () =>
      (await inside.run(running)).includes(`--superlink ${address} `),
    );
    await guests.stage(NODE, "serving");
  }

  /** Where the SuperNode's connection leads. */
  async function peers(): Promise<string> {
    const inside = new Inside(await guests.view(NODE));
    const listed = await inside.run(["ss", "-Htn", "state", "established", "dport", "=", `:${FLEET_PORT}`]);
    return listed.trim().split(/\s+/).at(-1) ?? "";
  }
});
