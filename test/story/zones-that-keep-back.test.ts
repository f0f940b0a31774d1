/** Zones in which something stands in the way, before anybody is asked and after everybody has agreed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { deploymentsIn } from "./deployments.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = "zone-a";
const REFUSING = "zone-b";
const DISABLED = "zone-c";
const SUPERNODE = 1;

/** The zone's template for SuperNodes, with a second card. */
const MENDED = [
  'CPU="1"',
  'VCPU="2"',
  'MEMORY="4096"',
  'DISK=[IMAGE_ID="1"]',
  'NIC=[NETWORK_ID="1",MODEL="virtio"]',
  'NIC=[NETWORK="storage"]',
  'CONTEXT=[NETWORK="YES",TOKEN="YES"]',
].join("\n");

describe("Zones that keep something back", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    // Only OneFlow can take an order and make no VM.
    const withoutOneFlow = [REFUSING];
    sandbox = await startStory({ zones: 3, speed: 20, seed: "keeping back", portBase: 0, withoutOneFlow });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "kept", coordinator: COORDINATOR, training: [REFUSING, DISABLED] });
    const cards = 'NIC_ALIAS=[NETWORK="public",PARENT="NIC0"]\nSUBMIT_ON_HOLD="YES"';
    await stage.zones.command(REFUSING, { do: "update-template", template: SUPERNODE, text: cards });
    await stage.zones.command(DISABLED, { do: "enable-zone", enabled: false });
    await story.ask();
  });
  after(() => sandbox.stop());

  it("say so before anybody is asked: what oned would refuse, what would never start, a zone that changes nothing", async () => {
    await story.zoneReads(REFUSING, "has a NIC_ALIAS", "has SUBMIT_ON_HOLD");
    await story.zoneReads(DISABLED, "is disabled in its OpenNebula");
    await story.says("Stopped before anybody was asked: 2 zones have a problem.");
    for (const zone of story.zones) assert.ok(!(await story.buttons(zone)).includes("Approve"), zone);
  });

  it("are asked once that is mended, and the card says which cards of the template go", async () => {
    await stage.zones.command(REFUSING, { do: "update-template", template: SUPERNODE, text: MENDED, replace: true });
    await stage.zones.command(DISABLED, { do: "enable-zone", enabled: true });
    await story.press(REFUSING, "Check again");
    await story.zoneReads(REFUSING, "Different from the VM template", "further network cards (NICs) go", "storage");
    for (const zone of story.zones) await story.offers(zone, "Approve");
  });

  it("disabled after everybody has agreed, say so, and the rollout goes on by itself when it is over", async () => {
    await stage.zones.command(COORDINATOR, { do: "enable-zone", enabled: false });
    for (const zone of story.zones) await story.press(zone, "Approve");
    await story.says(`(${COORDINATOR})`, "is disabled in its OpenNebula");
    await stage.zones.command(COORDINATOR, { do: "stall-networks", times: 1 });
    await stage.zones.command(COORDINATOR, { do: "enable-zone", enabled: true });
    await story.says(`(${COORDINATOR})`, "is being deployed");
  });

  it("in which OneFlow makes no VM are asked anew for the service, once what there was is gone", async () => {
    await story.says(`(${COORDINATOR})`, "OneFlow has made no VM yet", "asked for again by itself");
    await story.isUp(REFUSING);
    await story.isUp(DISABLED);
    assert.equal(deploymentsIn(await stage.zones.zone(COORDINATOR)).length, 1);
    await stage.reads(homeChannel, "Federation kept", "Running: 2 of 2 training sites up");
    await stage.reads(zoneChannel(COORDINATOR), "Serves.");
  });
});
