/** Cuts the power of real guests at each of the things they say, takes their data, changes their CONTEXT: they converge. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { encodeKeyList } from "../../src/guest-protocol/key-list.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { Play, type Wanted } from "./contract-play.ts";
import { leftOut } from "./left-out.ts";

/** From the first stage to the list of SuperNodes, and from the first stage to `starting`; heartbeats come in between. */
const SAYINGS = { superlink: 6, supernode: 4 };
const LOOK_EVERY_MS = 200;
/** What one-context does in a running VM when its CONTEXT is changed. */
const CHANGE_CONTEXT = `set -a
. /run/one-context/one_env
FL_GRPC_KEEPALIVE_TIME=70
script=$(mktemp)
base64 -d <<< "$START_SCRIPT_BASE64" > "$script"
chmod +x "$script"
"$script" < /dev/null
rm "$script"`;

const LINKS = Array.from({ length: SAYINGS.superlink }, (_, index) => ({ zone: "zone-a", vmId: 10 + index }));
const NODES = Array.from({ length: SAYINGS.supernode }, (_, index) => ({ zone: "zone-b", vmId: 20 + index }));
const ipOf = ({ zone, vmId }: { zone: string; vmId: number }) =>
  `${zone === "zone-a" ? "203.0.113" : "10.20.0"}.${vmId}`;

describe("a real guest that loses its power at anything it says, or its data, or is told anew what it is", {
  skip: await leftOut(),
}, () => {
  let play: Play;
  let agent: Record<string, string>;

  before(async () => {
    play = await Play.open("real");
    agent = {
      FL_LAUNCHER: "venv",
      [CONTEXT.startScript]: (await readGuestScript(join(process.cwd(), "manifests", "guest"))).base64,
    };
  });
  after(() => play.close());

  /** Does again and again what the bot would do, until the work is done. */
  async function assisted<T>(assist: () => void, work: Promise<T>): Promise<T> {
    const looking = setInterval(assist, LOOK_EVERY_MS);
    try {
      return await work;
    } finally {
      clearInterval(looking);
    }
  }

  function certify(): void {
    for (const link of LINKS) {
      const asks = play.said(link, PUBLISHED.certificateRequest) !== "";
      if (asks && !play.isGiven(link, GIVEN.certificate)) play.certify(link, play.sign(link, `that of ${link.vmId}`));
    }
  }

  test("serves as a SuperLink in the end, with the key that it first asked with", async () => {
    const bootAll = async () => {
      for (const link of LINKS) {
        await play.boot(link, {
          ...agent,
          [CONTEXT.role]: "superlink",
          [CONTEXT.dialledAddress]: `${ipOf(link)}:9092`,
          ...network(ipOf(link)),
        });
      }
    };
    const cuts = Promise.all(LINKS.map((link, sayings) => play.cutPower(link, sayings)));
    const wanted = LINKS.map(
      (vm): Wanted => ({ vm, stage: "serving none", certificate: `that of ${vm.vmId}`, nodes: [], anew: true }),
    );
    await assisted(
      certify,
      play.perform(async () => void (await Promise.all([bootAll(), cuts])), wanted),
    );
  });

  test("serves as a SuperNode in the end, with the key that it first showed", async () => {
    const [link] = LINKS;
    assert.ok(link);
    const shown = new Map<number, string>();
    const admit = () => {
      for (const node of NODES) {
        const line = play.said(node, PUBLISHED.nodeKey);
        if (line !== "" && !shown.has(node.vmId)) shown.set(node.vmId, line);
      }
      const keys = NODES.filter(({ vmId }) => shown.has(vmId)).map((node) => play.keyOf(node));
      play.give(link, { [GIVEN.admit]: encodeKeyList(GIVEN.admit, { sequence: keys.length + 1, keys }) });
      for (const node of NODES) {
        if (shown.has(node.vmId)) play.give(node, { [GIVEN.admitted]: play.keyOf(node).fingerprint });
      }
    };
    const bootAll = async () => {
      for (const node of NODES) {
        await play.boot(node, {
          ...agent,
          [CONTEXT.role]: "supernode",
          [CONTEXT.superlinkAddress]: `${ipOf(link)}:9092`,
          [CONTEXT.caCertificate]: play.authority.encoded,
          ...network(ipOf(node)),
        });
      }
    };
    const cuts = Promise.all(NODES.map((node, sayings) => play.cutPower(node, sayings)));
    const wanted = NODES.map((vm): Wanted => ({ vm, stage: "serving none", link: "ok", anew: true }));
    await assisted(
      admit,
      play.perform(async () => void (await Promise.all([bootAll(), cuts])), wanted),
    );
    assert.deepEqual(
      NODES.map((node) => play.said(node, PUBLISHED.nodeKey)),
      NODES.map(({ vmId }) => shown.get(vmId)),
    );
  });

  test("tells that its SuperLink's database is gone, registers the keys anew, and the SuperNodes return", async () => {
    const [link] = LINKS;
    assert.ok(link);
    const loseDatabase = async () => {
      await play.client.stop(link, true);
      const { disk } = (await play.client.realGuests()).find(({ vmId }) => vmId === link.vmId) ?? { disk: "" };
      await rm(join(disk, "florist", "state", "superlink.db"));
      await play.powerOn(link);
    };
    await play.perform(loseDatabase, [
      {
        vm: link,
        stage: "serving database-lost",
        nodes: NODES.map((_, index) => `key ${index + 1} online`),
        anew: true,
      },
    ]);
    await play.perform(
      () => undefined,
      NODES.map((vm) => ({ vm, stage: "serving none", link: "ok" })),
    );
  });

  test("takes a changed CONTEXT without a boot, as the guest that it was", async () => {
    const [node] = NODES;
    assert.ok(node);
    const view = (await play.client.realGuests()).find(({ vmId }) => vmId === node.vmId);
    assert.ok(view);
    const inside = new Inside(view);
    const key = play.said(node, PUBLISHED.nodeKey);
    await play.perform(
      async () => void (await inside.run(["bash", "-ec", CHANGE_CONTEXT])),
      [{ vm: node, stage: "serving none", link: "ok", passes: "booting" }],
    );
    assert.equal(play.said(node, PUBLISHED.nodeKey), key);
    const environment = "cat /proc/$(pgrep -o -f bin/flower-supernode)/environ";
    assert.match(await inside.run(["sh", "-c", environment]), /FLORIST_KEEPALIVE_TIME=70/);
  });
});

function network(ip: string): Record<string, string> {
  return { ETH0_IP: ip, ETH0_MASK: "255.255.255.0", ETH0_GATEWAY: ip.replace(/\d+$/, "1") };
}
