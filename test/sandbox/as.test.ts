import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Hand } from "../../sandbox/as/hand.ts";
import { openWorkspace, startApp } from "./slack/workspace.ts";

suite("One gesture from the command line", () => {
  test("names those who are there when nobody is called so", async (context) => {
    const { control } = await openWorkspace(context);
    const hand = await Hand.reach(control);
    await assert.rejects(hand.carryOut(["nobody", "approve"]), /Nobody is called nobody.*requester.*owner-a/);
    await assert.rejects(hand.carryOut(["show", "zone-z"]), /No channel is called zone-z.*zone-a/);
    await assert.rejects(hand.carryOut(["rosa"]), /Say what rosa does/);
  });

  test("shows a channel with its threads as text", async (context) => {
    const { control, web } = await openWorkspace(context);
    const hand = await Hand.reach(control);
    assert.equal(await hand.carryOut(["show", "federation"]), "Nothing has been written there yet.");
    const { ts } = await web.chat.postMessage({ channel: "C0FEDERATE", text: "first" });
    await web.chat.postMessage({ channel: "C0FEDERATE", text: "second\nline", thread_ts: ts ?? "" });
    assert.equal(await hand.carryOut(["show", "federation"]), "first\n  ↳ second\n    line");
  });

  test("presses a button of the owner's newest card, and tells what the card became", async (context) => {
    const workspace = await openWorkspace(context);
    await startApp(context, workspace, (app) => {
      app.action("approve", async ({ ack, body, client }) => {
        await ack();
        const { message_ts: ts } = "container" in body ? body.container : { message_ts: "" };
        await client.chat.update({
          channel: "C0ZONEB001",
          ts: String(ts),
          text: `approved by ${body.user.id}`,
          blocks: [],
        });
      });
    });
    const button = {
      type: "button" as const,
      text: { type: "plain_text" as const, text: "Approve" },
      action_id: "approve",
    };
    const blocks = [{ type: "actions" as const, elements: [button] }];
    await workspace.web.chat.postMessage({ channel: "C0ZONEB001", text: "a card", blocks });
    const hand = await Hand.reach(workspace.control);
    assert.equal(await hand.carryOut(["owner-b", "approve"]), "approved by U0OWNERB01");
  });
});
