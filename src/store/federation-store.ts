/** The federations in memory, each the sum of its journal; decisions on one of them never overlap. */
import { type Decision, decided } from "../federation/model/decision.ts";
import { evolve } from "../federation/model/evolve.ts";
import { type FederationId, federationId, type ZoneName } from "../federation/model/identity.ts";
import type { DecisionContext } from "../federation/model/policy.ts";
import { refuse } from "../federation/model/reasons.ts";
import { coordinatorOf, type Federation } from "../federation/model/state.ts";
import type { EventLog, RecordedEvent } from "../federation/ports.ts";
import type { Request } from "../federation/proposing/request.ts";

/** What decisions are made with, apart from other federations. */
export type BaseContext = Omit<DecisionContext, "now" | "takenAddresses">;

export class FederationStore {
  readonly #log: EventLog;
  readonly #base: BaseContext;
  readonly #now: () => string;
  readonly #federations = new Map<FederationId, Federation>();
  readonly #queues = new Map<FederationId, Promise<unknown>>();
  readonly #listeners: ((federation: Federation) => void)[] = [];
  #creating: Promise<unknown> = Promise.resolve();

  /** Reads every journal. Throws when one does not tell a federation's story. */
  constructor(log: EventLog, base: BaseContext, now: () => string) {
    this.#log = log;
    this.#base = base;
    this.#now = now;
    for (const id of log.ids()) {
      const federation = fold(null, log.read(id));
      if (federation !== null) this.#federations.set(federationId.parse(id), federation);
    }
  }

  all(): readonly Federation[] {
    return [...this.#federations.values()];
  }

  get(id: FederationId): Federation | undefined {
    return this.#federations.get(id);
  }

  /** Called after each change with the newest state, in order. */
  onChange(listener: (federation: Federation) => void): void {
    this.#listeners.push(listener);
  }

  /** What decisions about this federation may look at. */
  decisionContext(id: FederationId): DecisionContext {
    return { ...this.#base, now: this.#now(), takenAddresses: this.#takenBut(id) };
  }

  /** Decides on the newest state and journals what follows. Rejects when the journal does; nothing has changed then. */
  update(id: FederationId, decide: (federation: Federation, context: DecisionContext) => Decision): Promise<Decision> {
    return this.#enqueue(id, async () => {
      const federation = this.#federations.get(id);
      if (federation === undefined) return refuse("not-visible");
      const decision = decide(federation, this.decisionContext(id));
      if (decision.ok) await this.#record(id, federation, decision.events);
      return decision;
    });
  }

  /** Journals a new federation if its name is still free among the living. */
  create(request: Request): Promise<Decision> {
    const creating = this.#creating.then(async (): Promise<Decision> => {
      if (this.all().some(({ name, ended }) => name === request.name && ended === null)) return refuse("name-taken");
      const { address, ...rest } = request;
      const decision = decided({ type: "federation-requested", ...rest, address });
      await this.#record(request.federation, null, decision.events);
      return decision;
    });
    this.#creating = creating.catch(() => undefined);
    return creating;
  }

  /** Resolves when everything asked for so far has been decided and journalled. */
  async idle(): Promise<void> {
    await Promise.all([this.#creating, ...this.#queues.values()]);
  }

  #enqueue<T>(id: FederationId, work: () => Promise<T>): Promise<T> {
    const result = (this.#queues.get(id) ?? Promise.resolve()).then(work);
    this.#queues.set(
      id,
      result.catch(() => undefined),
    );
    return result;
  }

  async #record(id: FederationId, before: Federation | null, events: Parameters<EventLog["append"]>[2]): Promise<void> {
    if (events.length === 0) return;
    const after = fold(before, await this.#log.append(id, this.#now(), events));
    if (after === null) return;
    this.#federations.set(id, after);
    for (const listener of this.#listeners) listener(after);
  }

  #takenBut(id: FederationId): ReadonlyMap<ZoneName, ReadonlySet<string>> {
    const taken = new Map<ZoneName, Set<string>>();
    for (const other of this.#federations.values()) {
      if (other.id === id || other.ended !== null || other.address === null) continue;
      const { zone } = coordinatorOf(other);
      taken.set(zone, (taken.get(zone) ?? new Set()).add(other.address));
    }
    return taken;
  }
}

const fold = (before: Federation | null, recorded: readonly RecordedEvent[]): Federation | null =>
  recorded.reduce<Federation | null>((state, entry) => evolve(state, entry), before);
