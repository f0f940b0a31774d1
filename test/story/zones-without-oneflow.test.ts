/** A federation in which one zone has no OneFlow: its VMs are made one by one, and all else is as everywhere. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import type { ZoneState } from "../../sandbox/zones/control/state.ts";
import { homeChannel } from "../../sandbox/zones-file.ts";
import { journalOf, untilJournal } from "../faults/data-directory.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const NAME = "mixed";
const DONE = 6;
/** How long the bot waits for the VM of a lost answer before it orders another one. */
const SETTLE_MS = 3_000;

describe("A federation with a zone that has no OneFlow", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({
      zones: 3,
      speed: 20,
      seed: "mixed",
      portBase: 0,
      withoutOneFlow: ["zone-b"],
      configure: (usual) => ({
        ...usual,
        policy: {
          ...usual.policy,
          settle: `${SETTLE_MS} ms`,
          calls: { ...usual.policy.calls, xmlrpcDeadline: "2500 ms" },
        },
      }),
    });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: NAME, coordinator: "zone-a", training: ["zone-b", "zone-c"] });
  });
  after(() => sandbox.stop());

  const alive = ({ vms }: ZoneState): ZoneState["vms"] => vms.filter(({ state }) => state !== DONE);
  const aliveIn = async (zone: string): Promise<readonly number[]> =>
    alive(await stage.zones.zone(zone)).map(({ id }) => id);

  /** The zone's next create of a VM is carried out after `delayMs` and never answered. */
  const loseAnswer = (delayMs: number) =>
    stage.zones.command("zone-b", {
      do: "fault",
      fault: { kind: "lost-answer", delayMs, operation: "one.template.instantiate", times: 1 },
    });

  const journalled = async (...types: readonly string[]): Promise<readonly string[]> =>
    (await journalOf(sandbox, NAME)).filter(({ type, site }) => types.includes(type) && site === "zone-b").map(said);
  const said = ({ type, number, found }: Readonly<Record<string, unknown>>): string =>
    [type, number ?? [], found === true ? "found" : []].flat().join(" ");

  it("says on the card that no service holds its VMs", async () => {
    await story.ask();
    await story.zoneReads("zone-b", "no OneFlow service holds them");
    assert.doesNotMatch(await story.zoneText("zone-c"), /no OneFlow service/);
  });

  it("comes up in all zones, also where the answer to the second VM's create is lost", async () => {
    await stage.zones.command("zone-b", {
      do: "fault",
      fault: { kind: "slow", ms: 0, operation: "one.template.instantiate", times: 1 },
    });
    await loseAnswer(0);
    for (const zone of story.zones) await story.press(zone, "Approve");
    for (const zone of ["zone-b", "zone-c"]) await story.isUp(zone);
    assert.deepEqual(await journalled("vm-intended", "vm-created"), [
      "vm-intended 1",
      "vm-created 1",
      "vm-intended 2",
      "vm-created 2 found",
    ]);
    const { services, vms } = await stage.zones.zone("zone-b");
    assert.deepEqual(
      [services.length, vms.map(({ name }) => name).toSorted()],
      [0, ["florist-mixed-zone-b-1", "florist-mixed-zone-b-2"]],
    );
    assert.equal((await stage.zones.zone("zone-c")).services.length, 1);
  });

  it("keeps what its VM template says in CONTEXT, under what the guest is given", async () => {
    const [vm] = alive(await stage.zones.zone("zone-b"));
    const [template] = (await stage.zones.zone("zone-b")).templates.filter(({ name }) => name.includes("SuperNode"));
    const own = template?.attributes["CONTEXT"];
    assert.ok(typeof own === "object" && !Array.isArray(own) && vm !== undefined);
    for (const name of Object.keys(own)) assert.ok(name in vm.context, name);
    assert.equal(vm.context["FL_SITE"], "zone-b");
  });

  it("has a site that lost a VM tried again, with both VMs made anew; one that comes after it was given up is removed", async () => {
    const before = await aliveIn("zone-b");
    const [lost = -1] = before;
    await stage.guests.kill({ zone: "zone-b", vmId: lost });
    await story.says("(zone-b)", "is degraded: 1 of 2 SuperNodes online since");
    await loseAnswer(SETTLE_MS * 2);
    await story.press("zone-b", "Retry");
    await untilJournal(sandbox, NAME, "the late VM removed", (events) => {
      const ofZone = events.filter(({ site }) => site === "zone-b").map(({ type }) => type);
      return (
        ofZone.includes("duplicate-found") &&
        ofZone.lastIndexOf("deployment-removed") > ofZone.indexOf("duplicate-found")
      );
    });
    const upAgain = (now: ZoneState): boolean =>
      alive(now).length === 2 && alive(now).every(({ phase }) => phase === "running");
    const after = alive(await stage.zones.until("zone-b", upAgain)).map(({ id }) => id);
    assert.ok(after.every((id) => !before.includes(id)));
    await untilJournal(
      sandbox,
      NAME,
      "up twice",
      (events) => events.filter(({ type, site }) => type === "site-up" && site === "zone-b").length === 2,
    );
  });

  it("has its VMs rebooted by its owner", async () => {
    const [off = -1] = await aliveIn("zone-b");
    await stage.zones.command("zone-b", { do: "vm-action", vm: off, action: "poweroff-hard" });
    await story.offers("zone-b", "Reboot VMs");
    await story.press("zone-b", "Reboot VMs");
    await untilJournal(sandbox, NAME, "the reboot over", (events) =>
      events.some(({ type }) => type === "reboot-ended"),
    );
    assert.equal((await aliveIn("zone-b")).length, 2);
  });

  it("retires such a site: its VMs are proven to have ended, the others go on", async () => {
    await story.press("zone-b", "Retire this site");
    await story.says("@owner-b retired", "(zone-b)");
    await stage.zones.until("zone-b", (now) => alive(now).length === 0);
    assert.equal((await aliveIn("zone-c")).length, 2);
  });

  it("is torn down to nothing", async () => {
    await stage.requester.type(homeChannel, `teardown ${NAME}`);
    for (const zone of ["zone-c", "zone-a"]) await story.press(zone, "Tear down here");
    await story.says("The federation is torn down. Nothing of it runs any more.");
    for (const zone of stage.zoneNames) {
      const { services } = await stage.zones.zone(zone);
      assert.deepEqual([services.length, await aliveIn(zone)], [0, []]);
    }
  });
});
