/** What guests say is wrong with them: each word has a sentence, and each sentence is read where somebody can act on it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { DecisionContext } from "../../../src/federation/model/policy.ts";
import { LINKS, REASONS, STAGES } from "../../../src/guest-protocol/names.ts";
import { packageRoot } from "../../../src/package-root.ts";
import { linkDetail, linkSentence, REASON_CAUSES } from "../../../src/slack/blocks/guest-causes.ts";
import { messagesOf } from "../../../src/slack/projection/projection.ts";
import { channelOf, HOME_CHANNEL } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

/** Words with a hyphen that the agent uses for other things than what it says. */
const OTHER_WORDS: ReadonlySet<string> = new Set([
  "daemon-reload",
  "error-message",
  "florist-apps",
  "florist-keys",
  "flower-superexec",
  "flower-superlink",
  "flower-supernode",
  "made-here",
  "node-id",
  "ssh-keygen",
]);

/** Literals where the agent says a word, and those with a hyphen wherever they stand: most reasons have one. */
const SAID = [
  /\b(?:Failure|Dialled)\(\s*"([a-z-]+)"/g,
  /\btell\(\s*"[a-z-]+",\s*"([a-z-]+)"/g,
  /\b(?:reason|refusal|fallback|unwell) = "([a-z-]+)"/g,
  /"([a-z]+(?:-[a-z]+)+)"/g,
];

/** Somebody who can do something, or that nobody has to. */
const NEXT_STEP =
  /(?:owner|owners|Requester|Coordinator's owner): \S|The bot (?:does|sends|admits)|It passes|dials again/;

const PROTOCOL: ReadonlySet<string> = new Set([...REASONS, ...LINKS, ...STAGES]);

describe("the words of the guests' agent", () => {
  const folder = join(packageRoot(), "manifests", "guest");
  const source = readdirSync(folder)
    .filter((name) => name.endsWith(".py"))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
  const said = new Set(SAID.flatMap((form) => [...source.matchAll(form)].map(([, word = ""]) => word)));

  it("are all the protocol's, so that each has a sentence here", () => {
    const unknown = [...said].filter((word) => !PROTOCOL.has(word) && !OTHER_WORDS.has(word));
    assert.deepEqual(unknown, [], "a reason belongs into guest-protocol/names.ts, anything else into OTHER_WORDS");
  });

  it("leave no reason and no outcome of a dial unused", () => {
    const unused = [...REASONS, ...LINKS].filter((word) => !source.includes(`"${word}"`));
    assert.deepEqual(unused, []);
  });
});

describe("what a guest says is wrong", () => {
  const reasons = REASONS.flatMap((word) => ({ word, sentence: REASON_CAUSES[word] }));
  const links = LINKS.flatMap((word) => ({ word, sentence: linkDetail(word) }));

  it("has a sentence of its own that says what to do next, and only being well has none", () => {
    const sentences = [...reasons, ...links].flatMap(({ word, sentence }) => {
      if (word === "none" || word === "ok") assert.equal(sentence, null);
      else assert.match(sentence ?? "", NEXT_STEP, word);
      return sentence ?? [];
    });
    assert.equal(new Set(sentences).size, sentences.length);
  });

  for (const { word, sentence } of reasons) {
    if (sentence === null) continue;
    it(`is explained to its zone's owners and to no other zone's: ${word}`, () => {
      for (const zone of ["alpha", "beta"]) {
        const story = aFederation().running();
        story.says(zone, { FL_STAGE: "failed", FL_REASON: word, FL_LINK: "" }).observes(zone);
        assert.deepEqual(channelsThatRead(story, sentence), [channelOf(zone)]);
        assert.match(textIn(story, HOME_CHANNEL), /A guest reports a problem. Its owner sees the detail./);
      }
    });
  }

  for (const { word, sentence } of links) {
    if (sentence === null) continue;
    it(`is explained to both ends of the way, each in its channel: ${word}`, () => {
      const story = aFederation().running().says("beta", { FL_REASON: "link-down", FL_LINK: word }).observes("beta");
      const { vmId } = story.guest("beta");
      assert.deepEqual(channelsThatRead(story, `VM ${vmId}: ${sentence}`), [channelOf("beta")]);
      assert.deepEqual(channelsThatRead(story, linkSentence(word) ?? ""), [channelOf("beta"), HOME_CHANNEL].sort());
    });
  }

  it("is not a link that was down and is well again, although the guest takes that reason back a moment later", () => {
    const story = aFederation().running();
    const before = shown(story).length;
    story.says("beta", { FL_REASON: "link-down", FL_LINK: "ok" }).observes("beta");
    assert.equal(shown(story).length, before);
  });

  it("is explained too while the site is still on its way", () => {
    const story = aFederation().trusted().deployed("beta");
    story.says("beta", { FL_STAGE: "starting", FL_REASON: "flower-missing" }).observes("beta");
    assert.deepEqual(channelsThatRead(story, REASON_CAUSES["flower-missing"] ?? ""), [channelOf("beta")]);
  });
});

describe("a guest whose heartbeat stops", () => {
  it("is told in the thread by what it does to the site, and to its zone's owners with what they can do", () => {
    const story = aFederation().running();
    const { vmId } = story.guest("beta");
    story.observes("beta", new Set([vmId]));
    assert.match(textIn(story, HOME_CHANNEL), /is degraded: 1 of 2 SuperNodes online/);
    const silent = `VM ${vmId}: It has stopped reporting. This zone's owner: look whether the VM still runs`;
    assert.deepEqual(channelsThatRead(story, silent), [channelOf("beta")]);
  });

  it("is the SuperLink's: that nothing serves any more is told in the thread, and what to do in its zone's channel", () => {
    const story = aFederation().running();
    const { vmId } = story.guest("alpha");
    story.observes("alpha", new Set([vmId]));
    assert.match(textIn(story, HOME_CHANNEL), /\(alpha\)\* does not serve any more/);
    assert.deepEqual(channelsThatRead(story, `VM ${vmId}: It has stopped reporting.`), [channelOf("alpha")]);
  });

  it("is told also when the SuperLink was the first to miss it, so that the site was degraded already", () => {
    const story = aFederation().running();
    const { vmId, acceptedKey } = story.guest("beta");
    story.sees("online", { [acceptedKey ?? ""]: "offline" }).observes("beta", new Set([vmId]));
    assert.match(textIn(story, HOME_CHANNEL), /A guest has stopped reporting. Its owner sees the detail./);
    assert.deepEqual(channelsThatRead(story, `VM ${vmId}: It has stopped reporting.`), [channelOf("beta")]);
  });

  it("is not told of a VM that is gone or stopped, of which the zone says more", () => {
    const story = aFederation().running();
    const { vmId } = story.guest("beta");
    story.zone("beta").removeVm(vmId);
    story.observes("beta", new Set([vmId]));
    assert.deepEqual(channelsThatRead(story, "has stopped reporting"), []);
    assert.deepEqual(channelsThatRead(story, `VM ${vmId}: The VM no longer exists.`), [channelOf("beta")]);
  });

  it("that moves again brings its site up again, which is told", () => {
    const story = aFederation().running();
    story.observes("beta", new Set([story.guest("beta").vmId]));
    const before = textIn(story, HOME_CHANNEL);
    story.observes("beta");
    const news = textIn(story, HOME_CHANNEL)
      .split("\n")
      .filter((line) => !before.includes(line));
    assert.match(news.join("\n"), /is up: 2 of 2 SuperNodes online/);
  });
});

const shown = ({ federation, context }: { federation: Story["federation"]; context: DecisionContext }) =>
  messagesOf(federation, { directory: context, planBlock: true });

/** Every message of a channel, with all that its blocks hold, a line each. */
function textIn(story: Story, channel: string): string {
  const messages = shown(story).filter((message) => message.channel === channel && message.kind !== "file");
  return messages.map((message) => JSON.stringify(message)).join("\n");
}

function channelsThatRead(story: Story, sentence: string): readonly string[] {
  const channels = new Set(shown(story).map(({ channel }) => channel));
  return [...channels].filter((channel) => textIn(story, channel).includes(sentence)).sort();
}
