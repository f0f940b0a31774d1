/** One delivery over HTTP: a signed request to the app's address. */
import { createHmac } from "node:crypto";
import { ACK_LIMIT_MS, type Acknowledgement, elapsedSince, type Parcel } from "./parcel.ts";

export function signedHeaders(parcel: Parcel, secret: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${parcel.body}`).digest("hex");
  const { retry } = parcel;
  return {
    "content-type": parcel.contentType,
    "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    accept: "application/json,*/*",
    // An app that died and was started again must not be met through a connection to the dead one.
    connection: "close",
    "x-slack-request-timestamp": timestamp,
    "x-slack-signature": `v0=${signature}`,
    ...(retry === undefined
      ? {}
      : { "x-slack-retry-num": String(retry.attempt), "x-slack-retry-reason": retry.reason }),
  };
}

export async function post(url: string, headers: Record<string, string>, body: string): Promise<Acknowledgement> {
  const started = performance.now();
  const silent = (failure: "http_timeout" | "connection_failed"): Acknowledgement => ({
    status: null,
    ackMs: elapsedSince(started),
    body: "",
    failure,
    headers: {},
  });
  try {
    const signal = AbortSignal.timeout(ACK_LIMIT_MS);
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    const text = await response.text();
    const answered = Object.fromEntries(response.headers);
    return { status: response.status, ackMs: elapsedSince(started), body: text, headers: answered };
  } catch (error) {
    return silent(error instanceof Error && error.name === "TimeoutError" ? "http_timeout" : "connection_failed");
  }
}
