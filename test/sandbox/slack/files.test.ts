import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { callApi, callApiWithForm } from "./api-call.ts";
import { HOME, openWorkspace, type Workspace, ZONE_A } from "./workspace.ts";

const announced = z.object({ file_id: z.string(), upload_url: z.string() });
const info = z.object({
  file: z.object({ shares: z.object({ public: z.record(z.string(), z.array(z.unknown())).optional() }) }),
});

async function uploaded(workspace: Workspace, content: string): Promise<string> {
  const args = { filename: "ca.pem", length: content.length };
  const { file_id: id, upload_url: url } = announced.parse(
    await callApiWithForm(workspace, "files.getUploadURLExternal", args),
  );
  assert.equal((await fetch(url, { method: "POST", body: content })).status, 200);
  return id;
}

async function sharesOf(workspace: Workspace, id: string): Promise<string[]> {
  const { file } = info.parse(await callApiWithForm(workspace, "files.info", { file: id }));
  return Object.keys(file.shares.public ?? {});
}

test("A completed file is shared later, in the thread it was meant for", async (context) => {
  const workspace = await openWorkspace(context);
  const { ts = "" } = await workspace.web.chat.postMessage({ channel: HOME, text: "trust" });
  const id = await uploaded(workspace, "-----BEGIN CERTIFICATE-----");
  const completion = { files: [{ id, title: "CA" }], channel_id: HOME, thread_ts: ts };
  const completed = await callApi(workspace, "files.completeUploadExternal", completion);
  assert.deepEqual(z.object({ files: z.array(z.object({ shares: z.unknown() })) }).parse(completed).files, [
    { shares: {} },
  ]);
  const reply = await workspace.control.until(
    "the share",
    async () => (await workspace.control.channel(HOME)).messages[0]?.replies[0],
  );
  assert.deepEqual(reply.files, [{ id, name: "ca.pem", title: "CA", text: "-----BEGIN CERTIFICATE-----" }]);
  assert.deepEqual(await sharesOf(workspace, id), [HOME]);
});

test("Sometimes the file is never shared", async (context) => {
  const workspace = await openWorkspace(context);
  await workspace.control.settings({ fileShare: "never" });
  const id = await uploaded(workspace, "x");
  await callApi(workspace, "files.completeUploadExternal", { files: [{ id }], channel_id: HOME });
  assert.deepEqual(await sharesOf(workspace, id), []);
});

test("Without a channel a completed file stays private", async (context) => {
  const workspace = await openWorkspace(context);
  const id = await uploaded(workspace, "x");
  const answer = await callApi(workspace, "files.completeUploadExternal", { files: [{ id }] });
  assert.equal(answer.ok, true);
  assert.deepEqual(await sharesOf(workspace, id), []);
});

test("A thread belongs to exactly one channel", async (context) => {
  const workspace = await openWorkspace(context);
  const id = await uploaded(workspace, "x");
  const args = { files: [{ id }], channels: `${HOME},${ZONE_A}`, thread_ts: "1.000001" };
  assert.equal((await callApi(workspace, "files.completeUploadExternal", args)).error, "invalid_arguments");
});

test("A file of no length is a missing argument", async (context) => {
  const workspace = await openWorkspace(context);
  const args = { filename: "empty", length: 0 };
  assert.equal((await callApiWithForm(workspace, "files.getUploadURLExternal", args)).error, "missing_argument");
});

test("Only what was uploaded can be completed, and once", async (context) => {
  const workspace = await openWorkspace(context);
  const complete = async (id: string) =>
    (await callApi(workspace, "files.completeUploadExternal", { files: [{ id }] })).error;
  assert.equal(await complete("F0UNKNOWN1"), "file_not_found");
  const { file_id: id } = announced.parse(
    await callApiWithForm(workspace, "files.getUploadURLExternal", { filename: "a", length: 1 }),
  );
  assert.equal(await complete(id), "file_not_found");
  const done = await uploaded(workspace, "x");
  assert.equal(await complete(done), undefined);
  assert.equal(await complete(done), "file_not_found");
});

test("The SDK's upload of bytes arrives as it was", async (context) => {
  const workspace = await openWorkspace(context);
  await workspace.web.filesUploadV2({
    channel_id: HOME,
    filename: "a.pem",
    file: Buffer.from("line 1\nline 2\n"),
    initial_comment: "the CA",
  });
  const message = await workspace.control.until(
    "the share",
    async () => (await workspace.control.channel(HOME)).messages[0],
  );
  assert.equal(message.text, "the CA");
  assert.equal(message.files[0]?.text, "line 1\nline 2\n");
});
