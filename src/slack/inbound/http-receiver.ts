/**
 * Slack's signed requests, looked at before Bolt's receiver acts on them: it takes requests dated in the future, and a
 * signed body that is no object ends its process.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { defaultBodyLimit, ErrorCode, HTTPModuleFunctions, HTTPReceiver, type HTTPReceiverOptions } from "@slack/bolt";
import { isSignedDelivery, isSslCheck } from "./deliveries.ts";
import type { Unreadable } from "./unreadable.ts";

/** How far a request's date may be from now, in seconds, both ways. */
const MOST_SKEW_S = 300;
/** The status for what Slack has signed and nobody can read. */
const UNREADABLE = 400;

/** Bolt's receiver behind that check: what is not Slack's is 401, what is no delivery of a known kind 400. */
export function createHttpReceiver(options: HTTPReceiverOptions, unreadable: Unreadable): HTTPReceiver {
  const receiver = new HTTPReceiver({
    ...options,
    processEventErrorHandler: (found) => whenUnreadable(found, unreadable),
  });
  const handle = receiver.requestListener;
  receiver.requestListener = (request, response) => {
    if (request.method !== "POST") return handle(request, response);
    void whyRefused(options, request)
      .then((status) => {
        if (status === UNREADABLE) unreadable.found();
        return status === null ? handle(request, response) : refuse(response, status);
      })
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
    if (!isSignedDelivery(body)) return UNREADABLE;
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

const isRecent = ({ headers }: IncomingMessage): boolean =>
  Math.abs(Date.now() / 1000 - Number(headers["x-slack-request-timestamp"])) <= MOST_SKEW_S;

type Failed = Parameters<typeof HTTPModuleFunctions.defaultProcessEventErrorHandler>[0];

/** What Bolt fails on before any listener is asked is no delivery either, and would be none if it came again. */
async function whenUnreadable(found: Failed, unreadable: Unreadable): Promise<boolean> {
  const { error, response } = found;
  const isRefused = "code" in error && error.code === ErrorCode.AuthorizationError;
  if (response.headersSent || isRefused) return HTTPModuleFunctions.defaultProcessEventErrorHandler(found);
  unreadable.found();
  refuse(response, UNREADABLE);
  return false;
}

function refuse(response: ServerResponse, status: number): void {
  if (response.headersSent) return;
  response.writeHead(status).end();
}
