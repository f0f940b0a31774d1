/** A federation of which one site comes through WireGuard and another dials the SuperLink's public address. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { hubHasJust, tunnelKeysOf } from "../../sandbox/story/tunnels.ts";
import { homeChannel, SANDBOX_HUB, zoneChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = SANDBOX_HUB.zone;
const TUNNELLED = "zone-b";
const PUBLIC = "zone-c";
const LATER = "zone-d";

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;
before(async () => {
  sandbox = await startStory({ zones: 4, speed: 20, seed: "mixed", portBase: 0, network: "wireguard" });
  stage = new Stage(sandbox);
  story = new FederationStory(stage, {
    name: "mixed",
    coordinator: COORDINATOR,
    training: [TUNNELLED, PUBLIC],
    hub: `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}`,
    tunnelled: [TUNNELLED],
  });
});
after(() => sandbox.stop());

const linksOf = async (zone: string): Promise<readonly unknown[]> =>
  (await stage.attributes(zone)).map((attributes) => attributes["FL_LINK"]);

describe("A federation that is reached in two ways", () => {
  it("asks each zone about its own way", async () => {
    await story.ask();
    await story.zoneReads(TUNNELLED, "It crosses by WireGuard");
    await story.zoneReads(PUBLIC, "opens one connection to");
    await story.zoneReads(COORDINATOR, "For the others this VM is the hub of WireGuard tunnels");
    assert.doesNotMatch(await story.zoneText(PUBLIC), /WireGuard/);
  });

  it("comes up by both of them", async () => {
    for (const zone of story.zones) await story.press(zone, "Approve");
    for (const zone of story.wish.training) await story.isUp(zone);
    await hubHasJust(stage, COORDINATOR, await tunnelKeysOf(stage, TUNNELLED));
  });

  it("loses only the site whose way is cut", async () => {
    await stage.guests.setPath(TUNNELLED, { udp: "blocked" });
    await story.says(`(${TUNNELLED})`, "is down");
    assert.deepEqual(await linksOf(PUBLIC), ["ok", "ok"]);
    await stage.guests.setPath(TUNNELLED, { udp: "open" });
    await story.says(`(${TUNNELLED})`, "is up again");
  });

  it("takes one more site by the way that is chosen for it", async () => {
    const { requester } = stage;
    await requester.press(homeChannel, "Add a site", `Federation ${story.name}`);
    const view = await requester.view("Add a site", ["How does its traffic cross?"]);
    await requester.fill(view, { "Training site": LATER, "How does its traffic cross?": "Through WireGuard" });
    assert.equal((await requester.submit(view)).errors, undefined);
    await story.press(LATER, "Approve");
    await stage.owner(COORDINATOR).press(zoneChannel(COORDINATOR), "Admit", LATER);
    await story.isUp(LATER);
    const keys = await Promise.all([TUNNELLED, LATER].map((zone) => tunnelKeysOf(stage, zone)));
    await hubHasJust(stage, COORDINATOR, keys.flat());
  });
});
