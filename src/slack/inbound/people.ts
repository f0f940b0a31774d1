/**
 * Who somebody is, the same wherever they act. Of a person whose organisation has several workspaces, Slack names now
 * the one, now the other and now the organisation itself: in a command, a click and a mention.
 */
import type { WebClient } from "@slack/web-api";
import { z } from "zod";
import { type Person, person, type TeamId, teamId, type UserId } from "../../federation/model/identity.ts";
import type { Configuration } from "../../federation/ports.ts";
import { failureOf } from "../slack-error.ts";

/** As a delivery names somebody; the team is null where it names none. */
export interface Actor {
  readonly user: UserId;
  readonly team: TeamId | null;
}

export interface People {
  /** null: Slack does not say to which organisation the person belongs, so nothing is theirs to decide. */
  identify(actor: Actor): Promise<Person | null>;
}

/** What Slack says of somebody: the one team that stands for them, and all of theirs. */
interface Membership {
  readonly home: TeamId | null;
  readonly teams: ReadonlySet<TeamId>;
}

/** People join and leave organisations seldom. */
const BELIEVED_MS = 600_000;
const MOST_KEPT = 5000;

/** `now` is monotonic, in milliseconds. */
export function createPeople(
  slack: WebClient,
  { sites, policy }: Pick<Configuration, "sites" | "policy">,
  now: () => number = () => performance.now(),
): People {
  const kept = new Map<UserId, { readonly until: number; readonly membership: Promise<Membership> }>();

  /** As the zones file names them. */
  const named = (user: UserId): readonly Person[] =>
    [...policy.requesters.people, ...[...sites.values()].flatMap(({ owners }) => owners)].filter(
      (one) => one.user === user,
    );

  function membershipOf(user: UserId): Promise<Membership> {
    const known = kept.get(user);
    if (known !== undefined && known.until > now()) return known.membership;
    const membership = askSlack(slack, user);
    // A failure is not believed for longer than it takes to tell it.
    membership.catch(() => kept.delete(user));
    kept.delete(user);
    kept.set(user, { until: now() + BELIEVED_MS, membership });
    for (const oldest of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(oldest);
    }
    return membership;
  }

  return {
    async identify({ user, team }) {
      const written = named(user);
      const exact = written.find((one) => one.team === team);
      if (exact !== undefined) return exact;
      const { home, teams } = await membershipOf(user);
      // Slack tells of another person than the one who acts: they are who the delivery says.
      if (team !== null && !teams.has(team)) return { team, user };
      const same = written.find((one) => teams.has(one.team));
      return same ?? (home === null ? null : person.parse({ team: home, user }));
    },
  };
}

const told = z.object({
  user: z.object({
    team_id: teamId.optional(),
    enterprise_user: z.object({ enterprise_id: teamId.optional(), teams: z.array(teamId).default([]) }).optional(),
  }),
});

async function askSlack(slack: WebClient, user: UserId): Promise<Membership> {
  try {
    const { team_id: workspace, enterprise_user: enterprise } = told.parse(await slack.users.info({ user })).user;
    const ids = [enterprise?.enterprise_id, workspace, ...(enterprise?.teams ?? [])].filter((id) => id !== undefined);
    return { home: ids[0] ?? null, teams: new Set(ids) };
  } catch (error) {
    // Somebody whom the bot cannot see is who the delivery says.
    if (failureOf(error).kind === "refused") return { home: null, teams: new Set() };
    throw error;
  }
}
