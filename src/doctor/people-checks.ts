/** Whether the people whom the zones file names are there, and of the team it names. */
import { type Check, fault, notLookedAt, ok } from "./check.ts";
import { whyUnasked } from "./slack-checks.ts";
import type { Asked, PersonFacts } from "./slack-look.ts";

export interface NamedPerson {
  readonly team: string;
  readonly user: string;
  /** Such as `owner of zone-a` or `requester`. */
  readonly as: string;
}

const WHOAMI = "`@florist whoami` shows both ids to whoever asks.";

/** null: they are who the zones file says. */
export function personFault({ team, user, as }: NamedPerson, asked: Asked<PersonFacts>): Check | null {
  const about = { code: "person", subject: user } as const;
  const who = `${user} (${as})`;
  if (!asked.ok) {
    if (asked.failure.kind !== "refused") return notLookedAt(about, `${who} was`, whyUnasked(asked.failure));
    const remedy = `Correct the id, or share a channel with their workspace first. ${WHOAMI}`;
    return fault(about, `Slack shows the bot no ${who} (${asked.failure.error}).`, remedy);
  }
  const { teams, isGone, isBot } = asked.value;
  if (isGone) return fault(about, `${who} has been deactivated in Slack.`, "Name somebody else in the zones file.");
  if (isBot) return fault(about, `${who} is a bot, which decides nothing.`, "Name a person in the zones file.");
  if (teams.includes(team)) return null;
  const home = teams[0] ?? "another team";
  return fault(about, `${who} belongs to ${home}, not to ${team}.`, `Write {team: ${home}, user: ${user}}. ${WHOAMI}`);
}

export const everybodyIsThere = (count: number): Check =>
  ok(
    { code: "person", subject: "zones file" },
    `Slack knows the ${count} people whom the zones file names, each in their team.`,
  );
