/** What people type, and what they are told: as people type it, and nothing that they cannot do. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MARK } from "../../../src/slack/blocks/marks.ts";
import { nearest } from "../../../src/slack/inbound/nearest.ts";
import { approve, requestSite, withdraw } from "../../builders/commands.ts";
import {
  aDecisionContext,
  aZone,
  HOME_CHANNEL,
  ownerOf,
  STRANGER as STRANGER_IN_HOST,
  sitesOf,
  zone,
} from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { type Bench, channel, OUTSIDER, openBench, owner, RANDOM, REQUESTER, STRANGER } from "../bench.ts";
import { roomy } from "../phases.ts";
import { everRead, textOf } from "../reading.ts";

const SHOWN = "Federation tumour-study";

/** How many answers a person has, once there is one more. */
async function oneMore(bench: Bench, person: string, ask: () => Promise<unknown>): Promise<string> {
  const before = (await bench.whispers(person)).length;
  await ask();
  return await bench.control.until("an answer", async () => (await bench.whispers(person))[before]);
}

describe("what is typed", () => {
  it("is read as people type it, with the command and with a mention", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    for (const typed of [
      "status tumour-study",
      "Status Tumour-Study.",
      "STATUS `tumour-study`",
      "status “tumour-study”!",
      "status tumour\u2011study",
      "status tumour–study,",
      "status *tumour-study*",
    ]) {
      const command = { person: REQUESTER, channel: HOME_CHANNEL, text: typed };
      assert.match(await oneMore(bench, REQUESTER, () => bench.control.command(command)), new RegExp(SHOWN), typed);
      const mention = { person: owner("beta"), channel: HOME_CHANNEL, text: typed };
      const answer = await oneMore(bench, owner("beta"), () => bench.control.mention(mention));
      assert.match(answer, new RegExp(SHOWN), typed);
    }
  });

  it("is read without the link that Slack makes of what looks like an address", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    const event = { type: "app_mention", user: owner("beta"), user_team: ownerOf("beta").team, channel: HOME_CHANNEL };
    const text = "<@UFLORIST> status <http://tumour-study|tumour-study>.";
    const answer = await oneMore(bench, owner("beta"), () => bench.tell({ ...event, text }));
    assert.match(answer, new RegExp(SHOWN));
  });

  it("may have the command's two parts apart", async (context) => {
    const { control, modal } = await openBench(context);
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy site" });
    assert.equal((await modal(REQUESTER)).callbackId, "deploy-site");
  });
});

describe("who mistypes", () => {
  it("is asked whether another word was meant", async (context) => {
    const bench = await openBench(context);
    for (const [typed, meant] of [
      ["statsu", "status"],
      ["zone", "zones"],
      ["tear-down", "teardown"],
      ["deploy", "deploy-site"],
    ] as const) {
      const command = { person: REQUESTER, channel: HOME_CHANNEL, text: typed };
      const answer = await oneMore(bench, REQUESTER, () => bench.control.command(command));
      assert.match(answer, new RegExp(`I do not know that word\\. Did you mean .?/flower ${meant}`), typed);
    }
    const far = { person: REQUESTER, channel: HOME_CHANNEL, text: "dance" };
    assert.ok(!(await oneMore(bench, REQUESTER, () => bench.control.command(far))).includes("Did you mean"));
    const whoami = { person: REQUESTER, channel: HOME_CHANNEL, text: "whoami" };
    assert.match(await oneMore(bench, REQUESTER, () => bench.control.command(whoami)), /@florist whoami/);
  });

  it("is told of a federation of nearly that name, who can see it; nobody else learns of it", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    for (const text of ["status tumor-study", "teardown tumour-studi", "deploy-site tumour"]) {
      const command = { person: REQUESTER, channel: HOME_CHANNEL, text };
      const answer = await oneMore(bench, REQUESTER, () => bench.control.command(command));
      assert.match(answer, /no federation of that name\. Did you mean .?tumour-study/, text);
    }
    const answers: string[] = [];
    for (const text of ["status tumor-study", "status tumour-study", "status nothing-like-it"]) {
      const command = { person: OUTSIDER, channel: RANDOM, text };
      answers.push(await oneMore(bench, OUTSIDER, () => bench.control.command(command)));
    }
    assert.deepEqual(new Set(answers).size, 1, answers.join("\n"));
  });

  it("is not asked about words that are only as short", () => {
    assert.deepEqual(nearest("hi", ["help", "status"]), []);
    assert.deepEqual(nearest("spring-tral", ["spring-trial", "spring-trail", "autumn-trial"]), [
      "spring-trial",
      "spring-trail",
    ]);
  });
});

describe("who is told what they can do", () => {
  it("is told of the command only where Slack offers it", async (context) => {
    const bench = await openBench(context);
    const foreign = { person: owner("beta"), channel: HOME_CHANNEL, text: "hello" };
    const theirs = await oneMore(bench, owner("beta"), () => bench.control.mention(foreign));
    assert.match(theirs, /@florist status/);
    assert.ok(!theirs.includes("/flower"), theirs);
    const ours = await oneMore(bench, REQUESTER, () => bench.control.mention({ ...foreign, person: REQUESTER }));
    assert.match(ours, /\/flower deploy-site/);
  });

  it("is told that a channel is archived, not that the bot has to be invited", async (context) => {
    const bench = await openBench(context);
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    await bench.control.fill({ person: REQUESTER, viewId, values: { coordinator: "alpha", training: ["beta"] } });
    await bench.control.settings({ archive: { channel: HOME_CHANNEL, archived: true } });
    await bench.control.submit({ person: REQUESTER, viewId, values: { name: "late", purpose: "A trial." } });
    const { text } = await bench.control.until("the answer", async () => {
      const view = await bench.modal(REQUESTER);
      return view.title === "Not possible" ? view : undefined;
    });
    assert.match(text, /This channel is archived\. Unarchive it/);
    assert.ok(!text.includes("/invite"));
    assert.equal([...bench.store.living()].length, 0);
  });

  it("is told, beside the card of a federation, that its end is not theirs to ask for", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    await bench.press(STRANGER, await bench.read(HOME_CHANNEL, "Running: 2 of 2"), "Ask for teardown");
    const clicked = await bench.whispered(STRANGER, "Only the person who asked for this federation");
    const command = { person: STRANGER, channel: HOME_CHANNEL, text: "teardown tumour-study" };
    const typed = await oneMore(bench, STRANGER, () => bench.control.command(command));
    assert.equal(typed, clicked);
  });

  it("reads no refusal when a click comes a second time, only how things stand", async (context) => {
    const profiles = ["alpha", "beta", "gamma"].map((name) => aZone(name, { quorum: 2 }));
    const story = aFederation({ context: aDecisionContext({ sites: sitesOf(profiles) }) }).planned();
    const bench = await openBench(context, { story });
    await bench.press(owner("beta"), await bench.read(channel("beta"), "asks to run"), "Approve");
    await bench.press(owner("beta"), await bench.read(channel("beta"), "@beta-1 approved"), "Approve");
    const told = await bench.whispered(owner("beta"), "You have decided on this already");
    assert.ok(told.includes(MARK.hint) && !told.includes(MARK.forbidden), told);
  });
});

describe("the answer to zones", () => {
  it("shows an owner the own zone and those of the federations it is in, and a requester all", async (context) => {
    const names = ["alpha", "beta", "gamma", "delta"];
    const zones = names.map((name) =>
      aZone(name, name === "alpha" ? { owners: [ownerOf(name), STRANGER_IN_HOST] } : {}),
    );
    const shown = async (bench: Bench, person: string): Promise<readonly string[]> => {
      await bench.control.command({ person, channel: HOME_CHANNEL, text: "zones" });
      const answer = await bench.whispered(person, "OpenNebula 7.4.0");
      return names.filter((name) => answer.includes(`\`${name}\``));
    };
    const alone = await openBench(context, { zones });
    assert.deepEqual(await shown(alone, STRANGER), ["alpha"]);
    assert.deepEqual(await shown(alone, REQUESTER), names);
    const story = aFederation({ context: aDecisionContext({ sites: sitesOf(zones) }) }).running();
    assert.deepEqual(await shown(await openBench(context, { story }), STRANGER), ["alpha", "beta", "gamma"]);
  });
});

describe("a mention", () => {
  const looks = ["alpha", "beta", "gamma", "delta"].map((name) => ({
    zone: zone(name),
    version: "7.4.0",
    problems: [{ code: "network-missing" as const, detail: `network of ${name}` }],
  }));

  it("shows an owner of another organisation the own zone alone, with what is missing and what to do", async (context) => {
    const bench = await openBench(context, { story: aFederation().running(), looks });
    const ask = (person: string) => bench.control.mention({ person, channel: HOME_CHANNEL, text: "zones" });
    await ask(owner("beta"));
    const answer = await bench.whispered(owner("beta"), "OpenNebula 7.4.0");
    assert.match(answer, /Correct its name in the zones file\. `network of beta`/);
    for (const other of ["alpha", "gamma", "delta"]) assert.ok(!answer.includes(other), answer);
    await ask(STRANGER);
    assert.match(await bench.whispered(STRANGER, "owners of zones, can see zones"), /@florist whoami/);
  });

  it("lists what that person can do, and nothing else", async (context) => {
    const bench = await openBench(context, { zones: ["alpha", "beta"].map((name) => aZone(name)) });
    const asks = (person: string, text: string) =>
      oneMore(bench, person, () => bench.control.mention({ person, channel: HOME_CHANNEL, text }));
    const owners = await asks(owner("beta"), "help");
    assert.match(owners, /@florist zones[\s\S]*@florist certificate/);
    assert.match(owners, /buttons on the cards/);
    const nobodys = await asks(owner("gamma"), "help");
    assert.match(nobodys, /@florist status/);
    assert.ok(!nobodys.includes("zones`") && !nobodys.includes("buttons"), nobodys);
    const strangers = await asks(STRANGER, "help");
    assert.match(strangers, /\/flower status/);
    assert.ok(!strangers.includes("/flower deploy-site"), strangers);
  });

  it("takes certificates from owners of the coordinator's zone only, and for what there is", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    const asks = (person: string, name: string) =>
      oneMore(bench, person, () =>
        bench.control.mention({ person, channel: HOME_CHANNEL, text: `certificate ${name}` }),
      );
    assert.match(await asks(owner("beta"), "never-there"), /There is no federation of that name/);
    const others = await asks(owner("beta"), "tumour-study");
    assert.match(others, /owner/i);
    assert.doesNotMatch(others, /Attach/);
  });

  it("is asked what was meant, and told what has to be typed as a command", async (context) => {
    const bench = await openBench(context);
    const asks = (person: string, text: string) =>
      oneMore(bench, person, () => bench.control.mention({ person, channel: HOME_CHANNEL, text }));
    assert.match(await asks(owner("beta"), "statsu"), /I do not know that word\. Did you mean `@florist status`\?/);
    assert.match(await asks(owner("beta"), "Zone!"), /Did you mean `@florist zones`/);
    assert.match(await asks(REQUESTER, "deploy-site"), /That is a command: type `\/flower deploy-site`/);
    const foreign = await asks(owner("beta"), "teardown hearts");
    assert.ok(!foreign.includes("/flower"), foreign);
    assert.match(foreign, /by members of the organisation that installed the app/);
  });
});

describe("what there is", () => {
  it("is listed to whoever names nothing, or nothing that is there, and may see it", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    const typed = (person: string, text: string) =>
      oneMore(bench, person, () =>
        bench.control.command({ person, channel: person === OUTSIDER ? RANDOM : HOME_CHANNEL, text }),
      );
    assert.match(await typed(REQUESTER, "teardown"), /Say which one, as in .* There is: `tumour-study`\./);
    assert.match(
      await typed(REQUESTER, "status something-else"),
      /no federation of that name\. There is: `tumour-study`/,
    );
    assert.ok(!(await typed(OUTSIDER, "teardown")).includes("There is:"));
  });
});

describe("what was taken back", () => {
  it("is told as what it was: an approval, or the agreement to admit", () => {
    const texts = everRead(
      aFederation({ context: roomy() })
        .running()
        .does(requestSite("delta"))
        .planned()
        .does(approve("delta", ownerOf("alpha"), "admit"))
        .does(withdraw("delta", ownerOf("alpha"), "admit"))
        .does(approve("delta"))
        .does(withdraw("delta")),
    ).map(textOf);
    const about = (words: string) => texts.filter((text) => text.includes(words)).length;
    assert.equal(about("withdrew the agreement to admit"), 1);
    assert.equal(about("withdrew the approval for"), 1);
  });
});
