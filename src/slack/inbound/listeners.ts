/** How every delivery is handled: recorded, acknowledged in time, and answered whatever happens. */

import type { App } from "@slack/bolt";
import type { Logger } from "pino";
import { section } from "../blocks/elements.ts";
import { MARK } from "../blocks/marks.ts";
import { acknowledge, type ModalAnswer, message, shown } from "../blocks/modals/modal.ts";
import { failureOf } from "../slack-error.ts";
import type { Bot } from "./bot.ts";
import { type Click, parseClick, parseSubmission, type Submission } from "./payloads.ts";

/** Slack waits three seconds; what takes longer goes on after the acknowledgement. */
const ACKNOWLEDGE_AFTER_MS = 2000;

const WENT_WRONG = `${MARK.warning} Something went wrong on the bot's side. Please try again; if it stays, tell the bot's operator.`;
const TOO_LATE = `${MARK.warning} That took too long, so Slack does not let the bot open anything any more. Please try again.`;
const TOO_BUSY = `${MARK.warning} Slack asks the bot to slow down. Please try again in a minute.`;

/** What a person is told of what was thrown. */
export function whatWentWrong(error: unknown): string {
  const failure = failureOf(error);
  if (failure.kind === "rate-limited") return TOO_BUSY;
  return failure.kind === "refused" && /trigger/.test(failure.error) ? TOO_LATE : WENT_WRONG;
}

/** A private answer, or null where what people see says it all. */
export type Answer = string | null;

export function onClick(app: App, bot: Bot, actionId: string, handle: (click: Click) => Promise<Answer>): void {
  app.action(actionId, async ({ ack, body, respond }) => {
    const work = guarded(bot.log, actionId, whatWentWrong, () => handle(parseClick(body)));
    await soon(work);
    await ack();
    const answer = await work;
    if (answer === null) return;
    const { view } = parseClick(body);
    // A click in a modal brings no address to answer to: the modal itself says what happened.
    if (view !== null)
      await bot.slack.views.update({ view_id: view.id, view: message("Not possible", [section(answer)]) });
    else await respond({ response_type: "ephemeral", replace_original: false, text: answer });
  });
}

/** A modal's submission: its answer is what the modal shows next. */
export function onSubmission(
  app: App,
  bot: Bot,
  callbackId: string,
  handle: (submission: Submission) => Promise<ModalAnswer>,
): void {
  app.view({ callback_id: callbackId, type: "view_submission" }, async ({ ack, body }) => {
    const failed = (error: unknown): ModalAnswer => ({
      kind: "told",
      title: "That did not work",
      text: whatWentWrong(error),
    });
    const work = guarded(bot.log, callbackId, failed, () => handle(parseSubmission(body)));
    const inTime = await soon(work);
    await ack(acknowledge(inTime ?? { kind: "working" }));
    if (inTime === null) {
      await bot.slack.views.update({ view_id: parseSubmission(body).view.id, view: shown(await work) });
    }
  });
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
