import { z } from "zod";
import type { InputBlock } from "../block-kit/blocks.ts";
import type { Experience, SubmitRequest } from "../control/control-api.ts";
import { parseJson } from "../http.ts";
import { type Acknowledgement, isAccepted } from "../parcel.ts";
import type { Slack } from "../state/slack.ts";
import { type Given, isEmpty, NotOnScreen, shownValue } from "../state/state-values.ts";
import { type OpenView, STACK_LIMIT, valuesOf, viewJson } from "../state/views.ts";
import { Refusal } from "../web-api/method.ts";
import { readModal } from "../web-api/views.ts";
import { experienceOf, onScreenOnly, personNamed } from "./experience.ts";
import { fillIn, topView } from "./modal.ts";
import { interactionBase, interactionParcel, workspaceOf } from "./payload.ts";

const TROUBLE = "We had some trouble connecting. Try again?";

const answer = z.discriminatedUnion("response_action", [
  z.strictObject({ response_action: z.literal("errors"), errors: z.record(z.string(), z.string().min(1)) }),
  z.strictObject({ response_action: z.literal("update"), view: z.unknown() }),
  z.strictObject({ response_action: z.literal("push"), view: z.unknown() }),
  z.strictObject({ response_action: z.literal("clear") }),
]);
type Answer = z.infer<typeof answer>;

/** A person submits the modal before them. @throws NotOnScreen */
export async function submit(slack: Slack, submission: SubmitRequest): Promise<Experience> {
  const { person: id, viewId, values } = submission;
  if (values !== undefined) await fillIn(slack, { person: id, viewId, values });
  const person = personNamed(slack, id);
  const view = topView(slack, person, viewId);
  if (view.body.submit === undefined) throw new NotOnScreen(`the modal ${viewId} has no button to submit it`);
  view.errors = incomplete(view);
  slack.changes.note();
  if (Object.keys(view.errors).length > 0) return onScreenOnly(view.errors);
  const ack = await slack.deliveries.send(
    interactionParcel("view_submission", {
      ...interactionBase(slack, person, workspaceOf(slack, person)),
      trigger_id: slack.triggers.issue(person.id, view.id),
      view: viewJson(slack.world, view, valuesOf(view)),
      response_urls: [],
    }),
  );
  return follow(slack, view, ack);
}

function follow(slack: Slack, view: OpenView, ack: Acknowledgement): Experience {
  if (!isAccepted(ack)) return experienceOf(ack, TROUBLE);
  if (ack.body.trim() === "") {
    slack.views.close(view);
    return experienceOf(ack);
  }
  const parsed = answer.safeParse(parseJson(ack.body));
  if (!parsed.success) return experienceOf(ack, fault("the acknowledgement is no response_action that Slack knows"));
  try {
    return obey(slack, view, ack, parsed.data);
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return experienceOf(ack, fault(`${refusal.error} ${JSON.stringify(refusal.extra)}`));
  }
}

function obey(slack: Slack, view: OpenView, ack: Acknowledgement, given: Answer): Experience {
  switch (given.response_action) {
    case "errors":
      return showErrors(slack, view, ack, given.errors);
    case "update":
      slack.views.replace(view, readModal(slack, given.view));
      return experienceOf(ack);
    case "push":
      if (slack.views.stackOf(view.personId).length >= STACK_LIMIT) throw new Refusal("push_limit_reached");
      slack.views.push(view.personId, readModal(slack, given.view));
      return experienceOf(ack);
    case "clear":
      slack.views.clear(view.personId);
      return experienceOf(ack);
  }
}

function showErrors(
  slack: Slack,
  view: OpenView,
  ack: Acknowledgement,
  errors: Readonly<Record<string, string>>,
): Experience {
  const inputs = new Set(view.body.blocks.filter(({ type }) => type === "input").map((block) => block.block_id));
  const stray = Object.keys(errors).filter((blockId) => !inputs.has(blockId));
  if (stray.length > 0) {
    return experienceOf(ack, fault(`errors name ${stray.join(", ")}, which is no input block of this view`));
  }
  if (Object.keys(errors).length === 0) return experienceOf(ack, fault("errors is empty"));
  view.errors = errors;
  slack.changes.note();
  return { ...experienceOf(ack), errors };
}

function fault(sentence: string): string {
  return `${TROUBLE} (${sentence})`;
}

/** What Slack's client checks before anything is sent. */
function incomplete(view: OpenView): Record<string, string> {
  const values = valuesOf(view);
  const errors: Record<string, string> = {};
  for (const block of view.body.blocks) {
    if (block.type !== "input") continue;
    const value = values[block.block_id ?? ""]?.[block.element.action_id ?? ""];
    if (value === undefined) continue;
    const complaint = isEmpty(value) ? missing(block) : wrong(block, shownValue(value));
    if (complaint !== undefined) errors[block.block_id ?? ""] = complaint;
  }
  return errors;
}

function missing(block: InputBlock): string | undefined {
  return block.optional === true ? undefined : "Please complete this required field.";
}

function wrong({ element }: InputBlock, given: Given): string | undefined {
  const value = typeof given === "string" ? given : "";
  switch (element.type) {
    case "plain_text_input":
      return wrongLength(value, element.min_length ?? 0, element.max_length ?? 3000);
    case "number_input":
      return wrongNumber(value, element.is_decimal_allowed, element.min_value, element.max_value);
    case "email_text_input":
      return /^[^@\s]+@[^@\s]+$/.test(value) ? undefined : "Enter a valid email address.";
    case "url_text_input":
      return URL.canParse(value) ? undefined : "Enter a valid URL.";
    default:
      return undefined;
  }
}

function wrongLength(value: string, min: number, max: number): string | undefined {
  if (value.length < min) return `Enter at least ${min} characters.`;
  return value.length > max ? `Enter no more than ${max} characters.` : undefined;
}

function wrongNumber(value: string, decimals: boolean, min?: string, max?: string): string | undefined {
  const isNumber = decimals ? /^-?\d+(\.\d+)?$/.test(value) : /^-?\d+$/.test(value);
  if (!isNumber) return decimals ? "Enter a number." : "Enter a whole number.";
  if (min !== undefined && Number(value) < Number(min)) return `Enter a number of at least ${min}.`;
  if (max !== undefined && Number(value) > Number(max)) return `Enter a number of at most ${max}.`;
  return undefined;
}
