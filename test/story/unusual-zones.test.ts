/** Zones whose entry asks for more than usual or gives less, through signed clicks: no channel, an owner who asks. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, type SandboxZonesFile, zoneChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const NAME = "unusual";
const COORDINATOR = "zone-a";
const WITHOUT_CHANNEL = "zone-b";
const ASKERS_ZONE = "zone-c";
const REQUESTER = { team: "T0ASTER001", user: "U0REQUEST1" };
const NOT_AN_OWNER = "Only this site's owners can do that.";

const unusual = (usual: SandboxZonesFile): object => ({
  ...usual,
  requesterMayApproveAlone: false,
  zones: Object.fromEntries(
    Object.entries(usual.zones).map(([zone, entry]) => {
      if (zone === ASKERS_ZONE) return [zone, { ...entry, owners: [...entry.owners, REQUESTER] }];
      const { channel, ...rest } = entry;
      return [zone, zone === WITHOUT_CHANNEL ? rest : { ...rest, channel }];
    }),
  ),
});

describe("A federation of unusual zones", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: 20, seed: "unusual", portBase: 0, configure: unusual });
    stage = new Stage(sandbox);
    const channel = zoneChannel(ASKERS_ZONE);
    await stage.slack.settings({ membership: { channel, person: REQUESTER.user, member: true } });
    story = new FederationStory(stage, {
      name: NAME,
      coordinator: COORDINATOR,
      training: [WITHOUT_CHANNEL, ASKERS_ZONE],
    });
    await story.ask();
  });
  after(() => sandbox.stop());

  it("asks the owners of a zone without a channel in the thread, where nothing is shown that is their zone's", async () => {
    const hidden = "What would run, and its detail, is shown to this site's owners only.";
    await story.says(`(${WITHOUT_CHANNEL})`, "Waits for 1 owner of this site.", hidden);
    assert.doesNotMatch(await story.threadText(), /Flower SuperNode 1\.31\.0|private/);
    assert.deepEqual(await stage.texts(zoneChannel(WITHOUT_CHANNEL)), []);
  });

  it("shows what would run there to its owners, and to nobody else who reads the thread", async () => {
    const stranger = stage.owner(COORDINATOR);
    await stranger.press(homeChannel, "See what runs", `(${WITHOUT_CHANNEL})`);
    await stranger.told(NOT_AN_OWNER);
    const owner = stage.owner(WITHOUT_CHANNEL);
    await owner.press(homeChannel, "See what runs", `(${WITHOUT_CHANNEL})`);
    const view = await owner.view("See what is asked");
    assert.match(view.text, /Flower SuperNode 1\.31\.0/);
    await owner.close(view);
  });

  it("is not approved by its requester alone, who is one of the zone's owners, where the zones file says so", async () => {
    await stage.requester.press(zoneChannel(ASKERS_ZONE), "Approve", NAME);
    await story.zoneReads(ASKERS_ZONE, "@rosa approved", "Waits for 1 owner of this site.");
    await story.press(COORDINATOR, "Approve");
    await stage.owner(WITHOUT_CHANNEL).press(homeChannel, "Approve", `(${WITHOUT_CHANNEL})`);
    await story.says("approved for", `(${WITHOUT_CHANNEL})`);
    assert.equal(await stage.runningVms(ASKERS_ZONE), 0);
    await story.press(ASKERS_ZONE, "Approve");
    await story.says("@owner-c approved for", `(${ASKERS_ZONE})`);
  });

  it("runs as any other, and what went wrong in the zone without a channel opens for its owners only", async () => {
    await story.isUp(WITHOUT_CHANNEL);
    await story.isUp(ASKERS_ZONE);
    const node = (await stage.guests.guests()).find(({ zone, role }) => zone === WITHOUT_CHANNEL && role !== "unknown");
    assert.ok(node);
    await stage.guests.kill(node);
    await story.says(`(${WITHOUT_CHANNEL})`, "is degraded");
    await story.says(`(${WITHOUT_CHANNEL})`, "is degraded", "A VM has stopped reporting.");
    await stage.owner(COORDINATOR).press(homeChannel, "See the detail", `(${WITHOUT_CHANNEL})`);
    await stage.owner(COORDINATOR).told(NOT_AN_OWNER);
    const owner = stage.owner(WITHOUT_CHANNEL);
    await owner.press(homeChannel, "See the detail", `(${WITHOUT_CHANNEL})`);
    assert.match(
      (await owner.view("How this site stands")).text,
      new RegExp(`The VM has stopped reporting\\..*VM ${node.vmId}`),
    );
    assert.doesNotMatch(await story.threadText(), /VM \d/);
    assert.deepEqual(await stage.texts(zoneChannel(WITHOUT_CHANNEL)), []);
  });
});
