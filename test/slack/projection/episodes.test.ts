import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FederationEvent } from "../../../src/federation/model/events.ts";
import { retire, retry } from "../../builders/commands.ts";
import {
  aDecisionContext,
  aZone,
  channelOf,
  HOME_CHANNEL,
  HOUR,
  MINUTE,
  sitesOf,
  zone,
} from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { phase } from "../phases.ts";
import { everRead, inChannel, replies, textOf, wanted } from "../reading.ts";

const subject = { kind: "site" as const, site: zone("beta") };
const code = "supernodes-offline";
const offline = (story: Story, online = 0): FederationEvent => ({
  type: "condition-raised",
  subject,
  code,
  detail: "",
  vmIds: [],
  extent: { online, expected: 2 },
  since: story.context.now,
});
const online: FederationEvent = { type: "condition-cleared", subject, code };

/** What is read in the home thread beyond what was there before. */
function news(story: Story, happens: (story: Story) => unknown): readonly string[] {
  const before = new Set(everRead(story).map(({ key }) => key));
  happens(story);
  return replies(everRead(story), HOME_CHANNEL)
    .filter(({ key }) => !before.has(key))
    .map((message) => ("text" in message ? message.text : message.name));
}

describe("a site whose SuperNodes are gone", () => {
  it("is told once, is kept up to date while it lasts, and once more when it is over", () => {
    const story = aFederation().running();
    const [begun, ...none] = news(story, () => story.happens(offline(story)));
    assert.match(begun ?? "", /\(beta\)\* is down: 0 of 2 SuperNodes online/);
    assert.deepEqual(none, []);
    const changed: FederationEvent = {
      type: "condition-changed",
      subject,
      code,
      vmIds: [],
      extent: { online: 1, expected: 2 },
    };
    assert.deepEqual(
      news(story, () => story.passes(MINUTE).happens(changed)),
      [],
    );
    assert.ok(wanted(story).some((message) => /is degraded: 1 of 2 SuperNodes online/.test(textOf(message))));
    const [over, ...more] = news(story, () => story.passes(MINUTE).happens(online));
    assert.match(over ?? "", /\(beta\)\* is up again/);
    assert.deepEqual(more, []);
  });

  it("is told to its owners once, in their channel, mentioned and with the way to its card", () => {
    const story = aFederation().running();
    story.happens(offline(story));
    const alerts = inChannel(everRead(story), channelOf("beta")).filter(({ key }) => key.startsWith("alert/"));
    assert.equal(alerts.length, 1);
    assert.match(textOf(alerts[0] ?? fail()), /<@UBETA1> .*Its card/);
  });

  it("shows the causes that stand, and who can mend them by name", () => {
    const story = aFederation().running();
    const link: FederationEvent = {
      type: "condition-raised",
      subject: { kind: "link", site: zone("beta") },
      code: "link-refused",
      detail: "",
      vmIds: [1],
      extent: null,
      since: story.context.now,
    };
    const [only, ...more] = news(story, () => story.happens(offline(story), link));
    assert.match(only ?? "", /refuses the port\. <@UALPHA1> <@UALPHA2>: look whether the SuperLink runs/);
    assert.deepEqual(more, []);
  });

  it("is mentioned no more once the site is tried again, retired or torn down", () => {
    for (const end of [retry("beta"), retire("beta")]) {
      const story = aFederation().running();
      story.happens(offline(story)).does(end);
      if (story.site("beta").deployment !== null) story.deployed("beta");
      const standing = wanted(story).filter((message) => /is down: 0 of 2/.test(textOf(message)));
      assert.deepEqual(
        standing.map(({ key }) => key),
        [],
      );
    }
  });
});

describe("a site that keeps going up and down", () => {
  /** A day in which it goes down each minute, as looks and hysteresis have it journalled. */
  function aDay(story: Story): void {
    story.happens(offline(story)).passes(MINUTE).happens(online).passes(MINUTE);
    const since = story.context.now;
    for (let hour = 0; hour < 24; hour += 1) {
      story.happens({ type: "condition-flapping", subject, code, count: 2 + 60 * hour, since }).passes(HOUR);
    }
  }

  it("comes to at most three messages a day in the home thread and three in its zone's channel", () => {
    const story = aFederation().running();
    const zoneBefore = inChannel(everRead(story), channelOf("beta")).length;
    const texts = news(story, aDay);
    assert.ok(texts.length <= 3, texts.join("\n"));
    assert.match(
      texts.at(-1) ?? "",
      /keeps going up and down: 1382 times since .* told here again when it has been steady for 15 minutes/,
    );
    assert.ok(inChannel(everRead(story), channelOf("beta")).length - zoneBefore <= 3);
  });

  it("is told once more when it has been steady", () => {
    const story = aFederation().running();
    aDay(story);
    const texts = news(story, () => story.happens(online));
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? "", /is up again and has been steady for 15 minutes/);
  });

  it("and then stays down is told as down, and to its owners, once", () => {
    const story = aFederation().running();
    aDay(story);
    const alerts = () => inChannel(everRead(story), channelOf("beta")).filter(({ key }) => key.startsWith("alert/"));
    const before = alerts().length;
    const [down, ...more] = news(story, () => story.happens(offline(story)));
    assert.match(down ?? "", /\(beta\)\* is down: 0 of 2 SuperNodes online since/);
    assert.deepEqual(more, []);
    assert.equal(alerts().length, before + 1);
    const texts = wanted(story).map(textOf).join("\n");
    assert.match(texts, /kept going up and down from .*, 1382 times/);
    assert.doesNotMatch(texts, /keeps going up and down/);
  });

  it("is told as that by what looks at its zone show", () => {
    const texts = replies(everRead(phase("with a site that goes up and down")), HOME_CHANNEL).map(textOf);
    assert.equal(texts.filter((text) => text.includes("keeps going up and down")).length, 1);
  });
});

describe("a site of ten whose SuperLink is cut once", () => {
  it("comes to at most two replies, whatever each of its SuperNodes says", () => {
    const zones = sitesOf(["alpha", "beta"].map((name) => aZone(name)));
    const story = aFederation({
      zones: ["alpha", "beta"],
      superNodes: 10,
      context: aDecisionContext({ sites: zones }),
    }).running();
    const texts = news(story, () => {
      for (let nth = 0; nth < 10; nth += 1) story.says("beta", { FL_LINK: "unreachable", FL_REASON: "link-down" }, nth);
      story.sees("offline").watchesAll(60);
      for (let nth = 0; nth < 10; nth += 1) story.says("beta", { FL_LINK: "ok", FL_REASON: "none" }, nth);
      story.sees("online").watchesAll(60);
    });
    assert.ok(texts.length <= 2, texts.join("\n"));
    assert.match(texts.join("\n"), /is up again/);
  });
});

describe("a zone that does not answer", () => {
  it("is told when it begins and when it ends, and its site is unknown meanwhile", () => {
    const story = aFederation().running();
    const texts = news(story, () => {
      for (let second = 0; second < 40; second += 1) story.losesSightOf("gamma");
    });
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? "", /\(gamma\)\* has not answered since .*; what is shown is from then/);
    assert.match(textOf(wanted(story)[0] ?? fail()), /grey_question/);
    const ends = news(story, () => {
      story.seesAgain("gamma").watchesAll(40);
    });
    assert.equal(ends.length, 1);
    assert.match(ends[0] ?? "", /can be looked at again/);
  });
});

describe("what stands in the way of a site that is still coming", () => {
  it("is told once for each cause and attempt, however often it comes and goes", () => {
    const story = aFederation().trusted().deployed("beta");
    const texts = news(story, () => {
      for (let turn = 0; turn < 5; turn += 1) {
        story.says("beta", { FL_STAGE: "starting", FL_REASON: "flower-missing" }).watchesAll(40);
        story.says("beta", { FL_STAGE: "starting", FL_REASON: "none" }).watchesAll(40);
      }
    });
    assert.equal(texts.length, 1);
    assert.match(texts[0] ?? "", /A guest reports a problem\. Its owner sees the detail/);
  });
});

function fail(): never {
  throw new Error("There is no message.");
}
