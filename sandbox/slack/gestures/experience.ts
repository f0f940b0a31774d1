import type { Experience } from "../control/control-api.ts";
import { type Acknowledgement, isAccepted } from "../parcel.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen } from "../state/state-values.ts";
import type { Channel, Person } from "../world/world.ts";

export function experienceOf(ack: Acknowledgement, problem?: string): Experience {
  return {
    delivered: isAccepted(ack),
    status: ack.status,
    ackMs: ack.ackMs,
    body: ack.body,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Something that only happened on the person's screen. */
export function onScreenOnly(errors?: Readonly<Record<string, string>>): Experience {
  return { delivered: false, status: null, ackMs: 0, body: "", ...(errors === undefined ? {} : { errors }) };
}

/** @throws NotOnScreen */
export function personNamed(slack: Slack, id: string): Person {
  const person = slack.world.person(id);
  if (person === undefined) throw new NotOnScreen(`nobody has the id ${id}`);
  return person;
}

/** @throws NotOnScreen */
export function channelNamed(slack: Slack, id: string): Channel {
  const channel = slack.world.channel(id);
  if (channel === undefined) throw new NotOnScreen(`no channel has the id ${id}`);
  return channel;
}

/** The channel, if the person is in it. @throws NotOnScreen */
export function channelOf(slack: Slack, person: Person, id: string): Channel {
  const channel = channelNamed(slack, id);
  if (!channel.members.includes(person.id)) throw new NotOnScreen(`${person.id} is not a member of ${id}`);
  return channel;
}
