/** Why a message was given up: Slack's words, and our own. Pure. */

/** The reason of a message that was kept back because others would have read it: this and the teams. */
export const WITHHELD = "withheld:";

export const teamsWithheldFrom = (reason: string): readonly string[] => reason.slice(WITHHELD.length).split(",");

/** The channel takes nothing from the bot until somebody changes something there. */
export const CLOSED_FOR_ALL: Readonly<Record<string, string>> = {
  channel_not_found: "the app is not a member of it, or it no longer exists",
  not_in_channel: "the app is not a member of it",
  is_archived: "it is archived",
};

/** The channel does not take this message until somebody changes something there. */
export const CLOSED_FOR_SOME: Readonly<Record<string, string>> = {
  restricted_action: "its settings let nobody but some people post",
  restricted_action_read_only_channel: "it is read-only",
  restricted_action_thread_only_channel: "it takes threads only",
  restricted_action_non_threadable_channel: "it takes no threads",
  restricted_action_thread_locked: "its thread is locked",
};

export const isClosedForAll = (error: string): boolean => error in CLOSED_FOR_ALL;
export const isClosedChannel = (error: string): boolean => isClosedForAll(error) || error in CLOSED_FOR_SOME;

/** Whether another content of the message would be refused for the same reason. */
export const dependsOnChannel = (reason: string): boolean => reason.startsWith(WITHHELD) || isClosedChannel(reason);

/** Ends the sentence "I cannot post in that channel, because …". */
export const whyClosed = (error: string): string =>
  CLOSED_FOR_ALL[error] ?? CLOSED_FOR_SOME[error] ?? `Slack answers ${error}`;
