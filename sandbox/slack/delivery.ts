/** Everything that Slack sends to the app: to its address if it has told one, else over the connections it opened. */
import type { Acknowledgement, DeliveryKind, Parcel } from "./parcel.ts";
import type { Recorder } from "./record.ts";
import { post, signedHeaders } from "./signed-request.ts";
import { envelopeOf } from "./socket-mode/envelope.ts";
import type { SocketMode } from "./socket-mode/socket-mode.ts";

interface Delivery {
  readonly n: number;
  readonly at: string;
  readonly kind: DeliveryKind;
  readonly repeat: boolean;
  /** As HTTP carries it; an envelope holds the same as JSON. */
  readonly body: string;
  readonly acknowledgement: Acknowledgement;
}

export interface Deliveries {
  /** Sends a parcel and waits up to three seconds; once more if everything is to arrive twice. */
  readonly send: (parcel: Parcel) => Promise<Acknowledgement>;
  readonly log: readonly Delivery[];
  /** Changes the request URL; without one the app is reached in Socket Mode. Answers the one before. */
  readonly setUrl: (url: string | undefined) => string | undefined;
}

export interface DeliveryOptions {
  readonly signingSecret: string;
  readonly eventsUrl: string | undefined;
  readonly sockets: SocketMode;
  readonly newId: () => string;
  readonly twice: () => boolean;
  readonly record: Recorder;
  readonly note: () => void;
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly acknowledgement: Acknowledgement;
}

export function createDeliveries(options: DeliveryOptions): Deliveries {
  const log: Delivery[] = [];
  let url = options.eventsUrl;
  const sendOver = async (parcel: Parcel): Promise<Sent> => {
    const { body } = parcel;
    if (url === undefined) {
      const envelope = envelopeOf(parcel, options.newId());
      return { headers: {}, body: JSON.stringify(envelope), acknowledgement: await options.sockets.deliver(envelope) };
    }
    const headers = signedHeaders(parcel, options.signingSecret);
    return { headers, body, acknowledgement: await post(url, headers, body) };
  };
  const once = async (parcel: Parcel, repeat: boolean) => {
    const at = new Date().toISOString();
    const { headers, body, acknowledgement } = await sendOver(parcel);
    log.push({ n: log.length + 1, at, kind: parcel.kind, repeat, body: parcel.body, acknowledgement });
    const { status, headers: answered, body: answer } = acknowledgement;
    options.record({
      at,
      direction: "to-bot",
      method: parcel.kind,
      request: { headers, body },
      response: status === null ? null : { status, headers: answered, body: answer },
    });
    options.note();
    return acknowledgement;
  };
  return {
    send: async (parcel) => {
      const first = await once(parcel, false);
      if (options.twice() && parcel.kind !== "url_verification") await once(asRepeat(parcel), true);
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

/** Only events say that they come again. */
const asRepeat = (parcel: Parcel): Parcel =>
  parcel.kind === "event" ? { ...parcel, retry: { attempt: 1, reason: "http_timeout" } } : parcel;
