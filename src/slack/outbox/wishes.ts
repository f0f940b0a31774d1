/** What one federation wants to stand in Slack, and which message needs which other one. Pure. */
import { CARD_KEY, contentHash, type DesiredMessage } from "../message.ts";
import { linkedKeys } from "./links.ts";

/** Where a wish comes from: the federation's state, what could not be delivered, a card that has moved. */
export type Source = "state" | "notice" | "pointer";

export interface Wanted {
  readonly message: DesiredMessage;
  readonly source: Source;
  /** The lower, the earlier it was wanted. */
  readonly order: number;
  /** When it was wanted first. */
  readonly since: number;
}

export interface Changes {
  /** Keys about which something is to be looked at, the removed ones included. */
  readonly changed: ReadonlySet<string>;
  readonly removed: readonly string[];
}

export class Wishes {
  readonly #wanted = new Map<string, Wanted>();
  readonly #listed: Record<Source, ReadonlySet<string>> = { state: new Set(), notice: new Set(), pointer: new Set() };
  /** By key: those that stand in its thread or link to it. */
  readonly #dependents = new Map<string, Set<string>>();
  #orders = 0;

  get(key: string): Wanted | undefined {
    return this.#wanted.get(key);
  }

  dependentsOf(key: string): readonly string[] {
    return [...(this.#dependents.get(key) ?? [])];
  }

  /** All that the source wants now. */
  take(source: Source, messages: readonly DesiredMessage[], now: number): Changes {
    const changed = new Set<string>();
    const listed = new Set<string>();
    for (const message of messages) {
      listed.add(message.key);
      if (this.#takeOne(source, message, now)) changed.add(message.key);
    }
    const removed = [...this.#listed[source]].filter(
      (key) => !listed.has(key) && this.#wanted.get(key)?.source === source,
    );
    for (const key of removed) {
      this.remove(key);
      for (const each of [key, ...this.dependentsOf(key)]) changed.add(each);
    }
    this.#listed[source] = listed;
    return { changed, removed };
  }

  /** Whether it is another message than before. */
  #takeOne(source: Source, message: DesiredMessage, now: number): boolean {
    const known = this.#wanted.get(message.key);
    if (known?.source === source && isSame(known.message, message)) return false;
    if (known !== undefined) this.#detach(known.message);
    this.#orders += 1;
    const { order, since } = known ?? { order: this.#orders, since: now };
    this.#wanted.set(message.key, { message, source, order, since });
    for (const key of needsOf(message)) {
      this.#dependents.set(key, (this.#dependents.get(key) ?? new Set()).add(message.key));
    }
    return true;
  }

  remove(key: string): void {
    const known = this.#wanted.get(key);
    if (known === undefined) return;
    this.#wanted.delete(key);
    this.#detach(known.message);
  }

  #detach(message: DesiredMessage): void {
    for (const key of needsOf(message)) {
      const dependents = this.#dependents.get(key);
      dependents?.delete(message.key);
      if (dependents?.size === 0) this.#dependents.delete(key);
    }
  }
}

/** Nothing of a federation is said, and nobody asked, before its card stands. */
export const comesAfter = ({ key }: DesiredMessage): string | null => (key === CARD_KEY ? null : CARD_KEY);

const needsOf = (message: DesiredMessage): readonly string[] => [
  ...(comesAfter(message) === null ? [] : [CARD_KEY]),
  ...(message.thread === null ? [] : [message.thread]),
  ...linkedKeys(message),
];

const isSame = (one: DesiredMessage, other: DesiredMessage): boolean =>
  contentHash(one) === contentHash(other) &&
  one.channel === other.channel &&
  one.thread === other.thread &&
  one.importance === other.importance &&
  (one.audience ?? [""]).join(" ") === (other.audience ?? [""]).join(" ");
