/** A zone that coordinates and trains, and one with two departments: each site has its own owners, channel, data and fate. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { FORM, Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, type SandboxZonesFile, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { journalOf, untilJournal } from "../faults/data-directory.ts";
import { startStory } from "./story-sandbox.ts";

const NAME = "departments";
const DONE = 6;
const ADJUST = "Adjust and approve";
const FOLDER = "Data: a folder of the VMs";

/** Who decides for a site and where: the people and the channel of that letter. zone-d is no zone; its people are a department's. */
const PLACES: Readonly<Record<string, string>> = {
  "zone-a": "zone-a",
  "zone-a/training": "zone-a",
  "zone-b/radiology": "zone-b",
  "zone-b/cardiology": "zone-d",
  "zone-c": "zone-c",
};
const TRAINING = Object.keys(PLACES).filter((site) => site !== "zone-a");

/** zone-b trains at two departments, of which one has all that its zone has and the other its own. */
function withDepartments(usual: SandboxZonesFile) {
  const { "zone-b": zone, "zone-d": others, ...rest } = usual.zones;
  assert.ok(zone !== undefined && others !== undefined);
  const cardiology = {
    title: "Hospital B, hearts",
    channel: others.channel,
    owners: others.owners,
    nodeConfig: { department: "cardiology" },
  };
  const sites = { radiology: {}, cardiology };
  return { ...usual, zones: { ...rest, "zone-b": { ...zone, train: { ...zone.train, sites } } } };
}

describe("A federation whose zones have several sites", () => {
  let sandbox: Sandbox;
  let stage: Stage;

  before(async () => {
    sandbox = await startStory({
      zones: 4,
      speed: 20,
      seed: "several sites",
      portBase: 0,
      withoutOneFlow: ["zone-b"],
      configure: withDepartments,
    });
    stage = new Stage(sandbox);
  });
  after(() => sandbox.stop());

  const placeOf = (site: string): string => PLACES[site] ?? assert.fail(`There is no site ${site}.`);
  const ownerOf = (site: string) => stage.owner(placeOf(site));
  const channelOf = (site: string): string => zoneChannel(placeOf(site));
  /** Its owner presses a button on what is about this site in its channel. */
  const press = (site: string, button: string) => ownerOf(site).press(channelOf(site), button, `(${site})`);
  const aliveIn = async (zone: string) => (await stage.zones.zone(zone)).vms.filter(({ state }) => state !== DONE);
  /** VMs of a site as its zone shows them. */
  const vmsOf = async (site: string, zone: string) =>
    (await aliveIn(zone)).filter(({ context }) => context["FL_SITE"] === site.replace("/", "."));
  const idsOf = async (site: string, zone: string): Promise<readonly number[]> =>
    (await vmsOf(site, zone)).map(({ id }) => id).toSorted();

  it("is asked for in one form, in which the coordinator's zone and each department can be chosen", async () => {
    const { requester } = stage;
    const first = await requester.open(homeChannel, "deploy-site", FORM);
    await requester.fill(first, {
      "Coordinator zone": "zone-a",
      "Training sites": ["(zone-a)", "(zone-b/radiology)", "(zone-b/cardiology)", "(zone-c)"],
    });
    const form = await requester.view(FORM, [
      "SuperNodes in Hospital B, radiology",
      "SuperNodes in Hospital B, hearts",
    ]);
    await requester.fill(form, { "Name of the federation": NAME, "What it is for": "Hearts and pictures." });
    const answer = await requester.submit(form);
    assert.deepEqual([answer.errors, answer.problem], [undefined, undefined]);
    for (const site of Object.keys(PLACES)) await stage.reads(channelOf(site), `(${site})`, NAME);
  });

  it("asks each site's own owners: those of the other department cannot decide", async () => {
    const [channel, person] = [zoneChannel("zone-d"), zoneOwner("zone-b", 1)];
    await stage.slack.settings({ membership: { channel, person, member: true } });
    await stage.owner("zone-b").press(channel, "Approve", "(zone-b/cardiology)");
    await stage.owner("zone-b").told("Only this");
    assert.deepEqual(
      (await journalOf(sandbox, NAME)).filter(({ type }) => type === "consent-given"),
      [],
    );
  });

  it("comes up at every site, each with its own data and word of itself", async () => {
    await press("zone-b/radiology", ADJUST);
    const form = await ownerOf("zone-b/radiology").view(ADJUST, [FOLDER]);
    await ownerOf("zone-b/radiology").fill(form, { [FOLDER]: "/srv/pictures" });
    const answer = await ownerOf("zone-b/radiology").submit(form);
    assert.deepEqual([answer.errors, answer.problem], [undefined, undefined]);
    for (const site of ["zone-b/cardiology", "zone-a/training", "zone-c", "zone-a"]) await press(site, "Approve");
    for (const site of TRAINING) await stage.isUp(site);
    const said = async (site: string, name: string): Promise<readonly unknown[]> =>
      (await vmsOf(site, "zone-b")).map(({ context }) => context[name]);
    assert.deepEqual(await said("zone-b/radiology", "FL_DATA"), ["/srv/pictures", "/srv/pictures"]);
    assert.deepEqual(await said("zone-b/cardiology", "FL_DATA"), ["", ""]);
    const [config] = await said("zone-b/cardiology", "FL_NODE_CONFIG");
    assert.match(Buffer.from(String(config), "base64").toString(), /department.*cardiology/);
    assert.deepEqual(
      [(await aliveIn("zone-a")).length, (await aliveIn("zone-b")).length, (await aliveIn("zone-c")).length],
      [3, 4, 2],
    );
    assert.equal((await stage.zones.zone("zone-a")).services.length, 2);
  });

  it("tries one department anew, and the other one's VMs stay as they are", async () => {
    const [kept, replaced] = [await idsOf("zone-b/cardiology", "zone-b"), await idsOf("zone-b/radiology", "zone-b")];
    await stage.guests.kill({ zone: "zone-b", vmId: replaced[0] ?? -1 });
    await stage.reads(homeChannel, "(zone-b/radiology)", "is degraded: 1 of 2 SuperNodes online since");
    await press("zone-b/radiology", "Retry");
    await untilJournal(sandbox, NAME, "up twice", (events) => {
      const ups = events.filter(({ type, site }) => type === "site-up" && site === "zone-b/radiology");
      return ups.length === 2;
    });
    assert.ok((await idsOf("zone-b/radiology", "zone-b")).every((id) => !replaced.includes(id)));
    assert.deepEqual(await idsOf("zone-b/cardiology", "zone-b"), kept);
  });

  it("retires one department, and the other one goes on", async () => {
    const kept = await idsOf("zone-b/radiology", "zone-b");
    await press("zone-b/cardiology", "Retire this site");
    await stage.reads(homeChannel, "retired", "(zone-b/cardiology)");
    await stage.zones.until("zone-b", ({ vms }) => vms.filter(({ state }) => state !== DONE).length === 2);
    assert.deepEqual(await idsOf("zone-b/radiology", "zone-b"), kept);
    await stage.requester.type(homeChannel, `status ${NAME}`);
    await stage.requester.told("(zone-b/radiology)");
  });

  it("is torn down to nothing, the coordinator last", async () => {
    await stage.requester.type(homeChannel, `teardown ${NAME}`);
    for (const site of ["zone-a/training", "zone-b/radiology", "zone-c", "zone-a"]) {
      await press(site, "Tear down here");
    }
    await stage.reads(homeChannel, "The federation is torn down. Nothing of it runs any more.");
    for (const zone of ["zone-a", "zone-b", "zone-c"]) {
      assert.deepEqual([(await stage.zones.zone(zone)).services.length, await aliveIn(zone)], [0, []]);
    }
  });
});
