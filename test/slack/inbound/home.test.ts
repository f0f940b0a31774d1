/** The bot's home in Slack: who has one, what it says, and that it stays true. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitingFor } from "../../../src/federation/deciding/waiting.ts";
import type { Federation } from "../../../src/federation/model/state.ts";
import { homeView } from "../../../src/slack/blocks/home.ts";
import { approve, askTeardown } from "../../builders/commands.ts";
import {
  aDecisionContext,
  aZone,
  HOME_CHANNEL,
  ownerOf,
  REQUESTER as REQUESTER_IN_HOST,
  STRANGER as STRANGER_IN_HOST,
  sitesOf,
} from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { type Bench, channel, OUTSIDER, openBench, owner, REQUESTER, STRANGER } from "../bench.ts";
import { phases, roomy } from "../phases.ts";

/** Of alpha, somebody of the organisation that installed the app is an owner. */
const NAMES = ["alpha", "beta", "gamma", "delta"];
const context = () =>
  aDecisionContext({
    sites: sitesOf(
      NAMES.map((name) => aZone(name, name === "alpha" ? { owners: [ownerOf(name), STRANGER_IN_HOST] } : {})),
    ),
  });
const story = (): Story => aFederation({ context: context() });

/** Opens it, and waits until it says so. */
async function home(bench: Bench, person: string, words: RegExp): Promise<string> {
  await bench.control.home({ person });
  return await homeSays(bench, person, words);
}

const homeSays = (bench: Bench, person: string, words: RegExp): Promise<string> =>
  bench.control.until(`${words} on the home of ${person}`, async () => {
    const { home: shown } = await bench.control.person(person);
    return shown !== null && words.test(shown) ? shown : undefined;
  });

const published = async (bench: Bench): Promise<number> =>
  (await bench.control.calls()).filter(({ method }) => method === "views.publish").length;

describe("The bot's home", () => {
  it("names what waits for an owner with the way to its card, what runs, and what they can do", async (test) => {
    const bench = await openBench(test, { story: story().planned() });
    const card = await bench.read(channel("alpha"), "asks to run");
    const text = await home(bench, STRANGER, /Decide on its card/);
    assert.match(text, /\*tumour-study\*, Alpha Institute \(alpha\): is asked to run the coordinator, until /);
    assert.match(text, /Waiting for approvals/);
    assert.match(text, /\/flower zones/);
    assert.ok(!text.includes("/flower deploy-site"), "who may not ask for one is not told how");
    const blocks = JSON.stringify((await bench.control.news(-1, 0)).homes[STRANGER]);
    assert.ok(blocks.includes(`/archives/${channel("alpha")}/p${card.ts.replace(".", "")}|Decide on its card`), blocks);
  });

  it("says to whom nothing waits, and shows nobody a federation that they may not know of", async (test) => {
    const bench = await openBench(test, { story: story().planned() });
    const theirs = await home(bench, REQUESTER, /tumour-study/);
    assert.match(theirs, /Nothing waits for you/);
    assert.match(theirs, /\/flower deploy-site/);
    const outside = await home(bench, OUTSIDER, /Nothing waits for you/);
    assert.match(outside, /There is no federation that you can see/);
    assert.ok(!outside.includes("tumour-study"));
  });

  it("follows what happens while somebody has it open, and is left alone by what changes nothing there", async (test) => {
    const bench = await openBench(test, { story: story().planned() });
    await home(bench, STRANGER, /Decide on its card/);
    await bench.press(STRANGER, await bench.read(channel("alpha"), "asks to run"), "Approve");
    await homeSays(bench, STRANGER, /Nothing waits for you/);
    await bench.settled();
    const before = await published(bench);
    await home(bench, OUTSIDER, /There is no federation/);
    await bench.press(owner("beta"), await bench.read(channel("beta"), "asks to run"), "Approve");
    await bench.read(channel("beta"), "@beta-1 approved");
    await home(bench, STRANGER, /Nothing waits for you/);
    const outsiders = (await bench.control.calls()).filter(
      ({ method, args }) => method === "views.publish" && args["user_id"] === OUTSIDER,
    );
    assert.equal(outsiders.length, 1, "nothing that changed was to be seen there");
    assert.ok((await published(bench)) > before);
  });

  it("publishes nothing while nobody has opened one", async (test) => {
    const bench = await openBench(test, { story: story().planned() });
    await bench.press(STRANGER, await bench.read(channel("alpha"), "asks to run"), "Approve");
    await bench.read(channel("alpha"), "approved");
    await bench.settled();
    assert.equal(await published(bench), 0);
  });

  it("is for the organisation that installed the app; others are told why and where they are answered", async (test) => {
    const bench = await openBench(test, { story: story().planned() });
    await assert.rejects(bench.control.home({ person: owner("beta") }), /only its members have a home/);
    // Should Slack tell the bot of one all the same.
    await bench.tell({ type: "app_home_opened", user: owner("beta"), channel: HOME_CHANNEL, tab: "home" });
    await bench.whispered(owner("beta"), "opens for its members only");
    await bench.tell({ type: "app_home_opened", user: REQUESTER, channel: HOME_CHANNEL, tab: "messages" });
    await bench.tell({ type: "app_home_opened", tab: "home" });
    assert.equal(await published(bench), 0);
  });

  it("tries again when Slack does not take it, and comes when it does", async (test) => {
    const bench = await openBench(test, { story: story().planned() });
    await bench.control.settings({ fail: { method: "views.publish", how: "500", times: 2 } });
    await home(bench, STRANGER, /Decide on its card/);
  });
});

describe("What waits for somebody", () => {
  const kinds = (federation: Federation, name: string, by = ownerOf(name)) =>
    waitingFor(by, federation, roomy()).map(({ kind, site }) => `${kind} ${site.name}`);
  const at = (phase: string): Federation => {
    const found = phases().find(([name]) => name === phase);
    if (found === undefined) throw new Error(`There is no phase ${phase}.`);
    return found[1]().federation;
  };

  it("is what only they can decide, mend or end", () => {
    assert.deepEqual(kinds(at("waiting for its owners"), "beta"), ["approve beta"]);
    assert.deepEqual(kinds(aFederation().planned().does(approve("beta")).federation, "beta"), []);
    assert.deepEqual(kinds(at("with a newcomer asked for"), "alpha"), ["admit delta"]);
    assert.deepEqual(kinds(at("with a newcomer asked for"), "delta"), ["approve delta"]);
    assert.deepEqual(kinds(at("with a newcomer asked for"), "beta"), []);
    assert.deepEqual(kinds(at("with a failed site"), "beta"), ["unwell beta"]);
    assert.deepEqual(kinds(aFederation().running().does(askTeardown()).federation, "beta"), ["teardown beta"]);
    assert.deepEqual(kinds(at("with its coordinator stopping"), "alpha"), []);
    assert.deepEqual(kinds(at("running"), "beta"), []);
  });

  it("is nothing for whoever owns none of the zones", () => {
    for (const [name, made] of phases())
      assert.deepEqual(kinds(made().federation, "delta", REQUESTER_IN_HOST), [], name);
  });
});

describe("A home of more than Slack takes", () => {
  it("shows as many as fit, and says how many more there are and how to see them", () => {
    const federation = aFederation({ context: context() }).planned().federation;
    const federations = Array.from({ length: 150 }, () => federation);
    const directory = context();
    const waiting = federations.flatMap((one) => waitingFor(STRANGER_IN_HOST, one, directory));
    const { blocks } = homeView({
      person: STRANGER_IN_HOST,
      waiting,
      federations,
      isComplete: false,
      abilities: { command: "/flower", mayRequest: true, ownsZone: true },
      directory,
      addressOf: () => null,
    });
    assert.ok(blocks.length <= 100, `${blocks.length} blocks`);
    const text = JSON.stringify(blocks);
    assert.match(text, /and 110 more\. Decide on some of these/);
    assert.match(text, /and 110 more federations: `\/flower status NAME` shows one/);
    assert.match(text, /Not every channel was looked through/);
  });
});
