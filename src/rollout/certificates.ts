/** Signing what a coordinator's guest asks for, and handing it over through its zone. */
import { decided } from "../federation/model/decision.ts";
import { sha256 } from "../federation/model/digest.ts";
import type { FederationEvent } from "../federation/model/events.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import { authorityOf } from "../federation/model/state.ts";
import type { VmFacts } from "../federation/model/zone-facts.ts";
import { failed } from "../federation/observing/observation.ts";
import { dialledHosts } from "../federation/proposing/manifest.ts";
import { type Host, parseHost } from "../guest-protocol/address.ts";
import { decodePem, encodePem } from "../guest-protocol/certificates.ts";
import { GIVEN, PUBLISHED } from "../guest-protocol/names.ts";
import { deploymentOf, type Job, type Outcome, record, type TaskContext, vmIn } from "./task-context.ts";

/** Checks the request and signs it; the certificate is journalled before it is delivered, so there is only one. */
export async function certify(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<Outcome> {
  const known = deploymentOf(job, place).vms.get(vmId);
  const vm = vmIn(context.latest(zoneOf(place)), vmId);
  const value = vm?.attributes[PUBLISHED.certificateRequest];
  if (known === undefined || vm === undefined || value === undefined) return "later";
  // Only a request that was journalled is answered: what it has become since counts against the VM's few changes first.
  if (sha256(value) !== known.seen.request) return "later";
  const event = await answerRequest(context, job, place, vm, value);
  if (event === null) return "later";
  await context.store.update(job.id, (newest) =>
    newest.sites.get(place)?.deployment?.vms.get(vmId)?.verified === true ? decided(event) : decided(),
  );
  return "done";
}

async function answerRequest(
  context: TaskContext,
  job: Job,
  place: SiteName,
  vm: VmFacts,
  value: string,
): Promise<FederationEvent | null> {
  const dialled = dialledHosts(deploymentOf(job, place).plan);
  const request = decodePem(value, "CERTIFICATE REQUEST");
  const [csrPem] = request.ok ? request.value : [];
  if (csrPem === undefined) return failed({ name: place }, "request-malformed", `VM ${vm.id}`);
  const { now, policy } = context.store.decisionContext(job.id);
  const rules = { csrPem, allowed: [...dialled, ...addressesOf(vm)], required: dialled };
  if (job.federation.issuer === "organisation") {
    const checked = context.trust.checkRequest(rules);
    if (!checked.ok) return failed({ name: place }, checked.code, checked.detail);
    return { type: "certificate-asked", site: place, vmId: vm.id, request: sha256(value), csr: csrPem };
  }
  const life = policy.durations.certificateLife;
  const signing = await context.trust.sign({ ...rules, federationId: job.id, now, life });
  if (!signing.ok) return failed({ name: place }, signing.code, signing.detail);
  const { serial, fingerprint, certificatePem, expiresAt } = signing.certificate;
  return {
    type: "certificate-issued",
    site: place,
    vmId: vm.id,
    serial,
    fingerprint,
    certificate: certificatePem,
    expiresAt,
    request: sha256(value),
  };
}

/** Addresses that oned reports for the VM, not those it claims. */
function addressesOf(vm: VmFacts): readonly Host[] {
  return vm.nics.flatMap(({ ip }) => {
    const parsed = ip === undefined ? null : parseHost(ip);
    return parsed?.ok ? [parsed.value] : [];
  });
}

export async function deliverCertificate(
  context: TaskContext,
  job: Job,
  place: SiteName,
  vmId: number,
): Promise<Outcome> {
  const { vms, plan } = deploymentOf(job, place);
  const certificate = vms.get(vmId)?.certificate ?? null;
  const authority = authorityOf(job.federation, plan);
  if (certificate === null || authority === null) return "later";
  await context.zone(zoneOf(place)).publish(vmId, {
    [GIVEN.certificate]: encodePem([certificate.certificate]),
    [GIVEN.certificateAuthority]: encodePem([authority.certificate]),
  });
  const { serial } = certificate;
  await record(context, job, place, { type: "certificate-delivered", site: place, vmId, serial });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}
