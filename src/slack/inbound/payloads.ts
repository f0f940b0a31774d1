/** Slack's deliveries, parsed once into who did what. Whatever Slack adds beside is ignored. */
import { z } from "zod";
import { type Person, person, type TeamId, teamId, userId } from "../../federation/model/identity.ts";
import { type StateValues, stateValues } from "../blocks/modals/state-values.ts";

/** A click on a button or a change of an input. */
export interface Click {
  readonly person: Person;
  /** The button's opaque ids; empty for an input. */
  readonly value: string;
  /** null in a modal. */
  readonly channel: string | null;
  readonly triggerId: string;
  /** Names this one click: the same delivery, even repeated, has the same. */
  readonly key: string;
  readonly view: ViewState | null;
}

export interface ViewState {
  readonly id: string;
  readonly hash: string;
  readonly callbackId: string;
  readonly privateMetadata: string;
  /** By block id, then action id. */
  readonly values: StateValues;
}

export interface Submission {
  readonly person: Person;
  readonly view: ViewState;
}

export interface Command {
  readonly person: Person;
  readonly channel: string;
  readonly words: readonly string[];
  readonly triggerId: string;
}

export interface Mention {
  readonly user: string;
  /** The organisation in which the person typed. */
  readonly team: TeamId | null;
  readonly channel: string;
  readonly threadTs: string | null;
  readonly words: readonly string[];
}

const view = z
  .object({
    id: z.string(),
    hash: z.string(),
    callback_id: z.string(),
    private_metadata: z.string().default(""),
    state: z.object({ values: stateValues }).default({ values: {} }),
  })
  .transform(
    (raw): ViewState => ({
      id: raw.id,
      hash: raw.hash,
      callbackId: raw.callback_id,
      privateMetadata: raw.private_metadata,
      values: raw.state.values,
    }),
  );

/** A person's own team is `user.team_id`; `team` is theirs in a submission and ours in a click. */
const who = z.object({
  user: z.object({ id: userId, team_id: teamId.optional() }),
  team: z.object({ id: teamId }).nullish(),
});

const personOf = (raw: z.infer<typeof who>): Person =>
  person.parse({ team: raw.user.team_id ?? raw.team?.id, user: raw.user.id });

const click = z
  .object({
    ...who.shape,
    trigger_id: z.string(),
    channel: z.object({ id: z.string() }).nullish(),
    container: z.object({ message_ts: z.string().optional() }).optional(),
    view: view.nullish(),
    actions: z.array(z.object({ action_ts: z.string(), value: z.string().optional() })).min(1),
  })
  .transform((raw): Click => {
    const [action] = raw.actions;
    const where = raw.container?.message_ts ?? raw.view?.id ?? "";
    return {
      person: personOf(raw),
      value: action?.value ?? "",
      channel: raw.channel?.id ?? null,
      triggerId: raw.trigger_id,
      key: `${where}:${action?.action_ts ?? ""}:${raw.user.id}`,
      view: raw.view ?? null,
    };
  });
export const parseClick = (body: unknown): Click => click.parse(body);

const submission = z
  .object({ ...who.shape, view })
  .transform((raw): Submission => ({ person: personOf(raw), view: raw.view }));
export const parseSubmission = (body: unknown): Submission => submission.parse(body);

/** As people type: in any case, with a full stop behind, a name in quotes or as code. */
const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/\s+/)
    .map((word) => word.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, ""))
    .filter((word) => word !== "");

const command = z
  .object({
    team_id: teamId,
    user_id: userId,
    channel_id: z.string(),
    text: z.string().default(""),
    trigger_id: z.string(),
  })
  .transform(
    (raw): Command => ({
      person: { team: raw.team_id, user: raw.user_id },
      channel: raw.channel_id,
      words: wordsOf(raw.text),
      triggerId: raw.trigger_id,
    }),
  );
export const parseCommand = (body: unknown): Command => command.parse(body);

const mentioned = z
  .object({
    user: userId,
    user_team: teamId.optional(),
    team: teamId.optional(),
    channel: z.string(),
    text: z.string().default(""),
    thread_ts: z.string().optional(),
  })
  .transform(
    (raw): Mention => ({
      user: raw.user,
      team: raw.user_team ?? raw.team ?? null,
      channel: raw.channel,
      threadTs: raw.thread_ts ?? null,
      // The mention itself may stand anywhere in the text.
      words: wordsOf(raw.text.replace(/<@[^>]+>/g, " ")),
    }),
  );
export const parseMention = (event: unknown): Mention => mentioned.parse(event);
