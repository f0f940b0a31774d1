import type { CommandRequest, Experience } from "../control/control-api.ts";
import { parseJson } from "../http.ts";
import { isAccepted } from "../parcel.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen } from "../state/state-values.ts";
import { sayBack } from "../web-api/replies.ts";
import { channelOf, experienceOf, personNamed } from "./experience.ts";
import { channelJson } from "./payload.ts";

/**
 * A person types a slash command. Only members of the workspace that installed the app have it, and not in threads or
 * where a channel is archived.
 * @throws NotOnScreen
 */
export async function typeCommand(slack: Slack, gesture: CommandRequest): Promise<Experience> {
  const { app, home } = slack.world;
  const person = personNamed(slack, gesture.person);
  const channel = channelOf(slack, person, gesture.channel);
  if (channel.isArchived) throw new NotOnScreen(`${channel.id} is archived, so nobody can type there`);
  const command = gesture.command ?? app.command;
  if (command !== app.command || person.workspace !== home.id) {
    throw new NotOnScreen(`${command} is not a valid command for ${person.id} of ${person.workspace}`);
  }
  if (gesture.threadTs !== undefined) throw new NotOnScreen(`${command} is not supported in threads. Sorry!`);
  const target = { personId: person.id, channel: channel.id, messageTs: undefined, threadTs: undefined };
  const ack = await slack.deliveries.send({
    kind: "command",
    contentType: "application/x-www-form-urlencoded",
    body: new URLSearchParams({
      token: slack.verificationToken,
      team_id: home.id,
      team_domain: home.domain,
      channel_id: channel.id,
      channel_name: channelJson(channel).name,
      user_id: person.id,
      user_name: person.name,
      command,
      text: gesture.text,
      api_app_id: app.id,
      is_enterprise_install: "false",
      response_url: slack.replyUrls.issue(target),
      trigger_id: slack.triggers.issue(person.id),
    }).toString(),
  });
  if (!isAccepted(ack)) return experienceOf(ack, `${command} failed with the error "dispatch_failed"`);
  if (ack.body.trim() === "") return experienceOf(ack);
  const answer = parseJson(ack.body);
  const refusal = sayBack(slack, target, typeof answer === "object" && answer !== null ? answer : { text: ack.body });
  return experienceOf(ack, refusal === undefined ? undefined : `the acknowledgement cannot be shown: ${refusal.error}`);
}
