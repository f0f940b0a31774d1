import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FederationEvent } from "../../src/federation/model/events.ts";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import type { Zone } from "../../src/federation/ports.ts";
import { rebootVm } from "../../src/rollout/reboots.ts";
import { reboot, retire } from "../builders/commands.ts";
import { zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { before } from "./scripted-task.ts";

const BETA = zone("beta");

function asked(): { readonly story: Story; readonly vmId: number } {
  const story = aFederation().running();
  const { vmId } = story.vm("beta");
  story.zone("beta").changeVm(vmId, (vm) => ({ ...vm, state: "poweroff" }));
  return { story: story.watches("beta", 40).does(reboot("beta")), vmId };
}

/** A try before a zone that answers so, and what of it was journalled before the zone was asked and after. */
async function tried(answer: Zone["reboot"]) {
  const { story, vmId } = asked();
  const heard: string[] = [];
  const journal: FederationEvent["type"][] = [];
  const stage = await before(story, {
    async reboot(id, action) {
      heard.push(`${action} ${id}`, ...journal.splice(0));
      return answer(id, action);
    },
  });
  stage.store.onChange((_after, _before, recorded) => journal.push(...recorded.map(({ event }) => event.type)));
  const once = () => rebootVm(stage.context, stage.job(), BETA, vmId);
  return { stage, once, heard, journal, vmId };
}

describe("The task that reboots a VM", () => {
  it("journals what it is about to ask, asks, and journals the answer; then nothing is left to ask", async () => {
    const { once, heard, journal, vmId } = await tried(async () => "taken");
    assert.equal(await once(), "done");
    assert.deepEqual(heard, [`resume ${vmId}`, "reboot-intended"]);
    assert.deepEqual(journal, ["reboot-answered"]);
    await once();
    assert.equal(heard.length, 2);
  });

  it("asks again after an answer that was lost, without another intent", async () => {
    let tries = 0;
    const { once, heard, journal, vmId } = await tried(async () => {
      tries += 1;
      if (tries === 1) throw new ZoneError("timeout", "no answer", { ambiguous: true });
      return "taken";
    });
    await assert.rejects(once());
    await once();
    assert.deepEqual(heard, [`resume ${vmId}`, "reboot-intended", `resume ${vmId}`]);
    assert.deepEqual(journal, ["reboot-answered"]);
  });

  it("asks nothing of a site that was retired meanwhile", async () => {
    const { stage, once, heard } = await tried(async () => "taken");
    const stale = stage.job();
    const { story } = asked();
    await stage.store.update(stale.id, () => story.decides(retire("beta")) as never);
    assert.equal(stage.state().sites.get(BETA)?.deployment, null);
    assert.equal(await rebootVm(stage.context, stale, BETA, asked().vmId), "done");
    assert.deepEqual(heard, []);
    await assert.rejects(once(), /Nothing runs at beta/);
  });
});
