import type { Parcel } from "../parcel.ts";
import type { Slack } from "../state/slack.ts";
import type { Channel, Person, Workspace } from "../world/world.ts";

/** What every interaction carries. `team` differs between a click and a submission, so the caller says which. */
export function interactionBase(slack: Slack, person: Person, team: Workspace): Record<string, unknown> {
  return {
    team: { id: team.id, domain: team.domain },
    user: {
      id: person.id,
      username: person.name,
      name: person.name,
      team_id: person.organisation?.id ?? person.workspace,
    },
    api_app_id: slack.world.app.id,
    token: slack.verificationToken,
    enterprise: null,
    is_enterprise_install: false,
  };
}

export function interactionParcel(kind: Parcel["kind"], payload: Record<string, unknown>): Parcel {
  return {
    kind,
    contentType: "application/x-www-form-urlencoded",
    body: new URLSearchParams({ payload: JSON.stringify({ type: kind, ...payload }) }).toString(),
  };
}

/** Slack does not tell apps the names of private conversations. */
export function channelJson({ id, name, isDirect, isPrivate }: Channel): {
  readonly id: string;
  readonly name: string;
} {
  if (isDirect) return { id, name: "directmessage" };
  return { id, name: isPrivate ? "privategroup" : name };
}

/** The workspace a person belongs to; every seed gives one. */
export function workspaceOf(slack: Slack, person: Person): Workspace {
  return slack.world.workspace(person.workspace) ?? slack.world.home;
}
