import { randomUUID } from "node:crypto";
import type { z } from "zod";
import { clickInMessage } from "../gestures/click.ts";
import { typeCommand } from "../gestures/command.ts";
import { channelNamed, channelOf, experienceOf, personNamed } from "../gestures/experience.ts";
import { openHome } from "../gestures/home.ts";
import { mention, write } from "../gestures/mention.ts";
import { clickInModal, closeModal, fillIn } from "../gestures/modal.ts";
import { submit } from "../gestures/submit.ts";
import { json, parseJson, type Reply, type Request } from "../http.ts";
import { isAccepted } from "../parcel.ts";
import { settingsChange } from "../state/settings.ts";
import type { Slack } from "../state/slack.ts";
import { NotOnScreen } from "../state/state-values.ts";
import { changeSettings } from "./change-settings.ts";
import * as api from "./control-api.ts";
import { screenOfChannel, screenOfNews, screenOfPerson, screenOfWorld } from "./screens.ts";

/** Longest wait of one `GET /control/wait`. */
const WAIT_LIMIT_MS = 30_000;

type Handler = (slack: Slack, request: Request) => Promise<unknown> | unknown;

const handlers: Readonly<Record<string, Handler>> = {
  "POST command": (slack, request) => typeCommand(slack, read(api.commandRequest, request)),
  "POST message": (slack, request) => write(slack, read(api.messageRequest, request)),
  "POST mention": (slack, request) => mention(slack, read(api.messageRequest, request)),
  "POST click": (slack, request) => {
    const click = read(api.clickRequest, request);
    return "viewId" in click ? clickInModal(slack, click) : clickInMessage(slack, click);
  },
  "POST fill": (slack, request) => fillIn(slack, read(api.fillRequest, request)),
  "POST submit": (slack, request) => submit(slack, read(api.submitRequest, request)),
  "POST home": (slack, request) => openHome(slack, read(api.homeRequest, request)),
  "POST close": (slack, request) => closeModal(slack, read(api.closeRequest, request)),
  "POST settings": async (slack, request) => {
    await changeSettings(slack, read(settingsChange, request));
    return { ok: true };
  },
  "POST events-url": async (slack, request) => {
    await setEventsUrl(slack, read(api.eventsUrlRequest, request));
    return { ok: true };
  },
  "POST envelope": (slack, request) => deliverEnvelope(slack, read(api.envelopeRequest, request)),
  "POST socket": (slack, request) => {
    useSockets(slack, read(api.socketRequest, request));
    return { ok: true };
  },
  "GET person": (slack, request) => screenOfPerson(slack, personNamed(slack, lastPart(request))),
  "GET channel": (slack, request) => {
    const id = lastPart(request);
    const viewer = request.query.get("person");
    const channel = viewer === null ? channelNamed(slack, id) : channelOf(slack, personNamed(slack, viewer), id);
    return screenOfChannel(slack, channel);
  },
  "GET news": async (slack, { query }) => {
    const since = Number(query.get("since") ?? -1);
    await slack.changes.after(since, Math.min(Number(query.get("timeoutMs") ?? 10_000), WAIT_LIMIT_MS));
    return screenOfNews(slack, since);
  },
  "GET world": (slack) => screenOfWorld(slack),
  "GET calls": (slack, request) => later(slack.calls, request),
  "GET deliveries": (slack, request) => later(slack.deliveries.log, request),
  "GET wait": async (slack, { query }) => {
    const timeoutMs = Math.min(Number(query.get("timeoutMs") ?? 10_000), WAIT_LIMIT_MS);
    return { version: await slack.changes.after(Number(query.get("since") ?? -1), timeoutMs) };
  },
};

/** The request says something that the control API does not know. */
class BadRequest extends Error {
  override readonly name = "BadRequest";
}

/** Answers `/control/…`: what somebody types, clicks and submits, and what each person sees. README.md lists it. */
export async function answerControl(slack: Slack, request: Request): Promise<Reply> {
  const name = request.path.split("/")[2] ?? "";
  const handler = handlers[`${request.method} ${name}`];
  if (handler === undefined) return json(404, { error: `the control API has no ${request.method} ${request.path}` });
  try {
    return json(200, await handler(slack, request));
  } catch (error) {
    if (error instanceof BadRequest) return json(400, { error: error.message });
    if (error instanceof NotOnScreen) return json(409, { error: error.message });
    throw error;
  }
}

function read<T>(schema: z.ZodType<T>, request: Request): T {
  const parsed = schema.safeParse(parseJson(request.body.toString()));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.map(String).join(".") || "body"}: ${message}`);
  throw new BadRequest(faults.join("; "));
}

/** The entries after number `since`, all of them by default. */
function later<T extends { readonly n: number }>(list: readonly T[], { query }: Request): readonly T[] {
  return list.slice(Number(query.get("since") ?? 0));
}

/** An envelope of any content, as only something that is broken would send it. */
async function deliverEnvelope(slack: Slack, { type, payload }: api.EnvelopeRequest): Promise<api.Experience> {
  const envelope = { envelope_id: randomUUID(), type, payload, accepts_response_payload: true };
  return experienceOf(await slack.sockets.deliver(envelope));
}

/** @throws NotOnScreen without a connection */
function useSockets({ sockets }: Slack, request: api.SocketRequest): void {
  if ("replace" in request) sockets.replaceAll(request.replace);
  else if ("cut" in request) sockets.cutAll();
  else if (!sockets.say(request.say)) throw new NotOnScreen("the app has no connection open");
}

function lastPart(request: Request): string {
  return decodeURIComponent(request.path.split("/")[3] ?? "");
}

async function setEventsUrl(slack: Slack, { url, verify }: { url: string; verify: boolean }): Promise<void> {
  const before = slack.deliveries.setUrl(url);
  if (!verify) return;
  const challenge = slack.ids.trigger();
  const body = JSON.stringify({ token: slack.verificationToken, challenge, type: "url_verification" });
  const ack = await slack.deliveries.send({ kind: "url_verification", contentType: "application/json", body });
  if (isAccepted(ack) && ack.body.includes(challenge)) return;
  slack.deliveries.setUrl(before);
  throw new NotOnScreen("Your URL didn't respond with the value of the challenge parameter.");
}
