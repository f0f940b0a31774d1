/** Signing what a coordinator's guest asks for, and handing it over through its zone. */
import { decided } from "../federation/decision.ts";
import { sha256 } from "../federation/digest.ts";
import type { FederationEvent } from "../federation/events.ts";
import type { ZoneName } from "../federation/identity.ts";
import { failed } from "../federation/observation.ts";
import { currentProposal, type Guest } from "../federation/state.ts";
import type { VmFacts } from "../federation/zone-facts.ts";
import { type Host, parseHost } from "../guest-protocol/address.ts";
import { decodePem, encodePem } from "../guest-protocol/certificates.ts";
import { GIVEN, PUBLISHED } from "../guest-protocol/names.ts";
import { type Job, type Outcome, runOf, siteOf, vmIn, type Workshop } from "./workshop.ts";

/** Checks the request and signs it; the certificate is journalled before it is delivered, so there is only one. */
export async function certify(shop: Workshop, job: Job, zone: ZoneName, vmId: number): Promise<Outcome> {
  const guest = runOf(job, zone).guests.get(vmId);
  const vm = vmIn(shop.latest(zone), vmId);
  const value = vm?.attributes[PUBLISHED.certificateRequest];
  if (guest === undefined || vm === undefined || value === undefined) return "later";
  const event = await answerRequest(shop, job, zone, vm, value);
  if (event === null) return "later";
  await shop.ledger.change(job.id, (newest) =>
    newest.sites.get(zone)?.run?.guests.get(vmId)?.verified === true ? decided(event) : decided(),
  );
  return "done";
}

async function answerRequest(
  shop: Workshop,
  job: Job,
  zone: ZoneName,
  vm: VmFacts,
  value: string,
): Promise<FederationEvent | null> {
  const site = siteOf(job, zone);
  const host = parseHost(currentProposal(site)?.plan.dialled.host ?? "");
  if (!host.ok) return null;
  const request = decodePem(value, "CERTIFICATE REQUEST");
  const [csrPem] = request.ok ? request.value : [];
  if (csrPem === undefined) return failed(site, "request-malformed", `VM ${vm.id}`);
  const { now, policy } = shop.ledger.world(job.id);
  const signing = await shop.trust.sign({
    federationId: job.id,
    csrPem,
    allowed: [host.value, ...addressesOf(vm)],
    required: host.value,
    now,
    life: policy.durations.certificateLife,
  });
  if (!signing.ok) return failed(site, signing.code, signing.detail);
  const { serial, fingerprint, certificatePem, expiresAt } = signing.certificate;
  return {
    type: "certificate-issued",
    site: zone,
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

export async function deliverCertificate(shop: Workshop, job: Job, zone: ZoneName, vmId: number): Promise<Outcome> {
  const certificate: Guest["certificate"] = runOf(job, zone).guests.get(vmId)?.certificate ?? null;
  if (certificate === null || job.federation.authority === null) return "later";
  await shop.zone(zone).publish(vmId, {
    [GIVEN.certificate]: encodePem([certificate.certificate]),
    [GIVEN.certificateAuthority]: encodePem([job.federation.authority.certificate]),
  });
  await shop.ledger.change(job.id, () =>
    decided({ type: "certificate-delivered", site: zone, vmId, serial: certificate.serial }),
  );
  shop.attention(zone).nudge();
  return "done";
}
