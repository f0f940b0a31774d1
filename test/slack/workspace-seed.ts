/** The workspace in which the bench plays: the installing organisation, one for each zone, and their channels. */
import { DEFAULT_SCOPES } from "../../sandbox/slack/world/default-app.ts";
import type { WorldSeed } from "../../sandbox/slack/world/seed.ts";
import { HOME_CHANNEL, ownerOf } from "../builders/decision-context.ts";

export const ZONES = ["alpha", "beta", "gamma", "delta"] as const;
export const HOST = "THOST";
export const BOT_USER = "UFLORIST";
export const REQUESTER = "UREQUESTER";
export const STRANGER = "USTRANGER";
/** A member of the installing organisation who is in none of the federation's channels. */
export const OUTSIDER = "UOUTSIDER";
/** A channel of which the bot is no member. */
export const RANDOM = "CRANDOM";
export const DIRECT = "DDIRECT";
export const channel = (zone: string): string => `C${zone.toUpperCase()}`;
export const owner = (zone: string, nth = 1): string => ownerOf(zone, nth).user;

export const SCOPES = [...DEFAULT_SCOPES];
export const EVENTS = [
  "app_home_opened",
  "app_mention",
  "channel_id_changed",
  "member_joined_channel",
  "channel_shared",
  "channel_unshared",
  "channel_unarchive",
];

export function workspaceSeed(): WorldSeed {
  const owners = ZONES.flatMap((zone) =>
    [1, 2].map((nth) => ({ id: owner(zone, nth), workspace: ownerOf(zone).team, name: `${zone}-${nth}` })),
  );
  const shared = ZONES.map((zone) => ownerOf(zone).team);
  // The fourth zone's organisation is not in the home channel: it is a newcomer's.
  const atHome = shared.slice(0, 3);
  const everybody = [REQUESTER, STRANGER, ...owners.slice(0, 6).map(({ id }) => id)];
  const place = (id: string, connected: string[], members: string[], changes: object = {}) => ({
    id,
    name: id.toLowerCase(),
    host: HOST,
    connected,
    pending: [],
    members,
    botIsMember: true,
    isPrivate: false,
    isArchived: false,
    isDirect: false,
    ...changes,
  });
  return {
    app: {
      id: "AFLORIST",
      name: "florist",
      workspace: HOST,
      botId: "BFLORIST",
      botUserId: BOT_USER,
      command: "/flower",
    },
    workspaces: [HOST, ...shared, "TELSEWHERE"].map((id) => ({ id, name: id, domain: id.toLowerCase() })),
    people: [
      ...[REQUESTER, STRANGER, OUTSIDER].map((id) => ({ id, workspace: HOST, name: id.toLowerCase() })),
      ...owners,
    ],
    channels: [
      place(HOME_CHANNEL, atHome, everybody),
      ...ZONES.map((zone) => place(channel(zone), [ownerOf(zone).team], [owner(zone, 1), owner(zone, 2), STRANGER])),
      place(RANDOM, [], [REQUESTER, OUTSIDER], { botIsMember: false }),
      place(DIRECT, [], [REQUESTER], { isDirect: true, isPrivate: true }),
    ],
  };
}
