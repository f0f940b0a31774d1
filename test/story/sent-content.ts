/** Everything that the bot gave to Slack, each with the place where people read it. */
import { z } from "zod";
import type { SlackControl } from "../../sandbox/slack/client.ts";

export interface Sent {
  readonly at: string;
  readonly method: string;
  /** The channel in which it stands; null for a modal and for a private answer. */
  readonly channel: string | null;
  /** The only person who sees it; null when the whole channel does. */
  readonly person: string | null;
  /** Every word of it, hidden fields such as private metadata included. */
  readonly content: string;
}

/** Methods that show nobody anything. */
const MUTE = new Set([
  "apps.connections.open",
  "auth.test",
  "chat.getPermalink",
  "conversations.info",
  "conversations.members",
  "files.getUploadURLExternal",
  "files.info",
  "users.info",
]);

const inChannel = z.object({ channel: z.string() });
const toPerson = z.object({ channel: z.string(), user: z.string() });
const upload = z.object({ file: z.string(), content: z.string() });
const completion = z.object({ channel_id: z.string(), files: z.unknown() });
const reply = z.object({ path: z.string(), response_type: z.string().optional() });
const viewCall = z.object({ trigger_id: z.string().optional(), view_id: z.string().optional() });

/** Throws for a method that is not known here: what it shows must be judged too. */
export async function everythingSent(slack: SlackControl): Promise<readonly Sent[]> {
  const [calls, viewers] = [await slack.calls(), await viewersOf(slack)];
  const uploads = new Map(
    calls
      .filter(({ method, ok }) => method === "upload" && ok)
      .map(({ args }) => upload.parse(args))
      .map(({ file, content }) => [file, content]),
  );
  const outgoing = calls
    .filter(({ method }) => !MUTE.has(method) && method !== "upload")
    .map(({ at, method, args }): Sent => {
      const content = plain(args);
      switch (method) {
        case "chat.postMessage":
        case "chat.update":
          return { at, method, ...inChannel.parse(args), person: null, content };
        case "chat.postEphemeral": {
          const { channel, user } = toPerson.parse(args);
          return { at, method, channel, person: user, content };
        }
        case "files.completeUploadExternal": {
          const { channel_id: channel, files } = completion.parse(args);
          const named = [...uploads].filter(([file]) => JSON.stringify(files).includes(file));
          if (named.length === 0) throw new Error(`Nothing was uploaded for ${content}`);
          return { at, method, channel, person: null, content: [content, ...named.map(([, text]) => text)].join("\n") };
        }
        case "views.open":
        case "views.push":
        case "views.update": {
          const { trigger_id: trigger, view_id: view } = viewCall.parse(args);
          const person = viewers.get(trigger ?? view ?? "");
          if (person === undefined) throw new Error(`Nobody is known to see ${content}`);
          return { at, method, channel: null, person, content };
        }
        case "response_url": {
          const { path, response_type: type = "ephemeral" } = reply.parse(args);
          const person = viewers.get(path);
          if (person === undefined || type !== "ephemeral") throw new Error(`Nobody is known to see ${content}`);
          return { at, method, channel: null, person, content };
        }
        default:
          throw new Error(`It is not known who sees what ${method} shows.`);
      }
    });
  return [...outgoing, ...(await acknowledgements(slack))];
}

/** Line ends as they are, so that a certificate is found in whatever encoding it was sent. */
const plain = (value: unknown): string => JSON.stringify(value).replace(/\\+n/g, "\n").replace(/\\+"/g, '"');

const payload = z.object({
  user: z.object({ id: z.string() }).optional(),
  trigger_id: z.string().optional(),
  response_url: z.string().optional(),
  view: z.object({ id: z.string() }).optional(),
});

function gestureOf(body: string): { readonly person: string; readonly handles: readonly string[] } | null {
  const form = new URLSearchParams(body);
  const json = form.get("payload");
  if (json === null) {
    const person = form.get("user_id");
    return person === null
      ? null
      : { person, handles: [form.get("trigger_id") ?? "", pathOf(form.get("response_url"))] };
  }
  const { user, trigger_id: trigger, response_url: url, view } = payload.parse(JSON.parse(json));
  return user === undefined ? null : { person: user.id, handles: [trigger ?? "", view?.id ?? "", pathOf(url)] };
}

const pathOf = (url: string | null | undefined): string => (url == null ? "" : new URL(url).pathname);

/** By trigger, view and answering address: who used it, and so is the one to see what comes of it. */
async function viewersOf(slack: SlackControl): Promise<ReadonlyMap<string, string>> {
  const viewers = new Map<string, string>();
  for (const { body } of await slack.deliveries()) {
    const gesture = gestureOf(body);
    for (const handle of gesture?.handles ?? []) viewers.set(handle, gesture?.person ?? "");
  }
  for (const { id } of (await slack.world()).people) {
    for (const { viewId } of (await slack.person(id)).views) viewers.set(viewId, id);
  }
  return viewers;
}

/** Answers to gestures show things as well: errors on fields, other views, an answer to a command. */
async function acknowledgements(slack: SlackControl): Promise<readonly Sent[]> {
  return (await slack.deliveries()).flatMap(({ at, body, acknowledgement }): Sent[] => {
    const gesture = gestureOf(body);
    if (gesture === null || acknowledgement.body === "") return [];
    return [
      { at, method: "acknowledgement", channel: null, person: gesture.person, content: plain(acknowledgement.body) },
    ];
  });
}
