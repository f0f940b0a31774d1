import { z } from "zod";
import { checkHome, checkModal } from "../block-kit/check.ts";
import type { Modal } from "../block-kit/view.ts";
import { withIds } from "../block-kit/walk.ts";
import type { Slack } from "../state/slack.ts";
import { type OpenView, STACK_LIMIT, viewJson } from "../state/views.ts";
import { type Args, accept, type Method, Refusal, readArgs, structured } from "./method.ts";

const PER_MINUTE = 100;
const opening = z.object({ trigger_id: z.string(), view: structured });

/** A modal that Slack would show, every id made up. @throws Refusal with what is wrong */
export function readModal(slack: Slack, raw: unknown): Modal {
  const modal = accept(checkModal(raw, slack.settings.refusedBlocks));
  return { ...modal, blocks: withIds(modal.blocks, slack.ids.made) };
}

const open: Method = {
  scopes: [],
  perMinute: PER_MINUTE,
  takesJson: true,
  run: (slack, args) => {
    const { modal, personId } = readOpening(slack, args);
    return { view: viewJson(slack.world, slack.views.open(personId, modal)) };
  },
};

const push: Method = {
  scopes: [],
  perMinute: PER_MINUTE,
  takesJson: true,
  run: (slack, args) => {
    const { modal, personId, viewId } = readOpening(slack, args);
    const stack = slack.views.stackOf(personId);
    if (viewId === undefined || !stack.some(({ id }) => id === viewId)) throw new Refusal("invalid_trigger_id");
    if (stack.length >= STACK_LIMIT) throw new Refusal("push_limit_reached");
    return { view: viewJson(slack.world, slack.views.push(personId, modal)) };
  },
};

const updating = z.object({
  view: structured,
  view_id: z.string().optional(),
  external_id: z.string().optional(),
  hash: z.string().optional(),
});

const update: Method = {
  scopes: [],
  perMinute: PER_MINUTE,
  takesJson: true,
  run: (slack, args) => {
    const given = readArgs(updating, args);
    const view = viewToUpdate(slack, given.view_id, given.external_id);
    const modal = readModal(slack, given.view);
    if (given.hash !== undefined && given.hash !== view.hash) throw new Refusal("hash_conflict");
    refuseTakenExternalId(slack, modal, view);
    slack.views.replace(view, modal);
    return { view: viewJson(slack.world, view) };
  },
};

const publish: Method = {
  scopes: [],
  perMinute: PER_MINUTE,
  takesJson: true,
  run: (slack, args) => {
    const { user_id: user, view: raw } = readArgs(z.object({ user_id: z.string(), view: structured }), args);
    const person = slack.world.person(user);
    if (person === undefined) throw new Refusal("invalid_arguments");
    const body = accept(checkHome(raw, slack.settings.refusedBlocks));
    const { id, hash } = slack.views.publishHome(person.id, { ...body, blocks: withIds(body.blocks, slack.ids.made) });
    return {
      view: {
        id,
        team_id: person.workspace,
        type: "home",
        blocks: slack.views.homeOf(person.id)?.blocks ?? [],
        private_metadata: body.private_metadata ?? "",
        callback_id: body.callback_id ?? "",
        external_id: body.external_id ?? "",
        state: { values: {} },
        hash,
        previous_view_id: null,
        root_view_id: id,
        app_id: slack.world.app.id,
        app_installed_team_id: slack.world.home.id,
        bot_id: slack.world.app.botId,
      },
    };
  },
};

interface Opening {
  readonly modal: Modal;
  readonly personId: string;
  readonly viewId: string | undefined;
}

/** A trigger is used up only by a modal that could be shown. */
function readOpening(slack: Slack, args: Args): Opening {
  const { trigger_id: trigger, view } = readArgs(opening, args);
  const modal = readModal(slack, view);
  refuseTakenExternalId(slack, modal, undefined);
  const exchanged = slack.triggers.exchange(trigger);
  if (!exchanged.ok) throw new Refusal(exchanged.error);
  return { modal, personId: exchanged.personId, viewId: exchanged.viewId };
}

function viewToUpdate(slack: Slack, id: string | undefined, externalId: string | undefined): OpenView {
  if (id !== undefined && externalId !== undefined) {
    throw argumentFault("Cannot provide both `view_id` and `external_id`");
  }
  if (id === undefined && externalId === undefined) {
    throw argumentFault("Must provide either `view_id` or `external_id`");
  }
  const view = id === undefined ? slack.views.findByExternalId(externalId ?? "") : slack.views.find(id);
  if (view === undefined) throw new Refusal("not_found");
  return view;
}

function argumentFault(sentence: string): Refusal {
  return new Refusal("invalid_arguments", { response_metadata: { messages: [`[ERROR] ${sentence}`] } });
}

function refuseTakenExternalId(slack: Slack, modal: Modal, self: OpenView | undefined): void {
  if (modal.external_id === undefined || modal.external_id === "") return;
  const holder = slack.views.findByExternalId(modal.external_id);
  if (holder !== undefined && holder !== self) throw new Refusal("duplicate_external_id");
}

export const viewMethods: Readonly<Record<string, Method>> = {
  "views.open": open,
  "views.push": push,
  "views.update": update,
  "views.publish": publish,
};
