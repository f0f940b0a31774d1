/** Certificates that the coordinator's organisation issues: its owners give the CA, and later what the CA has signed. */
import type { GiveAuthority, GiveCertificate } from "../model/commands.ts";
import { type Decision, decided, NOTHING, refuse } from "../model/decision.ts";
import type { Person } from "../model/identity.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { RefusalCode } from "../model/reasons.ts";
import { type AskedCertificate, coordinatorOf, type DeployedVm, type Federation } from "../model/state.ts";
import { hasTerminalFailure } from "../model/terminal-failure.ts";
import { isOwner } from "./consent.ts";

/** What is waited for: the CA before anybody is asked to approve, or the certificate for a VM's request. */
export type Awaited =
  | { readonly kind: "authority" }
  | { readonly kind: "certificate"; readonly vm: DeployedVm; readonly asked: AskedCertificate };

/** null while nothing is waited for. */
export function awaitedOf(federation: Federation): Awaited | null {
  if (federation.issuer !== "organisation" || federation.ended !== null) return null;
  if (federation.authorities.length === 0) return { kind: "authority" };
  const { deployment } = coordinatorOf(federation);
  if (deployment === null || hasTerminalFailure(deployment)) return null;
  for (const vm of deployment.vms.values()) {
    const { asked, certificate, gone } = vm;
    if (gone || asked === null || asked.request !== vm.seen.request) continue;
    const isAnswered = certificate?.request === asked.request && certificate.issuedAt >= asked.at;
    if (!isAnswered) return { kind: "certificate", vm, asked };
  }
  return null;
}

/** Whether the person may give a certificate now; the refusal where not. */
export function whyNotGiven(federation: Federation, context: DecisionContext, by: Person): RefusalCode | null {
  if (!isOwner(context, coordinatorOf(federation).name, by)) return "not-an-owner";
  if (federation.ended !== null) return "federation-ended";
  return awaitedOf(federation) === null ? "no-certificate-asked" : null;
}

/** The plans of all sites are bound to it, so nobody is asked to approve before it is there. */
export function giveAuthority(
  federation: Federation,
  context: DecisionContext,
  { by, authority }: GiveAuthority,
): Decision {
  const refusal = whyNotGiven(federation, context, by);
  if (refusal !== null) return refuse(refusal);
  return awaitedOf(federation)?.kind === "authority"
    ? decided({ type: "authority-created", generation: 1, ...authority })
    : refuse("no-certificate-asked");
}

export function giveCertificate(
  federation: Federation,
  context: DecisionContext,
  { by, vmId, request, certificate }: GiveCertificate,
): Decision {
  const refusal = whyNotGiven(federation, context, by);
  if (refusal !== null) return refuse(refusal);
  const awaited = awaitedOf(federation);
  if (awaited?.kind !== "certificate" || awaited.vm.vmId !== vmId || awaited.asked.request !== request) {
    return refuse("request-replaced");
  }
  if (awaited.vm.certificate?.fingerprint === certificate.fingerprint) return NOTHING;
  const { name: site } = coordinatorOf(federation);
  return decided({ type: "certificate-issued", site, vmId, request, ...certificate });
}
