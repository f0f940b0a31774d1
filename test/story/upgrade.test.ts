/** A later version of the bot, with another guest agent, takes over what an earlier one has started. */
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { packageRoot } from "../../src/package-root.ts";
import { journalOf, untilJournal } from "../faults/data-directory.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const COORDINATOR = "zone-a";
const TRAINING = "zone-b";

describe("A federation whose bot is upgraded", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;
  let later: string;
  let agents: { readonly before: string; readonly later: string };

  before(async () => {
    later = await laterVersion();
    const agentIn = async (root: string) => (await readGuestScript(join(root, "manifests/guest"))).sha256.slice(0, 12);
    agents = { before: await agentIn(packageRoot()), later: await agentIn(later) };
    assert.notEqual(agents.later, agents.before);
    sandbox = await startStory({ zones: 3, speed: 20, seed: "upgrade", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "upgraded", coordinator: COORDINATOR, training: [TRAINING] });
    await story.askAndApprove();
    await story.isUp(TRAINING);
    await story.says("ready for runs");
    await sandbox.restartBot(join(later, "dist/florist.mjs"));
  });
  after(async () => {
    await sandbox.stop();
    await rm(later, { recursive: true, force: true });
  });

  it("shows what runs as it runs, with the agent that it was given", async () => {
    for (const zone of story.zones) {
      await story.press(zone, "See what runs");
      const owner = stage.owner(zone);
      const view = await owner.view("See what runs");
      assert.match(view.text, new RegExp(`guest agent \`${agents.before}\``));
      assert.doesNotMatch(view.text, new RegExp(agents.later));
      await owner.close(view);
    }
  });

  for (const [zone, what, role, isBack] of [
    [TRAINING, "a training site that has lost a SuperNode", "supernode", "site-up"],
    [COORDINATOR, "the coordinator whose SuperLink has died", "superlink", "coordinator-verified"],
  ] as const) {
    it(`has ${what} tried again as it was approved, and nobody is asked`, async () => {
      const votes = await countOf("consent-given");
      const plans = await countOf("site-planned");
      const before = await vmOf(zone);
      const guest = (await stage.guests.guests()).find((one) => one.zone === zone && one.role === role);
      assert.ok(guest);
      await stage.guests.kill(guest);
      await story.press(zone, "Retry");
      await untilJournal(
        sandbox,
        story.name,
        `${zone} up in its second attempt`,
        (events) => events.filter(({ type, site }) => type === isBack && site === zone).length > 1,
      );
      const now = await vmOf(zone);
      assert.notEqual(now.id, before.id);
      assert.equal(now.context["START_SCRIPT_BASE64"], before.context["START_SCRIPT_BASE64"], "the approved agent");
      assert.deepEqual([await countOf("consent-given"), await countOf("site-planned")], [votes, plans]);
    });
  }

  it("gives the agent of the later version to what is asked for now, and says so on its card", async () => {
    const fresh = new FederationStory(stage, { name: "fresh", coordinator: COORDINATOR, training: ["zone-c"] });
    await fresh.ask();
    await fresh.zoneReads("zone-c", `guest agent \`${agents.later}\``);
  });

  const countOf = async (type: string): Promise<number> =>
    (await journalOf(sandbox, story.name)).filter((event) => event.type === type).length;

  async function vmOf(zone: string) {
    const [newest] = (await stage.zones.zone(zone)).vms.filter(({ state }) => state !== 6);
    assert.ok(newest);
    return newest;
  }
});

/** What the program needs beside Node.js as it would lie on disk after an upgrade, with one line more in its guest agent. */
async function laterVersion(): Promise<string> {
  const root = packageRoot();
  const directory = await mkdtemp(join(tmpdir(), "florist-later-"));
  for (const part of ["dist/florist.mjs", "manifests", "package.json"]) {
    await cp(join(root, part), join(directory, part), { recursive: true });
  }
  const agent = join(directory, "manifests/guest/agent.py");
  await writeFile(agent, `${await readFile(agent, "utf8")}\nLATER = True\n`);
  return directory;
}
