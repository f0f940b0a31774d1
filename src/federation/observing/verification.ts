/** Whether the SuperLink that serves is the one that was approved and certified: address, CA, certificate, version. */
import { decodePem } from "../../guest-protocol/certificates.ts";
import { PUBLISHED } from "../../guest-protocol/names.ts";
import type { FederationEvent } from "../model/events.ts";
import type { ReasonCode } from "../model/reasons.ts";
import { coordinatorOf, currentProposal, type Federation, type Guest } from "../model/state.ts";
import { hasTerminalFailure } from "../model/terminal-failure.ts";
import type { VmFacts, ZoneSnapshot } from "../model/zone-facts.ts";

/** Only an announcement that matches the plan in everything makes the coordinator trusted; a difference stops the rollout. */
export function verifyCoordinator(federation: Federation, snapshot: ZoneSnapshot): readonly FederationEvent[] {
  const site = coordinatorOf(federation);
  // Whoever lied once is not believed when it says otherwise.
  if (site.run === null || hasTerminalFailure(site.run)) return [];
  for (const guest of site.run.guests.values()) {
    const vm = snapshot.vms.find(({ id }) => id === guest.vmId);
    if (vm === undefined || !guest.verified || guest.sighting.stage !== "serving" || guest.sighting.silent) continue;
    const lie = falsehood(federation, guest, vm);
    if (lie !== null) return [{ type: "site-failed", site: site.zone, reason: lie }];
    if (federation.verifiedVm !== guest.vmId) {
      return [{ type: "coordinator-verified", site: site.zone, vmId: guest.vmId }];
    }
  }
  return [];
}

function falsehood(
  federation: Federation,
  guest: Guest,
  { attributes }: VmFacts,
): { readonly code: ReasonCode; readonly detail: string } | null {
  const plan = currentProposal(coordinatorOf(federation))?.plan;
  if (plan === undefined || guest.certificate === null || federation.authority === null) {
    return { code: "false-certificate", detail: "it serves before a certificate was issued to it" };
  }
  const endpoint = `${plan.dialled.host}:${plan.dialled.port}`;
  const claims: readonly (readonly [ReasonCode, string, string | undefined])[] = [
    ["false-endpoint", endpoint, attributes[PUBLISHED.endpoint]],
    ["false-authority", normalPem(federation.authority.certificate), publishedCa(attributes[PUBLISHED.caCertificate])],
    ["wrong-version", plan.settings.flowerVersion, attributes[PUBLISHED.version]],
  ];
  for (const [code, planned, claimed] of claims) {
    if (claimed !== planned)
      return { code, detail: code === "false-authority" ? "another CA certificate" : (claimed ?? "nothing") };
  }
  const fingerprint = attributes[PUBLISHED.fingerprint];
  if (fingerprint === guest.certificate.fingerprint) return null;
  // While a renewed certificate is on its way the one before it is still served, and was ours.
  return guest.previousFingerprints.includes(fingerprint ?? "")
    ? null
    : { code: "false-certificate", detail: fingerprint ?? "nothing" };
}

function publishedCa(value: string | undefined): string | undefined {
  const blocks = value === undefined ? null : decodePem(value, "CERTIFICATE");
  const [only, ...more] = blocks?.ok ? blocks.value : [];
  return only === undefined || more.length > 0 ? undefined : normalPem(only);
}

/** The base64 between a PEM's lines, so that line endings do not matter. */
const normalPem = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\s/g, "");
