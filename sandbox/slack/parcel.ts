/** What Slack has for the app, whichever way it goes there, and what became of it. */

/** The app's time to acknowledge. */
export const ACK_LIMIT_MS = 3000;

export type DeliveryKind =
  | "command"
  | "block_actions"
  | "view_submission"
  | "view_closed"
  | "event"
  | "url_verification";

export interface Parcel {
  readonly kind: DeliveryKind;
  readonly contentType: "application/x-www-form-urlencoded" | "application/json";
  readonly body: string;
  /** Only events say that they come again: the number of this try, and what became of the one before. */
  readonly retry?: { readonly attempt: number; readonly reason: string } | undefined;
}

/** What became of one delivery. */
export interface Acknowledgement {
  /** 200 for what was acknowledged in Socket Mode; null if no answer came in time, or none at all. */
  readonly status: number | null;
  readonly ackMs: number;
  readonly body: string;
  /** Set when no answer came. */
  readonly failure?: "http_timeout" | "connection_failed" | "timeout" | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export function isAccepted({ status }: Acknowledgement): boolean {
  return status !== null && status >= 200 && status < 300;
}

/** Since then, in whole milliseconds. */
export const elapsedSince = (started: number): number => Math.round(performance.now() - started);
