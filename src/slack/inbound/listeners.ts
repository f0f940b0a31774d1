/** How every delivery is handled: recorded, acknowledged in time, and answered whatever happens. */

import type { RespondFn } from "@slack/bolt";
import type { Logger } from "pino";
import { channelId } from "../../federation/model/identity.ts";
import { section } from "../blocks/elements.ts";
import { MARK } from "../blocks/marks.ts";
import { acknowledge, asMessage, type ModalAnswer, message, shown } from "../blocks/modals/modal.ts";
import { failureOf } from "../slack-error.ts";
import type { Bot } from "./bot.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { type Click, type Delivered, parseClick, parseSubmission, type Submission } from "./payloads.ts";
import type { Actor } from "./people.ts";

/** Slack waits three seconds; what takes longer goes on after the acknowledgement. */
const ACKNOWLEDGE_AFTER_MS = 2000;

const WENT_WRONG = `${MARK.warning} Something went wrong on the bot's side. Please try again; if it stays, tell the bot's operator.`;
const TOO_LATE = `${MARK.warning} That took too long, so Slack does not let the bot open anything any more. Please try again.`;
const TOO_BUSY = `${MARK.warning} Slack asks the bot to slow down. Please try again in a minute.`;
export const NOBODY = `${MARK.forbidden} Slack did not tell the bot which organisation you belong to, so this does not count. Type \`@florist whoami\` here; if that does not help, ask the bot's operator.`;

/** What a person is told of what was thrown. */
export function whatWentWrong(error: unknown): string {
  const failure = failureOf(error);
  if (failure.kind === "rate-limited") return TOO_BUSY;
  return failure.kind === "refused" && /trigger/.test(failure.error) ? TOO_LATE : WENT_WRONG;
}

/** A private answer, or null where what people see says it all. */
export type Answer = string | null;

export function onClick(
  dispatcher: Dispatcher,
  bot: Bot,
  actionId: string,
  handle: (click: Click) => Promise<Answer>,
): void {
  dispatcher.click(actionId, async ({ ack, body, respond }) => {
    const click = parseClick(body);
    const channel = channelId.safeParse(click.channel);
    if (channel.success && click.ts !== null)
      bot.buttonUsed({ channel: channel.data, ts: click.ts, value: click.value });
    const work = guarded(bot.log, actionId, whatWentWrong, async () => {
      const known = await identified(bot, click);
      return known === null ? NOBODY : await handle(known);
    });
    await soon(work);
    await ack();
    const answer = await work;
    if (answer === null) return;
    if (click.view === null) await tellAlone(bot, click, respond, answer);
    else await tellInModal(bot, click.view.id, click.triggerId, answer);
  });
}

/** Who acts, found out anew for each delivery; null where Slack does not say. */
async function identified<T extends { readonly actor: Actor }>(
  { people }: Bot,
  { actor, ...rest }: T,
): Promise<(Omit<T, "actor"> & Pick<Click, "person">) | null> {
  const person = await people.identify(actor);
  return person === null ? null : { ...rest, person };
}

/** The click's own address takes few answers and not for ever; then the bot says it by itself. */
async function tellAlone(
  { slack, log }: Bot,
  { actor, channel }: Delivered<Click>,
  respond: RespondFn,
  text: string,
): Promise<void> {
  try {
    await respond({ response_type: "ephemeral", replace_original: false, text });
  } catch (error) {
    log.warn({ err: error }, "A click could not be answered where Slack wants it; it is answered in the channel.");
    if (channel !== null) await slack.chat.postEphemeral({ channel, user: actor.user, text });
  }
}

/** Over the modal, so that what was typed there is kept; in its place where Slack does not let anything be opened. */
async function tellInModal({ slack, log }: Bot, viewId: string, triggerId: string, text: string): Promise<void> {
  const view = message("Not possible", [section(text)]);
  try {
    await slack.views.push({ trigger_id: triggerId, view });
  } catch (error) {
    log.warn({ err: error }, "Nothing could be shown over a modal; the modal is rewritten.");
    await slack.views.update({ view_id: viewId, view });
  }
}

export interface SubmissionHandler {
  readonly handle: (submission: Submission) => Promise<ModalAnswer>;
  /** Where the person is told alone when the modal is closed before there is an answer; null where there is no such place. */
  readonly whereElse: (submission: Pick<Submission, "view">) => Promise<string | null>;
}

/** A modal's submission: its answer is what the modal shows next. */
export function onSubmission(
  dispatcher: Dispatcher,
  bot: Bot,
  callbackId: string,
  { handle, whereElse }: SubmissionHandler,
): void {
  dispatcher.submission(callbackId, async ({ ack, body }) => {
    const submission = parseSubmission(body);
    const work = guarded(bot.log, callbackId, failed, async (): Promise<ModalAnswer> => {
      const known = await identified(bot, submission);
      return known === null ? { kind: "told", title: "Not possible", text: NOBODY } : await handle(known);
    });
    const inTime = await soon(work);
    await ack(acknowledge(inTime ?? { kind: "working" }));
    if (inTime === null) await tellLate(bot, submission, await work, whereElse);
  });
}

const failed = (error: unknown): ModalAnswer => ({
  kind: "told",
  title: "That did not work",
  text: whatWentWrong(error),
});

/** In the modal, which says that the answer comes there; whoever has closed it meanwhile is told elsewhere. */
async function tellLate(
  { slack, log }: Bot,
  submission: Delivered<Submission>,
  answer: ModalAnswer,
  whereElse: SubmissionHandler["whereElse"],
): Promise<void> {
  try {
    await slack.views.update({ view_id: submission.view.id, view: shown(answer) });
  } catch (error) {
    if (answer.kind === "done") return;
    const channel = await whereElse(submission);
    log.warn({ err: error, channel }, "A modal's late answer could not be shown in it.");
    if (channel === null) return;
    await slack.chat.postEphemeral({ channel, user: submission.actor.user, text: asMessage(answer) });
  }
}

/** Logs what was thrown and answers all the same. */
async function guarded<T>(
  log: Logger,
  what: string,
  otherwise: (error: unknown) => T,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    log.error({ err: error, what }, "A handler failed.");
    return otherwise(error);
  }
}

/** The result if it is there in time for the acknowledgement, else null. */
async function soon<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ACKNOWLEDGE_AFTER_MS, null);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
