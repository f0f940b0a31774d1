/** Owners attach data to their SuperNodes: a disk, in a zone with OneFlow and in one without, and what becomes of it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { ShownView } from "../../sandbox/slack/control/control-api.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { untilJournal } from "../faults/data-directory.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const NAME = "scans";
const FORM = "Adjust and approve";
const IMAGE = "Or a disk: the number of its image";
const DONE = 6;

describe("Data that owners attach", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: 20, seed: "data", portBase: 0, withoutOneFlow: ["zone-b"] });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: NAME, coordinator: "zone-a", training: ["zone-b", "zone-c"] });
    await story.ask();
  });
  after(() => sandbox.stop());

  /** The zone's first owner opens the form and asks for a disk of that image. */
  async function attach(zone: string, image: string): Promise<ShownView> {
    await story.press(zone, FORM);
    const form = await stage.owner(zone).view(FORM, [IMAGE]);
    await stage.owner(zone).fill(form, { [IMAGE]: image });
    const answer = await stage.owner(zone).submit(form);
    assert.deepEqual([answer.errors, answer.problem], [undefined, undefined]);
    return form;
  }

  const toldOfData = async (zone: string): Promise<readonly unknown[]> =>
    (await stage.zones.zone(zone)).vms.flatMap(({ state, context }) => (state === DONE ? [] : [context["FL_DATA"]]));

  it("is looked at in the zone before the owner's version counts", async () => {
    await attach("zone-b", "99");
    const told = await stage.owner("zone-b").view("Not possible");
    assert.match(JSON.stringify(told), /The image with the data is not in the zone/);
    await stage.owner("zone-b").close(told);
  });

  it("is a disk of each VM, with a service around it and without, and they join with it", async () => {
    for (const zone of ["zone-b", "zone-c"]) await attach(zone, "1");
    await story.press("zone-a", "Approve");
    for (const zone of ["zone-b", "zone-c"]) {
      await story.isUp(zone);
      assert.deepEqual(await toldOfData(zone), ["disk", "disk"]);
    }
  });

  it("that becomes empty is told in the zone, and that it no longer is", async () => {
    await stage.guests.addFault({ zone: "zone-c", role: "supernode", fault: { kind: "data-empty" } });
    await story.zoneReads("zone-c", "There is nothing in the data that the owner attached");
    await stage.guests.clearFaults();
  });

  it("is attached again by a retry", async () => {
    const [vm] = (await stage.zones.zone("zone-b")).vms.filter(({ state }) => state !== DONE);
    await stage.guests.kill({ zone: "zone-b", vmId: vm?.id ?? -1 });
    await story.says("(zone-b)", "is degraded: 1 of 2 SuperNodes online since");
    await story.press("zone-b", "Retry");
    await untilJournal(sandbox, NAME, "up twice", (events) => {
      const ups = events.filter(({ type, site }) => type === "site-up" && site === "zone-b");
      return ups.length === 2;
    });
    assert.deepEqual(await toldOfData("zone-b"), ["disk", "disk"]);
  });
});
