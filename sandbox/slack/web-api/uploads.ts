import { contentType, json, type Reply, type Request, text } from "../http.ts";
import type { Slack } from "../state/slack.ts";
import { answerUnlessFailing, logCall } from "./failure.ts";

/** Takes the bytes that `files.getUploadURLExternal` announced, raw or as the one part of a form. */
export function answerUpload(slack: Slack, request: Request): Promise<Reply> {
  const id = request.path.split("/").at(-1) ?? "";
  return answerUnlessFailing(slack, "upload", { file: id }, async () => {
    const file = slack.files.find(id);
    if (file === undefined) {
      logCall(slack, "upload", { file: id }, { status: 404, ok: false, error: "file_not_found" });
      return text(404, "not found");
    }
    file.content = await uploadedBytes(request);
    const bytes = file.content.length;
    logCall(slack, "upload", { file: id, bytes, content: file.content.toString() }, { status: 200, ok: true });
    return text(200, `OK - ${bytes}`);
  });
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
