/** What the doctor asks Slack: reading calls only, few at once, each with a deadline. */
import { webApi } from "@slack/bolt";
import { pino } from "pino";
import { z } from "zod";
import { Concurrency } from "../concurrency.ts";
import type { Secret } from "../secret.ts";
import { quietLogger } from "../slack/sdk-logger.ts";
import { failureOf, type SlackFailure } from "../slack/slack-error.ts";

/** What Slack said, or why it did not. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: SlackFailure };

const identity = z
  .object({
    team: z.string().default("its workspace"),
    team_id: z.string(),
    enterprise_id: z.string().nullish(),
    user_id: z.string().optional(),
    response_metadata: z.object({ scopes: z.array(z.string()).optional() }).optional(),
  })
  .transform(({ team, team_id, enterprise_id, user_id, response_metadata }) => ({
    workspace: team,
    teams: [team_id, ...(enterprise_id ? [enterprise_id] : [])] as readonly string[],
    user: user_id ?? null,
    /** null: Slack does not say. */
    scopes: response_metadata?.scopes ?? null,
  }));
export type Identity = z.infer<typeof identity>;

const channel = z
  .object({
    channel: z.object({
      name: z.string().default(""),
      is_member: z.boolean().default(false),
      is_archived: z.boolean().default(false),
      conversation_host_id: z.string().optional(),
      connected_team_ids: z.array(z.string()).default([]),
      pending_connected_team_ids: z.array(z.string()).default([]),
    }),
  })
  .transform(({ channel: found }) => ({
    name: found.name,
    isMember: found.is_member,
    isArchived: found.is_archived,
    /** Workspaces that are in it through Slack Connect; none where it is not shared. */
    teams: [
      ...new Set([
        ...found.connected_team_ids,
        ...(found.conversation_host_id === undefined ? [] : [found.conversation_host_id]),
      ]),
    ] as readonly string[],
    pending: found.pending_connected_team_ids as readonly string[],
  }));
export type ChannelFacts = z.infer<typeof channel>;

const person = z
  .object({
    user: z.object({
      team_id: z.string().optional(),
      enterprise_user: z
        .object({ enterprise_id: z.string().optional(), teams: z.array(z.string()).default([]) })
        .optional(),
      deleted: z.boolean().default(false),
      is_bot: z.boolean().default(false),
    }),
  })
  .transform(({ user: { team_id, enterprise_user, deleted, is_bot } }) => ({
    /** The one that stands for them first. */
    teams: [enterprise_user?.enterprise_id, team_id, ...(enterprise_user?.teams ?? [])].filter(
      (team) => team !== undefined,
    ),
    isGone: deleted,
    isBot: is_bot,
  }));
export type PersonFacts = z.infer<typeof person>;

const page = z.object({
  members: z.array(z.string()).default([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

const AT_ONCE = 4;
const CALL_TIMEOUT_MS = 10_000;
/** A channel of more members is not searched to its end. */
const MOST_PAGES = 10;

export interface SlackLookOptions {
  readonly botToken: Secret;
  /** Ends in `/api/`. */
  readonly apiUrl: string;
  /** Hears the answers' `Date`, as it is written. */
  readonly onDate: (date: string) => void;
}

export type SlackLook = ReturnType<typeof slackLook>;

export function slackLook({ botToken, apiUrl, onDate }: SlackLookOptions) {
  const calls = new Concurrency(AT_ONCE);
  const clientWith = (token: Secret): webApi.WebClient =>
    new webApi.WebClient(token.reveal(), {
      slackApiUrl: apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: CALL_TIMEOUT_MS,
      logger: quietLogger(pino({ level: "silent" })),
      fetch: async (...request) => {
        const answer = await fetch(...request);
        const date = answer.headers.get("date");
        if (date !== null) onDate(date);
        return answer;
      },
    });
  const slack = clientWith(botToken);

  const ask = <T>(call: () => Promise<T>): Promise<Asked<T>> =>
    calls.run(async () => {
      try {
        return { ok: true, value: await call() };
      } catch (error) {
        const failure: SlackFailure =
          error instanceof z.ZodError
            ? { kind: "unanswered", error: "what answers there is not Slack", mayBeDone: false }
            : failureOf(error);
        return { ok: false, failure };
      }
    });

  return {
    identity: () => ask(async () => identity.parse(await slack.auth.test())),
    /** Whether the app-level token opens a connection in Socket Mode: Slack gives an address, which is not called. */
    connection: (appToken: Secret) =>
      ask(async () => {
        await clientWith(appToken).apps.connections.open();
      }),
    channel: (id: string) => ask(async () => channel.parse(await slack.conversations.info({ channel: id }))),
    person: (id: string) => ask(async () => person.parse(await slack.users.info({ user: id }))),
    members: (id: string) =>
      ask(async (): Promise<ReadonlySet<string>> => {
        const members = new Set<string>();
        let cursor: string | undefined;
        for (let pages = 0; pages < MOST_PAGES && cursor !== ""; pages += 1) {
          const answer = page.parse(
            await slack.conversations.members({
              channel: id,
              limit: 1000,
              ...(cursor === undefined ? {} : { cursor }),
            }),
          );
          for (const member of answer.members) members.add(member);
          cursor = answer.response_metadata?.next_cursor ?? "";
        }
        return members;
      }),
  };
}
