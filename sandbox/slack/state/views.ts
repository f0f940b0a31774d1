import type { Home, Modal } from "../block-kit/view.ts";
import { interactiveElements, isStateful } from "../block-kit/walk.ts";
import type { World } from "../world/world.ts";
import { type StateValue, stateValues, stillFits } from "./state-values.ts";

/** How many modals can lie on each other. */
export const STACK_LIMIT = 3;

/** A modal that a person has before them. */
export interface OpenView {
  readonly id: string;
  readonly rootId: string;
  readonly previousId: string | null;
  readonly personId: string;
  hash: string;
  body: Modal;
  /** What the person entered, by `block_id/action_id`; what they left alone is not here. */
  readonly entered: Map<string, StateValue>;
  /** Sentences under fields, by `block_id`, until the next submission or new content. */
  errors: Readonly<Record<string, string>>;
}

export interface Views {
  /** Opens a first modal; what the person had open is gone. */
  readonly open: (personId: string, body: Modal) => OpenView;
  /** Puts a modal on top of the person's stack. */
  readonly push: (personId: string, body: Modal) => OpenView;
  readonly find: (id: string) => OpenView | undefined;
  readonly findByExternalId: (externalId: string) => OpenView | undefined;
  /** New content in an open modal; entered values stay where block, action and option are still there. */
  readonly replace: (view: OpenView, body: Modal) => void;
  /** The person's modals, the top one last. */
  readonly stackOf: (personId: string) => readonly OpenView[];
  readonly close: (view: OpenView) => void;
  readonly clear: (personId: string) => void;
  readonly publishHome: (personId: string, body: Home) => { readonly id: string; readonly hash: string };
  readonly homeOf: (personId: string) => Home | undefined;
}

export function createViews(makeId: () => string, makeHash: () => string, note: () => void): Views {
  const stacks = new Map<string, OpenView[]>();
  const homes = new Map<string, { id: string; hash: string; body: Home }>();
  const stackOf = (personId: string) => stacks.get(personId) ?? [];
  const all = () => [...stacks.values()].flat();
  const put = (personId: string, body: Modal, below: readonly OpenView[]) => {
    const id = makeId();
    const view: OpenView = {
      id,
      rootId: below[0]?.id ?? id,
      previousId: below.at(-1)?.id ?? null,
      personId,
      hash: makeHash(),
      body,
      entered: new Map(),
      errors: {},
    };
    stacks.set(personId, [...below, view]);
    note();
    return view;
  };
  return {
    open: (personId, body) => put(personId, body, []),
    push: (personId, body) => put(personId, body, stackOf(personId)),
    find: (id) => all().find((view) => view.id === id),
    findByExternalId: (externalId) => all().find((view) => view.body.external_id === externalId),
    replace: (view, body) => {
      view.body = body;
      view.hash = makeHash();
      view.errors = {};
      forgetWhatIsGone(view);
      note();
    },
    stackOf,
    close: (view) => {
      const rest = stackOf(view.personId).filter((each) => each !== view);
      stacks.set(view.personId, rest);
      note();
    },
    clear: (personId) => {
      stacks.delete(personId);
      note();
    },
    publishHome: (personId, body) => {
      const home = { id: homes.get(personId)?.id ?? makeId(), hash: makeHash(), body };
      homes.set(personId, home);
      note();
      return home;
    },
    homeOf: (personId) => homes.get(personId)?.body,
  };
}

export function entryKey(blockId: string, actionId: string): string {
  return `${blockId}/${actionId}`;
}

function forgetWhatIsGone(view: OpenView): void {
  const elements = new Map(
    interactiveElements(view.body.blocks).map(({ block, element }) => [
      entryKey(block.block_id ?? "", element.action_id ?? ""),
      element,
    ]),
  );
  for (const [key, value] of [...view.entered]) {
    const element = elements.get(key);
    if (element === undefined || !isStateful(element) || !stillFits(element, value)) view.entered.delete(key);
  }
}

export function valuesOf(view: OpenView): Record<string, Record<string, StateValue>> {
  return stateValues(view.body.blocks, (blockId, actionId) => view.entered.get(entryKey(blockId, actionId)));
}

/**
 * A view as Slack sends it. Answers of `views.*` carry no values yet: only what a person's client sends does.
 * @param values what stands in the fields, for payloads
 */
export function viewJson(
  world: World,
  view: OpenView,
  values: Record<string, Record<string, StateValue>> = {},
): Record<string, unknown> {
  const { body } = view;
  return {
    id: view.id,
    team_id: world.person(view.personId)?.workspace ?? world.home.id,
    type: body.type,
    blocks: body.blocks,
    private_metadata: body.private_metadata ?? "",
    callback_id: body.callback_id ?? "",
    state: { values },
    hash: view.hash,
    title: body.title,
    clear_on_close: body.clear_on_close ?? false,
    notify_on_close: body.notify_on_close ?? false,
    close: body.close ?? null,
    submit: body.submit ?? null,
    previous_view_id: view.previousId,
    root_view_id: view.rootId,
    app_id: world.app.id,
    external_id: body.external_id ?? "",
    app_installed_team_id: world.home.id,
    bot_id: world.app.botId,
  };
}
