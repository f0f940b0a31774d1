/** Whether the SuperLink that serves is the one that was approved and certified: address, CA, certificate, version. */
import { decodePem } from "../../guest-protocol/certificates.ts";
import { PUBLISHED } from "../../guest-protocol/names.ts";
import type { FederationEvent } from "../model/events.ts";
import { hubVm } from "../model/hub.ts";
import { gatewayPart } from "../model/plan.ts";
import type { ReasonCode } from "../model/reasons.ts";
import { authorityOf, coordinatorOf, type DeployedVm, type Deployment, type Federation } from "../model/state.ts";
import { hasTerminalFailure } from "../model/terminal-failure.ts";
import type { VmFacts, ZoneSnapshot } from "../model/zone-facts.ts";
import { indexOf } from "./snapshot-index.ts";

/** Only an announcement that matches the plan in everything makes the coordinator trusted; a difference stops the rollout. */
export function verifyCoordinator(
  federation: Federation,
  snapshot: ZoneSnapshot,
  silent: ReadonlySet<number>,
): readonly FederationEvent[] {
  const { deployment, name } = coordinatorOf(federation);
  // Whoever lied once is not believed when it says otherwise.
  if (deployment === null || hasTerminalFailure(deployment)) return [];
  for (const vm of deployment.vms.values()) {
    const facts = indexOf(snapshot).vms.get(vm.vmId);
    if (facts === undefined || !vm.verified || vm.seen.part === "gateway" || silent.has(vm.vmId)) continue;
    if (facts.attributes[PUBLISHED.stage] !== "serving" || !isReached(federation, deployment, vm)) continue;
    const lie = falsehood(federation, deployment, vm, facts);
    if (lie !== null) return [{ type: "site-failed", site: name, reason: lie }];
    if (federation.verifiedVm !== vm.vmId) return [{ type: "coordinator-verified", site: name, vmId: vm.vmId }];
  }
  return [];
}

/** Nobody reaches a hub without a key. */
function isReached(federation: Federation, { plan }: Deployment, vm: DeployedVm): boolean {
  if (plan.link.kind === "public-address") return true;
  const hub = gatewayPart(plan) === null ? vm : hubVm(federation);
  return hub !== null && hub.seen.tunnelKey !== null;
}

function falsehood(
  federation: Federation,
  { plan }: Deployment,
  vm: DeployedVm,
  { attributes }: VmFacts,
): { readonly code: ReasonCode; readonly detail: string } | null {
  const authority = authorityOf(federation, plan);
  if (vm.certificate === null || authority === null) {
    return { code: "false-certificate", detail: "it serves before a certificate was issued to it" };
  }
  const endpoint = `${plan.endpoint.host}:${plan.endpoint.port}`;
  const claims: readonly (readonly [ReasonCode, string, string | undefined])[] = [
    ["false-endpoint", endpoint, attributes[PUBLISHED.endpoint]],
    ["false-authority", normalPem(authority.certificate), publishedCa(attributes[PUBLISHED.caCertificate])],
    ["wrong-version", plan.settings.flowerVersion, attributes[PUBLISHED.version]],
  ];
  for (const [code, planned, claimed] of claims) {
    if (claimed !== planned)
      return { code, detail: code === "false-authority" ? "another CA certificate" : (claimed ?? "nothing") };
  }
  const fingerprint = attributes[PUBLISHED.fingerprint];
  if (fingerprint === vm.certificate.fingerprint) return null;
  // While a renewed certificate is on its way the one before it is still served, and was ours.
  return vm.previousFingerprints.includes(fingerprint ?? "")
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
