/** Why a message was given up: Slack's words, and our own. Pure. */

/** The reason of a message that was kept back because others would have read it: this and the teams. */
export const WITHHELD = "withheld:";

export const teamsWithheldFrom = (reason: string): readonly string[] => reason.slice(WITHHELD.length).split(",");

/** The channel does not take messages from the bot until somebody changes something there. */
const CLOSED: Readonly<Record<string, string>> = {
  channel_not_found: "the app is not a member of it, or it no longer exists",
  not_in_channel: "the app is not a member of it",
  is_archived: "it is archived",
  restricted_action: "its settings let nobody but some people post",
  restricted_action_read_only_channel: "it is read-only",
  restricted_action_thread_only_channel: "it takes threads only",
  restricted_action_non_threadable_channel: "it takes no threads",
};
export const isClosedChannel = (error: string): boolean => error in CLOSED;

/** Ends the sentence "I cannot post in that channel, because …". */
export const whyClosed = (error: string): string => CLOSED[error] ?? `Slack answers ${error}`;
