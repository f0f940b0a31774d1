import type { RichTextInline } from "../block-kit/rich-text.ts";
import type { Experience, MessageRequest } from "../control/control-api.ts";
import { isAccepted, type Parcel } from "../parcel.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen } from "../state/state-values.ts";
import { fileJson } from "../web-api/file-json.ts";
import { isShared } from "../world/world.ts";
import { channelOf, experienceOf, onScreenOnly, personNamed } from "./experience.ts";

/** When Slack tries again to deliver an event: at once, after a minute, after five. */
const RETRY_AFTER_MS = [0, 60_000, 300_000];

/**
 * A person writes a message that mentions the app.
 * The app hears of it if it is in the channel, has the scope, and is subscribed.
 * @throws NotOnScreen
 */
export async function mention(slack: Slack, gesture: MessageRequest): Promise<Experience> {
  const { app, home } = slack.world;
  const user = { type: "user", user_id: app.botUserId } as const;
  const text = `<@${app.botUserId}> ${escaped(gesture.text)}`;
  const words = [user, { type: "text", text: ` ${gesture.text}` }] as const;
  const { person, channel, message, given } = post(slack, gesture, text, words);
  const { blocks } = message;
  const files = given.map((file) => fileJson(slack, file));
  if (!channel.botIsMember || !slack.options.scopes.includes("app_mentions:read")) return onScreenOnly();
  const foreign = person.workspace === home.id ? {} : { user_team: person.workspace, source_team: person.workspace };
  return sendEvent(slack, channel.id, isShared(channel), {
    type: "app_mention",
    user: person.id,
    ts: message.ts,
    client_msg_id: crypto.randomUUID(),
    text,
    blocks,
    team: person.workspace,
    ...foreign,
    ...(gesture.threadTs === undefined ? {} : { thread_ts: gesture.threadTs }),
    ...(files.length === 0 ? {} : { files }),
    channel: channel.id,
    event_ts: message.ts,
  });
}

/** A person writes to the others of a channel. @throws NotOnScreen */
export function write(slack: Slack, gesture: MessageRequest): Experience {
  if (gesture.text === "") throw new NotOnScreen("there is nothing to send");
  post(slack, gesture, escaped(gesture.text), [{ type: "text", text: gesture.text }]);
  return onScreenOnly();
}

/** Puts a person's words into a channel or thread. @throws NotOnScreen */
function post(slack: Slack, gesture: MessageRequest, text: string, elements: readonly RichTextInline[]) {
  const person = personNamed(slack, gesture.person);
  const channel = channelOf(slack, person, gesture.channel);
  if (channel.isArchived) throw new NotOnScreen(`${channel.id} is archived, so nobody can write there`);
  if (gesture.threadTs !== undefined && slack.messages.find(channel.id, gesture.threadTs) === undefined) {
    throw new NotOnScreen(`there is no message ${gesture.threadTs} in ${channel.id}`);
  }
  const given = (gesture.files ?? []).map(({ name, content }) => slack.files.give(name, content));
  const message = slack.messages.add({
    ts: slack.ids.timestamp(),
    channel: channel.id,
    threadTs: gesture.threadTs,
    author: { kind: "person", id: person.id },
    files: given.map(({ id }) => id),
    text,
    blocks: [
      {
        type: "rich_text",
        block_id: slack.ids.made(),
        elements: [{ type: "rich_text_section", elements: [...elements] }],
      },
    ],
  });
  for (const file of given) file.shares.push({ channel: channel.id, ts: message.ts, threadTs: gesture.threadTs });
  return { person, channel, message, given };
}

/** What people write reaches apps with three characters escaped. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Delivers an event in its envelope, with Slack's retries. The experience is that of the first attempt. */
export async function sendEvent(
  slack: Slack,
  channel: string,
  isExternal: boolean,
  event: Record<string, unknown>,
): Promise<Experience> {
  const { app, home } = slack.world;
  if (!slack.options.events.includes(String(event["type"]))) return onScreenOnly();
  const eventId = slack.ids.object("Ev");
  const body = JSON.stringify({
    token: slack.verificationToken,
    team_id: home.id,
    context_team_id: home.id,
    context_enterprise_id: null,
    api_app_id: app.id,
    event,
    type: "event_callback",
    event_id: eventId,
    event_time: Math.floor(Date.now() / 1000),
    authorizations: [
      { enterprise_id: null, team_id: home.id, user_id: app.botUserId, is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: isExternal,
    event_context: `4-${Buffer.from(JSON.stringify({ et: event["type"], tid: home.id, cid: channel })).toString("base64url")}`,
  });
  const parcel: Parcel = { kind: "event", contentType: "application/json", body };
  const ack = await slack.deliveries.send(parcel);
  if (isAccepted(ack)) return experienceOf(ack);
  if (ack.headers["x-slack-no-retry"] !== "1") retryLater(slack, parcel, 1, ack.failure ?? "http_error");
  return experienceOf(ack, "the event was not acknowledged; Slack tries again");
}

function retryLater(slack: Slack, parcel: Parcel, attempt: number, reason: string): void {
  const delay = RETRY_AFTER_MS[attempt - 1];
  if (delay === undefined) return;
  slack.later(delay, () => {
    void slack.deliveries.send({ ...parcel, retry: { attempt, reason } }).then((ack) => {
      if (isAccepted(ack) || ack.headers["x-slack-no-retry"] === "1") return;
      retryLater(slack, parcel, attempt + 1, ack.failure ?? "http_error");
    });
  });
}
