import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expireProposals } from "../../../src/federation/deciding/approval.ts";
import { agreeTeardown, askTeardown, reject, retire, retry } from "../../builders/commands.ts";
import { channelOf, DAY, HOME_CHANNEL, ownerOf, REQUESTER, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { phase } from "../phases.ts";
import { everRead, inChannel, replies, textOf } from "../reading.ts";

const told = (story: Story): readonly string[] =>
  replies(everRead(story), HOME_CHANNEL).map((message) => (message.kind === "file" ? message.name : message.text));

describe("a whole story of three sites", () => {
  const messages = everRead(aFederation().running());

  it("comes to at most fifteen replies in the home thread, the trust message and its file included", () => {
    const home = replies(messages, HOME_CHANNEL);
    assert.ok(home.length <= 15, home.map(({ key }) => key).join("\n"));
  });

  it("comes to at most four messages in each zone's channel", () => {
    for (const name of ["alpha", "beta", "gamma"]) {
      const here = inChannel(messages, channelOf(name));
      assert.ok(here.length <= 4, `${name}: ${here.map(({ key }) => key).join(", ")}`);
    }
  });

  it("says nothing twice", () => {
    const texts = told(aFederation().running()).filter((text) => !text.endsWith("-ca.pem"));
    assert.equal(new Set(texts).size, texts.length);
    const about = (words: RegExp): number => texts.filter((text) => words.test(text)).length;
    assert.equal(about(/\(beta\)\* is up/), 1);
    assert.equal(about(/serves/), 1);
    assert.equal(about(/approved/), 3);
  });

  it("mentions the requester when the federation is ready", () => {
    const ready = told(aFederation().running()).find((text) => text.includes("ready for runs"));
    assert.ok(ready?.includes(`<@${REQUESTER.user}>`));
  });
});

describe("what follows from one decision", () => {
  it("is one reply: a rejection with the site that is left out", () => {
    const before = told(aFederation({ zones: ["alpha", "beta", "gamma"] }).planned()).length;
    const texts = told(aFederation().planned().does(reject("beta"))).slice(before);
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? "", /rejected it for .*beta.*“not this week” It is left out\. <@UREQUESTER>/);
  });

  it("is one reply: a rejection by the coordinator with the end of the request", () => {
    const before = told(aFederation().planned()).length;
    const texts = told(aFederation().planned().does(reject("alpha"))).slice(before);
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? "", /the request ends here\. <@UREQUESTER>/);
  });

  it("is one reply: a version that is rejected while what runs goes on", () => {
    const story = phase("upgraded while a site is to be tried again");
    const before = told(story).length;
    const texts = told(story.does(reject("beta"))).slice(before);
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? "", /What runs there goes on/);
  });

  it("is one reply where several zones have a problem", () => {
    const story = aFederation();
    for (const name of ["alpha", "beta", "gamma"]) story.hides(name, { code: "zone-timeout", detail: "" });
    const texts = told(story.planned()).filter((text) => text.includes("did not answer in time"));
    assert.equal(texts.length, 1);
    for (const name of ["alpha", "beta", "gamma"]) assert.ok(texts[0]?.includes(`(${name})`));
  });
});

describe("the card of a version that will not run any more", () => {
  it("has no buttons and links to the one that counts, whether it was replaced or dropped", () => {
    for (const story of [phase("adjusted"), phase("upgraded while a site is to be tried again").does(reject("beta"))]) {
      const cards = everRead(story).filter(({ key }) => key.startsWith("approval/beta/"));
      const old = cards.filter(({ key }) => key !== `approval/beta/${story.proposal("beta").card}`);
      assert.equal(old.length, 1);
      assert.ok(old[0] !== undefined && !textOf(old[0]).includes('"actions"'), textOf(old[0] ?? cards[0] ?? fail()));
      assert.match(
        textOf(old[0]),
        new RegExp(`<florist:approval/beta/${story.proposal("beta").card}\\|The newer card>`),
      );
    }
  });
});

function fail(): never {
  throw new Error("There is no card.");
}

describe("whoever must act", () => {
  it("is mentioned on the card while it is asked, and not when it is decided", () => {
    const mentioned = `<@${ownerOf("beta").user}>`;
    const card = (story: Story): string =>
      everRead(story)
        .filter(({ key }) => key.startsWith("approval/beta/"))
        .map((message) => ("text" in message ? message.text : ""))
        .join();
    assert.ok(card(aFederation().planned()).includes(`For ${mentioned}`));
    assert.ok(!card(aFederation().approved()).includes("For "));
  });

  it("is mentioned under the card when a site fails, with a link to it", () => {
    const story = phase("with a failed site");
    const alert = inChannel(everRead(story), channelOf("beta")).find(({ key }) => key.startsWith("alert/"));
    assert.equal(alert?.thread, `approval/beta/${story.proposal("beta").card}`);
    assert.equal(alert.importance, "act");
    assert.match(textOf(alert), /<@UBETA1> <@UBETA2> .*<florist:approval\/beta\/[^|]+\|its card>/);
    assert.ok(!told(story).some((text) => text.includes("exceeded")), "the zone's detail is in the home channel");
  });

  it("is where the home thread leads when it says that owners are asked", () => {
    const story = phase("with a failed site");
    const said = replies(everRead(story), HOME_CHANNEL).find((message) => textOf(message).includes("are asked"));
    const link = `<florist:approval/beta/${story.proposal("beta").card}|in their own channel>`;
    assert.ok(textOf(said ?? fail()).includes(link), textOf(said ?? fail()));
  });

  it("among them the requester, when the request expires", () => {
    const story = aFederation()
      .planned()
      .passes(8 * DAY);
    const expired = expireProposals(story.federation, story.context);
    assert.match(told(story.takes(expired)).at(-1) ?? "", /not decided on in time.*<@UREQUESTER>/);
  });

  it("is reminded under the card", () => {
    const story = aFederation()
      .planned()
      .passes(3 * DAY)
      .happens({ type: "reminder-due", site: zone("beta") });
    const reminder = inChannel(everRead(story), channelOf("beta")).find(({ key }) => key.startsWith("reminder/"));
    assert.match(textOf(reminder ?? fail()), /<@UBETA1> .*still waits for a decision/);
    assert.equal(reminder?.thread, `approval/beta/${story.proposal("beta").card}`);
  });

  it("is asked again under the card when approvals do not hold any more", () => {
    const story = aFederation().planned().approvedBy("beta");
    story.happens({ type: "approval-lapsed", site: zone("beta"), expiresAt: story.proposal("beta").expiresAt });
    const again = inChannel(everRead(story), channelOf("beta")).find(({ key }) => key.startsWith("alert/"));
    assert.match(textOf(again ?? fail()), /<@UBETA1> .*asks again/);
  });
});

describe("the site's card", () => {
  const card = (story: Story, name: string): string =>
    textOf(everRead(story).find(({ key }) => key === `approval/${name}/${story.proposal(name).card}`) ?? fail());

  it("offers to retry only what can be retried, and says what that replaces", () => {
    assert.ok(!card(aFederation().running(), "beta").includes('"Retry"'));
    const failed = card(phase("with a failed site"), "beta");
    assert.ok(failed.includes('"Retry"'));
    assert.match(failed, /Your zone is looked at first\. Then the VMs that run here are removed/);
    assert.ok(!card(phase("with a failed site").does(retry("beta")), "beta").includes('"Retry"'));
  });

  it("says that what runs goes on while a newer version is asked about, and shows both", () => {
    const text = card(phase("upgraded while a site is to be tried again"), "beta");
    for (const words of [
      "What runs now goes on meanwhile",
      "The bot was upgraded",
      '"See what runs"',
      '"See what is asked"',
    ]) {
      assert.ok(text.includes(words), words);
    }
  });

  it("ends with its site: nothing warns and nothing can be pressed that would be refused", () => {
    const text = card(phase("with a failed site").does(retire("beta")), "beta");
    assert.match(text, /Retired by its owner/);
    for (const words of ['"Retry"', '"Retire this site"', "exceeded", "The zone could not deploy"]) {
      assert.ok(!text.includes(words), words);
    }
  });
});

describe("a teardown", () => {
  it("tells in the home thread who asks and that it has ended, once each", () => {
    const story = aFederation().running();
    const before = told(story).length;
    story.does(askTeardown());
    for (const name of ["beta", "gamma"]) story.does(agreeTeardown(name)).removes(name);
    story.does(agreeTeardown("alpha"));
    assert.equal(told(story).slice(before).length, 1);
  });
});
