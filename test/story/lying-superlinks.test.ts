/** Coordinators whose guest lies: each is refused, the right people read why, and an owner's retry mends it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import type { PlainFaultKind } from "../../sandbox/hypervisor/faults.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { THOROUGHNESS } from "../thoroughness.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

interface Lie {
  readonly zone: string;
  readonly fault: PlainFaultKind;
  readonly what: string;
  /** The sentence that everybody in the home channel reads. */
  readonly sentence: string;
  /** What only the zone's own channel reads. */
  readonly detail: string;
}

const LIES: readonly Lie[] = [
  {
    zone: "zone-a",
    fault: "false-ca",
    what: "publishes another CA than the federation's",
    sentence: "The SuperLink presents another CA than this federation's. The rollout has stopped.",
    detail: "another CA certificate",
  },
  {
    zone: "zone-c",
    fault: "false-endpoint",
    what: "announces another address than the approved one",
    sentence: "The SuperLink announces another address than the one approved. The rollout has stopped.",
    detail: "198.51.100.66:9092",
  },
  {
    zone: "zone-d",
    fault: "foreign-name",
    what: "asks for a certificate for somebody else's name",
    sentence: "The guest asked for a certificate for a name that is not its own, so it was not signed.",
    detail: "bank.example",
  },
  {
    zone: "zone-e",
    fault: "weak-key",
    what: "has a weak key",
    sentence: "a key that is not RSA of 2048 to 4096 bits, so it was not signed.",
    detail: "1024",
  },
  {
    zone: "zone-f",
    fault: "wrong-version",
    what: "runs another Flower version",
    sentence: "The SuperLink runs another Flower version than the one approved. The rollout has stopped.",
    detail: "1.25.0",
  },
  {
    zone: "zone-g",
    fault: "hostile-attributes",
    what: "puts mentions, links and shell words into what it says",
    sentence: "The SuperLink announces another address than the one approved. The rollout has stopped.",
    detail: "<!channel> *urgent* <https://evil.example|click> $(touch /tmp/owned)",
  },
];
/** Of the workspace that is connected, so that trust may be posted where that one reads. */
const TRAINING = "zone-b";

const ownerOf = ({ zone }: Lie): string => `@owner-${zone.slice(-1)}`;
const nameOf = ({ fault }: Lie): string => `against-${fault}`;

describe("A coordinator's guest that lies", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  const stories = new Map<string, FederationStory>();
  const storyOf = (lie: Lie): FederationStory => {
    const story = stories.get(lie.fault);
    if (story === undefined) throw new Error(`Nobody asked for ${nameOf(lie)}.`);
    return story;
  };

  before(async () => {
    sandbox = await startStory({
      zones: LIES.length + 1,
      speed: 20,
      seed: "lies",
      portBase: 0,
      // Every zone coordinates here, so each needs addresses that the others reach.
      configure: (usual) => ({
        ...usual,
        zones: Object.fromEntries(
          Object.entries(usual.zones).map(([zone, entry]) => [
            zone,
            { ...entry, network: zone === TRAINING ? "private" : "public" },
          ]),
        ),
      }),
    });
    stage = new Stage(sandbox);
    for (const { zone, fault } of LIES) {
      await stage.guests.addFault({ zone, role: "superlink", fault: { kind: fault } });
    }
    for (const lie of LIES) {
      const story = new FederationStory(stage, {
        name: nameOf(lie),
        coordinator: lie.zone,
        training: [TRAINING],
      });
      stories.set(lie.fault, story);
      await story.askAndApprove();
    }
  });
  after(() => sandbox.stop());

  for (const lie of LIES) {
    it(`is refused when it ${lie.what}: the thread says so in one sentence, its zone's channel in detail`, async () => {
      const story = storyOf(lie);
      await story.says(`(${lie.zone})`, lie.sentence, "Its owners are asked in their own channel");
      const asked = await story.zoneReads(
        lie.zone,
        `${ownerOf(lie)} `,
        lie.sentence,
        "Retry it on its card",
        lie.detail,
      );
      assert.doesNotMatch(asked, /retire/, "a coordinator cannot be retired");
      await story.offers(lie.zone, "Retry");
      assert.doesNotMatch(await story.threadText(), /does not serve since/, "it never served");
    });
  }

  it("is told in detail in its own zone's channel only", async () => {
    for (const lie of LIES) {
      const others = stage.zoneNames.filter((zone) => zone !== lie.zone).map(zoneChannel);
      for (const channel of [homeChannel, ...others]) {
        const seen = (await stage.texts(channel)).filter((text) => text.includes(lie.detail));
        assert.deepEqual(seen, [], `${lie.detail} in ${channel}`);
      }
    }
  });

  it("cannot make the bot mention anybody or show a link", async () => {
    const calls = await stage.slack.calls();
    assert.ok(calls.length > 0);
    for (const { method, args } of calls) {
      const said = JSON.stringify(args);
      assert.ok(!said.includes("<!channel>") && !said.includes("<https://evil"), `${method}: ${said.slice(0, 400)}`);
    }
  });

  it("is never trusted: its CA and address are posted nowhere, and no training site is started", async () => {
    assert.equal(await stage.runningVms(TRAINING), 0);
    for (const channel of [homeChannel, ...stage.zoneNames.map(zoneChannel)]) {
      assert.deepEqual(
        (await stage.texts(channel)).filter((text) => text.includes("BEGIN CERTIFICATE")),
        [],
      );
    }
  });

  it("serves its federation after it has stopped lying and its zone's owner has retried it", async () => {
    await stage.guests.clearFaults();
    // One that was refused for what it announced, and one for what it asked for: a retry is the same for all of a kind.
    const onePerKind = LIES.filter(({ fault }) => fault === "false-ca" || fault === "weak-key");
    assert.equal(onePerKind.length, 2);
    const retried = THOROUGHNESS < 1 ? onePerKind : LIES;
    for (const lie of retried) await storyOf(lie).press(lie.zone, "Retry");
    for (const lie of retried) {
      const story = storyOf(lie);
      await story.says("tried again", `(${lie.zone})`);
      await story.says("BEGIN CERTIFICATE");
      await story.isUp(TRAINING);
    }
  });
});
