import { interactiveElements, isStateful, type Placed } from "../block-kit/walk.ts";
import type { CloseRequest, Experience, FillRequest, ModalClick, Pointer } from "../control/control-api.ts";
import { isAccepted } from "../parcel.ts";
import type { Slack } from "../state/slack.ts";
import { enteredValue, type Given, NotOnScreen, type StateValue } from "../state/state-values.ts";
import { entryKey, type OpenView, valuesOf, viewJson } from "../state/views.ts";
import { fileJson } from "../web-api/file-json.ts";
import type { Person } from "../world/world.ts";
import { experienceOf, onScreenOnly, personNamed } from "./experience.ts";
import { interactionBase, interactionParcel, workspaceOf } from "./payload.ts";
import { actionJson, chosenValue, pointedAt } from "./pointer.ts";

/** A person uses an element of the modal before them. @throws NotOnScreen */
export async function clickInModal(slack: Slack, click: ModalClick): Promise<Experience> {
  const person = personNamed(slack, click.person);
  const view = topView(slack, person, click.viewId);
  const placed = pointedAt(view.body.blocks, click);
  if (placed.block.type === "input" && placed.block.dispatch_action !== true) {
    throw new NotOnScreen(`${click.actionId} is a plain input: fill it, nothing is sent before the form is`);
  }
  return act(slack, person, view, placed, click);
}

/**
 * A person fills fields in. What Slack reports at once (a choice outside an input, or in one that dispatches) is
 * delivered, one after the other; the experience is that of the last.
 * @throws NotOnScreen
 */
export async function fillIn(slack: Slack, filling: FillRequest): Promise<Experience> {
  const person = personNamed(slack, filling.person);
  let experience = onScreenOnly();
  for (const [blockId, given] of Object.entries(filling.values)) {
    const view = topView(slack, person, filling.viewId);
    const placed = fieldOf(view, blockId);
    if (isReportedAtOnce(placed)) {
      const pointer = { actionId: placed.element.action_id ?? "", blockId, selected: given, confirm: true };
      experience = await act(slack, person, view, placed, pointer);
    } else {
      enter(slack, view, placed, filled(slack, placed, given));
    }
  }
  return experience;
}

/** Into a file input go the contents of files. */
function filled(slack: Slack, { element }: Placed, given: Given): StateValue | undefined {
  if (!isStateful(element)) return undefined;
  if (element.type !== "file_input") return enteredValue(element, given);
  const contents = [given ?? []].flat();
  const files = contents.map((content, nth) => fileJson(slack, slack.files.give(`given-${nth + 1}.pem`, content)));
  return { type: element.type, files };
}

/** The modal, if it is the top one of the person's stack. @throws NotOnScreen */
export function topView(slack: Slack, person: Person, viewId: string): OpenView {
  const stack = slack.views.stackOf(person.id);
  const top = stack.at(-1);
  if (top?.id === viewId) return top;
  const where = stack.some(({ id }) => id === viewId) ? "lies under another modal" : "is not open";
  throw new NotOnScreen(`the modal ${viewId} ${where} for ${person.id}`);
}

async function act(
  slack: Slack,
  person: Person,
  view: OpenView,
  placed: Placed,
  pointer: Pointer,
): Promise<Experience> {
  const value = chosenValue(placed.element, pointer);
  const action = actionJson(slack, placed, pointer, value);
  enter(slack, view, placed, value);
  const values = valuesOf(view);
  const ack = await slack.deliveries.send(
    interactionParcel("block_actions", {
      ...interactionBase(slack, person, slack.world.home),
      container: { type: "view", view_id: view.id },
      trigger_id: slack.triggers.issue(person.id, view.id),
      view: viewJson(slack.world, view, values),
      actions: [action],
    }),
  );
  return experienceOf(
    ack,
    isAccepted(ack) ? undefined : "We had some trouble connecting. Try again? (dispatch_failed)",
  );
}

function enter(slack: Slack, view: OpenView, placed: Placed, value: StateValue | undefined): void {
  if (value === undefined) return;
  view.entered.set(entryKey(placed.block.block_id ?? "", placed.element.action_id ?? ""), value);
  slack.changes.note();
}

function fieldOf(view: OpenView, blockId: string): Placed {
  const inBlock = interactiveElements(view.body.blocks).filter(
    ({ block, element }) => block.block_id === blockId && isStateful(element),
  );
  const [placed] = inBlock;
  if (placed === undefined || inBlock.length > 1) {
    throw new NotOnScreen(`the block ${blockId} has ${inBlock.length} fields; use a click that names the action`);
  }
  return placed;
}

function isReportedAtOnce({ block, element }: Placed): boolean {
  if (block.type !== "input") return true;
  if (block.dispatch_action !== true) return false;
  if (!element.type.endsWith("_input")) return true;
  const config = "dispatch_action_config" in element ? element.dispatch_action_config : undefined;
  return config?.trigger_actions_on.includes("on_character_entered") === true;
}

/** A person closes the top modal, or all of them at once. @throws NotOnScreen */
export async function closeModal(slack: Slack, gesture: CloseRequest): Promise<Experience> {
  const person = personNamed(slack, gesture.person);
  const view = topView(slack, person, gesture.viewId);
  const closed = gesture.all === true ? [...slack.views.stackOf(person.id)].reverse() : [view];
  let experience = onScreenOnly();
  for (const each of closed) {
    slack.views.close(each);
    if (each.body.notify_on_close !== true) continue;
    const ack = await slack.deliveries.send(
      interactionParcel("view_closed", {
        ...interactionBase(slack, person, workspaceOf(slack, person)),
        view: viewJson(slack.world, each, valuesOf(each)),
        is_cleared: gesture.all === true,
      }),
    );
    experience = experienceOf(ack);
  }
  return experience;
}
