/** The modal in which a federation is asked for: opened, redrawn as zones are chosen, submitted. */
import { createHash } from "node:crypto";
import { type ChannelId, type FederationId, federationId } from "../../../federation/model/identity.ts";
import { REFUSALS } from "../../../federation/model/reasons.ts";
import { type Federation, newestFirst } from "../../../federation/model/state.ts";
import { parseForm } from "../../../federation/proposing/request.ts";
import { addSiteForm } from "../../blocks/modals/add-site-form.ts";
import {
  channelOfForm,
  deploySiteForm,
  EMPTY_FORM,
  type FormSetting,
  federationChosen,
  placed,
  readForm,
} from "../../blocks/modals/deploy-site-form.ts";
import type { ModalAnswer } from "../../blocks/modals/modal.ts";
import { ACTION, VIEW } from "../../names.ts";
import type { Bot } from "../bot.ts";
import { findFederation } from "../bot.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { type Answer, onClick, onSubmission } from "../listeners.ts";
import type { Click, Submission } from "../payloads.ts";
import { mayRequest, whyNoHome } from "../requesting.ts";
import { Redraws } from "./redraws.ts";

export async function openDeploySite(bot: Bot, channel: ChannelId, triggerId: string): Promise<void> {
  await bot.slack.views.open({ trigger_id: triggerId, view: deploySiteForm(EMPTY_FORM, settingOf(bot, channel)) });
}

const settingOf = (bot: Bot, channel: ChannelId): FormSetting => ({
  channel,
  sites: bot.configuration.sites,
  running: [...bot.federations.living()]
    .filter((federation) => federation.homeChannel === channel && takesSites(federation))
    .sort(newestFirst),
});

const takesSites = (federation: Federation): boolean =>
  federation.trustedAt !== null && federation.ended === null && federation.teardown === null;

export function register(dispatcher: Dispatcher, bot: Bot): void {
  const redrawing = [
    ACTION.coordinatorChosen,
    ACTION.trainingChosen,
    ACTION.crossingChosen,
    ACTION.addressKindChosen,
    ACTION.federationChosen,
  ];
  const redraws = new Redraws(bot.slack.views);
  for (const action of redrawing) onClick(dispatcher, bot, action, (click) => redraw(bot, redraws, click));
  onSubmission(dispatcher, bot, VIEW.deploySite, {
    handle: (submission) => submit(bot, submission),
    whereElse: async ({ view }) => channelOfForm(view.privateMetadata),
  });
}

async function redraw(bot: Bot, redraws: Redraws, click: Click): Promise<Answer> {
  const { view } = click;
  if (view === null) return null;
  const setting = settingOf(bot, channelOfForm(view.privateMetadata));
  const existing = await findFederation(bot, federationChosen(view.values));
  const redrawn =
    existing === null
      ? deploySiteForm(readForm(view.values), setting)
      : addSiteForm(existing, { site: "", superNodes: "" }, bot.configuration.sites);
  await redraws.draw(view, click, redrawn);
  return null;
}

async function submit(bot: Bot, { person, view }: Submission): Promise<ModalAnswer> {
  const homeChannel = channelOfForm(view.privateMetadata);
  const id = idOf(view.id);
  // The same submission, delivered again.
  if (bot.federations.get(id) !== undefined) return { kind: "done" };
  if (!(await mayRequest(bot, person))) return refused(REFUSALS["not-a-requester"]);
  const noHome = await whyNoHome(bot, homeChannel);
  if (noHome !== null) return refused(noHome);
  const form = readForm(view.values);
  const names = takenNames(bot, form.name.trim());
  const { takenTunnels, now } = bot.federations.decisionContext(id);
  const parsed = parseForm(form, bot.configuration.sites, { names, tunnels: takenTunnels }, now);
  if (!parsed.ok) return { kind: "mistakes", mistakes: placed(parsed.mistakes, view.values) };
  return await create(bot, { ...parsed.request, federation: id, homeChannel, requester: person });
}

/** Of the name that is wanted: whether a federation that has not ended bears it. */
function takenNames(bot: Bot, name: string): ReadonlySet<string> {
  const [newest] = bot.federations.named(name);
  return new Set(newest?.endedAt === null ? [name] : []);
}

type Request = Parameters<Bot["federations"]["create"]>[0];

async function create(bot: Bot, request: Request): Promise<ModalAnswer> {
  const decision = await bot.federations.create(request);
  if (decision.ok) return { kind: "done" };
  const sentence = REFUSALS[decision.refusal];
  return decision.refusal === "name-taken" ? { kind: "mistakes", mistakes: { name: sentence } } : refused(sentence);
}

const refused = (text: string): ModalAnswer => ({ kind: "told", title: "Not possible", text });

/** A federation's id follows from the modal it was asked in, so that a repeated delivery asks for the same one. */
function idOf(viewId: string): FederationId {
  const number = BigInt(`0x${createHash("sha256").update(viewId).digest("hex").slice(0, 20)}`);
  return federationId.parse(`f${number.toString(36).padStart(16, "0").slice(-11)}`);
}
