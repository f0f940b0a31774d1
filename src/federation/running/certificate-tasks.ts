/** When a SuperLink's certificate is due: to be issued or asked for, to be handed over, to be renewed. */
import type { SiteName } from "../model/identity.ts";
import { MAX_CERTIFICATES } from "../model/limits.ts";
import type { DecisionContext } from "../model/policy.ts";
import type { DeployedVm, Federation, IssuedCertificate, Site } from "../model/state.ts";

interface CertificateTask {
  readonly kind: "certify" | "deliver-certificate";
  readonly site: SiteName;
  readonly vmId: number;
}

export function superLinkTasks(
  federation: Federation,
  { name: site }: Site,
  vm: DeployedVm,
  context: DecisionContext,
): readonly CertificateTask[] {
  const isDue = federation.issuer === "florist" ? needsCertificate(vm, context) : needsRequest(vm, context);
  if (isDue) return [{ kind: "certify", site, vmId: vm.vmId }];
  return vm.certificate?.delivered === false ? [{ kind: "deliver-certificate", site, vmId: vm.vmId }] : [];
}

/** A request not answered yet, or a certificate past half of its life; few are issued in that time. */
function needsCertificate({ seen, certificate, issuedAt }: DeployedVm, { now, policy }: DecisionContext): boolean {
  if (seen.request === null) return false;
  const half = policy.durations.certificateLife / 2;
  const recent = issuedAt.filter((at) => Date.parse(now) - Date.parse(at) < half);
  if (recent.length >= MAX_CERTIFICATES) return false;
  if (certificate === null || certificate.request !== seen.request) return true;
  const issued = Date.parse(certificate.issuedAt);
  return Date.parse(now) >= issued + (Date.parse(certificate.expiresAt) - issued) / 2;
}

/** A request its organisation was not asked about yet; or, as its certificate grows old, once more, and again. */
function needsRequest({ seen, asked, certificate }: DeployedVm, { now }: DecisionContext): boolean {
  if (seen.request === null) return false;
  if (asked === null || asked.request !== seen.request) return true;
  if (certificate === null || certificate.request !== asked.request) return false;
  return askingMoments(certificate).some((moment) => moment <= Date.parse(now) && moment > Date.parse(asked.at));
}

/** When a certificate's renewal is asked for: at half of its life, and twice more. */
function askingMoments({ issuedAt, expiresAt }: IssuedCertificate): readonly number[] {
  const [from, to] = [Date.parse(issuedAt), Date.parse(expiresAt)];
  return [1 / 2, 3 / 4, 7 / 8].map((part) => from + part * (to - from));
}

/** When the clock alone makes something of a certificate due, in milliseconds since 1970. */
export function certificateWakes({ certificate, issuedAt }: DeployedVm, life: number): readonly number[] {
  if (certificate === null) return [];
  return [...askingMoments(certificate), ...issuedAt.map((at) => Date.parse(at) + life / 2)];
}
