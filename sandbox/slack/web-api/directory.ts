import { z } from "zod";
import type { Slack } from "../state/slack.ts";
import { type Channel, isShared, type Person, teamsOf } from "../world/world.ts";
import { readableChannel } from "./channel-access.ts";
import { count, type Method, Refusal, readArgs } from "./method.ts";

const authTest: Method = {
  scopes: [],
  perMinute: Number.POSITIVE_INFINITY,
  takesJson: true,
  run: ({ world: { app, home } }) => ({
    url: `https://${home.domain}.slack.com/`,
    team: home.name,
    user: app.name,
    team_id: home.id,
    user_id: app.botUserId,
    bot_id: app.botId,
    is_enterprise_install: false,
  }),
};

const conversationInfo: Method = {
  scopes: ["channels:read", "groups:read", "im:read"],
  perMinute: 50,
  takesJson: false,
  run: (slack, args) => {
    const { channel: id } = readArgs(z.object({ channel: z.string() }), args);
    return { channel: channelJson(slack, readableChannel(slack, id)) };
  },
};

const conversationMembers: Method = {
  scopes: ["channels:read", "groups:read", "im:read"],
  perMinute: 100,
  takesJson: false,
  run: (slack, args) => {
    const schema = z.object({ channel: z.string(), cursor: z.string().optional(), limit: count });
    const { channel: id, cursor = "", limit = 100 } = readArgs(schema, args);
    if (limit < 1 || limit > 1000) throw new Refusal("invalid_limit");
    const channel = readableChannel(slack, id);
    const members = [...channel.members, ...(channel.botIsMember ? [slack.world.app.botUserId] : [])];
    const start = cursor === "" ? 0 : Number(Buffer.from(cursor, "base64").toString().replace("at:", ""));
    if (!Number.isInteger(start) || start < 0) throw new Refusal("invalid_cursor");
    const next = start + limit < members.length ? Buffer.from(`at:${start + limit}`).toString("base64") : "";
    return { members: members.slice(start, start + limit), response_metadata: { next_cursor: next } };
  },
};

const userInfo: Method = {
  scopes: ["users:read"],
  perMinute: 100,
  takesJson: false,
  run: (slack, args) => {
    const { user: id } = readArgs(z.object({ user: z.string() }), args);
    const { app } = slack.world;
    if (id === app.botUserId) return { user: userJson(slack, { id, workspace: app.workspace, name: app.name }, true) };
    const person = slack.world.person(id);
    if (person === undefined || !isVisible(slack, person)) throw new Refusal("user_not_found");
    return { user: userJson(slack, person, false) };
  },
};

/** People of other workspaces are known through a channel that both share. */
function isVisible(slack: Slack, person: Person): boolean {
  const { home } = slack.world;
  if (person.workspace === home.id) return true;
  return slack.world.channels().some((each) => each.members.includes(person.id) && teamsOf(each).includes(home.id));
}

/** Of people on Enterprise Grid there may be no `team_id`, but always all that is known of their organisation. */
function teamOf({ id, workspace, organisation }: Person): Record<string, unknown> {
  if (organisation === undefined) return { team_id: workspace };
  const { id: enterprise, workspaces } = organisation;
  return {
    enterprise_user: {
      id,
      enterprise_id: enterprise,
      enterprise_name: enterprise,
      is_admin: false,
      is_owner: false,
      teams: workspaces,
    },
  };
}

function userJson(slack: Slack, person: Person, isBot: boolean): Record<string, unknown> {
  const isForeign = person.workspace !== slack.world.home.id;
  return {
    id: person.id,
    ...teamOf(person),
    name: person.name,
    deleted: false,
    real_name: person.name,
    tz: "Etc/UTC",
    tz_label: "UTC",
    tz_offset: 0,
    profile: {
      title: "",
      phone: "",
      real_name: person.name,
      real_name_normalized: person.name,
      display_name: person.name,
      display_name_normalized: person.name,
      status_text: "",
      status_emoji: "",
      team: person.workspace,
      ...(isBot ? { api_app_id: slack.world.app.id, bot_id: slack.world.app.botId } : {}),
    },
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: false,
    is_ultra_restricted: false,
    is_bot: isBot,
    is_app_user: false,
    is_stranger: isForeign,
    updated: 1_700_000_000,
    is_email_confirmed: true,
  };
}

function channelJson(slack: Slack, channel: Channel): Record<string, unknown> {
  const { home, app } = slack.world;
  if (channel.isDirect) {
    return {
      id: channel.id,
      created: 1_700_000_000,
      is_im: true,
      is_org_shared: false,
      is_archived: channel.isArchived,
      context_team_id: home.id,
      user: channel.members[0],
    };
  }
  const shared = isShared(channel);
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.isPrivate,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: channel.isPrivate,
    created: 1_700_000_000,
    is_archived: channel.isArchived,
    is_general: false,
    unlinked: 0,
    is_shared: shared,
    is_org_shared: false,
    is_ext_shared: shared,
    is_pending_ext_shared: channel.pending.length > 0,
    pending_shared: [],
    pending_connected_team_ids: channel.pending,
    parent_conversation: null,
    creator: app.botUserId,
    context_team_id: home.id,
    shared_team_ids: teamsOf(channel),
    ...(shared ? connection(channel) : {}),
    is_member: channel.botIsMember,
    topic: { value: "", creator: "", last_set: 0 },
    purpose: { value: "", creator: "", last_set: 0 },
    previous_names: [],
  };
}

/** Only a shared channel tells who is connected; the list has our own workspace in it, too. */
function connection(channel: Channel): Record<string, unknown> {
  return {
    conversation_host_id: channel.host,
    internal_team_ids: [],
    connected_team_ids: teamsOf(channel),
    connected_limited_team_ids: [],
  };
}

export const directoryMethods: Readonly<Record<string, Method>> = {
  "auth.test": authTest,
  "conversations.info": conversationInfo,
  "conversations.members": conversationMembers,
  "users.info": userInfo,
};
