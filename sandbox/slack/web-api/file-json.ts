import type { StoredFile } from "../state/files.ts";
import type { Slack } from "../state/slack.ts";

/** A file as `files.info` and messages carry it. `shares` is empty until Slack has shared it. */
export function fileJson(slack: Slack, file: StoredFile): Record<string, unknown> {
  const extension = file.name.includes(".") ? (file.name.split(".").at(-1) ?? "") : "";
  const base = `${slack.url()}/files-pri/${slack.world.home.id}-${file.id}`;
  return {
    id: file.id,
    created: file.createdAt,
    timestamp: file.createdAt,
    name: file.name,
    title: file.title,
    mimetype: "text/plain",
    filetype: extension === "" ? "text" : extension,
    pretty_type: "Plain Text",
    user: slack.world.app.botUserId,
    user_team: slack.world.home.id,
    editable: true,
    size: file.content?.length ?? 0,
    mode: "hosted",
    is_external: false,
    external_type: "",
    is_public: file.shares.length > 0,
    public_url_shared: false,
    display_as_bot: false,
    username: "",
    url_private: `${base}/${encodeURIComponent(file.name)}`,
    url_private_download: `${base}/download/${encodeURIComponent(file.name)}`,
    permalink: `https://${slack.world.home.domain}.slack.com/files/${slack.world.app.botUserId}/${file.id}`,
    channels: file.shares.map(({ channel }) => channel),
    groups: [],
    ims: [],
    shares: file.shares.length > 0 ? { public: sharesByChannel(slack, file) } : {},
    has_rich_preview: false,
    file_access: "visible",
  };
}

function sharesByChannel(slack: Slack, file: StoredFile): Record<string, unknown[]> {
  const byChannel: Record<string, unknown[]> = {};
  for (const { channel, ts, threadTs } of file.shares) {
    const shares = byChannel[channel] ?? [];
    shares.push({
      reply_users: [],
      reply_users_count: 0,
      reply_count: 0,
      ts,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
      channel_name: slack.world.channel(channel)?.name ?? "",
      team_id: slack.world.home.id,
      share_user_id: slack.world.app.botUserId,
    });
    byChannel[channel] = shares;
  }
  return byChannel;
}
