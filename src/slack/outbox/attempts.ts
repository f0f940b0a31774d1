/** What one process has tried with the messages of one federation: how often, with what result, and when again. Pure. */
import type { DesiredMessage } from "../message.ts";
import { dependsOnChannel } from "../refusals.ts";

interface Attempt {
  /** What was tried; another content begins anew. */
  content: string;
  refusals: number;
  /** Slack refused the blocks: the text goes out alone. */
  isTextOnly: boolean;
  /** Looks at an uploaded file, and those that Slack did not answer. */
  looks: number;
  unanswered: number;
}

interface Settled {
  readonly because: string;
  readonly content: string;
  readonly audience: string;
}

export class Attempts {
  readonly #attempts = new Map<string, Attempt>();
  readonly #settled = new Map<string, Settled>();
  readonly #notBefore = new Map<string, number>();
  /** How often each message was sent, in whatever form, without an answer. */
  readonly #unheard = new Map<string, number>();

  of(key: string, content: string): Attempt {
    const known = this.#attempts.get(key);
    if (known?.content === content) return known;
    const begun = { content, refusals: 0, isTextOnly: false, looks: 0, unanswered: 0 };
    this.#attempts.set(key, begun);
    return begun;
  }

  isTextOnly(key: string, content: string): boolean {
    const known = this.#attempts.get(key);
    return known?.content === content && known.isTextOnly;
  }

  /** The message was sent once more without an answer; how often by now. */
  countUnheard(key: string): number {
    const count = (this.#unheard.get(key) ?? 0) + 1;
    this.#unheard.set(key, count);
    return count;
  }

  /** Nothing is done about the message before that moment. */
  postpone(key: string, until: number): void {
    this.#notBefore.set(key, until);
  }

  dueAt(key: string): number {
    return this.#notBefore.get(key) ?? 0;
  }

  /** The message was given up: asked again, Slack would answer the same. */
  settle(message: DesiredMessage, content: string, because: string): void {
    this.#attempts.delete(message.key);
    this.#settled.set(message.key, { because, content, audience: circumstances(message) });
  }

  /** Another audience, and where the content was the reason another content, are worth another try. */
  isSettled(message: DesiredMessage, content: string): boolean {
    const settled = this.#settled.get(message.key);
    if (settled === undefined || settled.audience !== circumstances(message)) return false;
    return dependsOnChannel(settled.because) || settled.content === content;
  }

  /** Whether it was given up earlier and is tried again for a reason. */
  isRetried(key: string): boolean {
    return this.#settled.has(key);
  }

  reopen(key: string): void {
    this.#settled.delete(key);
    this.#notBefore.delete(key);
  }

  /** The message stands as it is wanted, or is wanted no more. */
  finish(key: string): void {
    this.#attempts.delete(key);
    this.#settled.delete(key);
    this.#notBefore.delete(key);
    this.#unheard.delete(key);
  }
}

const circumstances = ({ audience, channel }: DesiredMessage): string => [channel, ...(audience ?? [])].join(" ");
