/** Sites whose entry names an id that their channel has no more: told once, with what the operator is to write. Pure. */
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { ChannelId, SiteName } from "../../federation/model/identity.ts";
import { keeperOf } from "../../federation/model/site-profiles.ts";
import type { Federation } from "../../federation/model/state.ts";
import { MARK } from "../blocks/marks.ts";
import { code, escaped } from "../blocks/mrkdwn.ts";
import { placeTitle } from "../blocks/titles.ts";
import type { DesiredMessage } from "../message.ts";
import { inHomeThread, reply } from "./place.ts";

export interface OutdatedEntry {
  readonly site: SiteName;
  readonly written: ChannelId;
  readonly now: ChannelId;
  /** Such as `zones.yml, line 14`. */
  readonly where: string;
}

export function renumberedNotices(
  federation: Federation,
  entries: readonly OutdatedEntry[],
  directory: Directory,
): readonly DesiredMessage[] {
  if (federation.ended !== null) return [];
  return entries.flatMap((entry) => {
    const isConcerned = [...federation.sites.keys()].some(
      (name) => channelOf(directory, name) === channelOf(directory, entry.site),
    );
    if (!isConcerned) return [];
    const where = escaped(placeTitle(directory, { name: entry.site }));
    const text = `${MARK.warning} The channel of *${where}* has another id in Slack since it was shared. Its messages are there as before. The bot's operator: ${whatToWrite(entry)}`;
    return [reply(`renumbered/${entry.site}/${entry.now}`, inHomeThread(federation, "tell"), text)];
  });
}

const channelOf = ({ sites }: Directory, name: SiteName): ChannelId | null => keeperOf(sites, name)?.channel ?? null;

const whatToWrite = ({ written, now, where }: OutdatedEntry): string =>
  `in ${escaped(where)}, write ${code(`channel: ${now}`)} in place of ${code(written)}.`;
