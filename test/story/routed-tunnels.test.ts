/** A federation in which a zone's own router has its end of the tunnels, beside VMs that have theirs. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { followHub, setUpRouter } from "../../sandbox/story/routers.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { hubHasJust, tunnelKeysOf } from "../../sandbox/story/tunnels.ts";
import { SANDBOX_HUB, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = SANDBOX_HUB.zone;
const OWN = "zone-b";
const ROUTED = "zone-c";
const FORM = "The router's key";

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;
let routerKey = "";
before(async () => {
  sandbox = await startStory({
    zones: 3,
    speed: 20,
    seed: "routed",
    portBase: 0,
    network: "wireguard",
    configure: (usual) => ({
      ...usual,
      zones: Object.fromEntries(
        Object.entries(usual.zones).map(([name, entry]) => [
          name,
          name === ROUTED ? { ...entry, tunnel: "router" as const } : entry,
        ]),
      ),
    }),
  });
  stage = new Stage(sandbox);
  story = new FederationStory(stage, {
    name: "routed",
    coordinator: COORDINATOR,
    training: [OWN, ROUTED],
    hub: `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}`,
  });
});
after(() => sandbox.stop());

async function giveKey(key: string) {
  const owner = stage.person(zoneOwner(ROUTED, 1));
  await owner.press(zoneChannel(ROUTED), "Give the router's key", "federation routed");
  const view = await owner.view(FORM);
  await owner.fill(view, { "Public key of the router": key });
  return { owner, view, answer: await owner.submit(view) };
}

describe("A zone whose own router has its end of the tunnels", () => {
  it("is asked about with what its router needs, and waits for the router's key", async () => {
    await story.ask();
    await story.zoneReads(ROUTED, "the zone's own router keeps one tunnel");
    for (const zone of story.zones) await story.press(zone, "Approve");
    await story.isUp(OWN);
    await story.zoneReads(ROUTED, "Waits for the public key of the zone's router");
    assert.equal(await stage.runningVms(ROUTED), 0);
  });

  it("comes up once its owner has configured it, says so, and gives the key", async () => {
    const early = await giveKey("not a key");
    assert.ok(early.answer.errors);
    await early.owner.close(early.view);
    routerKey = await setUpRouter(stage, ROUTED, story.name);
    await story.isUp(ROUTED);
    await hubHasJust(stage, COORDINATOR, [...(await tunnelKeysOf(stage, OWN)), routerKey]);
    assert.doesNotMatch(await story.zoneText(OWN), new RegExp(routerKey.slice(0, 20).replaceAll("+", "\\+")));
  });

  it("is told that its router has not followed a change of the hub's key, with what it is to have now, and is well then", async () => {
    const [before] = await tunnelKeysOf(stage, COORDINATOR);
    await story.press(COORDINATOR, "Change tunnel keys");
    await story.zoneReads(ROUTED, "it does not have the hub's key of today");
    const [now] = await tunnelKeysOf(stage, COORDINATOR);
    assert.notEqual(now, before);
    const asked = await stage.reads(zoneChannel(ROUTED), "the hub's key has changed", `${now}`);
    assert.match(asked, /^For @owner-c /);
    routerKey = await followHub(stage, ROUTED, story.name, now ?? "");
    await hubHasJust(stage, COORDINATOR, [...(await tunnelKeysOf(stage, OWN)), routerKey]);
    await stage.zones.until(ROUTED, ({ vms }) => vms.every(({ userTemplate }) => userTemplate["FL_LINK"] === "ok"));
  });

  it("is off the hub when its site is retired", async () => {
    await story.press(ROUTED, "Retire this site");
    await hubHasJust(stage, COORDINATOR, await tunnelKeysOf(stage, OWN));
  });
});
