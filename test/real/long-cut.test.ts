/** A federation of its own, because it waits for minutes: the whole run lets it wait beside the other tests. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { missingForTunnels } from "../../sandbox/hypervisor/real/tunnels.ts";
import { leftOut } from "./left-out.ts";
import { completesWithBoth, underWay } from "./long-run.ts";
import { RealFederation } from "./real-federation.ts";

const RUN_MS = 360_000;
const SITE = "zone-b";
/** Longer than Flower waits for a SuperNode, and than WireGuard keeps a session. */
const CUT_MS = 300_000;

describe("with real Flower behind NAT, a path that is cut for 5 min in a run", {
  skip: await leftOut(await missingForTunnels()),
}, () => {
  let federation: RealFederation;

  before(async () => {
    const fields = { "SuperNodes in Hospital B": "1", "SuperNodes in Hospital C": "1" };
    federation = await RealFederation.deploy("cut", { crossing: "wireguard", fields });
  });
  after(() => federation?.end());

  test("ends the run by itself, and the next one works without anybody's doing", async (t) => {
    const run = await underWay(federation);
    const [node] = await federation.supernodes(SITE);
    assert.ok(node);
    await federation.stage.guests.firewall([`ip saddr ${node.outerAddress} meta l4proto udp drop`]);
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    await federation.stage.guests.firewall([]);
    const healed = Date.now();
    await federation.until("the site is well", async () => {
      const { FL_LINK: link, FL_REASON: reason } = await federation.attributes(node);
      return link === "ok" && reason === "none";
    });
    t.diagnostic(`well ${Date.now() - healed} ms after the cut`);
    t.diagnostic(await run.ended(RUN_MS));
    await completesWithBoth(await underWay(federation, 1, 0));
    t.diagnostic(`the next run is through ${Date.now() - healed} ms after the cut`);
    const [same] = await federation.supernodes(SITE);
    assert.deepEqual([same?.vmId, same?.pid], [node.vmId, node.pid], "it was neither retried nor rebooted");
  });
});
