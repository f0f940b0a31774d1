/** What the app may do and hears of, unless somebody says otherwise: what florist's manifest asks for. */
export const DEFAULT_SCOPES = [
  "commands",
  "chat:write",
  "files:write",
  "files:read",
  "users:read",
  "channels:read",
  "groups:read",
  "app_mentions:read",
] as const;

export const DEFAULT_EVENTS = [
  "app_home_opened",
  "app_mention",
  "channel_shared",
  "channel_unarchive",
  "channel_unshared",
  "group_unarchive",
  "member_joined_channel",
  "channel_id_changed",
] as const;
