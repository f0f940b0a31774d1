/** The modal in which the coordinator's owners give what their organisation issued. */
import { awaitedOf, whyNotGiven } from "../../../federation/deciding/organisation.ts";
import { CHAIN_MISTAKES } from "../../../federation/model/chain-mistakes.ts";
import { type FederationId, federationId, type Person } from "../../../federation/model/identity.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import { MARK } from "../../blocks/marks.ts";
import { certificateForm, FILES_BLOCK, MOST_FILES, TEXT_BLOCK } from "../../blocks/modals/certificate-form.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { filesIn, typed } from "../../blocks/modals/state-values.ts";
import { AUTHORITY_WANTED, CERTIFICATE_WANTED } from "../../blocks/organisation-cards.ts";
import { ACTION, VIEW } from "../../names.ts";
import { type Bot, findFederation, refusalText, whyNotFound } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { textOfFiles } from "../given-files.ts";
import { type Answer, onClick, onSubmission } from "../listeners.ts";
import type { Click, Submission } from "../payloads.ts";
import { livingNamed } from "../status-answer.ts";

export function register(dispatcher: Dispatcher, bot: Bot): void {
  onClick(dispatcher, bot, ACTION.giveCertificate, (click) => open(bot, click));
  onSubmission(dispatcher, bot, VIEW.certificate, {
    handle: (submission) => submit(bot, submission),
    whereElse: async ({ view }) => (await findFederation(bot, view.privateMetadata))?.homeChannel ?? null,
  });
}

async function open(bot: Bot, { value, person, triggerId }: Click): Promise<Answer> {
  const federation = await findFederation(bot, value);
  if (federation === null) return refusalText(whyNotFound(bot, value));
  const refusal = whyNotGiven(federation, bot.federations.decisionContext(federation.id), person);
  if (refusal !== null) return refusalText(refusal);
  const wanted = awaitedOf(federation)?.kind === "authority" ? AUTHORITY_WANTED : CERTIFICATE_WANTED;
  await bot.slack.views.open({ trigger_id: triggerId, view: certificateForm(federation.id, wanted) });
  return null;
}

async function submit(bot: Bot, { person, view }: Submission): Promise<ModalAnswer> {
  const id = federationId.parse(view.privateMetadata);
  const files = filesIn(view.values, FILES_BLOCK).slice(0, MOST_FILES);
  const outcome = await give(bot, id, person, view.id, files, typed(view.values, TEXT_BLOCK));
  if (outcome === null) return { kind: "done" };
  return outcome.kind === "mistake"
    ? { kind: "mistakes", mistakes: { [files.length > 0 ? FILES_BLOCK : TEXT_BLOCK]: outcome.sentence } }
    : { kind: "told", title: "Not possible", text: outcome.sentence };
}

type Outcome = { readonly kind: "mistake" | "refused"; readonly sentence: string } | null;

async function give(
  bot: Bot,
  federation: FederationId,
  by: Person,
  key: string,
  files: readonly string[],
  typedText: string,
): Promise<Outcome> {
  const read = await textOfFiles(bot.slack, files);
  if (read === null) return { kind: "mistake", sentence: CHAIN_MISTAKES["too-much-given"] };
  const decision = await bot.certificates.give({ federation, by, key, text: `${read}\n${typedText}` });
  if (decision.ok) return null;
  return "mistake" in decision
    ? { kind: "mistake", sentence: decision.mistake }
    : { kind: "refused", sentence: REFUSALS[decision.refusal] };
}

/** By a mention with attached files, for those to whom no modal is offered. */
export async function giveByMention(
  bot: Bot,
  by: Person,
  { name, files, key }: { readonly name: string | undefined; readonly files: readonly string[]; readonly key: string },
): Promise<string> {
  const found = name === undefined ? null : await livingNamed(bot, by, name);
  if (found === null) return refusalText("not-visible");
  const refusal = whyNotGiven(found, bot.federations.decisionContext(found.id), by);
  if (refusal !== null) return refusalText(refusal);
  if (files.length === 0) return `${MARK.hint} Attach the certificate's files to the message that mentions me.`;
  const outcome = await give(bot, found.id, by, key, files.slice(0, MOST_FILES), "");
  return outcome === null ? `${MARK.done} Thank you, it is as it has to be.` : `${MARK.forbidden} ${outcome.sentence}`;
}
