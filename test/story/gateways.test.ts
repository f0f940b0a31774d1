/** A federation in which a VM of a zone has the tunnel for the others, the hub as well, beside a zone whose router has it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { setUpRouter } from "../../sandbox/story/routers.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { hubHasJust, tunnelKeysOf } from "../../sandbox/story/tunnels.ts";
import { SANDBOX_GATEWAY, SANDBOX_HUB } from "../../sandbox/zones-file.ts";
import type { GuestRole } from "../../src/guest-protocol/names.ts";
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
/** That of the coordinator's, and of the SuperLink behind it. */
let hub: readonly (string | undefined)[] = [];
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
          const way = { [COORDINATOR]: "gateway" as const, [GATEWAY]: "gateway" as const, [ROUTED]: "router" as const }[
            name
          ];
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
const vmIn = async (zone: string, role: GuestRole): Promise<VmAddress> => {
  const found = (await stage.guests.guests()).find((one) => one.zone === zone && one.role === role);
  assert.ok(found);
  return found;
};
const keysOf = async (...zones: readonly string[]): Promise<readonly string[]> =>
  (await Promise.all(zones.map((zone) => tunnelKeysOf(stage, zone)))).flat();
const linksAre = (zone: string, link: string) =>
  stage.zones.until(zone, ({ vms }) =>
    vms.every(({ state, userTemplate }) => state === DONE || userTemplate["FL_LINK"] === link),
  );

/** The addresses that a card names for the gateway, and for the SuperLink behind it. */
const addressesOn = (card: string): readonly (string | undefined)[] =>
  [/the gateway `?([\d.]+)/, /SuperLink's own address `?([\d.]+)/].map((words) => words.exec(card)?.[1]);

describe("A zone in which one VM has the tunnel for the others", () => {
  it("is asked about with that VM, its address and what it needs from the zone", async () => {
    await story.ask();
    const card = await story.zoneReads(GATEWAY, "one VM beside the SuperNodes, the gateway", "no way out of the zone");
    approved = addressesOn(card)[0] ?? "";
    hub = addressesOn(await story.zoneReads(COORDINATOR, "is the hub", "port 51820 of the gateway"));
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
    assert.deepEqual([keys.length, (await keysOf(COORDINATOR)).length], [2, 1]);
    await hubHasJust(stage, COORDINATOR, [...keys, routerKey]);
    for (const zone of [GATEWAY, CHOSEN]) await linksAre(zone, "ok");
  });

  it("is reached by the others through the coordinator's gateway, made before a SuperLink that knows of no tunnel", async () => {
    const contexts = await contextsIn(COORDINATOR);
    assert.deepEqual(
      contexts.map((context) => [context["FL_ROLE"], context["ETH0_IP"], context["WG_KIND"], context["WG_SUPERLINK"]]),
      [
        ["gateway", hub[0], "gateway", hub[1]],
        ["superlink", hub[1], "", undefined],
      ],
    );
    const superLink = await vmIn(COORDINATOR, "superlink");
    const seen = (await stage.guests.guests()).find(
      ({ zone, vmId }) => zone === COORDINATOR && vmId === superLink.vmId,
    );
    assert.equal(seen?.tunnels, null);
    await story.zoneReads(COORDINATOR, "the gateway is the hub of 3 tunnels");
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
    const gateway = await vmIn(GATEWAY, "gateway");
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

  it("is told that the coordinator's gateway does not run, and has its way again when that is back with its key", async () => {
    const before = await keysOf(COORDINATOR);
    const { vmId: vm } = await vmIn(COORDINATOR, "gateway");
    await stage.zones.command(COORDINATOR, { do: "vm-action", vm, action: "poweroff-hard" });
    await story.zoneReads(GATEWAY, "The coordinator's gateway, the VM that is the hub of the tunnels, does not run");
    await story.press(COORDINATOR, "Reboot VMs");
    for (const zone of [GATEWAY, CHOSEN]) await linksAre(zone, "ok");
    assert.deepEqual(await keysOf(COORDINATOR), before);
  });

  it("is told that the tunnel stands and the SuperLink does not answer where the coordinator's gateway passes nothing on", async () => {
    await stage.guests.addFault({ zone: COORDINATOR, role: "gateway", fault: { kind: "passes-nothing" } });
    await story.zoneReads(GATEWAY, "The tunnel stands, but the SuperLink does not answer at its address inside");
    await stage.guests.clearFaults();
    await linksAre(GATEWAY, "ok");
  });

  it("leaves it to the coordinator's owners to see that their gateway does not reach the SuperLink", async () => {
    const superLink = await vmIn(COORDINATOR, "superlink");
    await stage.guests.cut(superLink);
    await story.zoneReads(COORDINATOR, "The gateway does not reach the SuperLink, which serves");
    await stage.guests.heal(superLink);
    for (const zone of [GATEWAY, CHOSEN]) await linksAre(zone, "ok");
  });

  it("is off the hub when it is retired, and leaves no VM and no address", async () => {
    await story.press(GATEWAY, "Retire this site");
    await hubHasJust(stage, COORDINATOR, [...(await keysOf(CHOSEN)), routerKey]);
    await stage.zones.until(GATEWAY, ({ vms }) => vms.every(({ state }) => state === DONE));
  });

  // A router does not follow by itself.
  it("goes on when the coordinator's owner changes the key of the hub", async () => {
    const before = await keysOf(COORDINATOR);
    await story.press(COORDINATOR, "Change tunnel keys");
    await untilJournal(sandbox, story.name, "changed", (events) =>
      events.some(
        ({ type, site, outcome }) => type === "tunnel-rotation-ended" && site === COORDINATOR && outcome === "changed",
      ),
    );
    assert.notDeepEqual(await keysOf(COORDINATOR), before);
    await linksAre(CHOSEN, "ok");
  });
});
