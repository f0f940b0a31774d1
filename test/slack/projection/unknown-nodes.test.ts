import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeNodeList, type NodeEntry } from "../../../src/guest-protocol/node-list.ts";
import { HOME_CHANNEL } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { everRead } from "../reading.ts";

const stranger = (nth: number): NodeEntry => ({
  key: `SHA256:${String(nth).padStart(43, "S")}`,
  nodeId: String(666 + nth),
  status: "online",
});

/** For a while the SuperLink lists these beside all that it was told. */
function lists(story: Story, unknownNodes: readonly NodeEntry[]): Story {
  const known = [...story.federation.keys.values()].map(({ key }, nth) => ({
    key,
    nodeId: String(nth + 1),
    status: "online" as const,
  }));
  return story.says("alpha", { FL_NODES: encodeNodeList([...known, ...unknownNodes]) }).watchesAll(40);
}

const told = (story: Story) =>
  everRead(story).flatMap((message) =>
    message.kind !== "file" &&
    message.channel === HOME_CHANNEL &&
    message.text.includes("no site of this federation published")
      ? [message]
      : [],
  );

describe("a SuperNode that a SuperLink lists and no site published", () => {
  it("is told in the thread, once, with its key, to the coordinator's owners by name, and with what the others can do", () => {
    const story = lists(lists(aFederation().running(), [stranger(1)]), [{ ...stranger(1), status: "offline" }]);
    const [only, ...more] = told(story);
    assert.deepEqual(more, []);
    assert.ok((only?.text ?? "").includes(stranger(1).key));
    assert.match(only?.text ?? "", /<@UALPHA1> <@UALPHA2>: say here whose they are.* Every other owner can retire/);
  });

  it("is nobody whose key was admitted", () => {
    assert.deepEqual(told(lists(aFederation().running(), [])), []);
  });

  it("cannot fill the thread, however many its SuperLink makes up", () => {
    const story = aFederation().running();
    for (let nth = 0; nth < 10; nth += 1) lists(story, [stranger(nth)]);
    assert.equal(told(story).length, 1);
  });
});
