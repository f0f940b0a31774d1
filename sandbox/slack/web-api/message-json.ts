import type { Message } from "../state/messages.ts";
import type { Slack } from "../state/slack.ts";
import { fileJson } from "./file-json.ts";

/** A message as Slack's answers and payloads carry it. */
export function messageJson(slack: Slack, message: Message): Record<string, unknown> {
  return {
    type: "message",
    ...author(slack, message),
    text: message.text,
    ts: message.ts,
    ...(message.blocks.length > 0 ? { blocks: message.blocks } : {}),
    ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
    ...(message.files.length > 0 ? { files: filesOf(slack, message), upload: false, subtype: "file_share" } : {}),
    ...(message.metadata === undefined ? {} : { metadata: message.metadata }),
    ...(message.editedTs === undefined ? {} : { edited: { user: slack.world.app.botUserId, ts: message.editedTs } }),
  };
}

function author(slack: Slack, message: Message): Record<string, unknown> {
  const { app, home } = slack.world;
  if (message.author.kind === "person") {
    return { user: message.author.id, team: slack.world.person(message.author.id)?.workspace };
  }
  return {
    user: app.botUserId,
    bot_id: app.botId,
    app_id: app.id,
    team: home.id,
    bot_profile: {
      id: app.botId,
      app_id: app.id,
      user_id: app.botUserId,
      name: app.name,
      icons: {},
      deleted: false,
      updated: 1_700_000_000,
      team_id: home.id,
    },
  };
}

function filesOf(slack: Slack, message: Message): unknown[] {
  return message.files.flatMap((id) => {
    const file = slack.files.find(id);
    return file === undefined ? [] : [fileJson(slack, file)];
  });
}
