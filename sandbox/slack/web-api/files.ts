import { z } from "zod";
import type { StoredFile } from "../state/files.ts";
import type { Slack } from "../state/slack.ts";
import type { Channel } from "../world/world.ts";
import { writableChannel } from "./channel-access.ts";
import { readContent } from "./chat.ts";
import { fileJson } from "./file-json.ts";
import { count, type Method, Refusal, readArgs, structured } from "./method.ts";

const PER_MINUTE = 100;

const getUploadUrl: Method = {
  scopes: ["files:write"],
  perMinute: PER_MINUTE,
  takesJson: false,
  run: (slack, args) => {
    const { filename, length } = readArgs(z.object({ filename: z.string().min(1), length: count }), args);
    if (length === undefined || length < 1) throw new Refusal("missing_argument");
    const file = slack.files.announce(filename, length);
    return { upload_url: `${slack.url()}/upload/v1/${file.id}`, file_id: file.id };
  },
};

const completing = z.object({
  files: structured,
  channel_id: z.string().optional(),
  channels: z.string().optional(),
  initial_comment: z.string().optional(),
  thread_ts: z.string().optional(),
  blocks: structured,
});
const completedFiles = z.array(z.object({ id: z.string(), title: z.string().optional() })).min(1);

const completeUpload: Method = {
  scopes: ["files:write"],
  perMinute: PER_MINUTE,
  takesJson: true,
  run: (slack, args) => {
    const given = readArgs(completing, args);
    const listed = completedFiles.safeParse(given.files);
    if (!listed.success) throw new Refusal("invalid_arguments");
    const files = listed.data.map(({ id, title }) => uploadedFile(slack, id, title));
    const ids = [given.channel_id ?? [], given.channels?.split(",") ?? []].flat();
    if (given.thread_ts !== undefined && ids.length !== 1) throw new Refusal("invalid_arguments");
    const channels = ids.map((id) => writableChannel(slack, id));
    const said = commentOf(slack, given);
    for (const file of files) file.completed = true;
    for (const channel of channels) shareLater(slack, channel, files, given.thread_ts, said);
    return { files: files.map((file) => fileJson(slack, file)) };
  },
};

/** `blocks` counts only without an `initial_comment`. */
function commentOf(slack: Slack, given: z.infer<typeof completing>) {
  if (given.initial_comment !== undefined) {
    return readContent(slack, { text: given.initial_comment, blocks: undefined });
  }
  if (given.blocks !== undefined) return readContent(slack, { blocks: given.blocks });
  return { text: "", blocks: [] };
}

function uploadedFile(slack: Slack, id: string, title: string | undefined): StoredFile {
  const file = slack.files.find(id);
  if (file === undefined || file.content === undefined || file.completed) throw new Refusal("file_not_found");
  file.title = title ?? file.title;
  return file;
}

/** Completing an upload is not sharing it: that comes later, and sometimes never. */
function shareLater(
  slack: Slack,
  channel: Channel,
  files: readonly StoredFile[],
  threadTs: string | undefined,
  said: ReturnType<typeof commentOf>,
): void {
  const delay = slack.settings.fileShare;
  if (delay === "never") return;
  slack.later(delay, () => {
    const message = slack.messages.add({
      ts: slack.ids.timestamp(),
      channel: channel.id,
      threadTs,
      author: { kind: "bot" },
      files: files.map(({ id }) => id),
      ...said,
    });
    for (const file of files) file.shares.push({ channel: channel.id, ts: message.ts, threadTs });
    slack.changes.note();
  });
}

const fileInfo: Method = {
  scopes: ["files:read"],
  perMinute: PER_MINUTE,
  takesJson: false,
  run: (slack, args) => {
    const { file: id } = readArgs(z.object({ file: z.string() }), args);
    const file = slack.files.find(id);
    if (file === undefined || !file.completed) throw new Refusal("file_not_found");
    const paging = { count: 100, total: 0, page: 1, pages: 0 };
    return { file: fileJson(slack, file), comments: [], response_metadata: { next_cursor: "" }, paging };
  },
};

export const fileMethods: Readonly<Record<string, Method>> = {
  "files.getUploadURLExternal": getUploadUrl,
  "files.completeUploadExternal": completeUpload,
  "files.info": fileInfo,
};
