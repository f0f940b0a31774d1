/** What each kind of task comes to. */
import { expireProposals } from "../federation/deciding/approval.ts";
import { concludeTeardown } from "../federation/deciding/teardown.ts";
import { askToGoOn, concludeTerm } from "../federation/deciding/term.ts";
import { type Decision, decided } from "../federation/model/decision.ts";
import type { FederationEvent } from "../federation/model/events.ts";
import type { SiteName } from "../federation/model/identity.ts";
import { deploymentKind } from "../federation/model/plan.ts";
import type { Federation } from "../federation/model/state.ts";
import type { LiveFederation } from "../federation/observing/live.ts";
import { failed } from "../federation/observing/observation.ts";
import { dueTasks, type Task, taskKey } from "../federation/running/due-tasks.ts";
import { mayAbandon, waitedFor } from "../federation/running/lateness.ts";
import { deliverAdmissions, judgePublishedKey, proveGone, tellAdmitted } from "./admissions.ts";
import { certify, deliverCertificate } from "./certificates.ts";
import { begin, createAuthority, propose, proposeJoining } from "./planning.ts";
import { rebootVm } from "./reboots.ts";
import type { Removals } from "./removals.ts";
import { announceTunnelKey, switchTunnelKey, tellRotation } from "./rotation.ts";
import { createService, registerTemplate } from "./services.ts";
import { deploymentOf, type Job, type Outcome, type TaskContext } from "./task-context.ts";
import { judgePublishedTunnelKey, tellTunnelPeers } from "./tunnels.ts";
import { createVms } from "./vms.ts";

export async function carryOut(context: TaskContext, removals: Removals, job: Job, task: Task): Promise<Outcome> {
  switch (task.kind) {
    case "create-authority":
      return createAuthority(context, job);
    case "propose":
      return propose(context, job);
    case "propose-later":
      return proposeJoining(context, job, task.site);
    case "begin":
      return begin(context, job, task.site);
    case "register-template":
      return registerTemplate(context, job, task.site);
    case "create":
      return create(context, job, task.site);
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
    case "judge-tunnel-key":
      return judgePublishedTunnelKey(context, job, task.site, task.vmId);
    case "tell-tunnel-peers":
      return tellTunnelPeers(context, job, task.site, task.vmId);
    case "tell-tunnel-rotation":
      return tellRotation(context, job, task.site, task.vmId);
    case "announce-tunnel-key":
      return announceTunnelKey(context, job, task.site, task.vmId);
    case "switch-tunnel-key":
      return switchTunnelKey(context, job, task.site, task.vmId);
    case "prove-gone":
      return proveGone(context, job, task.site, task.vmId);
    case "reboot":
      return rebootVm(context, job, task.site, task.vmId);
    case "remove":
      return removals.remove(context, job, task.site, task.removal);
    case "destroy-authority":
      return destroyAuthority(context, job);
    case "expire":
    case "remind":
    case "remind-teardown":
    case "time-out":
    case "end-reboot":
    case "end-tunnel-rotation":
    case "conclude-teardown":
    case "tell-end-near":
    case "ask-to-go-on":
    case "remind-go-on":
    case "conclude-term":
      return decideByTime(context, job, task);
  }
}

function create(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  switch (deploymentKind(deploymentOf(job, place).plan)) {
    case "oneflow":
      return createService(context, job, place);
    case "vms":
      return createVms(context, job, place);
  }
}

async function destroyAuthority(context: TaskContext, { id }: Job): Promise<Outcome> {
  await context.trust.destroy(id);
  await context.store.update(id, (newest) =>
    newest.authorityDestroyed ? decided() : decided({ type: "authority-destroyed" }),
  );
  return "done";
}

/** What the passing of time decides; it is due only while the newest state still says so. */
async function decideByTime(context: TaskContext, { id }: Job, task: Task): Promise<Outcome> {
  await context.store.update(id, (newest, deciding): Decision => {
    const stillDue = dueTasks(newest, context.live(id), deciding).some((due) => taskKey(due) === taskKey(task));
    if (!stillDue) return decided();
    switch (task.kind) {
      case "expire":
        return expireProposals(newest, deciding);
      case "conclude-teardown":
        return concludeTeardown(newest, deciding);
      case "remind":
        return decided({ type: "reminder-due", site: task.site });
      case "remind-teardown":
        return decided({ type: "teardown-reminder-due", site: task.site });
      case "tell-end-near":
        return decided({ type: "end-near" });
      case "ask-to-go-on":
        return askToGoOn(newest, deciding);
      case "remind-go-on":
        return decided({ type: "go-on-reminder-due", site: task.site });
      case "conclude-term":
        return concludeTerm(newest, deciding);
      case "end-reboot":
        return decided({ type: "reboot-ended", site: task.site, outcome: task.outcome });
      case "end-tunnel-rotation":
        return decided({ type: "tunnel-rotation-ended", site: task.site, outcome: task.outcome });
      case "time-out":
        return decided(timedOut(newest, task, context.live(id)));
      default:
        return decided();
    }
  });
  return "done";
}

/** A service of which nothing has come is asked for anew; what else is late needs somebody. */
function timedOut(federation: Federation, { site: place, code }: TimeOut, live: LiveFederation): FederationEvent {
  const site = federation.sites.get(place);
  const detail = site === undefined ? "" : waitedFor(site, live);
  return code === "service-stuck" && site !== undefined && mayAbandon(site, live)
    ? { type: "deployment-abandoned", site: place, reason: { code, detail } }
    : failed({ name: place }, code, detail);
}

type TimeOut = Extract<Task, { kind: "time-out" }>;
