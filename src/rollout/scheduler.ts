/** Carries out what is due, each task on its own: one slow zone holds nobody else. */
import { setImmediate as breath } from "node:timers/promises";
import type { FederationId } from "../federation/model/identity.ts";
import type { Federation } from "../federation/model/state.ts";
import { dueTasks, nextWake, type Task, taskKey } from "../federation/running/due-tasks.ts";
import { Removals } from "./removals.ts";
import type { Outcome, TaskContext } from "./task-context.ts";
import { carryOut } from "./tasks.ts";

/** Milliseconds. */
export interface Pace {
  /** The pause before a task is tried again, and what it grows to. */
  readonly retryFirst: number;
  readonly retryMost: number;
}

/** Milliseconds. Calendars can be set: whatever waits for a date is looked at so often at least. */
const LONGEST_SLEEP = 60 * 60_000;

/** Federations that are attended to in one breath when the bot starts. */
const AT_A_TIME = 10;

interface Trial {
  readonly running: boolean;
  readonly failures: number;
  /** Not tried again before this moment, in monotonic milliseconds. */
  readonly notBefore: number;
}

const FRESH: Trial = { running: false, failures: 0, notBefore: 0 };

/** One federation's tasks. */
interface Agenda {
  readonly trials: Map<string, Trial>;
  /** Tasks that were told not to work: once, until they do. */
  readonly troubled: Set<string>;
  timer: NodeJS.Timeout | undefined;
}

export class Scheduler {
  readonly #context: TaskContext;
  readonly #pace: Pace;
  readonly #removals = new Removals();
  readonly #agendas = new Map<FederationId, Agenda>();
  readonly #underWay = new Set<Promise<void>>();
  #state: "waiting" | "started" | "stopping" = "waiting";

  constructor(context: TaskContext, pace: Pace) {
    this.#context = context;
    this.#pace = pace;
  }

  /** Nobody waits until every living federation has been attended to once. */
  start(): void {
    this.#state = "started";
    this.#context.store.onChange(({ id }) => this.attend(id));
    void this.#attendAll();
  }

  /** No new task starts; those under way are waited for. */
  async stop(): Promise<void> {
    this.#state = "stopping";
    for (const { timer } of this.#agendas.values()) clearTimeout(timer);
    await Promise.all(this.#underWay);
  }

  /** Starts what is due of one federation, and sleeps until more may be. */
  attend(id: FederationId): void {
    if (this.#state !== "started") return;
    const federation = this.#context.store.get(id);
    if (federation === undefined) {
      clearTimeout(this.#agendas.get(id)?.timer);
      this.#agendas.delete(id);
      return;
    }
    try {
      this.#attend(federation);
    } catch (error) {
      this.#context.log.error({ federation: id, err: error }, "what is due of a federation could not be worked out");
    }
  }

  async #attendAll(): Promise<void> {
    let count = 0;
    for (const { id } of this.#context.store.living()) {
      if (count % AT_A_TIME === 0) await breath();
      this.attend(id);
      count += 1;
    }
  }

  #attend(federation: Federation): void {
    const { id } = federation;
    const agenda = this.#agendaOf(id);
    const deciding = this.#context.store.decisionContext(id);
    const due = dueTasks(federation, this.#context.live(id), deciding);
    const keys = new Set(due.map(taskKey));
    for (const [key, { running }] of agenda.trials) if (!keys.has(key) && !running) agenda.trials.delete(key);
    for (const key of agenda.troubled) {
      if (!keys.has(key) && agenda.trials.get(key)?.running !== true) agenda.troubled.delete(key);
    }
    for (const task of due) this.#try(federation, agenda, task);
    this.#sleep(id, agenda, nextWake(federation, deciding), Date.parse(deciding.now));
  }

  #agendaOf(id: FederationId): Agenda {
    const known = this.#agendas.get(id);
    if (known !== undefined) return known;
    const made: Agenda = { trials: new Map(), troubled: new Set(), timer: undefined };
    this.#agendas.set(id, made);
    return made;
  }

  /** Until a task may be tried again, or the calendar makes one due. */
  #sleep(id: FederationId, agenda: Agenda, wake: number | null, now: number): void {
    clearTimeout(agenda.timer);
    const clock = performance.now();
    const retries = [...agenda.trials.values()]
      .filter(({ running }) => !running)
      .map(({ notBefore }) => notBefore - clock);
    const waits = [...retries, ...(wake === null ? [] : [Math.min(LONGEST_SLEEP, wake - now)])];
    if (waits.length === 0 || this.#state !== "started") return;
    agenda.timer = setTimeout(() => this.attend(id), Math.max(1, Math.ceil(Math.min(...waits))));
  }

  #try(federation: Federation, agenda: Agenda, task: Task): void {
    const key = taskKey(task);
    const trial = agenda.trials.get(key) ?? FRESH;
    if (trial.running || performance.now() < trial.notBefore) return;
    agenda.trials.set(key, { ...trial, running: true });
    const work = this.#carryOut(federation, agenda, task).then((outcome) => {
      this.#underWay.delete(work);
      this.#conclude(federation, agenda, key, trial, outcome);
    });
    this.#underWay.add(work);
  }

  /** What was done is forgotten, unless it changed nothing: what is due again at once waits as if it had failed. */
  #conclude({ id, seq }: Federation, agenda: Agenda, key: string, { failures }: Trial, outcome: Outcome): void {
    const moved = this.#context.store.get(id)?.seq !== seq;
    if (outcome === "done" && moved) agenda.trials.delete(key);
    else {
      const notBefore = performance.now() + this.#pause(failures);
      agenda.trials.set(key, { running: false, failures: failures + 1, notBefore });
    }
    this.attend(id);
  }

  async #carryOut(federation: Federation, { troubled }: Agenda, task: Task): Promise<Outcome> {
    const { id } = federation;
    const key = taskKey(task);
    const { log } = this.#context;
    try {
      const outcome = await carryOut(this.#context, this.#removals, { id, federation }, task);
      if (outcome === "done" && troubled.delete(key)) log.info({ federation: id, task }, "a task works again");
      return outcome;
    } catch (error) {
      if (!troubled.has(key)) {
        log.warn({ federation: id, task, err: error }, "a task did not work; it is tried again until it does");
      }
      troubled.add(key);
      return "later";
    }
  }

  /** Doubles from the first pause to the longest, less up to a half by chance. */
  #pause(failures: number): number {
    const { retryFirst, retryMost } = this.#pace;
    const full = Math.min(retryMost, retryFirst * 2 ** Math.min(failures, 20));
    return full * (1 - Math.random() / 2);
  }
}
