/** A day in which one VM publishes whatever the protocol knows, and much that it does not: it harms its own site only. */
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { GIVEN, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { idOf, journalOf, receiptsOf } from "../faults/data-directory.ts";
import { Dice, mutatedText, ODD_TEXTS, SEED } from "../mutations/mutation.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const SPEED = 1000;
const DAY = 86_400_000 / SPEED;
const COORDINATOR = "zone-a";
const HOSTILE = "zone-b";
const JOINING = "zone-c";
const NAMES = [...Object.values(PUBLISHED), ...Object.values(GIVEN)];
const MOST_EVENTS = 400;
const MOST_JOURNAL = 100_000;
const MOST_MESSAGES = 20;

describe("A SuperNode's VM that publishes whatever it likes for a day", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;
  let vm: number;
  let start: { readonly events: number; readonly bytes: number; readonly messages: number };

  before(async () => {
    sandbox = await startStory({ zones: 3, speed: SPEED, seed: "hostile day", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "shared", coordinator: COORDINATOR, training: [HOSTILE] });
    await story.askAndApprove();
    await story.isUp(HOSTILE);
    vm = await nodeOf(HOSTILE);
    start = await sizes();
  });
  after(() => sandbox.stop());

  it("keeps no other site from joining meanwhile", async (t) => {
    const until = performance.now() + DAY;
    const day = publishesUntil(until);
    await asksToJoin();
    await stage.owner(COORDINATOR).press(zoneChannel(COORDINATOR), "Admit", JOINING);
    await story.press(JOINING, "Approve");
    await story.isUp(JOINING);
    t.diagnostic(`the site that joined is up ${Math.round((until - performance.now()) / 1000)} s before the day's end`);
    const { taken, refused } = await day;
    assert.ok(taken > 100, `${taken}`);
    t.diagnostic(
      `${taken} updates, ${refused} that the zone refused, in ${Math.round((performance.now() - until + DAY) / 1000)} s`,
    );
  });

  it("costs nobody else a key, a VM or a SuperNode", async () => {
    const journal = await journalOf(sandbox, story.name);
    const harmed = journal.filter(
      ({ type, site, vmId }) =>
        (type === "key-revoked" || type === "key-refused" || type === "vm-gone" || type === "site-failed") &&
        !(site === HOSTILE && (vmId === undefined || vmId === vm)),
    );
    assert.deepEqual(harmed, []);
    assert.equal(await stage.runningVms(JOINING), 2);
    await story.says(`(${JOINING})`, "is up: 2 of 2 SuperNodes online");
  });

  it("adds a bounded number of events and messages, however much it publishes", async () => {
    const now = await sizes();
    assert.ok(now.events - start.events < MOST_EVENTS, `${now.events - start.events} events`);
    assert.ok(now.bytes - start.bytes < MOST_JOURNAL, `${now.bytes - start.bytes} bytes`);
    assert.ok(now.messages - start.messages < MOST_MESSAGES, `${now.messages - start.messages} messages`);
  });

  it("is replaced when its owner retries the site", async () => {
    await story.press(HOSTILE, "Retry");
    await story.says(`(${HOSTILE})`, "tried again");
    const nodes = (): Promise<readonly number[]> => runningIn(HOSTILE);
    await stage.slack.until(
      "other VMs at the site",
      async () => {
        const ids = await nodes();
        return ids.length === 2 && !ids.includes(vm) ? true : undefined;
      },
      stage.patience,
    );
  });

  /** Back to back until that moment of `performance.now()`; how many updates the zone took, and refused. */
  async function publishesUntil(end: number): Promise<{ readonly taken: number; readonly refused: number }> {
    const dice = new Dice(SEED);
    let taken = 0;
    let refused = 0;
    while (performance.now() < end) {
      const { vms } = await stage.zones.zone(HOSTILE);
      const values = vms.flatMap(({ userTemplate }) => Object.entries(userTemplate).map(([, value]) => String(value)));
      const lines = NAMES.filter(() => dice.below(4) === 0).map((name) => {
        const own = String(vms.find(({ id }) => id === vm)?.userTemplate[name] ?? "");
        const ways = [
          () => dice.of([own, ...values]),
          () => dice.of(ODD_TEXTS),
          () => mutatedText(dice, own, ODD_TEXTS),
        ];
        return `${name}="${dice
          .of(ways)()
          .replace(/["\\\0]/g, "")}"`;
      });
      await stage.zones.command(HOSTILE, { do: "update-vm", vm, text: lines.join("\n") }).then(
        () => {
          taken += 1;
        },
        () => {
          refused += 1;
        },
      );
    }
    return { taken, refused };
  }

  async function asksToJoin(): Promise<void> {
    await stage.requester.press(homeChannel, "Add a site", `Federation ${story.name}`);
    const view = await stage.requester.view("Add a site");
    await stage.requester.fill(view, { "Training site": JOINING, SuperNodes: "2" });
    assert.equal((await stage.requester.submit(view)).errors, undefined);
  }

  async function nodeOf(zone: string): Promise<number> {
    const [first] = await runningIn(zone);
    assert.ok(first !== undefined);
    return first;
  }

  async function runningIn(zone: string): Promise<readonly number[]> {
    const guests = await stage.guests.guests();
    return guests.filter((guest) => guest.zone === zone && guest.role === "supernode").map(({ vmId }) => vmId);
  }

  /** Of the hostile VM's site; all that was posted, wherever. */
  async function sizes(): Promise<{ readonly events: number; readonly bytes: number; readonly messages: number }> {
    const journal = await journalOf(sandbox, story.name);
    const { size } = await stat(join(sandbox.directory, "data", `${await idOf(sandbox, story.name)}.jsonl`));
    const { posted } = await receiptsOf(sandbox, story.name);
    const aboutIt = journal.filter((event) => JSON.stringify(event).includes(HOSTILE));
    return { events: aboutIt.length, bytes: size, messages: posted.length };
  }
});
