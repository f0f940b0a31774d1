/** What changes after an approval: exactly the approvals that it touches are void, and nothing is created before. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { ShownMessage } from "../../sandbox/slack/control/control-api.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { type SandboxZonesFile, zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";
import { eventsOf } from "../faults/data-directory.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = "zone-a";
const ZONES = [COORDINATOR, "zone-b", "zone-c"];
/** Ids in each zone of the sandbox. */
const SUPERLINK_TEMPLATE = 0;
const SUPERNODE_TEMPLATE = 1;
const SUPERNODE_IMAGE = 1;
const PUBLIC_NETWORK = 0;

/** zone-b wants two of its owners to agree, so that one vote can stand while the other adjusts. */
const twoOwnersInZoneB = (usual: SandboxZonesFile): object => ({
  ...usual,
  zones: Object.fromEntries(
    Object.entries(usual.zones).map(([zone, entry]) => [zone, { ...entry, quorum: zone === "zone-b" ? 2 : 1 }]),
  ),
});

let sandbox: Sandbox;
let stage: Stage;
let story: FederationStory;

before(async () => {
  sandbox = await startStory({ zones: 3, speed: 20, seed: "digests", portBase: 0, configure: twoOwnersInZoneB });
  stage = new Stage(sandbox);
  story = new FederationStory(stage, {
    name: "steady",
    coordinator: COORDINATOR,
    training: ["zone-b", "zone-c"],
    fields: { "Start with at least this many training sites": "2" },
  });
  await story.ask();
});
after(() => sandbox.stop());

/** The zone's approval cards, oldest first: only the newest can be decided on. */
const cards = async (zone: string): Promise<readonly ShownMessage[]> =>
  (await story.inZone(zone)).filter(({ text }) => text.includes(`(${zone}): federation ${story.name}`));

/** As soon as the zone has that many versions of its card and the newest holds all these words. */
const newestCard = (zone: string, ...words: readonly string[]): Promise<string> =>
  stage.slack
    .until(`${words.join(" … ")} on the newest card of ${zone}`, async () => {
      const text = (await cards(zone)).at(-1)?.text;
      return text !== undefined && words.every((word) => text.includes(word)) ? text : undefined;
    })
    .catch(async (cause: unknown) => {
      throw new Error(`${String(cause)}\nThere stands:\n${await story.zoneText(zone)}`, { cause });
    });

async function decides(zone: string, number: 1 | 2, button = "Approve"): Promise<void> {
  await stage.person(zoneOwner(zone, number)).press(zoneChannel(zone), button, `ederation ${story.name}`);
}

async function adjusts(zone: string, number: 1 | 2, field: string, answer: string): Promise<void> {
  await decides(zone, number, "Adjust and approve");
  const owner = stage.person(zoneOwner(zone, number));
  const view = await owner.view("Adjust and approve");
  const label = view.fields.find((shown) => shown.label.startsWith(field))?.label ?? field;
  await owner.fill(view, { [label]: answer });
  const outcome = await owner.submit(view);
  assert.deepEqual([outcome.errors, outcome.problem], [undefined, undefined]);
}

const approved = (zone: string): Promise<string> => newestCard(zone, "Approved. Waits for");
const bothApproveInZoneB = async (): Promise<void> => {
  await decides("zone-b", 1);
  await newestCard("zone-b", "@owner-b approved");
  await decides("zone-b", 2);
  await approved("zone-b");
};

/** How often each site was put before its owners, by cause; and what else the journal says of them. */
async function plans(): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const events = (await eventsOf(sandbox)).filter(({ type }) => type === "site-planned");
  return Object.fromEntries(
    ZONES.map((zone) => [zone, events.filter(({ site }) => site === zone).map((event) => event["cause"])]),
  );
}

async function nothingIsCreated(): Promise<void> {
  for (const zone of ZONES) {
    const { services, vms, serviceTemplates } = await stage.zones.zone(zone);
    assert.deepEqual([services, vms, serviceTemplates], [[], [], []], `${zone} is as it was`);
  }
  const types = new Set((await eventsOf(sandbox)).map(({ type }) => type));
  assert.equal(types.has("attempt-started"), false);
}

const dialledAddress = async (): Promise<string> => {
  const settled = (await eventsOf(sandbox)).findLast(({ type }) => type === "endpoint-chosen");
  return String(settled?.["address"]);
};

describe("An approval is bound to exactly what was approved", () => {
  it("is void when another owner changes the number of SuperNodes; the other zones' cards stay", async () => {
    await decides("zone-b", 1);
    await newestCard("zone-b", "@owner-b approved");
    await adjusts("zone-b", 2, "SuperNodes", "1");
    const card = await newestCard("zone-b", "earlier votes are void", "SuperNodes: `2` → `1`", "Waits for 1 owner");
    assert.doesNotMatch(card, /@owner-b approved/);
    assert.deepEqual(await plans(), {
      "zone-a": ["requested"],
      "zone-b": ["requested", "adjusted"],
      "zone-c": ["requested"],
    });
  });

  it("is void when another owner chooses another network", async () => {
    await adjusts("zone-b", 1, "Network", "public");
    const card = await newestCard("zone-b", "earlier votes are void", "Network: `private (1)` → `public (0)`");
    assert.doesNotMatch(card, /second-owner-b approved/);
    await decides("zone-b", 2);
    await approved("zone-b");
    await nothingIsCreated();
  });

  it("is void when a template or an image changed since, before even the coordinator is created", async () => {
    await decides("zone-c", 1);
    await approved("zone-c");
    await stage.zones.command("zone-b", {
      do: "update-template",
      template: SUPERNODE_TEMPLATE,
      text: 'FEATURES=[ACPI="yes"]',
    });
    await stage.zones.command("zone-c", { do: "remake-image", image: SUPERNODE_IMAGE });
    await decides(COORDINATOR, 1);
    const content = await newestCard(
      "zone-b",
      "earlier approvals are void",
      "Content of the VM template:",
      "Waits for",
    );
    assert.doesNotMatch(content, /Images:|SuperLink's address:/);
    await newestCard("zone-c", "earlier approvals are void", "Images:", "Waits for 1 owner");
    await approved(COORDINATOR);
    await nothingIsCreated();
    assert.deepEqual((await plans())[COORDINATOR], ["requested"]);
  });

  it("is void everywhere when somebody else takes the SuperLink's address; each card shows just that", async () => {
    await decides("zone-b", 1);
    await newestCard("zone-b", "@owner-b approved");
    const lost = await dialledAddress();
    await stage.zones.command(COORDINATOR, { do: "take-lease", network: PUBLIC_NETWORK, ip: lost });
    await decides("zone-b", 2);
    for (const zone of ZONES) {
      const card = await newestCard(
        zone,
        "The address that was picked has been taken",
        "SuperLink's address:",
        "Waits for",
      );
      assert.match(card, new RegExp(`\`${lost}:9092\` → `));
      assert.doesNotMatch(card, /Content of the VM template:|Images:|Fingerprint of the CA:/);
    }
    assert.notEqual(await dialledAddress(), lost);
    await nothingIsCreated();
  });

  it("is void for the coordinator alone when only its template changed", async () => {
    await bothApproveInZoneB();
    await decides(COORDINATOR, 1);
    await approved(COORDINATOR);
    const before = await plans();
    await stage.zones.command(COORDINATOR, {
      do: "update-template",
      template: SUPERLINK_TEMPLATE,
      text: 'MEMORY="3072"',
    });
    await decides("zone-c", 1);
    await newestCard(COORDINATOR, "earlier approvals are void", "2048 MB", "3072 MB", "Waits for 1 owner");
    await Promise.all(["zone-b", "zone-c"].map(approved));
    await nothingIsCreated();
    const { [COORDINATOR]: coordinator, ...others } = await plans();
    const { [COORDINATOR]: coordinatorBefore = [], ...othersBefore } = before;
    assert.deepEqual(coordinator, [...coordinatorBefore, "zone-changed"]);
    assert.deepEqual(others, othersBefore);
  });

  it("lets the federation start once everything that changed was approved again, with the CA it always had", async () => {
    await decides(COORDINATOR, 1);
    await story.isUp("zone-b");
    await story.isUp("zone-c");
    const address = await dialledAddress();
    const { vms } = await stage.zones.zone(COORDINATOR);
    assert.deepEqual(
      vms.flatMap(({ nics }) => nics.map((nic) => nic["IP"])),
      [address],
    );
    assert.equal(await stage.runningVms("zone-b"), 1);
    const events = await eventsOf(sandbox);
    assert.equal(events.filter(({ type }) => type === "authority-created").length, 1);
    assert.equal(events.filter(({ type }) => type === "attempt-started").length, ZONES.length);
    const fingerprint = events.find(({ type }) => type === "authority-created")?.["fingerprint"];
    const planned = events.filter(({ type }) => type === "site-planned").map((event) => JSON.stringify(event["plan"]));
    assert.ok(planned.every((plan) => plan.includes(String(fingerprint))));
  });
});
