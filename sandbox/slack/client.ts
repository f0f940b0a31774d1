import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import * as api from "./control/control-api.ts";

/** The control API refused: nobody could have done that, or the request is wrong. The message says why. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A client of the control API: people's hands and eyes. Gestures throw `ControlError` if nobody could make them. */
export interface SlackControl {
  readonly command: (gesture: api.CommandRequest) => Promise<api.Experience>;
  /** Writes to the people of a channel; the app hears nothing of it. */
  readonly message: (gesture: api.MessageRequest) => Promise<api.Experience>;
  readonly mention: (gesture: api.MessageRequest) => Promise<api.Experience>;
  readonly click: (gesture: api.MessageClick | api.ModalClick) => Promise<api.Experience>;
  readonly fill: (gesture: api.FillRequest) => Promise<api.Experience>;
  readonly submit: (gesture: api.SubmitRequest) => Promise<api.Experience>;
  readonly close: (gesture: api.CloseRequest) => Promise<api.Experience>;
  /** Opens the app's home; what it shows then is on the person's screen. */
  readonly home: (gesture: api.HomeRequest) => Promise<api.Experience>;
  /** Delivers an envelope of any content in Socket Mode. */
  readonly envelope: (request: api.EnvelopeRequest) => Promise<api.Experience>;
  readonly socket: (request: api.SocketRequest) => Promise<void>;
  readonly person: (id: string) => Promise<api.PersonScreen>;
  /** @param viewer whose eyes to look with; 409 if they are not in the channel */
  readonly channel: (id: string, viewer?: string) => Promise<api.ChannelScreen>;
  /** What became new after version `since` (everything after -1), as soon as something did or `timeoutMs` are over. */
  readonly news: (since: number, timeoutMs: number) => Promise<api.NewsScreen>;
  readonly world: () => Promise<api.WorldScreen>;
  /** Every Web API call of the app after number `since`, uploads and `response_url` included. */
  readonly calls: (since?: number) => Promise<api.ApiCallList>;
  readonly deliveries: (since?: number) => Promise<api.DeliveryList>;
  readonly settings: (change: api.SettingsRequest) => Promise<void>;
  readonly eventsUrl: (request: api.EventsUrlRequest) => Promise<void>;
  /**
   * Looks again after every change until there is something to return.
   * @param look returns undefined while it is not there yet
   * @throws Error naming `what` after `deadlineMs`
   */
  readonly until: <T>(what: string, look: () => Promise<T | undefined>, deadlineMs?: number) => Promise<T>;
}

/** So long that only what never comes is missed, also on a busy machine. */
export const PATIENCE_MS = 300_000;

/** Changes come in flocks, and a look shows everything: one look for all of them. */
const BETWEEN_LOOKS_MS = 100;

/** @param url the stand-in's address, such as `http://127.0.0.1:4000` */
export function slackControl(url: string): SlackControl {
  const get = <T>(path: string, schema: z.ZodType<T>) => call(schema, `${url}/control/${path}`, { method: "GET" });
  const post = <T>(path: string, body: unknown, schema: z.ZodType<T>) =>
    call(schema, `${url}/control/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const version = async (since: number, timeoutMs: number) =>
    (await get(`wait?since=${since}&timeoutMs=${Math.ceil(timeoutMs)}`, api.version)).version;
  return {
    command: (gesture) => post("command", gesture, api.experience),
    message: (gesture) => post("message", gesture, api.experience),
    mention: (gesture) => post("mention", gesture, api.experience),
    click: (gesture) => post("click", gesture, api.experience),
    fill: (gesture) => post("fill", gesture, api.experience),
    submit: (gesture) => post("submit", gesture, api.experience),
    close: (gesture) => post("close", gesture, api.experience),
    home: (gesture) => post("home", gesture, api.experience),
    envelope: (request) => post("envelope", request, api.experience),
    socket: async (request) => {
      await post("socket", request, api.done);
    },
    person: (id) => get(`person/${encodeURIComponent(id)}`, api.personScreen),
    channel: (id, viewer) => {
      const query = viewer === undefined ? "" : `?person=${encodeURIComponent(viewer)}`;
      return get(`channel/${encodeURIComponent(id)}${query}`, api.channelScreen);
    },
    news: (since, timeoutMs) => get(`news?since=${since}&timeoutMs=${timeoutMs}`, api.newsScreen),
    world: () => get("world", api.worldScreen),
    calls: (since = 0) => get(`calls?since=${since}`, api.callList),
    deliveries: (since = 0) => get(`deliveries?since=${since}`, api.deliveryList),
    settings: async (change) => {
      await post("settings", change, api.done);
    },
    eventsUrl: async (request) => {
      await post("events-url", request, api.done);
    },
    until: async (what, look, deadlineMs = PATIENCE_MS) => {
      const deadline = Date.now() + deadlineMs;
      let seen = await version(-1, 0);
      for (;;) {
        const found = await look();
        if (found !== undefined) return found;
        const left = deadline - Date.now();
        if (left <= 0) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
        seen = await version(seen, left);
        await pause(BETWEEN_LOOKS_MS);
      }
    },
  };
}

async function call<T>(schema: z.ZodType<T>, url: string, request: RequestInit): Promise<T> {
  const response = await fetch(url, request);
  const body: unknown = await response.json();
  if (response.ok) return schema.parse(body);
  const isTold = typeof body === "object" && body !== null && "error" in body;
  throw new ControlError(response.status, isTold ? String(body.error) : `HTTP ${response.status}`);
}
