/** Whether the bot can post in the channels that the zones file names, and whoever decides can read there. */
import { whyClosed } from "../slack/refusals.ts";
import { type Check, fault, notLookedAt, ok, warning } from "./check.ts";
import { whyUnasked } from "./slack-checks.ts";
import type { Asked, ChannelFacts } from "./slack-look.ts";

export interface NamedChannel {
  /** As the zones file has it. */
  readonly id: string;
  /** As Slack calls it now. */
  readonly now: string;
  /** Such as `channel of zone-a`. */
  readonly as: string;
}

const INVITE = "Write `/invite @florist` in it, or correct the id in the zones file.";

/** Where nothing is wrong the tick says with whom it is shared: whoever reads there reads the cards. */
export function channelCheck({ id, now, as }: NamedChannel, asked: Asked<ChannelFacts>): Check {
  const about = { code: "channel", subject: id } as const;
  if (!asked.ok) {
    const { failure } = asked;
    if (failure.kind !== "refused") return notLookedAt(about, `${id} (${as}) was`, whyUnasked(failure));
    return fault(about, `The bot cannot post in ${id} (${as}): ${whyClosed(failure.error)}.`, INVITE);
  }
  const { name, isMember, isArchived, teams, pending } = asked.value;
  const what = `#${name} (${id}, ${as})`;
  if (isArchived) {
    return fault(about, `The bot cannot post in ${what}: it is archived.`, "Unarchive it, or name another channel.");
  }
  if (!isMember) return fault(about, `The bot cannot post in ${what}: it is not a member of it.`, INVITE);
  if (pending.length > 0) {
    const remedy =
      "Let somebody there accept Slack's invitation; until then nobody of theirs reads or presses anything.";
    return warning(about, `${pending.join(", ")} has been invited to ${what} and has not accepted.`, remedy);
  }
  if (now !== id) {
    const remedy = `Write ${now} in the zones file.`;
    return warning(
      { ...about, code: "channel-id" },
      `${what} has another id in Slack by now, which the bot follows.`,
      remedy,
    );
  }
  return ok(
    about,
    `The bot is a member of ${what}, ${teams.length > 0 ? `shared with ${teams.join(", ")}` : "which is not shared"}.`,
  );
}

export interface ZoneOwners {
  readonly zone: string;
  readonly quorum: number;
  /** Those whom Slack knows, with their teams. */
  readonly owners: readonly { readonly user: string; readonly teams: readonly string[] }[];
}

/** Whether the owners are in their zone's channel: what they are to decide stands there. `home`: the installing team's ids. */
export function ownersCheck(
  { zone, quorum, owners }: ZoneOwners,
  { id, now }: NamedChannel,
  {
    facts,
    members,
    home,
  }: { readonly facts: ChannelFacts; readonly members: Asked<ReadonlySet<string>>; readonly home: readonly string[] },
): Check {
  const about = { code: "channel-owners", subject: id } as const;
  const what = `#${facts.name} (${now})`;
  if (!members.ok) return notLookedAt(about, `Who is in ${what} was`, whyUnasked(members.failure));
  const absent = owners.filter(({ user }) => !members.value.has(user));
  if (absent.length === 0) return ok(about, `The owners of ${zone} are in ${what}.`);
  const outside = absent.filter(
    ({ teams }) => !teams.some((team) => home.includes(team) || facts.teams.includes(team)),
  );
  const names = absent.map(({ user }) => user).join(", ");
  const remedy =
    outside.length > 0
      ? `Share it through Slack Connect with ${[...new Set(outside.map(({ teams }) => teams[0] ?? "their workspace"))].join(", ")}, then invite them.`
      : `Invite them to it.`;
  const present = owners.length - absent.length;
  return present < quorum
    ? fault(about, `${names} (owners of ${zone}) cannot read ${what}, so too few can decide there.`, remedy)
    : warning(about, `${names} (owners of ${zone}) cannot read ${what}.`, remedy);
}
