import { contentType, json, type Reply, type Request, text } from "../http.ts";
import { nextFailure } from "../state/settings.ts";
import type { Slack } from "../state/slack.ts";
import { logCall } from "./api-call.ts";

/** Takes the bytes that `files.getUploadURLExternal` announced, raw or as the one part of a form. */
export async function answerUpload(slack: Slack, request: Request): Promise<Reply> {
  const failure = nextFailure(slack.settings, "upload");
  if (failure?.how === "hang") return { kind: "hang" };
  if (failure?.how === "500" || failure?.how === "429") return text(Number(failure.how), "upload failed");
  const id = request.path.split("/").at(-1) ?? "";
  const file = slack.files.find(id);
  const outcome = { status: file === undefined ? 404 : 200, ok: file !== undefined };
  if (file !== undefined) file.content = await uploadedBytes(request);
  logCall(slack, "upload", { file: id, bytes: file?.content?.length }, outcome);
  if (failure !== undefined) return { kind: "cut" };
  return file === undefined ? text(404, "not found") : text(200, `OK - ${file.content?.length ?? 0}`);
}

async function uploadedBytes(request: Request): Promise<Buffer> {
  if (contentType(request) !== "multipart/form-data") return request.body;
  const headers = { "content-type": request.headers["content-type"] ?? "" };
  const form = await new Response(new Uint8Array(request.body), { headers }).formData();
  const [part] = [...form.values()];
  if (part === undefined) return Buffer.alloc(0);
  return typeof part === "string" ? Buffer.from(part) : Buffer.from(await part.arrayBuffer());
}

/** `url_private` of a file, for the app's own token. */
export function answerDownload(slack: Slack, request: Request): Reply {
  const id = /-(F[A-Z0-9]+)\//.exec(request.path)?.[1] ?? "";
  const file = slack.files.find(id);
  if (request.headers["authorization"] !== `Bearer ${slack.options.botToken}`) return text(403, "forbidden");
  if (file?.content === undefined) return json(404, { ok: false, error: "file_not_found" });
  return text(200, file.content.toString());
}
