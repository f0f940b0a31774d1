import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeNodeList, type NodeEntry } from "../../../src/guest-protocol/node-list.ts";
import { messagesOf } from "../../../src/slack/projection/projection.ts";
import { HOME_CHANNEL } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const unknownNode = (nth: number): NodeEntry => ({
  key: `SHA256:${String(nth).padStart(43, "S")}`,
  nodeId: String(666 + nth),
  status: "online",
});

/** The SuperLink lists these beside all that it was told. */
function lists(story: Story, unknownNodes: readonly NodeEntry[]): Story {
  const nodes = [...story.federation.nodes.filter(({ key }) => story.federation.keys.has(key)), ...unknownNodes];
  return story.says("alpha", { FL_NODES: encodeNodeList(nodes) }).observes("alpha");
}

const told = ({ federation, context }: Story) =>
  messagesOf(federation, { directory: context, planBlock: true }).flatMap((message) =>
    message.kind !== "file" && message.text.includes("no site of this federation published") ? [message] : [],
  );

describe("a SuperNode that a SuperLink lists and no site published", () => {
  it("is told in the thread, once, with its key and with what the owners can do", () => {
    const story = lists(lists(aFederation().running(), [unknownNode(1)]), [{ ...unknownNode(1), status: "offline" }]);
    const [only, ...more] = told(story);
    assert.deepEqual(more, []);
    assert.equal(only?.channel, HOME_CHANNEL);
    assert.ok(only.text.includes(unknownNode(1).key));
    assert.match(only.text, /Coordinator's owner: .* Every other owner can retire/);
  });

  it("is told once more only when another one comes", () => {
    const story = lists(lists(aFederation().running(), [unknownNode(1)]), [unknownNode(1), unknownNode(2)]);
    const [first, second] = told(story);
    assert.ok(!first?.text.includes(unknownNode(2).key));
    assert.ok(second?.text.includes(unknownNode(2).key) && !second.text.includes(unknownNode(1).key));
  });

  it("is nobody whose key was admitted and revoked since", () => {
    const story = aFederation().running();
    const { nodes } = story.federation;
    const [guest] = story.guests("beta");
    story.zone("beta").removeVm(guest?.vmId ?? -1);
    story.observes("beta");
    assert.deepEqual(told(story.says("alpha", { FL_NODES: encodeNodeList(nodes) }).observes("alpha")), []);
  });

  it("cannot fill the thread, however many its SuperLink makes up", () => {
    const story = aFederation().running();
    for (let nth = 0; nth < 30; nth += 1) lists(story, [unknownNode(nth)]);
    assert.equal(told(story).length, 10);
  });
});
