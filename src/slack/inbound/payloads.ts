/** Slack's deliveries, parsed once into who did what. Whatever Slack adds beside is ignored. */
import { z } from "zod";
import { type Person, teamId, userId } from "../../federation/model/identity.ts";
import { type StateValues, stateValues } from "../blocks/modals/state-values.ts";
import type { Actor } from "./people.ts";

/** As it was delivered: who acted is as Slack names them there, and is found out before anything is done. */
export type Delivered<T extends { readonly person: Person }> = Omit<T, "person"> & { readonly actor: Actor };

/** A click on a button or a change of an input. */
export interface Click {
  readonly person: Person;
  /** The button's opaque ids; empty for an input. */
  readonly value: string;
  /** null in a modal. */
  readonly channel: string | null;
  /** Of the message; null in a modal. */
  readonly ts: string | null;
  readonly triggerId: string;
  /** Names this one click: the same delivery, even repeated, has the same. */
  readonly key: string;
  /** In seconds by Slack's clock: what somebody did later has a higher one. */
  readonly at: number;
  readonly view: ViewState | null;
}

export interface ViewState {
  readonly id: string;
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
  readonly actor: Actor;
  readonly channel: string;
  readonly threadTs: string | null;
  readonly words: readonly string[];
  /** Ids of the files that were attached. */
  readonly files: readonly string[];
  /** The message's own: the same delivery, even repeated, has the same. */
  readonly ts: string;
}

const view = z
  .object({
    id: z.string(),
    callback_id: z.string(),
    private_metadata: z.string().default(""),
    state: z.object({ values: stateValues }).default({ values: {} }),
  })
  .transform(
    (raw): ViewState => ({
      id: raw.id,
      callbackId: raw.callback_id,
      privateMetadata: raw.private_metadata,
      values: raw.state.values,
    }),
  );

const user = z.object({ id: userId, team_id: teamId.nullish() });

/** `team` of a click is the organisation that installed the app, and says nothing about who clicked. */
export const click = z
  .object({
    user,
    trigger_id: z.string(),
    channel: z.object({ id: z.string() }).nullish(),
    container: z.object({ message_ts: z.string().optional() }).optional(),
    view: view.nullish(),
    actions: z.array(z.object({ action_ts: z.string().regex(/^\d+(\.\d+)?$/), value: z.string().optional() })).min(1),
  })
  .transform((raw): Delivered<Click> => {
    const [action] = raw.actions;
    const where = raw.container?.message_ts ?? raw.view?.id ?? "";
    return {
      actor: { user: raw.user.id, team: raw.user.team_id ?? null },
      value: action?.value ?? "",
      channel: raw.channel?.id ?? null,
      ts: raw.container?.message_ts ?? null,
      triggerId: raw.trigger_id,
      key: `${where}:${action?.action_ts ?? ""}:${raw.user.id}`,
      at: Number(action?.action_ts),
      view: raw.view ?? null,
    };
  });
export const parseClick = (body: unknown): Delivered<Click> => click.parse(body);

/** `team` of a submission is that of whoever submits. */
export const submission = z.object({ user, team: z.object({ id: teamId }).nullish(), view }).transform(
  (raw): Delivered<Submission> => ({
    actor: { user: raw.user.id, team: raw.user.team_id ?? raw.team?.id ?? null },
    view: raw.view,
  }),
);
export const parseSubmission = (body: unknown): Delivered<Submission> => submission.parse(body);

/**
 * As people type and their devices change it: in any case, with a full stop behind, a name in quotes or as code, with a
 * dash for a hyphen; what looks like an address Slack has made a link.
 */
const wordsOf = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .replaceAll(/<[^<>|]*\|([^<>|]*)>/g, "$1")
    .replaceAll(/[\u2010-\u2015\u2212]/g, "-")
    .split(/\s+/)
    .map((word) => word.replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, ""))
    .filter((word) => word !== "");

export const command = z
  .object({
    team_id: teamId,
    user_id: userId,
    channel_id: z.string(),
    text: z.string().default(""),
    trigger_id: z.string(),
  })
  .transform(
    (raw): Delivered<Command> => ({
      actor: { team: raw.team_id, user: raw.user_id },
      channel: raw.channel_id,
      words: wordsOf(raw.text),
      triggerId: raw.trigger_id,
    }),
  );
export const parseCommand = (body: unknown): Delivered<Command> => command.parse(body);

const mentioned = z
  .object({
    user: userId,
    user_team: teamId.optional(),
    team: teamId.optional(),
    channel: z.string(),
    text: z.string().default(""),
    thread_ts: z.string().optional(),
    ts: z.string().default(""),
    files: z.array(z.object({ id: z.string() })).nullish(),
  })
  .transform(
    (raw): Mention => ({
      actor: { user: raw.user, team: raw.user_team ?? raw.team ?? null },
      channel: raw.channel,
      threadTs: raw.thread_ts ?? null,
      ts: raw.ts,
      files: (raw.files ?? []).map(({ id }) => id),
      // The mention itself may stand anywhere in the text.
      words: wordsOf(raw.text.replace(/<@[^>]+>/g, " ")),
    }),
  );
export const parseMention = (event: unknown): Mention => mentioned.parse(event);
