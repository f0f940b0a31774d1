/** Carries out what is due, each task on its own: one slow zone holds nobody else. */
import { expireProposals } from "../federation/deciding/approval.ts";
import { concludeTeardown } from "../federation/deciding/lifecycle.ts";
import { decided } from "../federation/model/decision.ts";
import type { FederationId } from "../federation/model/identity.ts";
import type { Federation } from "../federation/model/state.ts";
import { failed } from "../federation/observing/observation.ts";
import { dueTasks, type Task, taskKey } from "../federation/running/due-tasks.ts";
import { deliverAdmissions, judgePublishedKey, tellAdmitted } from "./admissions.ts";
import { certify, deliverCertificate } from "./certificates.ts";
import { begin, createAuthority, propose } from "./planning.ts";
import { createService, registerTemplate, removeService } from "./services.ts";
import type { Job, Outcome, TaskContext } from "./task-context.ts";

/** Milliseconds. */
export interface Pace {
  /** How often tasks that time makes due are looked for. */
  readonly tick: number;
  /** The pause before a task is tried again, and what it grows to. */
  readonly retryFirst: number;
  readonly retryMost: number;
}

interface Trial {
  readonly running: boolean;
  readonly failures: number;
  /** Not tried again before this moment. */
  readonly notBefore: number;
}

export class Rollout {
  readonly #context: TaskContext;
  readonly #pace: Pace;
  readonly #trials = new Map<string, Trial>();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(context: TaskContext, pace: Pace) {
    this.#context = context;
    this.#pace = pace;
  }

  start(): void {
    this.#context.store.onChange((federation) => this.#attend(federation));
    this.#timer = setInterval(() => this.#attendAll(), this.#pace.tick);
    this.#attendAll();
  }

  /** No new task starts; those under way are waited for. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
  }

  #attendAll(): void {
    for (const federation of this.#context.store.all()) this.#attend(federation);
  }

  #attend(federation: Federation): void {
    if (this.#stopping) return;
    const due = dueTasks(federation, this.#context.store.decisionContext(federation.id));
    const keys = new Set(due.map((task) => `${federation.id} ${taskKey(task)}`));
    for (const [key, trial] of this.#trials) {
      if (key.startsWith(`${federation.id} `) && !keys.has(key) && !trial.running) this.#trials.delete(key);
    }
    for (const task of due) this.#try(federation.id, task);
  }

  #try(id: FederationId, task: Task): void {
    const key = `${id} ${taskKey(task)}`;
    const trial = this.#trials.get(key);
    if (trial?.running || Date.now() < (trial?.notBefore ?? 0)) return;
    const failures = trial?.failures ?? 0;
    this.#trials.set(key, { running: true, failures, notBefore: 0 });
    const work = this.#carryOut(id, task).then((outcome) => {
      this.#underWay.delete(work);
      // A task that is due again at once, although it was done, waits as if it had failed: nothing spins.
      this.#trials.set(key, { running: false, failures: failures + 1, notBefore: Date.now() + this.#pause(failures) });
      const federation = this.#context.store.get(id);
      if (outcome === "done" && federation !== undefined) this.#attend(federation);
    });
    this.#underWay.add(work);
  }

  async #carryOut(id: FederationId, task: Task): Promise<Outcome> {
    const federation = this.#context.store.get(id);
    if (federation === undefined) return "later";
    try {
      return await carryOut(this.#context, { id, federation }, task);
    } catch (error) {
      this.#context.log.warn({ federation: id, task, err: error }, "a task did not work and will be tried again");
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

async function carryOut(context: TaskContext, job: Job, task: Task): Promise<Outcome> {
  switch (task.kind) {
    case "create-authority":
      return createAuthority(context, job);
    case "propose":
      return propose(context, job);
    case "begin":
      return begin(context, job, task.site);
    case "register-template":
      return registerTemplate(context, job, task.site);
    case "create-service":
      return createService(context, job, task.site);
    case "certify":
      return certify(context, job, task.site, task.vmId);
    case "deliver-certificate":
      return deliverCertificate(context, job, task.site, task.vmId);
    case "judge-key":
      return judgePublishedKey(context, job, task.site, task.vmId);
    case "deliver-admissions":
      return deliverAdmissions(context, job, task.site);
    case "tell-admitted":
      return tellAdmitted(context, job, task.site, task.vmId);
    case "remove-service":
      return removeService(context, job, task.site, task.serviceId);
    case "destroy-authority":
      return destroyAuthority(context, job);
    case "expire":
    case "remind":
    case "time-out":
    case "conclude-teardown":
      return decideByTime(context, job, task);
  }
}

async function destroyAuthority(context: TaskContext, { id }: Job): Promise<Outcome> {
  await context.trust.destroy(id);
  await context.store.update(id, (newest) =>
    newest.authorityDestroyed ? decided() : decided({ type: "authority-destroyed" }),
  );
  return "done";
}

type TimeTask = Extract<Task, { kind: "expire" | "remind" | "time-out" | "conclude-teardown" }>;

/** What the passing of time decides; it is due only while the newest state still says so. */
async function decideByTime(context: TaskContext, { id }: Job, task: TimeTask): Promise<Outcome> {
  await context.store.update(id, (newest, deciding) => {
    const stillDue = dueTasks(newest, deciding).some((due) => taskKey(due) === taskKey(task));
    if (!stillDue) return decided();
    if (task.kind === "expire") return expireProposals(newest, deciding);
    if (task.kind === "conclude-teardown") return concludeTeardown(newest, deciding);
    if (task.kind === "remind") return decided({ type: "reminder-due", site: task.site });
    const site = newest.sites.get(task.site);
    return site === undefined
      ? decided()
      : decided(failed(site, task.code, waitedFor(site.run?.guests.values() ?? [])));
  });
  return "done";
}

/** Where each guest of a late site is stuck. */
function waitedFor(
  guests: Iterable<{ vmId: number; sighting: { stage: string | null; link: string | null } }>,
): string {
  const stuck = [...guests].map(
    ({ vmId, sighting }) => `VM ${vmId} is ${sighting.stage ?? "not reporting"}, link ${sighting.link ?? "not tried"}`,
  );
  return stuck.length === 0 ? "no VM has come" : stuck.join("; ");
}
