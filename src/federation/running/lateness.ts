/** What takes too long at a site that is coming up, and whose turn it is: the guest's, or the zone's. */
import type { VmObservation } from "../model/events.ts";
import { vmsOf } from "../model/plan.ts";
import type { DecisionContext, Durations } from "../model/policy.ts";
import type { ReasonCode } from "../model/reasons.ts";
import type { Deployment, Site } from "../model/state.ts";
import type { ServiceState } from "../model/zone-facts.ts";
import type { LiveFederation, LiveSite } from "../observing/live.ts";
import type { LiveVm } from "../observing/vm-observation.ts";

export type TimeOutCode = Extract<
  ReasonCode,
  | "create-timeout"
  | "service-stuck"
  | "no-host"
  | "vms-held"
  | "vms-not-started"
  | "vms-failed"
  | "vms-stopped"
  | "boot-timeout"
  | "serve-timeout"
>;

/** In these OneFlow has made no VM, and its service can be ended without one. */
const BEFORE_VMS: ReadonlySet<ServiceState | null> = new Set<ServiceState | null>(["pending", "deploying-nets"]);

/** Milliseconds that OneFlow may take to make the first VM: enough is left of the boot's time to ask anew. */
export const stuckAfter = ({ boot }: Pick<Durations, "boot">): number => boot / 3;

/** Late only once the zone was looked at: what came while this program did not run is not late. */
export function lateness(
  { name }: Site,
  deployment: Deployment,
  live: LiveFederation,
  { now, policy }: DecisionContext,
): TimeOutCode | null {
  if (deployment.failure !== null || deployment.upAt !== null) return null;
  const waited = Date.parse(now) - Date.parse(deployment.createdAt ?? deployment.startedAt);
  const { boot } = policy.durations;
  if (deployment.ref === null) return waited > boot ? "create-timeout" : null;
  const seen = live.sites.get(name);
  if (seen === undefined || seen.attempt !== deployment.attempt) return null;
  if (isBeforeVms(seen)) return waited > stuckAfter(policy.durations) ? "service-stuck" : null;
  const reported = [...deployment.vms.values()].filter(({ seen }) => hasReported(seen));
  if (reported.length < vmsOf(deployment.plan)) return waited > boot ? notReported(deployment, seen) : null;
  return servesLate(deployment, Date.parse(now), policy.durations) ? "serve-timeout" : null;
}

/** Its guest has come up: it has said what the bot answers with whatever it waits for. */
const hasReported = ({ part, request, key, tunnelKey }: VmObservation): boolean =>
  request !== null || key !== null || (part === "gateway" && tunnelKey !== null);

function servesLate(deployment: Deployment, now: number, { boot, serve }: Durations): boolean {
  const begun = servingSince(deployment, boot);
  return begun !== null && now > begun + serve;
}

/** From when it is to serve: the boot's time is over, and its organisation has answered; null while that is waited for. */
export function servingSince({ createdAt, startedAt, vms }: Deployment, boot: number): number | null {
  const moments = [Date.parse(createdAt ?? startedAt) + boot];
  for (const { asked, certificate } of vms.values()) {
    if (asked === null) continue;
    if (certificate?.request !== asked.request) return null;
    moments.push(Date.parse(certificate.issuedAt));
  }
  return Math.max(...moments);
}

const isBeforeVms = ({ service, vms }: LiveSite): boolean => vms.size === 0 && BEFORE_VMS.has(service);

/** What a zone says of a VM that does not report: whoever has to act on it first. */
const WAITS_FOR: readonly (readonly [LiveVm["state"], TimeOutCode])[] = [
  ["failed", "vms-failed"],
  ["held", "vms-held"],
  ["pending", "no-host"],
  ["booting", "vms-not-started"],
  ["stopped", "vms-stopped"],
];

/** Nobody looks at a guest for what the zone has not done yet. */
function notReported({ vms }: Deployment, seen: LiveSite): TimeOutCode {
  const silent = [...seen.vms.values()].filter(({ vmId }) => {
    const known = vms.get(vmId)?.seen;
    return known === undefined || !hasReported(known);
  });
  const found = WAITS_FOR.find(([state]) => silent.some((vm) => vm.state === state));
  return found?.[1] ?? "boot-timeout";
}

/** Times that a service without VMs is asked for anew by itself. */
const MAX_ABANDONED = 2;

/** Nothing of it exists but OneFlow's document: it may be asked for anew without anybody. */
export function mayAbandon({ name, deployment }: Site, live: LiveFederation): boolean {
  const seen = live.sites.get(name);
  return (
    deployment !== null &&
    deployment.vms.size === 0 &&
    deployment.abandoned < MAX_ABANDONED &&
    seen !== undefined &&
    isBeforeVms(seen)
  );
}

/** Where each VM of a late site is stuck, in the zone's words where it has some. */
export function waitedFor({ name, deployment }: Site, live: LiveFederation): string {
  const seen = live.sites.get(name);
  const known = deployment?.vms ?? new Map();
  const stuck = [...(seen?.vms.values() ?? [])].map(({ vmId, state, message }) => {
    const stage = known.get(vmId)?.seen.stage ?? null;
    const come = stage === null ? "" : `, its guest has come to ${stage}`;
    return `VM ${vmId} is ${state}${come}${message === null ? "" : `: ${message}`}`;
  });
  if (stuck.length > 0) return stuck.join("; ");
  const ref = deployment?.ref ?? null;
  switch (ref?.kind) {
    case undefined:
      return "nothing has come";
    case "oneflow":
      return `service ${ref.id} is ${seen?.service ?? "not to be seen"}, without a VM`;
    case "vms":
      return `${ref.ids.map((id) => `VM ${id}`).join(", ")}: not to be seen`;
  }
}
