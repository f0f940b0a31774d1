/** Zones that an OpenNebula federation lists, with one account and login tokens: joined, disabled, and without their master. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, type SandboxZonesFile, sandboxPassword } from "../../sandbox/zones-file.ts";
import { until } from "../waiting.ts";
import { FederationStory } from "./federation-story.ts";
import { MASTER, pooled } from "./pooled-zones.ts";
import { startStory } from "./story-sandbox.ts";
import { filesBelow } from "./written-files.ts";

const COORDINATOR = "zone-b";
const TRAINING = "zone-c";
/** Together with those of the zones file a hundred. */
const OTHERS = 97;

let poolAddress = "";

function withPool(usual: SandboxZonesFile): object {
  const { zones, ...rest } = pooled(usual);
  poolAddress = rest.zonepool.xmlrpc;
  const coordinator = { ...zones[COORDINATOR], network: "public" };
  return { ...rest, zones: { ...zones, [COORDINATOR]: coordinator } };
}

describe("Zones of an OpenNebula federation, with login tokens of one account", () => {
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    sandbox = await startStory({
      ...{ zones: 3, speed: 20, seed: "pool", portBase: 0, federated: true },
      configure: withPool,
    });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, { name: "pooled", coordinator: COORDINATOR, training: [TRAINING] });
  });
  after(() => sandbox.stop());

  const log = () => readFile(join(sandbox.directory, "bot.log"), "utf8");
  const logSays = (words: RegExp) => until(`${words} in the log`, log, (text) => words.test(text));
  const tokensMade = async (): Promise<number> => (await log()).split("A login token was made.").length - 1;
  const endTokens = () => stage.zones.command(MASTER, { do: "end-tokens", user: "florist" });
  const hasVm = (zone: string) => stage.zones.until(zone, ({ vms }) => vms.length > 0);

  it("come up although the token ends in the middle of the rollout, again and again, and nothing comes twice", async () => {
    await story.ask();
    await story.offers(COORDINATOR, "Approve");
    await endTokens();
    await story.press(COORDINATOR, "Approve");
    await story.press(TRAINING, "Approve");
    await hasVm(COORDINATOR);
    await endTokens();
    await hasVm(TRAINING);
    await endTokens();
    await story.isUp(TRAINING);
    await story.says("ready for runs");
    assert.equal(await stage.runningVms(COORDINATOR), 1);
    assert.equal(await stage.runningVms(TRAINING), 2);
    assert.ok((await tokensMade()) >= 3, await log());
  });

  it("leave no token behind when the bot is started again and again", async () => {
    const before = await tokensMade();
    for (let start = 0; start < 3; start += 1) {
      await sandbox.restartBot();
      await stage.requester.type(homeChannel, `status ${story.name}`);
      await stage.requester.told(story.name);
    }
    assert.equal(await tokensMade(), before);
  });

  it("tell by condition that one of them is disabled, refuse to ask for it, and tell when it is enabled again", async () => {
    await stage.zones.command(TRAINING, { do: "enable-zone", enabled: false });
    await story.says(`(${TRAINING})`, "is disabled in its OpenNebula since", "nothing can be changed there");
    await story.zoneReads(TRAINING, "@owner-c", "enable it again with");
    const refused = new FederationStory(stage, { ...story.wish, name: "refused" });
    await refused.ask();
    await refused.says("The zone is disabled in its OpenNebula.");
    assert.ok(!(await refused.buttons(COORDINATOR)).includes("Approve"), "nobody is asked");
    await stage.zones.command(TRAINING, { do: "enable-zone", enabled: true });
    await story.says(`(${TRAINING})`, "is enabled again.");
    await story.says(`(${TRAINING})`, "was disabled from");
    await refused.offers(TRAINING, "Approve");
  });

  it("go on while the master is down, and after a start without it as soon as it is back", async () => {
    await stage.zones.command(MASTER, { do: "down" });
    await logSays(/What it listed last counts until it answers again/);
    await sandbox.restartBot();
    await logSays(/No login token could be had; it is tried again until it can/);
    await story.says(`(${COORDINATOR})`, "has not answered since");
    await stage.zones.command(MASTER, { do: "up" });
    await story.says(`(${COORDINATOR})`, "can be looked at again.");
    await story.says("Running: 1 of 1 training site up.");
  });

  it("offer to the operator who joins, and are looked after where they were when they leave", async () => {
    await stage.zones.command(MASTER, { do: "list-others", count: OTHERS });
    await logSays(/Other zone 1000.*, and 87 more\. To let one take part, .*other-zone-1000: \{ title/);
    await stage.zones.command(TRAINING, { do: "list-zone", listed: false });
    await logSays(/zone-c is in the zones file, and the zone pool lists no zone/);
    await sandbox.restartBot();
    await story.says("Running: 1 of 1 training site up.");
    await stage.requester.type(homeChannel, `teardown ${story.name}`);
    for (const zone of [TRAINING, COORDINATOR]) await story.press(zone, "Tear down here");
    await story.says("The federation is torn down. Nothing of it runs any more.");
  });

  it("show no token and no password in what the bot writes", async () => {
    const secrets = [sandboxPassword(MASTER), ...(await tokens())];
    assert.ok(secrets.length > 1);
    const files = await filesBelow(sandbox.directory);
    assert.ok(files.length > 5);
    for (const [path, text] of files) for (const secret of secrets) assert.ok(!text.includes(secret), path);
  });

  async function tokens(): Promise<readonly string[]> {
    const session = `florist:${sandboxPassword(MASTER)}`;
    const parameters = `<param><value><string>${session}</string></value></param><param><value><int>-1</int></value></param>`;
    const body = `<?xml version="1.0"?><methodCall><methodName>one.user.info</methodName><params>${parameters}</params></methodCall>`;
    const headers = { "content-type": "text/xml" };
    const answer = await (await fetch(poolAddress, { method: "POST", headers, body })).text();
    return [...answer.matchAll(/&lt;TOKEN&gt;([0-9a-f]{64})&lt;/g)].map(([, token = ""]) => token);
  }
});
