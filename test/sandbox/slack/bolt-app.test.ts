import assert from "node:assert/strict";
import { test } from "node:test";
import type { App } from "@slack/bolt";
import type { KnownBlock, ModalView } from "@slack/types";
import { WebAPIPlatformError } from "@slack/web-api";
import { HOME, OWNER_A, OWNER_B, openWorkspace, REQUESTER, startApp } from "./workspace.ts";

/** A modal with a choice that adds a field, as the form of a deployment has. */
function form(zone?: string): ModalView {
  return {
    type: "modal",
    callback_id: "form",
    private_metadata: "opaque",
    title: { type: "plain_text", text: "Deploy" },
    submit: { type: "plain_text", text: "Plan" },
    blocks: [
      {
        type: "input",
        block_id: "name",
        label: { type: "plain_text", text: "Federation" },
        element: { type: "plain_text_input", action_id: "name" },
      },
      {
        type: "section",
        block_id: "zone",
        text: { type: "mrkdwn", text: "Zone" },
        accessory: {
          type: "static_select",
          action_id: "zone",
          options: ["zone-a", "zone-b"].map((value) => ({ text: { type: "plain_text", text: value }, value })),
        },
      },
      ...(zone === undefined
        ? []
        : [
            {
              type: "input" as const,
              block_id: `nodes-${zone}`,
              label: { type: "plain_text" as const, text: `SuperNodes of ${zone}` },
              element: {
                type: "number_input" as const,
                action_id: "nodes",
                is_decimal_allowed: false,
                initial_value: "2",
                min_value: "1",
                max_value: "10",
              },
            },
          ]),
    ],
  };
}

function registerStory(app: App): void {
  app.command("/flower", async ({ ack, body, client }) => {
    await ack();
    await client.views.open({ trigger_id: body.trigger_id, view: form() });
  });
  app.action("zone", async ({ ack, body, action, client }) => {
    await ack();
    if (body.type !== "block_actions" || body.view === undefined || action.type !== "static_select") return;
    const { id, hash } = body.view;
    await client.views.update({ view_id: id, hash, view: form(action.selected_option?.value) });
  });
  app.view("form", async ({ ack, view, client, body }) => {
    const name = view.state.values["name"]?.["name"]?.value ?? "";
    if (name === "taken") {
      await ack({ response_action: "errors", errors: { name: "This name is taken." } });
      return;
    }
    await ack();
    const nodes = view.state.values["nodes-zone-b"]?.["nodes"]?.value;
    await client.chat.postMessage({
      channel: HOME,
      text: `${name} asked for by <@${body.user.id}>`,
      blocks: [
        { type: "section", text: { type: "mrkdwn", text: `*${name}* with ${nodes} SuperNodes` } },
        {
          type: "actions",
          block_id: "decision",
          elements: [
            {
              type: "button",
              action_id: "approve",
              text: { type: "plain_text", text: "Approve" },
              value: "opaque-id",
              style: "primary",
            },
          ],
        },
      ],
    });
  });
  app.action("approve", async ({ ack, body, client }) => {
    await ack();
    if (body.type !== "block_actions" || body.message === undefined || body.channel === undefined) return;
    const channel = body.channel.id;
    const { ts } = body.message;
    await client.chat.update({ channel, ts, text: "approved", blocks: [] });
    await client.chat.postEphemeral({ channel, user: body.user.id, text: "Thank you." });
    await client.filesUploadV2({
      channel_id: channel,
      thread_ts: ts,
      filename: "ca.pem",
      title: "CA certificate",
      content: "-----BEGIN CERTIFICATE-----\n",
      initial_comment: "The CA",
    });
  });
}

test("The official SDK is content from command to file: modal, choice, new field, mistake, message, click, update", async (context) => {
  const workspace = await openWorkspace(context);
  const { control } = workspace;
  await startApp(context, workspace, registerStory);

  const typed = await control.command({ person: REQUESTER, channel: HOME, text: "deploy-site" });
  assert.equal(typed.delivered, true);
  const opened = await control.until("the modal", async () => (await control.person(REQUESTER)).views[0]);
  assert.equal(opened.title, "Deploy");
  assert.deepEqual(
    opened.fields.map(({ blockId }) => blockId),
    ["name", "zone"],
  );

  await control.fill({ person: REQUESTER, viewId: opened.viewId, values: { name: "taken" } });
  await control.click({ person: REQUESTER, viewId: opened.viewId, actionId: "zone", selected: "zone-b" });
  const widened = await control.until("the field of zone-b", async () => {
    const view = (await control.person(REQUESTER)).views[0];
    return view?.fields.length === 3 ? view : undefined;
  });
  assert.deepEqual(
    widened.fields.map(({ value }) => value),
    ["taken", "zone-b", "2"],
    "what was entered stays when the app updates the modal",
  );

  const refused = await control.submit({ person: REQUESTER, viewId: opened.viewId });
  assert.deepEqual(refused.errors, { name: "This name is taken." });
  const accepted = await control.submit({ person: REQUESTER, viewId: opened.viewId, values: { name: "tulip" } });
  assert.equal(accepted.delivered, true);
  assert.equal(accepted.problem, undefined);
  assert.deepEqual((await control.person(REQUESTER)).views, []);

  const card = await control.until("the card", async () => (await control.channel(HOME)).messages[0]);
  assert.equal(card.text, "*tulip* with 2 SuperNodes\n[Approve]");
  const clicked = await control.click({ person: OWNER_A, channel: HOME, ts: card.ts, actionId: "approve" });
  assert.equal(clicked.delivered, true);

  const shared = await control.until("the file", async () => {
    const [message] = (await control.channel(HOME)).messages;
    return message?.replies[0] === undefined ? undefined : message;
  });
  assert.equal(shared.text, "approved");
  assert.equal(shared.isEdited, true);
  assert.deepEqual(shared.buttons, []);
  assert.equal(shared.replies[0]?.text, "The CA");
  assert.equal(shared.replies[0]?.files[0]?.text, "-----BEGIN CERTIFICATE-----\n");
  assert.deepEqual(
    (await control.person(OWNER_A)).ephemerals.map(({ text }) => text),
    ["Thank you."],
  );
  assert.deepEqual((await control.person(REQUESTER)).ephemerals, []);
});

test("The official SDK is content with mentions, replies in threads, private answers and their replacement", async (context) => {
  const workspace = await openWorkspace(context);
  const { control } = workspace;
  await startApp(context, workspace, (app) => {
    app.event("app_mention", async ({ event, say, context: { teamId } }) => {
      await say({ thread_ts: event.ts, text: `installed in ${teamId}`, blocks: [askPrivately()] });
    });
    app.action("ask", async ({ ack, respond }) => {
      await ack();
      await respond({ text: "only you", blocks: [askPrivately("again")] });
    });
    app.action("again", async ({ ack, respond }) => {
      await ack();
      await respond({ replace_original: true, text: "replaced" });
    });
  });
  assert.equal((await control.mention({ person: OWNER_B, channel: HOME, text: "status" })).delivered, true);
  const reply = await control.until("the reply", async () => (await control.channel(HOME)).messages[0]?.replies[0]);
  assert.equal(reply.fallback, "installed in T0ASTER001");
  await control.click({ person: OWNER_B, channel: HOME, ts: reply.ts, actionId: "ask" });
  const answer = await control.until("the answer", async () => (await control.person(OWNER_B)).ephemerals[0]);
  await control.click({ person: OWNER_B, channel: HOME, ts: answer.ts, actionId: "again" });
  await control.until("the replacement", async () => {
    const [message] = (await control.person(OWNER_B)).ephemerals;
    return message?.text === "replaced" ? message : undefined;
  });
  assert.deepEqual((await control.person(OWNER_A)).ephemerals, []);
});

function askPrivately(actionId = "ask"): KnownBlock {
  return {
    type: "actions",
    elements: [{ type: "button", action_id: actionId, text: { type: "plain_text", text: "Ask" } }],
  };
}

test("The official SDK reads refusals by their names, and a full channel by its seconds", async (context) => {
  const { web, control } = await openWorkspace(context);
  const refused = web.chat.postMessage({ channel: HOME, text: "x", blocks: [{ type: "section" }] });
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof WebAPIPlatformError);
    assert.equal(error.data.error, "invalid_blocks");
    assert.deepEqual(error.data.response_metadata?.messages, [
      "[ERROR] must define either `text` or `fields` [json-pointer:/blocks/0/type]",
    ]);
    return true;
  });
  await control.settings({ fail: { method: "chat.postMessage", how: "429", retryAfterS: 3 } });
  await assert.rejects(web.chat.postMessage({ channel: HOME, text: "x" }), { retryAfter: 3 });
});
