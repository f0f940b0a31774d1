import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { ControlError } from "../../../sandbox/slack/client.ts";
import { callApi } from "./api-call.ts";
import { type Scripted, type ScriptedApp, startScriptedApp } from "./scripted-app.ts";
import { ASTER, BIRCH, HOME, OWNER_B, openWorkspace, REQUESTER, type Workspace } from "./workspace.ts";

type Json = Record<string, unknown>;

const plain = (text: string) => ({ type: "plain_text", text });
const nameInput = (more: Json = {}) => ({
  type: "input",
  block_id: "name",
  label: plain("Name"),
  element: { type: "plain_text_input", action_id: "name", ...more },
});
const zoneSelect = (...values: string[]) => ({
  type: "section",
  block_id: "zone",
  text: plain("Zone"),
  accessory: {
    type: "static_select",
    action_id: "zone",
    options: values.map((value) => ({ text: plain(value), value })),
  },
});
const modal = (blocks: Json[], more: Json = {}): Json => ({
  type: "modal",
  title: plain("Title"),
  submit: plain("Send"),
  callback_id: "form",
  blocks,
  ...more,
});

const opened = z.object({
  view: z.object({
    id: z.string(),
    hash: z.string(),
    root_view_id: z.string(),
    previous_view_id: z.string().nullable(),
    state: z.object({ values: z.record(z.string(), z.unknown()) }),
    private_metadata: z.string(),
    callback_id: z.string(),
    external_id: z.string(),
    app_installed_team_id: z.string(),
  }),
});
const submission = z.object({
  type: z.string(),
  team: z.object({ id: z.string() }),
  user: z.object({ id: z.string(), team_id: z.string() }),
  trigger_id: z.string(),
  response_urls: z.array(z.unknown()),
  view: z.object({
    id: z.string(),
    hash: z.string(),
    app_installed_team_id: z.string(),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.looseObject({ type: z.string() }))) }),
  }),
});

async function trigger(workspace: Workspace, app: ScriptedApp): Promise<string> {
  await workspace.control.command({ person: REQUESTER, channel: HOME, text: "" });
  return new URLSearchParams(app.received.at(-1)?.body ?? "").get("trigger_id") ?? "";
}

/** A modal that the requester has open. */
async function open(workspace: Workspace, app: ScriptedApp, view: Json) {
  const answer = await callApi(workspace, "views.open", { trigger_id: await trigger(workspace, app), view });
  return opened.parse(answer).view;
}

test("A view comes back whole: ids, hash, no values yet, and text even where it is empty", async (context) => {
  const workspace = await openWorkspace(context);
  const view = await open(workspace, await startScriptedApp(context, workspace), modal([nameInput()]));
  assert.equal(view.root_view_id, view.id);
  assert.equal(view.previous_view_id, null);
  assert.deepEqual(view.state.values, {});
  assert.deepEqual([view.private_metadata, view.callback_id, view.external_id], ["", "form", ""]);
  assert.equal(view.app_installed_team_id, ASTER);
});

test("A trigger must be one that Slack gave, and is used before its time is up", async (context) => {
  const workspace = await openWorkspace(context, { triggerLifetimeMs: -1 });
  const app = await startScriptedApp(context, workspace);
  const use = async (id: string) =>
    (await callApi(workspace, "views.open", { trigger_id: id, view: modal([nameInput()]) })).error;
  assert.equal(await use("1.2.3"), "invalid_trigger_id");
  const late = await trigger(workspace, app);
  assert.equal(await use(late), "expired_trigger_id");
});

test("A used trigger is exchanged", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const id = await trigger(workspace, app);
  const use = async () =>
    (await callApi(workspace, "views.open", { trigger_id: id, view: modal([nameInput()]) })).error;
  assert.deepEqual([await use(), await use()], [undefined, "exchanged_trigger_id"]);
});

test("A modal that breaks a rule is refused with pointers into the view, and its trigger can still be used", async (context) => {
  const workspace = await openWorkspace(context);
  const id = await trigger(workspace, await startScriptedApp(context, workspace));
  const bad = modal([nameInput()], { submit: undefined });
  const answer = await callApi(workspace, "views.open", { trigger_id: id, view: bad });
  assert.equal(answer.error, "invalid_arguments");
  assert.deepEqual(answer.response_metadata?.messages, [
    "[ERROR] must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]",
  ]);
  assert.equal((await callApi(workspace, "views.open", { trigger_id: id, view: modal([nameInput()]) })).ok, true);
});

test("An update with an old hash is a conflict; without a hash it goes through; a closed view is not found", async (context) => {
  const workspace = await openWorkspace(context);
  const view = await open(workspace, await startScriptedApp(context, workspace), modal([nameInput()]));
  const update = (more: Json) => callApi(workspace, "views.update", { view: modal([nameInput()]), ...more });
  const first = opened.parse(await update({ view_id: view.id, hash: view.hash })).view;
  assert.notEqual(first.hash, view.hash);
  assert.equal((await update({ view_id: view.id, hash: view.hash })).error, "hash_conflict");
  assert.equal((await update({ view_id: view.id })).ok, true);
  await workspace.control.close({ person: REQUESTER, viewId: view.id });
  assert.equal((await update({ view_id: view.id })).error, "not_found");
});

test("An external id names one open view", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  await open(workspace, app, modal([nameInput()], { external_id: "mine" }));
  const second = { trigger_id: await trigger(workspace, app), view: modal([], { external_id: "mine" }) };
  assert.equal((await callApi(workspace, "views.open", second)).error, "duplicate_external_id");
  const update = { external_id: "mine", view: modal([], { external_id: "mine" }) };
  assert.equal((await callApi(workspace, "views.update", update)).ok, true);
  const both = await callApi(workspace, "views.update", { ...update, view_id: "V1" });
  assert.deepEqual(both.response_metadata?.messages, ["[ERROR] Cannot provide both `view_id` and `external_id`"]);
});

test("An update keeps what was entered where block and action stay, and drops a choice that is offered no more", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const view = await open(workspace, app, modal([nameInput(), zoneSelect("a", "b")]));
  await workspace.control.fill({ person: REQUESTER, viewId: view.id, values: { name: "tulip", zone: "b" } });
  const shown = async () => {
    const [top] = (await workspace.control.person(REQUESTER)).views;
    return top?.fields.map(({ value }) => value);
  };
  const update = (blocks: Json[]) => callApi(workspace, "views.update", { view_id: view.id, view: modal(blocks) });
  await update([nameInput({ initial_value: "rose" }), zoneSelect("b", "c")]);
  assert.deepEqual(await shown(), ["tulip", "b"]);
  await update([nameInput(), zoneSelect("a", "c")]);
  assert.deepEqual(await shown(), ["tulip", null]);
  await update([{ ...nameInput(), block_id: "other" }]);
  assert.deepEqual(await shown(), [null]);
});

test("State holds every stateful element from the start, initial values too, and numbers are text", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const options = ["a", "b"].map((value) => ({ text: plain(value), value }));
  const element = (block_id: string, fields: Json): Json => ({
    type: "input",
    block_id,
    optional: true,
    label: plain(block_id),
    element: { action_id: "x", ...fields },
  });
  const view = await open(
    workspace,
    app,
    modal([
      element("text", { type: "plain_text_input" }),
      element("number", { type: "number_input", is_decimal_allowed: false, initial_value: "2" }),
      element("boxes", { type: "checkboxes", options, initial_options: [options[0]] }),
      element("none", { type: "checkboxes", options }),
      element("radio", { type: "radio_buttons", options, initial_option: options[1] }),
      element("several", { type: "multi_static_select", options }),
      element("users", { type: "multi_users_select" }),
      { ...zoneSelect("a"), block_id: "section" },
    ]),
  );
  await workspace.control.submit({ person: REQUESTER, viewId: view.id });
  const { values } = app.payload(submission).view.state;
  assert.deepEqual(values, {
    text: { x: { type: "plain_text_input", value: null } },
    number: { x: { type: "number_input", value: "2" } },
    boxes: { x: { type: "checkboxes", selected_options: [options[0]] } },
    none: { x: { type: "checkboxes", selected_options: [] } },
    radio: { x: { type: "radio_buttons", selected_option: options[1] } },
    several: { x: { type: "multi_static_select", selected_options: [] } },
    users: { x: { type: "multi_users_select", selected_users: [] } },
    section: { zone: { type: "static_select", selected_option: null } },
  });
});

test("A choice in the modal is told at once, with the whole view; a plain input is not", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const view = await open(workspace, app, modal([nameInput(), zoneSelect("a", "b")]));
  const typed = await workspace.control.fill({ person: REQUESTER, viewId: view.id, values: { name: "tulip" } });
  assert.deepEqual([typed.delivered, app.received.length], [false, 1]);
  await workspace.control.click({ person: REQUESTER, viewId: view.id, actionId: "zone", selected: "b" });
  const action = app.payload(
    z.object({
      type: z.string(),
      container: z.unknown(),
      team: z.object({ id: z.string() }),
      channel: z.unknown().optional(),
      response_url: z.unknown().optional(),
      view: submission.shape.view,
      actions: z.array(
        z.looseObject({ action_id: z.string(), block_id: z.string(), action_ts: z.string(), type: z.string() }),
      ),
    }),
  );
  assert.equal(action.type, "block_actions");
  assert.deepEqual(action.container, { type: "view", view_id: view.id });
  assert.deepEqual([action.channel, action.response_url], [undefined, undefined]);
  assert.deepEqual(action.view.state.values["name"], { name: { type: "plain_text_input", value: "tulip" } });
  assert.deepEqual(action.actions[0]?.["selected_option"], { text: plain("b"), value: "b" });
});

test("An input that dispatches tells a choice at once, and a text when Enter is pressed", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const view = await open(workspace, app, modal([{ ...nameInput(), dispatch_action: true }]));
  await workspace.control.fill({ person: REQUESTER, viewId: view.id, values: { name: "tul" } });
  assert.equal(app.received.length, 1);
  await workspace.control.click({ person: REQUESTER, viewId: view.id, actionId: "name", selected: "tulip" });
  assert.equal(app.received.length, 2);
});

test("Slack itself refuses an incomplete form, on its fields, before anything is sent", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const count = {
    type: "input",
    block_id: "count",
    label: plain("Count"),
    element: { type: "number_input", action_id: "n", is_decimal_allowed: false, min_value: "1", max_value: "10" },
  };
  const view = await open(workspace, app, modal([nameInput({ max_length: 5 }), count]));
  const submit = (values: Record<string, string>) =>
    workspace.control.submit({ person: REQUESTER, viewId: view.id, values });
  const first = await submit({});
  assert.deepEqual(Object.keys(first.errors ?? {}), ["name", "count"]);
  assert.equal(first.delivered, false);
  const second = await submit({ name: "too long", count: "11" });
  assert.deepEqual(second.errors, {
    name: "Enter no more than 5 characters.",
    count: "Enter a number of at most 10.",
  });
  assert.equal((await submit({ name: "tulip", count: "x" })).errors?.["count"], "Enter a whole number.");
  assert.equal(app.received.length, 1);
  assert.equal((await submit({ name: "tulip", count: "3" })).delivered, true);
});

/** Submits a one-field modal to an app that acknowledges with this. */
async function acknowledged(context: TestContext, scripted: Scripted | "hang") {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace, ({ body }) =>
    body.includes("view_submission") ? scripted : { status: 200 },
  );
  const view = await open(workspace, app, modal([nameInput(), zoneSelect("a")]));
  const experience = await workspace.control.submit({ person: REQUESTER, viewId: view.id, values: { name: "x" } });
  return { workspace, view, experience, views: (await workspace.control.person(REQUESTER)).views };
}

const action = (value: unknown): Scripted => ({ status: 200, body: JSON.stringify(value) });

test("An empty acknowledgement closes the modal", async (context) => {
  const { experience, views } = await acknowledged(context, { status: 200 });
  assert.deepEqual([experience.delivered, experience.problem, views], [true, undefined, []]);
});

test("Errors stand under the fields of input blocks", async (context) => {
  const { experience, views } = await acknowledged(
    context,
    action({ response_action: "errors", errors: { name: "Taken." } }),
  );
  assert.deepEqual(experience.errors, { name: "Taken." });
  assert.equal(views[0]?.fields[0]?.error, "Taken.");
});

test("Errors on a block that is no input are the app's fault, and the person reads of trouble", async (context) => {
  const { experience, views } = await acknowledged(
    context,
    action({ response_action: "errors", errors: { zone: "Wrong." } }),
  );
  assert.equal(experience.errors, undefined);
  assert.match(experience.problem ?? "", /trouble connecting.*zone, which is no input block/);
  assert.equal(views.length, 1);
});

test("An acknowledgement can update the modal, or clear everything", async (context) => {
  const update = await acknowledged(
    context,
    action({ response_action: "update", view: modal([], { title: plain("New") }) }),
  );
  assert.deepEqual(
    update.views.map(({ viewId, title }) => [viewId, title]),
    [[update.view.id, "New"]],
  );
  const clear = await acknowledged(context, action({ response_action: "clear" }));
  assert.deepEqual(clear.views, []);
});

test("An acknowledgement can push a modal on top; closing it shows the one below", async (context) => {
  const { workspace, view, views } = await acknowledged(
    context,
    action({ response_action: "push", view: modal([], { title: plain("Top") }) }),
  );
  assert.deepEqual(
    views.map(({ title, isTop }) => [title, isTop]),
    [
      ["Title", false],
      ["Top", true],
    ],
  );
  await assert.rejects(workspace.control.submit({ person: REQUESTER, viewId: view.id }), /lies under another modal/);
  await workspace.control.close({ person: REQUESTER, viewId: views[1]?.viewId ?? "" });
  assert.deepEqual(
    (await workspace.control.person(REQUESTER)).views.map(({ viewId }) => viewId),
    [view.id],
  );
});

test("An acknowledgement with a broken view, or of no known kind, is the app's fault", async (context) => {
  const broken = await acknowledged(
    context,
    action({ response_action: "update", view: modal([], { title: plain("x".repeat(25)) }) }),
  );
  assert.match(broken.experience.problem ?? "", /must be less than 25 characters/);
  const unknown = await acknowledged(context, action({ response_action: "dance" }));
  assert.match(unknown.experience.problem ?? "", /no response_action/);
  assert.equal(unknown.views.length, 1);
});

test("A refused or missing acknowledgement leaves the modal open", async (context) => {
  const { experience, views } = await acknowledged(context, { status: 500 });
  assert.deepEqual([experience.delivered, experience.status, views.length], [false, 500, 1]);
  assert.match(experience.problem ?? "", /trouble connecting/);
});

test("Three modals lie on each other, not four, and only a trigger from a modal pushes", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const push = (id: string) => callApi(workspace, "views.push", { trigger_id: id, view: modal([zoneSelect("a")]) });
  assert.equal((await push(await trigger(workspace, app))).error, "invalid_trigger_id");
  await open(workspace, app, modal([zoneSelect("a")]));
  const outcomes: (string | undefined)[] = [];
  for (let height = 1; height <= 3; height += 1) {
    const top = (await workspace.control.person(REQUESTER)).views.at(-1);
    await workspace.control.click({ person: REQUESTER, viewId: top?.viewId ?? "", actionId: "zone", selected: "a" });
    outcomes.push((await push(app.payload(z.object({ trigger_id: z.string() })).trigger_id)).error);
  }
  assert.deepEqual(outcomes, [undefined, undefined, "push_limit_reached"]);
});

test("Closing is told to apps that asked for it", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const view = await open(workspace, app, modal([], { notify_on_close: true }));
  await workspace.control.close({ person: REQUESTER, viewId: view.id });
  const closed = app.payload(
    z.object({ type: z.string(), is_cleared: z.boolean(), view: z.object({ id: z.string() }) }),
  );
  assert.deepEqual([closed.type, closed.is_cleared, closed.view.id], ["view_closed", false, view.id]);
});

test("A click of the other organisation carries our team and theirs; a submission carries theirs and ours", async (context) => {
  const workspace = await openWorkspace(context);
  const app = await startScriptedApp(context, workspace);
  const { ts = "" } = await workspace.web.chat.postMessage({
    channel: HOME,
    text: "card",
    blocks: [
      {
        type: "actions",
        elements: [{ type: "button", action_id: "open", text: { type: "plain_text", text: "Open" } }],
      },
    ],
  });
  await workspace.control.click({ person: OWNER_B, channel: HOME, ts, actionId: "open" });
  const click = app.payload(submission.omit({ view: true, response_urls: true }));
  assert.deepEqual([click.team.id, click.user.team_id], [ASTER, BIRCH]);
  const view = opened.parse(
    await callApi(workspace, "views.open", { trigger_id: click.trigger_id, view: modal([nameInput()]) }),
  ).view;
  await workspace.control.submit({ person: OWNER_B, viewId: view.id, values: { name: "x" } });
  const sent = app.payload(submission);
  assert.deepEqual(
    [sent.team.id, sent.user.team_id, sent.view.app_installed_team_id, sent.response_urls],
    [BIRCH, BIRCH, ASTER, []],
  );
});

test("A Home view is published whole, and seen by its person", async (context) => {
  const workspace = await openWorkspace(context);
  const view = { type: "home", blocks: [{ type: "section", text: plain("Welcome") }] };
  const answer = await callApi(workspace, "views.publish", { user_id: REQUESTER, view });
  assert.equal(answer.ok, true);
  assert.equal((await workspace.control.person(REQUESTER)).home, "Welcome");
});

test("Only what is on the screen can be used", async (context) => {
  const workspace = await openWorkspace(context);
  const view = await open(workspace, await startScriptedApp(context, workspace), modal([nameInput(), zoneSelect("a")]));
  const { control } = workspace;
  const here = { person: REQUESTER, viewId: view.id };
  await assert.rejects(
    control.click({ ...here, actionId: "zone", selected: "z" }),
    /no option has the value "z"; offered are a/,
  );
  await assert.rejects(control.click({ ...here, actionId: "approve" }), /no such element approve/);
  await assert.rejects(control.click({ ...here, actionId: "name", selected: "x" }), /plain input/);
  await assert.rejects(control.fill({ ...here, values: { other: "x" } }), /block other has 0 fields/);
  await assert.rejects(control.submit({ person: OWNER_B, viewId: view.id }), (error) => {
    assert.ok(error instanceof ControlError);
    assert.deepEqual([error.status, error.message], [409, `the modal ${view.id} is not open for U0OWNERB01`]);
    return true;
  });
});
