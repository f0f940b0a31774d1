/** Federations in which a VM of a zone has the tunnel for the others, beside one whose router has it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { setUpRouter } from "../../sandbox/story/routers.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { hubHasJust, tunnelKeysOf } from "../../sandbox/story/tunnels.ts";
import { SANDBOX_GATEWAY, SANDBOX_HUB } from "../../sandbox/zones-file.ts";
import { untilJournal } from "../faults/data-directory.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = SANDBOX_HUB.zone;
const GATEWAY = "zone-b";
const ROUTED = "zone-c";
/** Its owner chooses a gateway when approving, and no service holds its VMs. */
const CHOSEN = "zone-d";
const DONE = 6;
const FORM = "Adjust and approve";
const WHO = "Who has this site's end of the tunnel";

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;
let routerKey = "";
/** The address of the gateway that the card names. */
let approved = "";
before(async () => {
  sandbox = await startStory({
    zones: 4,
    speed: 20,
    seed: "gateways",
    portBase: 0,
    network: "wireguard",
    withoutOneFlow: [CHOSEN],
    configure: (usual) => ({
      ...usual,
      zones: Object.fromEntries(
        Object.entries(usual.zones).map(([name, entry]) => {
          const way = { [GATEWAY]: "gateway" as const, [ROUTED]: "router" as const }[name];
          return [name, { ...entry, ...SANDBOX_GATEWAY, ...(way === undefined ? {} : { tunnel: way }) }];
        }),
      ),
    }),
  });
  stage = new Stage(sandbox);
  story = new FederationStory(stage, {
    name: "passed",
    coordinator: COORDINATOR,
    training: [GATEWAY, ROUTED, CHOSEN],
    hub: `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}`,
  });
});
after(() => sandbox.stop());

const contextsIn = async (zone: string): Promise<readonly Readonly<Record<string, string>>[]> =>
  (await stage.zones.zone(zone)).vms
    .toSorted((one, other) => one.id - other.id)
    .flatMap(({ state, context }) => (state === DONE ? [] : [context]));
const gatewayIn = async (zone: string): Promise<VmAddress> => {
  const found = (await stage.guests.guests()).find((one) => one.zone === zone && one.role === "gateway");
  assert.ok(found);
  return found;
};
const keysOf = async (...zones: readonly string[]): Promise<readonly string[]> =>
  (await Promise.all(zones.map((zone) => tunnelKeysOf(stage, zone)))).flat();
const linksAre = (zone: string, link: string) =>
  stage.zones.until(zone, ({ vms }) =>
    vms.every(({ state, userTemplate }) => state === DONE || userTemplate["FL_LINK"] === link),
  );

describe("A zone in which one VM has the tunnel for the others", () => {
  it("is asked about with that VM, its address and what it needs from the zone", async () => {
    await story.ask();
    const card = await story.zoneReads(GATEWAY, "one VM beside the SuperNodes, the gateway", "no way out of the zone");
    approved = /the gateway `?([\d.]+)/.exec(card)?.[1] ?? "";
    await story.zoneReads(CHOSEN, "each SuperNode's VM keeps a tunnel of its own");
    await story.press(CHOSEN, FORM);
    const form = await stage.owner(CHOSEN).view(FORM, [WHO]);
    await stage.owner(CHOSEN).fill(form, { [WHO]: "A VM beside them, for all" });
    const { errors, problem } = await stage.owner(CHOSEN).submit(form);
    assert.deepEqual([errors, problem], [undefined, undefined]);
    for (const zone of [COORDINATOR, GATEWAY, ROUTED]) await story.press(zone, "Approve");
  });

  it("has it made first, at the address that was approved, and the others come when it is ready, with a service and without", async () => {
    for (const zone of [GATEWAY, CHOSEN]) {
      await story.isUp(zone);
      const contexts = await contextsIn(zone);
      assert.deepEqual(
        contexts.map((context) => context["FL_ROLE"]),
        ["gateway", "supernode", "supernode"],
      );
      const [gateway, ...nodes] = contexts;
      assert.deepEqual(
        nodes.map((context) => context["WG_GATEWAY"]),
        nodes.map(() => gateway?.["ETH0_IP"]),
      );
    }
    assert.equal((await contextsIn(GATEWAY))[0]?.["ETH0_IP"], approved);
    routerKey = await setUpRouter(stage, ROUTED, story.name);
    await story.isUp(ROUTED);
  });

  it("has one end at the hub, and its SuperNodes have none", async () => {
    const keys = await keysOf(GATEWAY, CHOSEN);
    assert.equal(keys.length, 2);
    await hubHasJust(stage, COORDINATOR, [...keys, routerKey]);
    for (const zone of [GATEWAY, CHOSEN]) await linksAre(zone, "ok");
  });

  it("is told that its gateway passes nothing on, and well again once it does", async () => {
    await stage.guests.addFault({ zone: GATEWAY, role: "gateway", fault: { kind: "passes-nothing" } });
    await story.zoneReads(
      GATEWAY,
      "The zone's gateway has its tunnel, and what the VMs beside it send does not get through",
    );
    await stage.guests.clearFaults();
    await linksAre(GATEWAY, "ok");
  });

  it("is told that its gateway does not run, and has its way again when that is back with the key that it had", async () => {
    const before = await keysOf(GATEWAY);
    const gateway = await gatewayIn(GATEWAY);
    await stage.guests.kill(gateway);
    await story.zoneReads(GATEWAY, "The zone's gateway, the VM that has the tunnel for the others, does not run");
    await stage.guests.reboot(gateway);
    await linksAre(GATEWAY, "ok");
    assert.deepEqual(await keysOf(GATEWAY), before);
    await untilJournal(sandbox, story.name, "all well", (events) => {
      const about = events.filter(({ code }) => code === "gateway-down");
      return about.at(-1)?.type === "condition-cleared";
    });
  });

  it("is told what is wrong with its tunnel as of any other", async () => {
    await stage.guests.setPath(GATEWAY, { udp: "blocked" });
    await story.zoneReads(GATEWAY, "The tunnel worked until now and carries nothing any more");
    await stage.guests.setPath(GATEWAY, { udp: "open" });
    await linksAre(GATEWAY, "ok");
  });

  it("changes its gateway's key at its owner's wish, and nobody goes offline", async () => {
    const before = await keysOf(GATEWAY);
    await story.press(GATEWAY, "Change tunnel keys");
    await untilJournal(sandbox, story.name, "changed", (events) =>
      events.some(({ type, outcome }) => type === "tunnel-rotation-ended" && outcome === "changed"),
    );
    const after = await keysOf(GATEWAY);
    assert.notDeepEqual(after, before);
    await hubHasJust(stage, COORDINATOR, [...after, ...(await keysOf(CHOSEN)), routerKey]);
    await linksAre(GATEWAY, "ok");
  });

  it("is off the hub when it is retired, and leaves no VM and no address", async () => {
    await story.press(GATEWAY, "Retire this site");
    await hubHasJust(stage, COORDINATOR, [...(await keysOf(CHOSEN)), routerKey]);
    await stage.zones.until(GATEWAY, ({ vms }) => vms.every(({ state }) => state === DONE));
  });
});
