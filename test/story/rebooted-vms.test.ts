/** VMs that are off or hang are rebooted by their owner's button: what they are stays, and people read what was done. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { type SandboxZonesFile, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { untilJournal } from "../faults/data-directory.ts";
import { recorded } from "../wire/recorded-call.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const NAME = "rebooted";
const COORDINATOR = "zone-a";
const TRAINING = "zone-b";
const REBOOT = "Reboot VMs";

/** oned's answer to an action that the VM's state does not allow. */
const WRONG_STATE = recorded("xmlrpc.error-vm.action-resume-on-done").response.body ?? "";

describe("A VM that a reboot can cure", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    // A guest that hangs is noticed sooner than it usually would be.
    const configure = (usual: SandboxZonesFile) => ({
      ...usual,
      policy: { ...usual.policy, silence: "6 s" },
    });
    sandbox = await startStory({ zones: 2, speed: 20, seed: "reboot", portBase: 0, configure });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: NAME, coordinator: COORDINATOR, training: [TRAINING] });
    await story.askAndApprove();
    await story.isUp(TRAINING);
  });
  after(() => sandbox.stop());

  /** What the guests of a zone are, by which the federation knows them. */
  async function identities(zone: string): Promise<readonly (readonly [number, string | null])[]> {
    const guests = (await stage.guests.guests()).filter((guest) => guest.zone === zone);
    return guests.map(({ vmId, fingerprint }) => [vmId, fingerprint] as const);
  }

  const events = async (type: string, count: number) =>
    (await untilJournal(sandbox, NAME, type, (all) => all.filter((one) => one.type === type).length >= count)).filter(
      (one) => one.type === type,
    );

  it("is not offered to be rebooted while nothing is wrong", async () => {
    assert.ok(!(await story.buttons(TRAINING)).includes(REBOOT));
  });

  it("is switched on again when it is off, by its zone's owner only, with its key", async () => {
    const before = await identities(TRAINING);
    const [[vm] = [-1]] = before;
    await stage.zones.command(TRAINING, { do: "vm-action", vm, action: "poweroff-hard" });
    await story.says(`(${TRAINING})`, "is degraded: 1 of 2 SuperNodes online since");
    await story.offers(TRAINING, REBOOT);
    const foreign = zoneOwner(COORDINATOR, 1);
    await stage.slack.settings({ membership: { channel: zoneChannel(TRAINING), person: foreign, member: true } });
    await stage.person(foreign).press(zoneChannel(TRAINING), REBOOT, NAME);
    await stage.person(foreign).told("Only this site's owners can do that.");
    await story.press(TRAINING, REBOOT);
    await story.says("@owner-b has VMs of", `(${TRAINING})`, "rebooted. They keep their disks and keys.");
    await story.zoneReads(TRAINING, "@owner-b has VMs rebooted:", `VM ${vm} is switched on.`);
    await story.says(`(${TRAINING})`, "is up again: 2 of 2 SuperNodes online.");
    assert.deepEqual(await identities(TRAINING), before);
    assert.deepEqual(
      (await events("reboot-ended", 1)).map(({ outcome }) => outcome),
      ["well"],
    );
    await story.offersNoMore(TRAINING, REBOOT);
  });

  it("is reset when it hangs, and a SuperLink serves again with the certificate it had", async () => {
    const [guest] = (await stage.guests.guests()).filter(({ zone }) => zone === COORDINATOR);
    assert.ok(guest);
    await stage.guests.kill(guest);
    await story.zoneReads(COORDINATOR, "The VM has stopped reporting.", "Reboot VMs on the card");
    await story.offers(COORDINATOR, REBOOT);
    await story.press(COORDINATOR, REBOOT);
    await story.zoneReads(COORDINATOR, `VM ${guest.vmId} is reset, as it does not answer.`);
    await story.says(`(${COORDINATOR})`, "serves again");
    await events("reboot-ended", 2);
    assert.equal((await events("certificate-issued", 1)).length, 1);
    assert.equal((await events("attempt-started", 2)).length, 2, "one for each zone: nothing was made anew");
  });

  it("that can take no reboot is told as that, with what can be done instead", async () => {
    const [[vm] = [-1]] = await identities(TRAINING);
    await stage.zones.command(TRAINING, { do: "vm-action", vm, action: "poweroff-hard" });
    await story.offers(TRAINING, REBOOT);
    await stage.zones.command(TRAINING, {
      do: "fault",
      fault: { kind: "page", operation: "one.vm.action", status: 200, body: WRONG_STATE },
    });
    await story.press(TRAINING, REBOOT);
    await story.says(`(${TRAINING})`, "The zone did nothing: its VMs are in a state that takes no reboot.");
    await story.zoneReads(TRAINING, "@owner-b", "takes no reboot", "What you can do is on");
    await stage.zones.command(TRAINING, { do: "clear-faults" });
    await story.press(TRAINING, REBOOT);
    await stage.zones.until(TRAINING, ({ vms }) => vms.every(({ state }) => state === 3));
  });
});
