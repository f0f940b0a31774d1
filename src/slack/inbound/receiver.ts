/**
 * Slack's signed requests, looked at before Bolt's receiver acts on them: it takes requests dated in the future, and a
 * signed body that is no object ends its process.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { defaultBodyLimit, ErrorCode, HTTPModuleFunctions, HTTPReceiver, type HTTPReceiverOptions } from "@slack/bolt";
import { z } from "zod";
import { click, command, submission } from "./payloads.ts";

/** How far a request's date may be from now, in seconds, both ways. */
const MOST_SKEW_S = 300;

const text = z.string().min(1);
const id = z.object({ id: text });

const sslCheck = z.object({ ssl_check: z.literal("1") });
/** What a listener cannot read is never acknowledged, and whoever sent it would wait for an answer. */
const readAs = (payload: z.ZodType) => (body: unknown) => payload.safeParse(body).success;

/** What Slack delivers, as far as Bolt and the listeners look into it to find out what it is and whose. */
const delivery = z.union([
  sslCheck,
  z.object({ type: z.literal("url_verification"), challenge: text }),
  z.object({ type: z.literal("event_callback"), event: z.object({ type: text }) }),
  z.looseObject({ command: text, user_id: text }).refine(readAs(command)),
  z
    .looseObject({ type: z.literal("block_actions"), actions: z.array(z.looseObject({ action_id: text })).min(1) })
    .refine(readAs(click)),
  z.looseObject({ type: z.literal("view_submission") }).refine(readAs(submission)),
  z.object({ type: z.literal("view_closed"), user: id, view: z.object({ callback_id: z.string() }) }),
  z.object({ type: z.enum(["shortcut", "message_action"]), user: id, callback_id: text }),
  z.object({ type: z.literal("block_suggestion"), user: id, action_id: text }),
]);

/** Bolt's receiver behind that check: what is not Slack's is 401, what is no delivery of a known kind 400. */
export function createReceiver(options: HTTPReceiverOptions): HTTPReceiver {
  const receiver = new HTTPReceiver({ ...options, processEventErrorHandler: whenUnreadable });
  const handle = receiver.requestListener;
  receiver.requestListener = (request, response) => {
    if (request.method !== "POST") return handle(request, response);
    void whyRefused(options, request)
      .then((status) => (status === null ? handle(request, response) : refuse(response, status)))
      .catch(() => refuse(response, 404));
  };
  return receiver;
}

/** The status with which the request is refused, or null. What was read of it stays with it for Bolt. */
async function whyRefused({ signingSecret }: HTTPReceiverOptions, request: IncomingMessage): Promise<number | null> {
  try {
    const verified = await HTTPModuleFunctions.parseAndVerifyHTTPRequest(
      { enabled: true, signingSecret, bodyLimit: defaultBodyLimit },
      request,
    );
    const body = bodyOf(verified);
    if (!delivery.safeParse(body).success) return 400;
    return isSslCheck(body) || isRecent(request) ? null : 401;
  } catch (error) {
    return HTTPModuleFunctions.isRawBodyError(error) && error.statusCode === 413 ? 413 : 401;
  }
}

function bodyOf(request: Parameters<typeof HTTPModuleFunctions.parseHTTPRequestBody>[0]): unknown {
  try {
    return HTTPModuleFunctions.parseHTTPRequestBody(request);
  } catch {
    return undefined;
  }
}

/** Slack's question whether the address answers over TLS carries no date. */
const isSslCheck = (body: unknown): boolean => sslCheck.safeParse(body).success;

const isRecent = ({ headers }: IncomingMessage): boolean =>
  Math.abs(Date.now() / 1000 - Number(headers["x-slack-request-timestamp"])) <= MOST_SKEW_S;

type Unreadable = Parameters<typeof HTTPModuleFunctions.defaultProcessEventErrorHandler>[0];

/** What Bolt fails on before any listener is asked is no delivery either, and would be none if it came again. */
async function whenUnreadable(found: Unreadable): Promise<boolean> {
  const { error, response, logger } = found;
  const isRefused = "code" in error && error.code === ErrorCode.AuthorizationError;
  if (response.headersSent || isRefused) return HTTPModuleFunctions.defaultProcessEventErrorHandler(found);
  logger.warn(`A signed delivery could not be read: ${error.message}`);
  refuse(response, 400);
  return false;
}

function refuse(response: ServerResponse, status: number): void {
  if (response.headersSent) return;
  response.writeHead(status).end();
}
