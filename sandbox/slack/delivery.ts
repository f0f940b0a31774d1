import { createHmac } from "node:crypto";
import type { Recorder } from "./record.ts";

/** The app's time to acknowledge. */
const ACK_LIMIT_MS = 3000;

type DeliveryKind = "command" | "block_actions" | "view_submission" | "view_closed" | "event" | "url_verification";

export interface Parcel {
  readonly kind: DeliveryKind;
  readonly contentType: "application/x-www-form-urlencoded" | "application/json";
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What became of one signed request to the app. */
export interface Acknowledgement {
  /** Null if no answer came in time, or none at all. */
  readonly status: number | null;
  readonly ackMs: number;
  readonly body: string;
  /** Set when no answer came. */
  readonly failure?: "http_timeout" | "connection_failed" | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

interface Delivery {
  readonly n: number;
  readonly at: string;
  readonly kind: DeliveryKind;
  readonly repeat: boolean;
  readonly body: string;
  readonly acknowledgement: Acknowledgement;
}

export interface Deliveries {
  /** Signs a parcel, sends it, and waits up to three seconds; once more if everything is to arrive twice. */
  readonly send: (parcel: Parcel) => Promise<Acknowledgement>;
  readonly log: readonly Delivery[];
  /** Changes the request URL; answers the one before. */
  readonly setUrl: (url: string | undefined) => string | undefined;
}

export interface DeliveryOptions {
  readonly signingSecret: string;
  readonly eventsUrl: string | undefined;
  readonly twice: () => boolean;
  readonly record: Recorder;
  readonly note: () => void;
}

export function createDeliveries(options: DeliveryOptions): Deliveries {
  const log: Delivery[] = [];
  let url = options.eventsUrl;
  const once = async (parcel: Parcel, repeat: boolean) => {
    const at = new Date().toISOString();
    const headers = { ...signedHeaders(parcel, options.signingSecret), ...(repeat ? repeatHeaders(parcel) : {}) };
    const acknowledgement = await post(url, headers, parcel.body);
    log.push({ n: log.length + 1, at, kind: parcel.kind, repeat, body: parcel.body, acknowledgement });
    const { status, headers: answered, body } = acknowledgement;
    options.record({
      at,
      direction: "to-bot",
      method: parcel.kind,
      request: { headers, body: parcel.body },
      response: status === null ? null : { status, headers: answered, body },
    });
    options.note();
    return acknowledgement;
  };
  return {
    send: async (parcel) => {
      const first = await once(parcel, false);
      if (options.twice() && parcel.kind !== "url_verification") await once(parcel, true);
      return first;
    },
    log,
    setUrl: (next) => {
      const before = url;
      url = next;
      return before;
    },
  };
}

export function isAccepted({ status }: Acknowledgement): boolean {
  return status !== null && status >= 200 && status < 300;
}

function signedHeaders(parcel: Parcel, secret: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${parcel.body}`).digest("hex");
  return {
    "content-type": parcel.contentType,
    "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    accept: "application/json,*/*",
    // An app that died and was started again must not be met through a connection to the dead one.
    connection: "close",
    "x-slack-request-timestamp": timestamp,
    "x-slack-signature": `v0=${signature}`,
    ...parcel.headers,
  };
}

/** Only events say that they come again. */
function repeatHeaders(parcel: Parcel): Record<string, string> {
  return parcel.kind === "event" ? { "x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout" } : {};
}

async function post(url: string | undefined, headers: Record<string, string>, body: string): Promise<Acknowledgement> {
  const started = performance.now();
  const elapsed = () => Math.round(performance.now() - started);
  const silent = (failure: "http_timeout" | "connection_failed"): Acknowledgement => ({
    status: null,
    ackMs: elapsed(),
    body: "",
    failure,
    headers: {},
  });
  if (url === undefined) return silent("connection_failed");
  try {
    const signal = AbortSignal.timeout(ACK_LIMIT_MS);
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    const text = await response.text();
    return { status: response.status, ackMs: elapsed(), body: text, headers: Object.fromEntries(response.headers) };
  } catch (error) {
    return silent(error instanceof Error && error.name === "TimeoutError" ? "http_timeout" : "connection_failed");
  }
}
