/** What stands in Slack about something that is over: it neither warns, nor asks anybody, nor can it be pressed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CONDITION_CODES, type ConditionCode, isOfZone } from "../../../src/federation/model/conditions.ts";
import type { EventOf } from "../../../src/federation/model/events.ts";
import { detailSentence } from "../../../src/slack/blocks/conditions.ts";
import type { DesiredMessage } from "../../../src/slack/message.ts";
import { agreeTeardown, askTeardown, retire, retry, writeOff } from "../../builders/commands.ts";
import { HOME_CHANNEL, MINUTE, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { phase, phases } from "../phases.ts";
import { everRead, textOf, wanted } from "../reading.ts";

const OFFLINE: ConditionCode = "supernodes-offline";
const DETAIL = "what the zone says of it";

function raised(code: ConditionCode, name: string): Omit<EventOf<"condition-raised">, "since"> {
  const site = zone(name);
  const kind = code.startsWith("link-") ? ("link" as const) : ("site" as const);
  return {
    type: "condition-raised",
    subject: isOfZone(code) ? { kind: "zone", zone: site } : { kind, site },
    code,
    detail: DETAIL,
    vmIds: [7],
    extent: code === "superlink-down" || code === "supernodes-offline" ? { online: 0, expected: 2 } : null,
  };
}

type Ending = readonly [how: string, end: (story: Story, name: string, code: ConditionCode) => unknown];

const CLEARED: Ending = [
  "is well again",
  (story, name, code) => {
    for (const each of new Set([code, ...(name === "alpha" ? [] : [OFFLINE])])) {
      story.happens({ type: "condition-cleared", subject: raised(each, name).subject, code: each });
    }
  },
];
const RETRIED: Ending = ["is tried again", (story, name) => story.does(retry(name)).deployed(name)];
const RETIRED: Ending = ["is retired", (story, name) => story.does(retire(name)).removes(name)];
const WRITTEN_OFF: Ending = ["is written off", (story, name) => story.does(writeOff(name))];
const TORN_DOWN: Ending = [
  "has been torn down in its zone",
  (story, name) => story.does(askTeardown()).does(agreeTeardown(name)).removes(name),
];

const unwell = (story: Story, name: string): Story =>
  story.happens({ ...raised(OFFLINE, name), since: story.context.now });

/** Cards are what is kept up to date; a reply is left as it was said. */
const cards = (story: Story): readonly DesiredMessage[] => wanted(story).filter(({ kind }) => kind === "card");

function shows(story: Story, name: string, code: ConditionCode): readonly string[] {
  const sentence = detailSentence(story.federation, zone(name), code, story.context);
  return cards(story)
    .filter((message) =>
      [DETAIL, sentence, "does not serve since", "is down:"].some((words) => textOf(message).includes(words)),
    )
    .map(({ key }) => key);
}

/** A zone that is away stays so for a site that is tried again in it. */
const codesThatEnd = (how: string): readonly ConditionCode[] =>
  CONDITION_CODES.filter((code) => code !== "superlink-down" && !(how === RETRIED[0] && isOfZone(code)));

describe("a condition", () => {
  for (const [how, end] of [CLEARED, RETRIED, RETIRED, WRITTEN_OFF, TORN_DOWN]) {
    it(`stands on no card any more once its site ${how}, whichever it was`, () => {
      for (const code of codesThatEnd(how)) {
        const story = unwell(aFederation().running(), "beta").passes(MINUTE);
        if (code !== OFFLINE) story.happens({ ...raised(code, "beta"), since: story.context.now });
        assert.notDeepEqual(shows(story, "beta", code), [], code);
        end(story.passes(MINUTE), "beta", code);
        assert.deepEqual(shows(story, "beta", code), [], code);
      }
    });
  }

  it("of the coordinator ends as well when it serves again or the federation is torn down", () => {
    for (const [, end] of [
      CLEARED,
      [
        "torn down",
        (story: Story) => {
          story.does(askTeardown());
          for (const name of ["beta", "gamma", "alpha"]) story.does(agreeTeardown(name));
        },
      ] as const,
    ]) {
      const story = aFederation().running();
      story.happens({ ...raised("superlink-down", "alpha"), since: story.context.now }).passes(MINUTE);
      assert.notDeepEqual(shows(story, "alpha", "superlink-down"), []);
      end(story, "alpha", "superlink-down");
      if (story.federation.teardown !== null)
        story.happens({ type: "site-stopped", site: zone("alpha") }).removes("alpha");
      assert.deepEqual(shows(story, "alpha", "superlink-down"), []);
    }
  });

  it("that is over mentions nobody in the thread's card about it", () => {
    for (const [, end] of [CLEARED, RETRIED, RETIRED, TORN_DOWN]) {
      const story = unwell(aFederation().running(), "beta").passes(MINUTE);
      const known = new Set(wanted(story).map(({ key }) => key));
      end(story, "beta", OFFLINE);
      const [episode, ...none] = cards(story).filter(
        (message) => known.has(message.key) && textOf(message).includes("had SuperNodes offline"),
      );
      assert.deepEqual(none, []);
      assert.ok(episode !== undefined && !textOf(episode).includes("<@"), textOf(episode ?? cards(story)[0] ?? fail()));
    }
  });
});

const hasButtons = (message: DesiredMessage): boolean => textOf(message).includes('"type":"button"');

describe("a message that is left as it is", () => {
  const stories = (): readonly (readonly [name: string, story: Story])[] => [
    ...phases().map(([name, story]) => [name, story()] as const),
    ["retired with a newcomer about", phase("with a newcomer admitted").does(retire("gamma"))],
    ["ended", ended()],
  ];

  it("has no buttons: whatever can be pressed is kept up to date", () => {
    for (const [name, story] of stories()) {
      const kept = new Set(cards(story).map(({ key }) => key));
      const alive = everRead(story).filter((message) => hasButtons(message) && !kept.has(message.key));
      assert.deepEqual(
        alive.map(({ key }) => key),
        [],
        name,
      );
    }
  });

  it("offers nothing for a federation that has ended but to see what ran", () => {
    const offered = cards(ended()).flatMap((message) => [...textOf(message).matchAll(/"action_id":"([a-z-]+)"/g)]);
    assert.deepEqual(new Set(offered.map(([, action]) => action)), new Set(["see-what-runs"]));
  });
});

function ended(): Story {
  const story = aFederation().running().does(askTeardown());
  for (const name of ["beta", "gamma"]) story.does(agreeTeardown(name)).removes(name);
  story
    .does(agreeTeardown("alpha"))
    .happens({ type: "site-stopped", site: zone("alpha") })
    .removes("alpha");
  return story.happens({ type: "federation-ended", cause: "torn-down", by: null });
}

describe("the text that a notification shows", () => {
  it("asks while something is asked, and says how it stands once that is decided", () => {
    const fallback = (story: Story, key: RegExp): string => {
      const found = wanted(story).findLast((message) => key.test(message.key));
      return found !== undefined && "text" in found ? found.text : "";
    };
    const asked = aFederation().planned();
    assert.match(
      fallback(asked, /^approval\/beta/),
      /For <@UBETA1>.* asks to run .* Approve, adjust or reject it on this card/,
    );
    const decided = fallback(aFederation().running(), /^approval\/beta/);
    assert.match(decided, /2 of 2 SuperNodes online/);
    assert.ok(!decided.includes("For <@"));
    const admission = phase("with a newcomer asked for");
    assert.match(fallback(admission, /^admit\/delta/), /Admit or reject it on this card/);
    assert.match(fallback(phase("with a newcomer admitted"), /^admit\/delta/), /Admitted/);
    const teardown = aFederation().running().does(askTeardown());
    assert.match(fallback(teardown, /^teardown\/beta/), /For <@UBETA1>/);
    assert.match(fallback(teardown.does(agreeTeardown("beta")), /^teardown\/beta/), /is being removed/);
    assert.match(fallback(ended(), /^card$/), /Torn down/);
  });

  it("never repeats the first line of a card in other words than the card's", () => {
    for (const [name, story] of phases()) {
      const headline = cards(story()).find(({ key, channel }) => key === "card" && channel === HOME_CHANNEL);
      assert.ok(headline !== undefined && "text" in headline, name);
      const phaseText = headline.text.replace(/^Federation [a-z-]+: /, "");
      assert.ok(textOf(headline).includes(`*${phaseText}*`), name);
    }
  });
});

function fail(): never {
  throw new Error("There is no message.");
}
