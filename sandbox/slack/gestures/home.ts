import type { Experience, HomeRequest } from "../control/control-api.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen } from "../state/state-values.ts";
import { personNamed } from "./experience.ts";
import { sendEvent } from "./mention.ts";

/**
 * A person opens the home that the app has in their workspace. The app hears of it if it is subscribed.
 * @throws NotOnScreen for people of other workspaces, to whom Slack shows no home of it
 */
export async function openHome(slack: Slack, gesture: HomeRequest): Promise<Experience> {
  const person = personNamed(slack, gesture.person);
  const { app, home } = slack.world;
  if (person.workspace !== home.id) {
    throw new NotOnScreen(`${app.name} is installed in ${home.name}, and only its members have a home of it`);
  }
  const direct = slack.world.channels().find(({ isDirect, members }) => isDirect && members.includes(person.id));
  const channel = direct?.id ?? person.id.replace(/^./, "D");
  return await sendEvent(slack, channel, false, {
    type: "app_home_opened",
    user: person.id,
    channel,
    tab: "home",
    event_ts: slack.ids.timestamp(),
  });
}
