import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SiteName } from "../../../src/federation/model/identity.ts";
import { askTeardown } from "../../builders/commands.ts";
import { aZone, HOME_CHANNEL, sitesOf, zone, zoneNames } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { type Bench, channel, openBench, owner, REQUESTER, STRANGER } from "../bench.ts";
import { joinedLater, phase, roomy } from "../phases.ts";

const siteOf = (bench: Bench, name: string) => bench.federation().sites.get(zone(name));
const ONLY_OWNERS = "Only this site's owners can do that";

describe("an owner's click", () => {
  it("approves for the zone, and the card says who and loses its buttons", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.press(owner("beta"), card, "Approve");
    const decided = await bench.read(channel("beta"), `@beta-1 approved`);
    assert.equal(decided.ts, card.ts);
    assert.deepEqual(
      decided.buttons.map(({ text }) => text),
      ["Withdraw my approval", "See what runs"],
    );
    assert.equal(siteOf(bench, "beta")?.approvalState, "approved");
    assert.equal(bench.addressLooks(), 1);
    await bench.read(HOME_CHANNEL, `@beta-1 approved for`);
  });

  it("counts once however often Slack delivers it", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    await bench.control.settings({ twice: true });
    await bench.press(owner("beta"), await bench.read(channel("beta"), "asks to run"), "Approve");
    await bench.read(channel("beta"), `@beta-1 approved`);
    assert.equal(siteOf(bench, "beta")?.consents.length, 1);
    assert.deepEqual(await bench.whispers(owner("beta")), []);
  });

  it("waits for a second owner where the zone wants two, and takes no second vote of the first", async (context) => {
    const zones = sitesOf(zoneNames(3).map((name) => aZone(name, { quorum: 2 })));
    const bench = await openBench(context, { story: aFederation({ context: { sites: zones } }).planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.press(owner("beta"), card, "Approve");
    const half = await bench.read(channel("beta"), "Waits for 1 owner of this site");
    await bench.press(owner("beta"), half, "Approve");
    await bench.whispered(owner("beta"), ":information_source: You have decided on this already");
    await bench.press(owner("beta", 2), half, "Approve");
    await bench.read(channel("beta"), `@beta-2 approved`);
    assert.equal(siteOf(bench, "beta")?.approvalState, "approved");
  });

  it("withdraws the approval while nothing has started", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned().approvedBy("beta") });
    await bench.press(owner("beta"), await bench.read(channel("beta"), "@beta-1 approved"), "Withdraw my approval");
    await bench.read(channel("beta"), "Waits for 1 owner of this site");
    assert.equal(siteOf(bench, "beta")?.approvalState, "pending");
  });

  it("rejects with a reason that everybody in the home channel reads", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    await bench.press(owner("gamma"), await bench.read(channel("gamma"), "asks to run"), "Reject");
    const { viewId } = await bench.modal(owner("gamma"));
    await bench.control.submit({
      person: owner("gamma"),
      viewId,
      values: { because: "Maintenance <!channel> this week" },
    });
    await bench.read(HOME_CHANNEL, "“Maintenance <!channel> this week”");
    const card = await bench.read(channel("gamma"), "Rejected by its owner");
    assert.deepEqual(
      card.buttons.map(({ text }) => text),
      ["See what runs"],
    );
    assert.equal(siteOf(bench, "gamma")?.excluded, "rejected");
  });

  it("adjusts within what the zone offers, which is the adjuster's own vote", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.press(owner("beta"), card, "Adjust and approve");
    const { viewId, fields } = await bench.modal(owner("beta"));
    assert.deepEqual(
      fields.map(({ blockId }) => blockId),
      ["template", "network", "superNodes", "dataFolder", "dataImage"],
    );
    const wrong = await bench.control.submit({ person: owner("beta"), viewId, values: { dataFolder: "/data;reboot" } });
    assert.match(wrong.errors?.["dataFolder"] ?? "", /not a folder that can be attached/);
    const both = { dataFolder: "/srv/scans", dataImage: "12" };
    const twice = await bench.control.submit({ person: owner("beta"), viewId, values: both });
    assert.match(twice.errors?.["dataImage"] ?? "", /Leave one of the two empty/);
    await bench.control.submit({
      person: owner("beta"),
      viewId,
      values: { superNodes: "1", dataFolder: "/srv/scans", dataImage: "" },
    });
    const newer = await bench.read(channel("beta"), "Training site: 1 SuperNode,");
    assert.notEqual(newer.ts, card.ts);
    await bench.read(channel("beta"), "The newer card");
    const site = siteOf(bench, "beta");
    assert.equal(site?.approvalState, "approved");
    const plan = site?.proposals.at(-1)?.plan;
    assert.deepEqual(
      [plan?.data, plan?.nodeConfig],
      [{ kind: "folder", path: "/srv/scans" }, { "data-path": "/mnt/data" }],
    );
  });

  it("shows what runs, exactly, to owners and to nobody else", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.press(STRANGER, card, "See what runs");
    await bench.whispered(STRANGER, ONLY_OWNERS);
    await bench.press(owner("beta"), card, "See what runs");
    const view = await bench.modal(owner("beta"));
    assert.match(view.text, /FL_SUPERLINK_ADDRESS/);
    assert.match(view.text, /the CA certificate with fingerprint/);
  });

  it("on a card that has been replaced points to the newer one", async (context) => {
    const bench = await openBench(context, { story: phase("adjusted") });
    const old = bench.federation().sites.get(zone("beta"))?.proposals[0];
    assert.ok(old !== undefined);
    const card = await bench.read(channel("beta"), "The newer card");
    assert.deepEqual(card.buttons, []);
  });
});

describe("a newcomer", () => {
  it("needs its own owner and the coordinator's, who sees nothing of its zone", async (context) => {
    const bench = await openBench(context, { story: joinedLater(aFederation({ context: roomy() }).running()) });
    const admit = await bench.read(channel("alpha"), "joins the running federation");
    assert.ok(!/203\.0\.113|Flower SuperNode \(|Network/.test(admit.text), admit.text);
    await bench.press(STRANGER, admit, "Admit");
    await bench.whispered(STRANGER, ONLY_OWNERS);
    await bench.press(owner("delta"), await bench.read(channel("delta"), "asks to run"), "Approve");
    await bench.read(channel("delta"), "Waits for 1 owner of the coordinator to admit it");
    await bench.press(owner("alpha"), await bench.read(channel("alpha"), "joins the running federation"), "Admit");
    await bench.read(channel("alpha"), "Admitted.");
    assert.equal(siteOf(bench, "delta")?.approvalState, "approved");
    const told = await bench.read(channel("beta"), "joins federation");
    assert.deepEqual(told.buttons, []);
    assert.match(told.text, /you can retire your own site on .*its card/);
  });

  it("is asked for from the federation's card, by a requester only", async (context) => {
    const bench = await openBench(context, { story: aFederation({ context: roomy() }).running() });
    const card = await bench.read(HOME_CHANNEL, "Running: 2 of 2 training sites up");
    await bench.press(owner("beta"), card, "Add a site");
    await bench.whispered(owner("beta"), "You are not among those who may ask");
    await bench.press(REQUESTER, card, "Add a site");
    const { viewId, fields } = await bench.modal(REQUESTER);
    assert.deepEqual(
      fields.find(({ blockId }) => blockId === "site")?.options?.map(({ value }) => value),
      ["alpha", "delta"],
    );
    await bench.control.submit({ person: REQUESTER, viewId, values: { site: "delta", superNodes: "3" } });
    await bench.read(HOME_CHANNEL, "to join with 3 SuperNodes");
    assert.equal(siteOf(bench, "delta")?.wish.superNodes, 3);
  });
});

describe("a site that runs", () => {
  it("is retried and retired by its owner, from the card that tells what went wrong", async (context) => {
    const bench = await openBench(context, { story: phase("with a failed site") });
    const trouble = await bench.read(channel("beta"), "Training site: 2 SuperNodes");
    assert.deepEqual(
      trouble.buttons.map(({ text }) => text),
      ["Retry", "Retire this site", "See what runs"],
    );
    assert.ok(trouble.text.includes("quota <exceeded>"));
    const home = await bench.messages(HOME_CHANNEL);
    assert.ok(
      home.every(({ text }) => !text.includes("exceeded")),
      "the zone's detail is in the home channel",
    );
    await bench.press(STRANGER, trouble, "Retry");
    await bench.whispered(STRANGER, ONLY_OWNERS);
    await bench.press(owner("beta"), trouble, "Retry");
    await bench.read(HOME_CHANNEL, "tried again");
    const card = await bench.read(channel("gamma"), "2 of 2 SuperNodes online");
    await bench.press(owner("gamma"), card, "Retire this site");
    await bench.read(HOME_CHANNEL, /retired .*Gamma/);
    assert.equal(siteOf(bench, "gamma")?.excluded, "retired");
  });
});

describe("a teardown", () => {
  it("is asked for by anybody concerned and decided by each owner for the own zone", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    const card = await bench.read(HOME_CHANNEL, "Running: 2 of 2 training sites up");
    await bench.press(STRANGER, card, "Ask for teardown");
    await bench.whispered(STRANGER, "Only the person who asked for this federation and the owners of its sites");
    await bench.press(REQUESTER, card, "Ask for teardown");
    const beta = await bench.read(channel("beta"), "to end this federation");
    await bench.press(owner("gamma"), await bench.read(channel("gamma"), "to end this federation"), "Tear down here");
    await bench.read(channel("gamma"), "What ran here is being removed");
    await bench.press(STRANGER, beta, "Tear down here");
    await bench.whispered(STRANGER, ONLY_OWNERS);
    assert.notEqual(siteOf(bench, "beta")?.deployment, null);
    const alpha = await bench.read(channel("alpha"), "to end this federation");
    await bench.press(owner("alpha"), alpha, "Stop without waiting");
    await bench.read(channel("beta"), "The coordinator of federation");
    await bench.read(HOME_CHANNEL, "stops the coordinator");
  });
});

describe("a teardown that is withdrawn", () => {
  it("is by whoever asked, on the federation's card; the owners' cards then ask for nothing", async (context) => {
    const bench = await openBench(context, { story: aFederation().running() });
    await bench.press(
      REQUESTER,
      await bench.read(HOME_CHANNEL, "Running: 2 of 2 training sites up"),
      "Ask for teardown",
    );
    const asked = await bench.read(channel("beta"), "to end this federation");
    await bench.press(owner("gamma"), await bench.read(channel("gamma"), "to end this"), "Tear down here");
    await bench.read(channel("gamma"), "agreed");
    const card = await bench.read(HOME_CHANNEL, "Being torn down");
    await bench.press(owner("beta"), card, "Withdraw the teardown");
    await bench.whispered(owner("beta"), "Only the person who asked for the teardown can withdraw it");
    await bench.press(REQUESTER, card, "Withdraw the teardown");
    const said = await bench.read(HOME_CHANNEL, "withdrew the teardown");
    assert.match(said.text, /@urequester withdrew the teardown, so the federation goes on\..*Gamma.*left out/);
    const withdrawn = await bench.read(channel("beta"), "This was withdrawn");
    assert.deepEqual([withdrawn.ts, withdrawn.buttons], [asked.ts, []]);
    await bench.read(HOME_CHANNEL, "Running: 1 of 1 training site up");
    assert.equal(siteOf(bench, "gamma")?.excluded, "retired");
  });

  it("is brought to mind under its card, to owners who have said nothing", async (context) => {
    const bench = await openBench(context, { story: aFederation().running().does(askTeardown()) });
    const asked = await bench.read(channel("beta"), "to end this federation");
    await bench.happens({ type: "teardown-reminder-due", site: zone("beta") });
    const reminder = await bench.read(channel("beta"), "still runs. Decide on");
    assert.equal(reminder.threadTs, asked.ts);
    assert.match(reminder.text, /^@beta-1 @beta-2 Federation \*tumour-study\* is to be torn down/);
    assert.ok(JSON.stringify(reminder.blocks).includes(`/archives/CBETA/p${asked.ts.replace(".", "")}`));
  });
});

describe("an admission that nobody decides on", () => {
  it("is brought to mind to the coordinator's owners, and not to the newcomer's once they have approved", async (context) => {
    const bench = await openBench(context, { story: joinedLater(aFederation({ context: roomy() }).running()) });
    const admit = await bench.read(channel("alpha"), "joins the running federation");
    await bench.press(owner("delta"), await bench.read(channel("delta"), "asks to run"), "Approve");
    await bench.read(channel("delta"), "Waits for 1 owner of the coordinator to admit it");
    await bench.happens({ type: "reminder-due", site: zone("delta") });
    const reminder = await bench.read(channel("alpha"), "still waits for your word");
    assert.equal(reminder.threadTs, admit.ts);
    assert.match(reminder.text, /^@alpha-1 @alpha-2 \*Delta Institute \(delta\)\* still waits/);
    await bench.settled();
    assert.ok(
      (await bench.messages(channel("delta"))).every(({ text }) => !text.includes("still waits for a decision")),
    );
  });

  it("can be agreed to and taken back until the site starts", async (context) => {
    const bench = await openBench(context, { story: joinedLater(aFederation({ context: roomy() }).running()) });
    await bench.press(owner("alpha"), await bench.read(channel("alpha"), "joins the running federation"), "Admit");
    const admitted = await bench.read(channel("alpha"), "agreed to admit it");
    await bench.press(owner("alpha"), admitted, "Withdraw my agreement");
    await bench.read(HOME_CHANNEL, "withdrew the agreement to admit");
    await bench.read(channel("alpha"), "Waits for 1 owner of this site and 1 owner of the coordinator");
  });
});

describe("a request", () => {
  it("is cancelled by its requester alone while nothing has been created", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(HOME_CHANNEL, "Waiting for approvals");
    await bench.press(STRANGER, card, "Cancel the request");
    await bench.whispered(STRANGER, "Only the person who asked");
    await bench.press(REQUESTER, card, "Cancel the request");
    await bench.read(HOME_CHANNEL, "The request was cancelled");
    assert.equal(bench.federation().ended?.cause, "cancelled");
  });

  it("with a problem tells the zone its detail, and whoever is concerned has it looked at again", async (context) => {
    const bench = await openBench(context, { story: phase("with a problem in a zone") });
    const home = await bench.read(HOME_CHANNEL, "did not answer in time");
    assert.ok(!home.text.includes("beta.example.org"));
    const detail = await bench.read(channel("beta"), "beta.example.org");
    await bench.press(STRANGER, detail, "Check again");
    await bench.whispered(STRANGER, "Only the person who asked");
    await bench.press(owner("beta"), detail, "Check again");
    await bench.read(channel("beta"), "looked at again since this was found");
    assert.deepEqual(siteOf(bench, "beta")?.problems, []);
  });
});

describe("a zone without a channel", () => {
  it("is asked in the thread, and its detail opens for its owners only", async (context) => {
    const zones = new Map<SiteName, ReturnType<typeof aZone>>(
      zoneNames(3).map((name) => [name, aZone(name, name === "beta" ? { channel: null } : {})]),
    );
    const bench = await openBench(context, { story: aFederation({ context: { sites: zones } }).planned() });
    const card = await bench.read(HOME_CHANNEL, "is shown to this site's owners only");
    assert.notEqual(card.threadTs, null);
    assert.ok(!card.text.includes("Flower SuperNode"));
    await bench.press(owner("gamma"), card, "See what runs");
    await bench.whispered(owner("gamma"), ONLY_OWNERS);
    await bench.press(owner("beta"), card, "See what runs");
    assert.match((await bench.modal(owner("beta"))).text, /Flower SuperNode/);
    await bench.press(owner("beta"), card, "Approve");
    await bench.read(HOME_CHANNEL, `@beta-1 approved for`);
  });
});
