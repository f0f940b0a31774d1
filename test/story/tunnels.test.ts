/** A federation whose traffic crosses by WireGuard: its tunnels come up, are cut, copied, and end with their sites. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { GuestView } from "../../sandbox/hypervisor/quick-hypervisor.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { hubHasJust, tunnelKeysOf } from "../../sandbox/story/tunnels.ts";
import { homeChannel, SANDBOX_HUB } from "../../sandbox/zones-file.ts";
import { journalOf, type StoredEvent, untilJournal } from "../faults/data-directory.ts";
import { until } from "../waiting.ts";
import { deploymentsIn } from "./deployments.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = SANDBOX_HUB.zone;
const SITE = "zone-b";
const OTHER = "zone-c";

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;
before(async () => {
  sandbox = await startStory({ zones: 3, speed: 20, seed: "tunnels", portBase: 0, network: "wireguard" });
  stage = new Stage(sandbox);
  story = new FederationStory(stage, {
    name: "tunnelled",
    coordinator: COORDINATOR,
    training: [SITE, OTHER],
    hub: `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}`,
  });
});
after(() => sandbox.stop());

const told = async (zone: string): Promise<number> => {
  const events = await journalOf(sandbox, story.name);
  return events.filter(({ type, site }) => type === "tunnel-peers-intended" && site === zone).length;
};

const keysOf = async (zones: readonly string[]): Promise<readonly string[]> =>
  (await Promise.all(zones.map((zone) => tunnelKeysOf(stage, zone)))).flat();

/** As soon as the hub has tunnels with just the keys that these zones' VMs publish. */
const hubServes = async (...zones: readonly string[]): Promise<void> =>
  hubHasJust(stage, COORDINATOR, await keysOf(zones));

const superNodes = async (): Promise<readonly GuestView[]> =>
  (await stage.guests.guests()).filter(({ role }) => role === "supernode");

/** The owner retries the site, and it comes up once more. */
async function retried(zone: string): Promise<void> {
  const ups = (events: readonly StoredEvent[]): number =>
    events.filter(({ type, site }) => type === "site-up" && site === zone).length;
  const before = ups(await journalOf(sandbox, story.name));
  await story.press(zone, "Retry");
  await untilJournal(sandbox, story.name, `${zone} up once more`, (events) => ups(events) > before);
}

describe("A federation through WireGuard", () => {
  it("comes up: every SuperNode through a tunnel of its own to the hub, which knows nobody else", async () => {
    await story.askAndApprove();
    for (const zone of story.wish.training) await story.isUp(zone);
    await hubServes(SITE, OTHER);
    assert.equal(new Set(await tunnelKeysOf(stage, SITE)).size, 2);
    await story.zoneReads(SITE, "10.99.0.0:9092");
  });

  it("says that a tunnel is cut, in the zone and as what it is, and that it is well again", async () => {
    await stage.guests.setPath(SITE, { udp: "blocked" });
    await story.says(`(${SITE})`, "is down");
    await story.zoneReads(SITE, "The tunnel worked until now and carries nothing any more");
    await stage.guests.setPath(SITE, { udp: "open" });
    await story.says(`(${SITE})`, "is up again");
  });

  it("goes on after the hub's VM was rebooted, and nobody is told anything anew", async () => {
    const before = await Promise.all([COORDINATOR, SITE, OTHER].map(told));
    const hub = (await stage.guests.guests()).find(({ role }) => role === "superlink");
    assert.ok(hub);
    await stage.guests.reboot(hub);
    const tunnels = async () => (await stage.guests.guests()).find(({ role }) => role === "superlink")?.tunnels;
    await until("the new life of the hub to have every tunnel", tunnels, (count) => count === 4);
    await until("every SuperNode to be well", superNodes, (nodes) =>
      nodes.every(({ stage: how, reason, link }) => how === "serving" && reason === "none" && link === "ok"),
    );
    await hubServes(SITE, OTHER);
    assert.deepEqual(await Promise.all([COORDINATOR, SITE, OTHER].map(told)), before);
  });

  it("changes a site's keys and the hub's by button: everybody stays online, and no old key is left at any end", async () => {
    for (const zone of [SITE, COORDINATOR]) {
      const old = await tunnelKeysOf(stage, zone);
      await story.press(zone, "Change tunnel keys");
      await untilJournal(sandbox, story.name, `${zone}'s keys changed`, (events) =>
        events.some(
          ({ type, site, outcome }) => type === "tunnel-rotation-ended" && site === zone && outcome === "changed",
        ),
      );
      assert.ok((await tunnelKeysOf(stage, zone)).every((key) => !old.includes(key)));
      await story.says(`(${zone})`, "the tunnel keys were changed");
      await hubServes(SITE, OTHER);
      for (const key of await tunnelKeysOf(stage, zone)) await story.zoneReads(zone, key);
    }
    const nodes = await superNodes();
    assert.ok(nodes.every(({ stage: how, link }) => how === "serving" && link === "ok"));
  });

  it("refuses a key that a VM has copied to both VMs, and tells both zones; both come back when they are retried", async () => {
    const [victim, ...others] = await superNodes();
    const thief = others.find(({ zone }) => zone !== victim?.zone);
    assert.ok(victim && thief);
    await stage.guests.addFault({ zone: thief.zone, vmId: thief.vmId, fault: { kind: "copied-tunnel-key" } });
    const isRefusal = ({ type }: StoredEvent): boolean => type === "tunnel-key-refused";
    const events = await untilJournal(
      sandbox,
      story.name,
      "a key refused to two VMs",
      (all) => all.filter(isRefusal).length >= 2,
    );
    const refused = events.filter(isRefusal).map(({ key, site, vmId }) => ({ key, zone: site, vmId }));
    assert.equal(new Set(refused.map(({ key }) => key)).size, 1);
    for (const zone of [SITE, OTHER]) await story.zoneReads(zone, "Two VMs published the same tunnel key");
    // Neither of the two has a tunnel any more; their neighbours have.
    const rest = (await keysOf([SITE, OTHER])).filter((key) => key !== refused[0]?.key);
    assert.equal(rest.length, 2);
    await hubHasJust(stage, COORDINATOR, rest);
    for (const zone of [SITE, OTHER]) await retried(zone);
    await hubServes(SITE, OTHER);
  });

  it("takes a retired site's keys off the hub, and no other's", async () => {
    await story.press(OTHER, "Retire this site");
    await hubServes(SITE);
    await stage.zones.until(OTHER, (now) => deploymentsIn(now).length === 0);
  });

  it("leaves nothing when it is torn down", async () => {
    await stage.requester.type(homeChannel, `teardown ${story.name}`);
    for (const zone of [COORDINATOR, SITE]) await story.press(zone, "Tear down here");
    await story.says("Nothing of it runs any more");
    for (const zone of [COORDINATOR, SITE, OTHER]) assert.equal(await stage.runningVms(zone), 0);
  });
});
