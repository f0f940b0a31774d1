/** SuperLinks that serve and are not to be believed, or say nothing: what people read, and where. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { PlainFaultKind } from "../../sandbox/hypervisor/faults.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import type { SandboxZonesFile } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = "zone-a";
const TRAINING = "zone-b";
const SLOW_COORDINATOR = "zone-c";
const SILENT = "The VM has stopped reporting. Here: reboot it with Reboot VMs on the card";

/** Both coordinators need addresses that the others reach; a guest that never serves is not waited for long. */
const impatient = (usual: SandboxZonesFile): object => ({
  ...usual,
  zones: Object.fromEntries(
    Object.entries(usual.zones).map(([zone, entry]) => [
      zone,
      { ...entry, network: zone === TRAINING ? "private" : "public" },
    ]),
  ),
  policy: { ...usual.policy, serve: "4 s" },
});

describe("A SuperLink that serves", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: 20, seed: "doubts", portBase: 0, configure: impatient });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "doubted", coordinator: COORDINATOR, training: [TRAINING] });
    await story.askAndApprove();
    await story.isUp(TRAINING);
  });
  after(() => sandbox.stop());

  const lies = (kind: PlainFaultKind, zone = COORDINATOR): Promise<void> =>
    stage.guests.addFault({ zone, role: "superlink", fault: { kind } });

  it("is told of when it lists a SuperNode that no site published: with its key, and what the owners can do", async () => {
    await lies("lists-unknown-node");
    const told = await story.says("no site of this federation published", "SHA256:SSSS");
    assert.match(
      told,
      /@owner-a @second-owner-a: say here whose they are, or unregister them\. Every other owner can retire/,
    );
    await stage.guests.clearFaults();
  });

  it("is not believed when it claims that a SuperNode is online which is dead", async () => {
    await lies("claims-all-online");
    const node = (await stage.guests.guests()).find(({ zone, role }) => zone === TRAINING && role === "supernode");
    assert.ok(node);
    await stage.guests.kill(node);
    await story.says(`(${TRAINING})`, "is degraded: 1 of 2 SuperNodes online since");
    await story.zoneReads(TRAINING, SILENT, `VM ${node.vmId}`);
    await stage.guests.clearFaults();
    await stage.guests.reboot(node);
    await story.says(`(${TRAINING})`, "is up again: 2 of 2 SuperNodes online.");
  });

  it("is told as not serving when it falls silent, in its own zone's channel with what to do, and as serving again", async () => {
    await lies("silent");
    await story.says(`(${COORDINATOR})`, "does not serve since");
    await story.zoneReads(COORDINATOR, SILENT);
    await story.offers(COORDINATOR, "Retry");
    await stage.guests.clearFaults();
    await story.says(`(${COORDINATOR})`, "serves again.");
  });

  it("is one that said so: one that never does is told as late, and serves when it comes after all", async () => {
    await lies("never-ready", SLOW_COORDINATOR);
    const late = new FederationStory(stage, { name: "late", coordinator: SLOW_COORDINATOR, training: [TRAINING] });
    await late.askAndApprove();
    await late.says(`(${SLOW_COORDINATOR})`, "The guest started and did not serve in time.", "Its owners are asked");
    await late.zoneReads(SLOW_COORDINATOR, "The guest started and did not serve in time.");
    assert.equal(
      (await late.thread()).some(({ text }) => text.includes("BEGIN CERTIFICATE")),
      false,
    );
    await stage.guests.clearFaults();
    await late.isUp(TRAINING);
  });
});
