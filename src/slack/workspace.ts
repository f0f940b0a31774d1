/** The workspace that the bot token belongs to; asked until Slack answers and takes the token. */
import { setTimeout as pause } from "node:timers/promises";
import { webApi } from "@slack/bolt";
import type { Logger } from "pino";
import { z } from "zod";
import { type TeamId, teamId } from "../federation/model/identity.ts";
import type { Secret } from "../secret.ts";
import { Availability } from "./availability.ts";
import { quietLogger } from "./sdk-logger.ts";
import { failureOf, type SlackFailure } from "./slack-error.ts";

export interface Workspace {
  /** The team, and the organisation that it may belong to. */
  readonly teams: readonly TeamId[];
  /** Such as `https://example.slack.com/`. */
  readonly url: string;
}

interface Asking {
  readonly botToken: Secret;
  readonly apiUrl: string;
  /** Milliseconds: the first pause before Slack is asked again, and the longest. */
  readonly retries: { readonly first: number; readonly longest: number };
  readonly log: Logger;
}

/** Slack does not let this bot in; asking again would change nothing. The message says what to do. */
export class SlackRefused extends Error {
  readonly code = "slack-refused";
}

const CALL_TIMEOUT_MS = 10_000;

const answer = z.object({
  team_id: teamId,
  enterprise_id: teamId.nullish().or(z.literal("")),
  url: z.string().default("https://slack.com/"),
});

/** Throws `SlackRefused`. */
export async function findWorkspace({ botToken, apiUrl, retries, log }: Asking): Promise<Workspace> {
  const client = new webApi.WebClient(botToken.reveal(), {
    slackApiUrl: apiUrl,
    retryConfig: { retries: 0 },
    timeout: CALL_TIMEOUT_MS,
    // What the library has to say is said here, once.
    logger: quietLogger(log.child({}, { level: "silent" })),
  });
  const availability = new Availability(log, apiUrl);
  for (let wait = retries.first; ; wait = Math.min(retries.longest, wait * 2)) {
    const outcome = await ask(client);
    if ("teams" in outcome) {
      availability.answered();
      return outcome;
    }
    if (outcome.kind === "refused") {
      throw new SlackRefused(`Slack does not tell the bot whose workspace it is in (${outcome.error}).`);
    }
    availability.failed(outcome);
    await pause(wait * (1 - Math.random() / 2));
  }
}

async function ask(client: webApi.WebClient): Promise<Workspace | SlackFailure> {
  try {
    const parsed = answer.safeParse(await client.auth.test());
    if (parsed.success) {
      const { team_id, enterprise_id, url } = parsed.data;
      return { teams: [team_id, ...(enterprise_id ? [enterprise_id] : [])], url };
    }
    return { kind: "unanswered", error: "what answers there is not Slack", mayBeDone: false };
  } catch (error) {
    return failureOf(error);
  }
}
