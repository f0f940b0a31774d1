/** A federation in which a zone's own router has its end of the tunnels, beside VMs that have theirs. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Sandbox, startSandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { hubHasJust, tunnelKeysOf } from "../../sandbox/story/tunnels.ts";
import { SANDBOX_HUB, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";

const COORDINATOR = SANDBOX_HUB.zone;
const OWN = "zone-b";
const ROUTED = "zone-c";
const FORM = "The router's key";
const READY = "What the bot cannot see";

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;
let routerKey = "";
before(async () => {
  sandbox = await startSandbox({
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

/** What stands in the configuration after that name. */
const valueIn = (text: string, name: string): string => new RegExp(`${name} = (\\S+)`).exec(text)?.[1] ?? "";

/** The owner's administrator does what the zone's channel says. */
async function setUpRouter(): Promise<string> {
  const text = await story.zoneReads(ROUTED, "[Peer]", "Endpoint");
  return stage.guests.setUpRouter(ROUTED, {
    address: valueIn(text, "Address"),
    peer: {
      key: valueIn(text, "PublicKey"),
      endpoint: valueIn(text, "Endpoint"),
      allowed: [valueIn(text, "AllowedIPs")],
    },
  });
}

async function giveKey(key: string, more: Readonly<Record<string, readonly string[]>>) {
  const owner = stage.person(zoneOwner(ROUTED, 1));
  await owner.press(zoneChannel(ROUTED), "Give the router's key", "federation routed");
  const view = await owner.view(FORM);
  await owner.fill(view, { "Public key of the router": key, ...more });
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
    routerKey = await setUpRouter();
    const early = await giveKey("not a key", {});
    assert.ok(early.answer.errors);
    await early.owner.close(early.view);
    const { answer } = await giveKey(routerKey, { [READY]: ["The router has this configuration"] });
    assert.equal(answer.errors, undefined);
    await story.isUp(ROUTED);
    await hubHasJust(stage, COORDINATOR, [...(await tunnelKeysOf(stage, OWN)), routerKey]);
    assert.doesNotMatch(await story.zoneText(OWN), new RegExp(routerKey.slice(0, 20).replaceAll("+", "\\+")));
  });

  it("is off the hub when its site is retired", async () => {
    await story.press(ROUTED, "Retire this site");
    await hubHasJust(stage, COORDINATOR, await tunnelKeysOf(stage, OWN));
  });
});
