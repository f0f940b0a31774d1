/** VMs in which somebody else has the say: they harm their own site, and nobody else's. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { PUBLISHED } from "../../src/guest-protocol/names.ts";
import { aNodeKey } from "../builders/node-key.ts";
import { journalOf, untilJournal } from "../faults/data-directory.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = "zone-a";
const HOSTILE = "zone-b";
const HONEST = "zone-c";
const KEYS = 12;

describe("A SuperNode's VM that somebody else controls", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;
  let vm: number;

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: 20, seed: "hostile", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "shared", coordinator: COORDINATOR, training: [HOSTILE, HONEST] });
    await story.askAndApprove();
    for (const zone of story.wish.training) await story.isUp(zone);
    vm = await nodeOf(HOSTILE);
  });
  after(() => sandbox.stop());

  it("blinds nobody with attributes too large to be read: what happens to the site's other VM is seen", async () => {
    for (const part of ["A", "B", "C"]) await says(vm, `JUNK_${part}`, "x".repeat(3_500_000));
    const other = await nodeOf(HOSTILE, vm);
    await stage.guests.cut({ zone: HOSTILE, vmId: other });
    await story.says(`(${HOSTILE})`, "is d", "SuperNodes online since");
    await stage.guests.heal({ zone: HOSTILE, vmId: other });
    await stage.guests.cut({ zone: HONEST, vmId: await nodeOf(HONEST) });
    await story.says(`(${HONEST})`, "is degraded: 1 of 2 SuperNodes online since");
    await stage.guests.heal({ zone: HONEST, vmId: await nodeOf(HONEST) });
    await story.says(`(${HONEST})`, "is up again");
    for (const part of ["A", "B", "C"]) await says(vm, `JUNK_${part}`, "gone");
    await story.says(`(${HOSTILE})`, "is up again");
  });

  it("is looked at no more when it publishes one key after another: told once, and every other SuperNode stays", async () => {
    const accepted = await keysOf("key-accepted");
    for (let number = 0; number < KEYS; number += 1) {
      await says(vm, PUBLISHED.nodeKey, aNodeKey(`made up ${number}`).line);
      await isSpentOrSeen(number);
    }
    await story.says(`(${HOSTILE})`, "One VM published one new key after another");
    await story.zoneReads(HOSTILE, "@owner-b", "one new key after another", "Find out what runs in it, then retry");
    const refused = (await journalOf(sandbox, story.name)).filter(({ type }) => type === "key-refused");
    assert.ok(refused.length <= 5, `${refused.length} keys were looked at`);
    const lost = new Set(await keysOf("key-revoked"));
    assert.ok(accepted.filter((key) => lost.has(key)).length <= 1, "no key but its own");
    assert.deepEqual(await keysOf("key-accepted"), accepted, "none of them is admitted");
    await story.says(`2 of 2 SuperNodes online, as the SuperLink sees them.`);
  });

  it("takes part again when its zone's owner has retried the site", async () => {
    await story.press(HOSTILE, "Retry");
    await untilJournal(
      sandbox,
      story.name,
      "the site up in its second attempt",
      (events) => events.filter(({ type, site }) => type === "site-up" && site === HOSTILE).length > 1,
    );
    assert.equal(await stage.runningVms(HOSTILE), 2);
  });

  async function nodeOf(zone: string, except = -1): Promise<number> {
    const guests = await stage.guests.guests();
    const found = guests.find((guest) => guest.zone === zone && guest.role === "supernode" && guest.vmId !== except);
    assert.ok(found);
    return found.vmId;
  }

  const says = (id: number, name: string, value: string): Promise<unknown> =>
    stage.zones.command(HOSTILE, { do: "update-vm", vm: id, text: `${name}="${value}"` });

  const keysOf = async (type: string): Promise<readonly unknown[]> =>
    (await journalOf(sandbox, story.name)).filter((event) => event.type === type).map((event) => event["key"]);

  /** As soon as the bot has seen the newest key, or looks at none any more. */
  const isSpentOrSeen = (number: number) =>
    untilJournal(sandbox, story.name, `key ${number} seen`, (events) => {
      const { fingerprint } = aNodeKey(`made up ${number}`);
      return events.some(
        ({ type, reason, observation }) =>
          (type === "key-refused" && JSON.stringify(reason).includes("key-changes")) ||
          (type === "vm-observed" && JSON.stringify(observation).includes(fingerprint)),
      );
    });
});
