import type { Experience, MessageClick } from "../control/control-api.ts";
import { isAccepted } from "../parcel.ts";
import type { Message } from "../state/messages.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen, stateValues } from "../state/state-values.ts";
import { messageJson } from "../web-api/message-json.ts";
import type { Person } from "../world/world.ts";
import { channelOf, experienceOf, personNamed } from "./experience.ts";
import { channelJson, interactionBase, interactionParcel } from "./payload.ts";
import { actionJson, chosenValue, pointedAt } from "./pointer.ts";

/** A person uses an element of a message, ephemeral ones too. @throws NotOnScreen */
export async function clickInMessage(slack: Slack, click: MessageClick): Promise<Experience> {
  const person = personNamed(slack, click.person);
  const channel = channelOf(slack, person, click.channel);
  const message = visibleMessage(slack, person, channel.id, click.ts);
  const placed = pointedAt(message.blocks, click);
  const value = chosenValue(placed.element, click);
  const key = (blockId: string, actionId: string) => `${person.id}/${blockId}/${actionId}`;
  const action = actionJson(slack, placed, click, value);
  if (value !== undefined) {
    message.chosen.set(key(placed.block.block_id ?? "", placed.element.action_id ?? ""), value);
  }
  const isEphemeral = message.onlyFor !== undefined;
  const thread = message.threadTs === undefined ? {} : { thread_ts: message.threadTs };
  const shown = isEphemeral ? { message: undefined } : { message: messageJson(slack, message) };
  const ack = await slack.deliveries.send(
    interactionParcel("block_actions", {
      ...interactionBase(slack, person, slack.world.home),
      container: {
        type: "message",
        message_ts: message.ts,
        channel_id: channel.id,
        is_ephemeral: isEphemeral,
        ...thread,
      },
      trigger_id: slack.triggers.issue(person.id),
      channel: channelJson(channel),
      ...shown,
      state: { values: stateValues(message.blocks, (block, act) => message.chosen.get(key(block, act))) },
      response_url: slack.replyUrls.issue({
        personId: person.id,
        channel: channel.id,
        messageTs: message.ts,
        threadTs: message.threadTs,
      }),
      actions: [action],
    }),
  );
  return experienceOf(ack, isAccepted(ack) ? undefined : "a warning sign appears beside the button (dispatch_failed)");
}

function visibleMessage(slack: Slack, person: Person, channel: string, ts: string): Message {
  const message = slack.messages.find(channel, ts);
  const isHidden = message?.onlyFor !== undefined && message.onlyFor !== person.id;
  if (message === undefined || isHidden) throw new NotOnScreen(`${person.id} sees no message ${ts} in ${channel}`);
  return message;
}
