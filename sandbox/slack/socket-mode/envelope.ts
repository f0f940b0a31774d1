/** What travels over a connection in Socket Mode, as Slack writes it. */
import { z } from "zod";
import { parseJson } from "../http.ts";
import type { Parcel } from "../parcel.ts";

export interface Envelope {
  readonly envelope_id: string;
  readonly type: string;
  readonly payload: unknown;
  readonly accepts_response_payload: boolean;
  readonly retry_attempt?: number;
  readonly retry_reason?: string;
}

export const envelopeOf = (parcel: Parcel, id: string): Envelope => {
  const { kind, body, retry } = parcel;
  const common = { envelope_id: id, payload: payloadOf(parcel) };
  switch (kind) {
    case "command":
      return { ...common, type: "slash_commands", accepts_response_payload: true };
    case "view_submission":
      return { ...common, type: "interactive", accepts_response_payload: true };
    case "block_actions":
    case "view_closed":
      return { ...common, type: "interactive", accepts_response_payload: false };
    case "event":
      return {
        ...common,
        type: "events_api",
        accepts_response_payload: false,
        retry_attempt: retry?.attempt ?? 0,
        retry_reason: retry === undefined ? "" : "timeout",
      };
    case "url_verification":
      throw new Error(`An address is verified over HTTP only: ${body}`);
  }
};

/** The same as in a signed request: a form's fields, a form's `payload`, or the JSON itself. */
function payloadOf({ contentType, body }: Parcel): unknown {
  if (contentType === "application/json") return parseJson(body);
  const fields = new URLSearchParams(body);
  const payload = fields.get("payload");
  return payload === null ? Object.fromEntries(fields) : parseJson(payload);
}

export const hello = (appId: string, connections: number): string =>
  JSON.stringify({
    type: "hello",
    num_connections: connections,
    debug_info: { host: "applink-sandbox", build_number: 1, approximate_connection_time: 18_060 },
    connection_info: { app_id: appId },
  });

export const DISCONNECT_REASONS = ["warning", "refresh_requested", "link_disabled", "too_many_websockets"] as const;
export type DisconnectReason = (typeof DISCONNECT_REASONS)[number];

export const disconnect = (reason: DisconnectReason): string =>
  JSON.stringify({ type: "disconnect", reason, debug_info: { host: "applink-sandbox" } });

const acknowledgement = z.object({
  envelope_id: z.string().min(1),
  payload: z.record(z.string(), z.unknown()).optional(),
});
export type EnvelopeAck = z.infer<typeof acknowledgement>;

/** Undefined for what acknowledges nothing. */
export const readAck = (text: string): EnvelopeAck | undefined => acknowledgement.safeParse(parseJson(text)).data;

/** What an acknowledgement says, as the body of an answer over HTTP would. */
export function answerIn({ payload = {} }: EnvelopeAck, { accepts_response_payload }: Envelope): string {
  return accepts_response_payload && Object.keys(payload).length > 0 ? JSON.stringify(payload) : "";
}
