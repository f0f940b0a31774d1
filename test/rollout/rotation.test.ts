import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FederationEvent } from "../../src/federation/model/events.ts";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { switchTunnelKey, tellRotation } from "../../src/rollout/rotation.ts";
import { retire, rotateTunnelKeys } from "../builders/commands.ts";
import { zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { nextKey, rotates, rotatesUntil } from "../builders/rotating.ts";
import { before } from "./scripted-task.ts";

const BETA = zone("beta");
const CROSSING = { kind: "wireguard", hub: { host: "198.51.100.7", port: 51820 }, range: null } as const;

const asked = (): Story =>
  rotates(aFederation({ crossing: CROSSING, superNodes: 1 }).running()).does(rotateTunnelKeys("beta"));

/** Its next key is known to the hub, and nothing is left but to take it into use. */
const aboutToSwitch = (): Story => rotatesUntil(asked(), "switch-tunnel-key");

async function tried(story: Story, publish: () => Promise<void> = async () => undefined) {
  const heard: unknown[] = [];
  const journal: FederationEvent["type"][] = [];
  const stage = await before(story, {
    async publish(id, attributes) {
      heard.push(...journal.splice(0), { id, ...attributes });
      await publish();
    },
  });
  stage.store.onChange((_after, _before, recorded) => journal.push(...recorded.map(({ event }) => event.type)));
  return { stage: { ...stage, context: { ...stage.context, live: () => story.live } }, heard, journal };
}

describe("The tasks that change a tunnel key", () => {
  it("tell the VM the number of the change, and journal that it was told", async () => {
    const story = asked();
    const { vmId } = story.vm("beta");
    const { stage, heard, journal } = await tried(story);
    await tellRotation(stage.context, stage.job(), BETA, vmId);
    assert.deepEqual([heard, journal], [[{ id: vmId, WG_ROTATE: "1" }], ["tunnel-rotation-told"]]);
  });

  it("journal that a key is to be used, tell it, and journal that; a lost answer brings the same again without another intent", async () => {
    const story = aboutToSwitch();
    const { vmId } = story.vm("beta");
    let tries = 0;
    const { stage, heard, journal } = await tried(story, async () => {
      tries += 1;
      if (tries === 1) throw new ZoneError("timeout", "no answer", { ambiguous: true });
    });
    await assert.rejects(switchTunnelKey(stage.context, stage.job(), BETA, vmId));
    await switchTunnelKey(stage.context, stage.job(), BETA, vmId);
    const said = { id: vmId, WG_SWITCH: nextKey(vmId, "1") };
    assert.deepEqual([heard, journal], [["tunnel-switch-intended", said, said], ["tunnel-switch-delivered"]]);
    await switchTunnelKey(stage.context, stage.job(), BETA, vmId);
    assert.equal(tries, 2);
  });

  it("tell nothing to a site that was retired meanwhile", async () => {
    const story = aboutToSwitch();
    const { vmId } = story.vm("beta");
    const { stage, heard } = await tried(story);
    const stale = stage.job();
    await stage.store.update(stale.id, () => story.decides(retire("beta")) as never);
    assert.equal(await switchTunnelKey(stage.context, stale, BETA, vmId), "done");
    assert.deepEqual(heard, []);
  });
});
