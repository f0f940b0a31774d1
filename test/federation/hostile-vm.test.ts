import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admittedKeys, revokedKeys } from "../../src/federation/running/admission.ts";
import { encodeKeyList } from "../../src/guest-protocol/key-list.ts";
import { LINKS, NODE_STATUSES, REASONS, STAGES } from "../../src/guest-protocol/names.ts";
import { type NodeKey, parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { encodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { SECOND } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { aNodeKey } from "../builders/node-key.ts";

/** What a VM of one's own may add to the journal in a day, whatever it publishes. */
const MOST_EVENTS_A_DAY = 400;
const MOST_BYTES_A_DAY = 100_000;

/** A day of looks, so many seconds apart. */
const DAY_OF_LOOKS = { looks: 5760, apart: 15 } as const;

const one = <T>(among: readonly T[], nth: number): T => {
  const found = among[nth % among.length];
  if (found === undefined) throw new Error("There is nothing to choose from.");
  return found;
};

/** The bot does what is due for the VM's key or request, as promptly as it can. */
function answers(story: Story, key: string): void {
  for (const task of story.tasks()) {
    if (task.kind === "judge-key") story.judges(story.claim("beta", 0, key));
    if (task.kind === "deliver-admissions") story.tellsSuperLink();
    if (task.kind === "tell-admitted") story.tellsSuperNodes(task.site);
    if (task.kind === "certify") story.issues(100 + story.recorded.length);
  }
}

/** For a day the VM publishes something else, and everything at once; each stands for so many looks. */
function aDayOf(story: Story, name: string, publishes: (nth: number) => Record<string, string>, stands: number): Story {
  for (let look = 0; look < DAY_OF_LOOKS.looks; look += 1) {
    const nth = Math.floor(look / stands);
    story.says(name, publishes(nth)).passes((DAY_OF_LOOKS.apart - 1) * SECOND);
    story.observes(name);
    answers(story, `fresh ${nth}`);
  }
  return story;
}

const anything = (nth: number): Record<string, string> => ({
  FL_STAGE: one(STAGES, nth),
  FL_REASON: one(REASONS, nth),
  FL_LINK: one(LINKS, nth),
  FL_HEARTBEAT: String(nth),
  FL_NODE_KEY: aNodeKey(`fresh ${nth}`).line,
  FL_NODE_PROOF: `proof ${nth}`,
  FL_TLS_CSR: `request ${nth}`,
  FL_READY: one(["YES", "NO"], nth),
});

const bounded = (story: Story, from: number): void => {
  const told = story.recorded.slice(from);
  const bytes = told.reduce((sum, entry) => sum + JSON.stringify(entry).length, 0);
  assert.ok(told.length <= MOST_EVENTS_A_DAY, `${told.length} events`);
  assert.ok(bytes <= MOST_BYTES_A_DAY, `${bytes} bytes`);
};

const lines = (keys: readonly { readonly publicKey: string }[]): readonly NodeKey[] =>
  keys.flatMap(({ publicKey }) => {
    const parsed = parseNodeKey(publicKey);
    return parsed.ok ? [parsed.value] : [];
  });

describe("a SuperNode's VM that publishes all that it can for a day", () => {
  for (const [how, stands] of [
    ["each look something else", 1],
    ["each just long enough to be told", 3],
  ] as const) {
    it(`${how}, adds little to the journal, and another site joins meanwhile`, () => {
      const story = aFederation().planned().approvedBy("alpha").approvedBy("beta").trusted().joins("beta");
      const { length } = story.recorded;
      aDayOf(story, "beta", anything, stands);
      bounded(story, length);
      assert.equal(story.approvedBy("gamma").joins("gamma").status("gamma"), "up");
      const { federation } = story;
      encodeKeyList("FL_ADMIT", { sequence: 1, keys: lines(admittedKeys(federation)) });
      encodeKeyList("FL_REVOKE", { sequence: 1, keys: lines(revokedKeys(federation)) });
    });
  }
});

describe("a SuperLink's VM that publishes all that it can for a day", () => {
  for (const [how, stands] of [
    ["each look something else", 1],
    ["each just long enough to be told", 3],
  ] as const) {
    it(`${how}, adds little to the journal and gets few certificates`, () => {
      const story = aFederation().running();
      const { length } = story.recorded;
      const announced = story.announcement();
      const keys = [...story.federation.keys.keys()];
      const says = (nth: number): Record<string, string> => {
        const { FL_NODE_KEY: _, ...said } = anything(nth);
        const nodes = keys.map((key, place) => ({ key, nodeId: "1", status: one(NODE_STATUSES, nth + place) }));
        return { ...announced, ...said, FL_NODES: encodeNodeList(nodes) };
      };
      aDayOf(story, "alpha", says, stands);
      bounded(story, length);
      const issued = story.recorded.slice(length).filter(({ event }) => event.type === "certificate-issued");
      assert.ok(issued.length <= 4, `${issued.length} certificates`);
    });
  }
});
