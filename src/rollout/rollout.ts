/** Carries out what is due, each task on its own: one slow zone holds nobody else. */
import { expireProposals } from "../federation/approval.ts";
import { decided } from "../federation/decision.ts";
import { dueTasks, type Task, taskKey } from "../federation/due-tasks.ts";
import type { FederationId } from "../federation/identity.ts";
import { concludeTeardown } from "../federation/lifecycle.ts";
import { failed } from "../federation/observation.ts";
import type { Federation } from "../federation/state.ts";
import { deliverAdmissions, judgePublishedKey, tellAdmitted } from "./admissions.ts";
import { certify, deliverCertificate } from "./certificates.ts";
import { begin, createAuthority, propose } from "./planning.ts";
import { createService, registerTemplate, removeService } from "./services.ts";
import type { Job, Outcome, Workshop } from "./workshop.ts";

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
  readonly #shop: Workshop;
  readonly #pace: Pace;
  readonly #trials = new Map<string, Trial>();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(shop: Workshop, pace: Pace) {
    this.#shop = shop;
    this.#pace = pace;
  }

  start(): void {
    this.#shop.ledger.onChange((federation) => this.#attend(federation));
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
    for (const federation of this.#shop.ledger.all()) this.#attend(federation);
  }

  #attend(federation: Federation): void {
    if (this.#stopping) return;
    const due = dueTasks(federation, this.#shop.ledger.world(federation.id));
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
      const federation = this.#shop.ledger.get(id);
      if (outcome === "done" && federation !== undefined) this.#attend(federation);
    });
    this.#underWay.add(work);
  }

  async #carryOut(id: FederationId, task: Task): Promise<Outcome> {
    const federation = this.#shop.ledger.get(id);
    if (federation === undefined) return "later";
    try {
      return await carryOut(this.#shop, { id, federation }, task);
    } catch (error) {
      this.#shop.log.warn({ federation: id, task, err: error }, "a task did not work and will be tried again");
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

async function carryOut(shop: Workshop, job: Job, task: Task): Promise<Outcome> {
  switch (task.kind) {
    case "create-authority":
      return createAuthority(shop, job);
    case "propose":
      return propose(shop, job);
    case "begin":
      return begin(shop, job, task.site);
    case "register-template":
      return registerTemplate(shop, job, task.site);
    case "create-service":
      return createService(shop, job, task.site);
    case "certify":
      return certify(shop, job, task.site, task.vmId);
    case "deliver-certificate":
      return deliverCertificate(shop, job, task.site, task.vmId);
    case "judge-key":
      return judgePublishedKey(shop, job, task.site, task.vmId);
    case "deliver-admissions":
      return deliverAdmissions(shop, job, task.site);
    case "tell-admitted":
      return tellAdmitted(shop, job, task.site, task.vmId);
    case "remove-service":
      return removeService(shop, job, task.site, task.serviceId);
    case "destroy-authority":
      return destroyAuthority(shop, job);
    case "expire":
    case "remind":
    case "time-out":
    case "conclude-teardown":
      return decideByTime(shop, job, task);
  }
}

async function destroyAuthority(shop: Workshop, { id }: Job): Promise<Outcome> {
  await shop.trust.destroy(id);
  await shop.ledger.change(id, (newest) =>
    newest.authorityDestroyed ? decided() : decided({ type: "authority-destroyed" }),
  );
  return "done";
}

type TimeTask = Extract<Task, { kind: "expire" | "remind" | "time-out" | "conclude-teardown" }>;

/** What the passing of time decides; it is due only while the newest state still says so. */
async function decideByTime(shop: Workshop, { id }: Job, task: TimeTask): Promise<Outcome> {
  await shop.ledger.change(id, (newest, world) => {
    const stillDue = dueTasks(newest, world).some((due) => taskKey(due) === taskKey(task));
    if (!stillDue) return decided();
    if (task.kind === "expire") return expireProposals(newest, world);
    if (task.kind === "conclude-teardown") return concludeTeardown(newest, world);
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
