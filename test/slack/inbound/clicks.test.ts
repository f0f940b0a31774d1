import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agreeTeardown, askTeardown } from "../../builders/commands.ts";
import { HOME_CHANNEL, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { channel, openBench, owner, REQUESTER } from "../bench.ts";
import { phase } from "../phases.ts";

describe("a card that stands twice, because Slack's answer to its posting was lost", () => {
  it("counts wherever it is clicked, and the copy then points to the one that is kept up to date", async (context) => {
    const bench = await openBench(context, { story: aFederation() });
    await bench.settled();
    await bench.control.settings({ fail: { method: "chat.postMessage", times: 3, how: "lost-answer" } });
    await bench.plans();
    await bench.settled();
    const asking = async () =>
      (await bench.messages(channel("beta"))).filter(({ text }) => text.includes("asks to run"));
    const [first, ...others] = await asking();
    const kept = others.at(-1);
    assert.ok(first !== undefined && kept !== undefined, "the card stands once only");
    await bench.press(owner("beta"), first, "Approve");
    assert.equal((await bench.read(channel("beta"), "@beta-1 approved")).ts, kept.ts);
    const copy = await bench.read(channel("beta"), "was posted twice");
    assert.equal(copy.ts, first.ts);
    assert.deepEqual(copy.buttons, []);
    assert.ok(JSON.stringify(copy.blocks).includes(`/archives/CBETA/p${kept.ts.replace(".", "")}`));
    await bench.restart();
    await bench.settled();
    assert.equal((await bench.read(channel("beta"), "was posted twice")).ts, first.ts);
    assert.equal(bench.federation().sites.get(zone("beta"))?.consents.length, 1);
  });
});

describe("a click", () => {
  it("on a card of a federation that has ended and left memory still shows what would have run", async (context) => {
    const story = aFederation().running();
    const bench = await openBench(context, { story });
    await bench.press(REQUESTER, await bench.read(HOME_CHANNEL, "Running"), "Ask for teardown");
    await bench.read(channel("beta"), "to end this federation");
    const before = story.recorded.length;
    story.does(askTeardown());
    for (const name of ["beta", "gamma"]) story.does(agreeTeardown(name)).removes(name);
    story
      .does(agreeTeardown("alpha"))
      .happens({ type: "site-stopped", site: zone("alpha") })
      .removes("alpha");
    story.happens({ type: "federation-ended", cause: "torn-down", by: null }, { type: "authority-destroyed" });
    const rest = story.recorded.slice(before).map(({ event }) => event);
    await bench.happens(...rest.filter(({ type }) => type !== "teardown-asked"));
    await bench.read(HOME_CHANNEL, "Torn down. Nothing of it runs any more");
    await bench.settled();
    assert.deepEqual([...bench.store.living()], []);
    const card = await bench.read(channel("beta"), "Training site: 2 SuperNodes");
    await bench.press(owner("beta"), card, "See what runs");
    assert.match((await bench.modal(owner("beta"))).text, /Digest of this version/);
  });

  it("in a modal that fails is told over it, and what was typed is kept", async (context) => {
    const bench = await openBench(context);
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    bench.fail(new Error("nothing works"));
    await bench.control.fill({ person: REQUESTER, viewId, values: { training: ["beta"] } });
    await bench.control.until("the modal to say so", async () =>
      (await bench.modal(REQUESTER)).text.includes("Something went wrong") ? true : undefined,
    );
    const [form] = (await bench.control.person(REQUESTER)).views;
    assert.equal(form?.viewId, viewId);
    assert.deepEqual(form?.fields.find(({ blockId }) => blockId === "training")?.value, ["beta"]);
  });

  for (const transport of ["socket", "http"] as const) {
    it(`whose answer comes after its modal was closed is answered in the zone's channel (${transport})`, async (context) => {
      let fail = () => {};
      const adjusting = new Promise<void>((_, reject) => {
        fail = () => reject(new Error("the zone is away"));
      });
      const bench = await openBench(context, { transport, story: aFederation().planned(), adjusting });
      const person = owner("beta");
      await bench.press(person, await bench.read(channel("beta"), "asks to run"), "Adjust and approve");
      const { viewId } = await bench.modal(person);
      await bench.control.submit({ person, viewId });
      assert.equal((await bench.modal(person)).title, "One moment");
      await bench.control.close({ person, viewId });
      fail();
      await bench.whispered(person, "*That did not work*\n:warning: Something went wrong");
    });
  }

  it("shows what is asked beside what runs, each with its own digest and agent", async (context) => {
    const story = phase("upgraded while a site is to be tried again");
    const bench = await openBench(context, { story });
    const card = await bench.read(channel("beta"), "What runs now goes on meanwhile");
    await bench.press(owner("beta"), card, "See what runs");
    const runs = (await bench.modal(owner("beta"))).text;
    assert.ok(runs.includes(story.deployment("beta").digest));
    // Nobody kept the manifest of what runs: that is said instead of showing another.
    assert.match(runs, /not kept any more/);
    assert.ok(!runs.includes("b".repeat(64)));
    await bench.press(owner("beta"), card, "See what is asked");
    const asked = await bench.control.until("the newer version", async () => {
      const { text } = await bench.modal(owner("beta"));
      return text.includes(story.proposal("beta").digest) ? text : undefined;
    });
    assert.ok(asked.includes("b".repeat(64)));
  });
});
