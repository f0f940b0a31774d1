/** What can be wrong: each condition has a sentence, and each sentence is read where somebody can act on it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CONDITION_CODES, type ConditionCode, isAvailability } from "../../../src/federation/model/conditions.ts";
import type { FederationEvent } from "../../../src/federation/model/events.ts";
import { LINKS, REASONS, STAGES } from "../../../src/guest-protocol/names.ts";
import { packageRoot } from "../../../src/package-root.ts";
import { CAUSES } from "../../../src/slack/blocks/condition-causes.ts";
import { detailSentence, publicSentence } from "../../../src/slack/blocks/conditions.ts";
import { channelOf, HOME_CHANNEL, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { inChannel, textOf, wanted } from "../reading.ts";

/** Words with a hyphen that the agent uses for other things than what it says. */
const OTHER_WORDS: ReadonlySet<string> = new Set([
  "florist-data",
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
  "wg-florist",
  "wireguard-go",
]);

/** Literals where the agent says a word, and those with a hyphen wherever they stand: most reasons have one. */
const SAID = [
  /\b(?:Failure|Dialled)\(\s*"([a-z-]+)"/g,
  /\btell\(\s*"[a-z-]+",\s*"([a-z-]+)"/g,
  /\b(?:reason|refusal|fallback|unwell) = "([a-z-]+)"/g,
  /"([a-z]+(?:-[a-z]+)+)"/g,
];

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

/** What the program or the guest does without anybody, by the code whose sentence promises it. */
const DONE_BY_ITSELF: readonly ConditionCode[] = [
  // manifests/guest/admission.py registers FL_ADMIT anew when the database is gone.
  "guest-database-lost",
  // manifests/guest/supernode.py dials on.
  "guest-link-down",
  // running/admission.ts admits whatever was proven.
  "guest-not-admitted",
  // The SuperLink forgets the connection that was lost.
  "guest-still-counted-online",
];

describe("each condition", () => {
  it("has a sentence that says what to do next, or what happens by itself, and each another one", () => {
    const story = aFederation().running();
    const sentences = CONDITION_CODES.map((code) => {
      const { owner, coordinator, operator, requester, itself } = CAUSES[code];
      assert.ok(
        [owner, coordinator, operator, requester, itself].some((one) => one !== undefined),
        code,
      );
      return detailSentence(story.federation, zone("beta"), code, story.context);
    });
    assert.equal(new Set(sentences).size, CONDITION_CODES.length);
  });

  it("promises only what something does", () => {
    const promising = CONDITION_CODES.filter((code) => CAUSES[code].itself !== undefined);
    assert.deepEqual(promising, DONE_BY_ITSELF);
    for (const code of ["guest-admission-malformed", "guest-trust-malformed"] as const) {
      assert.match(CAUSES[code].what, /Nothing is sent again by itself/);
      assert.match(CAUSES[code].owner ?? "", /then retry/);
    }
  });

  for (const code of CONDITION_CODES) {
    it(`is explained on the site's card to its zone's owners, and its detail to no other zone's: ${code}`, () => {
      for (const name of code === "superlink-down" ? ["alpha"] : ["alpha", "beta"]) {
        const story = raised(aFederation().running(), name, code);
        // Of availability the status tells; keys of unknown nodes are no secret: everybody is to say whose they are.
        if (!isAvailability(code)) {
          const said = detailSentence(story.federation, zone(name), code, story.context);
          assert.ok(textIn(story, channelOf(name)).includes(said), said);
        }
        const channels = new Set(wanted(story).map(({ channel }) => channel));
        const readers = [...channels].filter((channel) => textIn(story, channel).includes(DETAIL));
        const mayRead = [channelOf(name), ...(code === "unknown-nodes" ? [HOME_CHANNEL] : [])];
        assert.deepEqual(readers.toSorted(), mayRead.toSorted());
      }
    });
  }

  it("of a link is explained to both ends of the way, with those who can mend it by name", () => {
    for (const code of CONDITION_CODES.filter((one) => one.startsWith("link-"))) {
      const story = raised(aFederation().trusted().deployed("beta"), "beta", code);
      const said = publicSentence(story.federation, code, story.context);
      assert.ok(textIn(story, HOME_CHANNEL).includes(said));
      if (CAUSES[code].coordinator !== undefined) assert.match(said, /<@UALPHA1> <@UALPHA2>: /);
    }
  });
});

const DETAIL = "what the zone says";

function raised(story: Story, name: string, code: ConditionCode): Story {
  const event: FederationEvent = {
    type: "condition-raised",
    subject: subjectOf(code, name),
    code,
    detail: DETAIL,
    vmIds: [7],
    extent: code === "superlink-down" || code === "supernodes-offline" ? { online: 0, expected: 1 } : null,
    since: story.context.now,
  };
  return story.happens(event);
}

function subjectOf(code: ConditionCode, name: string) {
  if (code.startsWith("zone-")) return { kind: "zone" as const, zone: zone(name) };
  return { kind: code.startsWith("link-") ? ("link" as const) : ("site" as const), site: zone(name) };
}

/** Every message of a channel, with all that its blocks hold. */
const textIn = (story: Story, channel: string): string =>
  inChannel(wanted(story), channel)
    .filter(({ kind }) => kind !== "file")
    .map(textOf)
    .join("\n");
