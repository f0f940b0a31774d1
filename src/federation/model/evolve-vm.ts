/** The part of `evolve` that follows one VM: what it has shown, its certificates, what was made of its keys. */
import type { EventOf, VmObservation } from "./events.ts";
import { successorOf } from "./rotation.ts";
import type { DeployedVm, Deployment } from "./state.ts";

export type VmEvent = EventOf<
  | "vm-observed"
  | "vm-online"
  | "vm-gone"
  | "certificate-asked"
  | "certificate-issued"
  | "certificate-delivered"
  | "key-refused"
  | "vm-told-admitted"
>;

/** Fingerprints of earlier certificates that a renewing VM may still serve. */
const REMEMBERED_FINGERPRINTS = 5;
/** More certificates than are ever issued to one VM in half of a certificate's life. */
const REMEMBERED_ISSUES = 10;

export function evolveVm(deployment: Deployment, event: VmEvent, at: string): Deployment {
  const before = deployment.vms.get(event.vmId) ?? (event.type === "vm-observed" ? newVm(event, at) : undefined);
  if (before === undefined) return deployment;
  return {
    ...deployment,
    vms: new Map(deployment.vms).set(
      event.vmId,
      vmAfter(before, event, { at, successor: successorOf(deployment, before) }),
    ),
  };
}

function newVm({ vmId, observation }: EventOf<"vm-observed">, at: string): DeployedVm {
  return {
    vmId,
    seen: observation,
    seenAt: at,
    stageSince: at,
    identityChanges: 0,
    asked: null,
    certificate: null,
    issuedAt: [],
    previousFingerprints: [],
    acceptedKey: null,
    refusedKeys: [],
    toldAdmitted: false,
    tunnelKey: null,
    refusedTunnelKeys: [],
    tunnelTold: null,
    verified: false,
    wasOnline: false,
    gone: false,
  };
}

function vmAfter(
  vm: DeployedVm,
  event: VmEvent,
  { at, successor }: { at: string; successor: string | null },
): DeployedVm {
  switch (event.type) {
    case "vm-observed": {
      const { observation } = event;
      // A key that it was asked to make is no other identity.
      const before = observation.tunnelKey === successor ? { ...vm.seen, tunnelKey: successor } : vm.seen;
      const isAnother = !sameIdentity(observation, before);
      return {
        ...vm,
        seen: observation,
        seenAt: at,
        stageSince: vm.seen.stage === observation.stage ? vm.stageSince : at,
        identityChanges: vm.identityChanges + (isAnother ? 1 : 0),
      };
    }
    case "vm-online":
      return { ...vm, wasOnline: true };
    case "vm-gone":
      return { ...vm, gone: true };
    case "certificate-asked":
      return { ...vm, asked: { request: event.request, csr: event.csr, at } };
    case "certificate-issued":
      return withCertificate(vm, event, at);
    case "certificate-delivered":
      return { ...vm, certificate: vm.certificate === null ? null : { ...vm.certificate, delivered: true } };
    case "key-refused":
      return { ...vm, refusedKeys: [...vm.refusedKeys, { key: event.key, code: event.reason.code }] };
    case "vm-told-admitted":
      return { ...vm, toldAdmitted: true };
  }
}

const sameIdentity = (one: VmObservation, other: VmObservation): boolean =>
  one.key === other.key && one.request === other.request && one.tunnelKey === other.tunnelKey;

function withCertificate(vm: DeployedVm, event: EventOf<"certificate-issued">, at: string): DeployedVm {
  const { serial, fingerprint, certificate, expiresAt, request } = event;
  const previous = vm.certificate === null ? [] : [vm.certificate.fingerprint];
  return {
    ...vm,
    certificate: { serial, fingerprint, certificate, issuedAt: at, expiresAt, request, delivered: false },
    issuedAt: [...vm.issuedAt, at].slice(-REMEMBERED_ISSUES),
    previousFingerprints: [...vm.previousFingerprints, ...previous].slice(-REMEMBERED_FINGERPRINTS),
  };
}

export function changeVm(deployment: Deployment, vmId: number, change: (vm: DeployedVm) => DeployedVm): Deployment {
  const vm = deployment.vms.get(vmId);
  return vm === undefined ? deployment : { ...deployment, vms: new Map(deployment.vms).set(vmId, change(vm)) };
}
