/** The connections that the app has opened: any one of them carries what is next. */
import type { WebSocket } from "ws";
import { type DisconnectReason, disconnect, hello } from "./envelope.ts";

/** Slack lets an app have so many at once. */
const MOST_CONNECTIONS = 10;
/** From the message that a connection is to be replaced to its end. */
const GRACE_MS = 10_000;

export interface ConnectionsOptions {
  readonly appId: string;
  /** What the app says, and that a connection is gone. */
  readonly heard: (text: string) => void;
  readonly gone: (connection: WebSocket) => void;
  readonly later: (ms: number, action: () => void) => void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open: WebSocket[] = [];
  /** To be replaced: they carry something only where there is no other. */
  readonly #leaving = new WeakSet<WebSocket>();
  readonly #awaiting = new Set<() => void>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.length;
  }

  /** Whether one is being ended, by whichever side, and not gone yet. */
  get isEnding(): boolean {
    return this.#open.some((each) => each.readyState !== each.OPEN);
  }

  join(connection: WebSocket): void {
    connection.on("message", (data) => this.#options.heard(String(data)));
    connection.on("close", () => this.#leave(connection));
    connection.on("error", () => connection.terminate());
    if (this.#open.length >= MOST_CONNECTIONS) {
      connection.send(disconnect("too_many_websockets"));
      connection.close(1000);
      return;
    }
    this.#open.push(connection);
    connection.send(hello(this.#options.appId, this.#open.length));
    for (const resume of [...this.#awaiting]) resume();
  }

  /** One after the other, so that each carries something. */
  next(): WebSocket | undefined {
    const usable = this.#open.filter((each) => each.readyState === each.OPEN);
    const chosen = usable.find((each) => !this.#leaving.has(each)) ?? usable[0];
    if (chosen !== undefined) this.#open.push(...this.#open.splice(this.#open.indexOf(chosen), 1));
    return chosen;
  }

  /** As soon as there is one; undefined after so many milliseconds. */
  nextWithin(ms: number): Promise<WebSocket | undefined> {
    const found = this.next();
    if (found !== undefined || ms <= 0) return Promise.resolve(found);
    return new Promise((resolve) => {
      const resume = () => {
        clearTimeout(timer);
        this.#awaiting.delete(resume);
        resolve(this.next());
      };
      const timer = setTimeout(resume, ms);
      this.#awaiting.add(resume);
    });
  }

  /** Tells it that it is to be replaced, and ends it after a while. */
  replace(connection: WebSocket, reason: DisconnectReason): void {
    this.#leaving.add(connection);
    connection.send(disconnect(reason));
    this.#options.later(GRACE_MS, () => connection.close(1000));
  }

  each(action: (connection: WebSocket) => void): void {
    for (const connection of [...this.#open]) action(connection);
  }

  #leave(connection: WebSocket): void {
    const index = this.#open.indexOf(connection);
    if (index >= 0) this.#open.splice(index, 1);
    this.#options.gone(connection);
  }
}
