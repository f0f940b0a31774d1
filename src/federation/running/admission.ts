/** Which keys may join a federation, and what its SuperLink is to be told. */
import type { FederationEvent } from "../model/events.ts";
import type { SiteName } from "../model/identity.ts";
import { MAX_KEYS_PER_VM, MAX_SUPERNODES } from "../model/limits.ts";
import { superNodesOf } from "../model/plan.ts";
import type { ReasonCode } from "../model/reasons.ts";
import { type AdmittedKey, coordinatorOf, type DeployedVm, type Federation, isSpent } from "../model/state.ts";

/** A key that a SuperNode published, after its proof was checked elsewhere. */
export interface KeyClaim {
  readonly site: SiteName;
  readonly vmId: number;
  /** Its fingerprint, or what stands for a key that cannot be read. */
  readonly key: string;
  /** The OpenSSH line; null when the value cannot be read. */
  readonly publicKey: string | null;
  /** It signed this federation, site, attempt and VM. */
  readonly proven: boolean;
}

/**
 * Admits a proven key that no other VM published first, never more of them than SuperNodes were approved.
 * A VM that comes back with another key loses the one it had, a few times; a key that two VMs prove to hold is nobody's
 * identity and is refused to both.
 */
export function judgeKey(federation: Federation, claim: KeyClaim): readonly FederationEvent[] {
  const { site, vmId, key, publicKey } = claim;
  // Its site may have been retired, or its VM ended, since the key was read.
  const vm = federation.sites.get(site)?.deployment?.vms.get(vmId);
  if (vm === undefined || !vm.verified || vm.gone || vm.acceptedKey === key || isSpent(vm)) return [];
  const refusal = refusalOf(federation, claim, vm);
  if (refusal === "key-duplicate") return [refused(claim, refusal), ...refusedToFirst(federation, key)];
  if (refusal !== null || publicKey === null) return [refused(claim, refusal ?? "key-malformed")];
  const replaced = admittedKeys(federation).filter((had) => had.site === site && had.vmId === vmId && had.key !== key);
  return [
    ...replaced.map((had): FederationEvent => ({ type: "key-revoked", site, vmId, key: had.key })),
    { type: "key-accepted", site, vmId, key, publicKey },
  ];
}

const refused = ({ site, vmId, key }: Pick<KeyClaim, "site" | "vmId" | "key">, code: ReasonCode): FederationEvent => ({
  type: "key-refused",
  site,
  vmId,
  key,
  reason: { code, detail: `VM ${vmId}` },
});

function refusedToFirst(federation: Federation, key: string): readonly FederationEvent[] {
  const first = federation.keys.get(key);
  if (first === undefined || first.revoked) return [];
  const { site, vmId } = first;
  return [{ type: "key-revoked", site, vmId, key }, refused(first, "key-duplicate")];
}

function refusalOf(federation: Federation, claim: KeyClaim, vm: DeployedVm): ReasonCode | null {
  const own = [...federation.keys.values()].filter(({ site, vmId }) => site === claim.site && vmId === claim.vmId);
  if (own.length + vm.refusedKeys.length >= MAX_KEYS_PER_VM) return "key-changes";
  if (claim.publicKey === null) return "key-malformed";
  if (!claim.proven) return "key-proof";
  const known = federation.keys.get(claim.key);
  if (known !== undefined && (known.revoked || known.vmId !== claim.vmId || known.site !== claim.site)) {
    return "key-duplicate";
  }
  const plan = federation.sites.get(claim.site)?.deployment?.plan;
  const approved = plan === undefined ? 0 : superNodesOf(plan);
  const others = admittedKeys(federation).filter(({ site, vmId }) => site === claim.site && vmId !== claim.vmId);
  return others.length < approved ? null : "key-surplus";
}

export const admittedKeys = (federation: Federation): readonly AdmittedKey[] =>
  [...federation.keys.values()].filter(({ revoked }) => !revoked);

/**
 * Keys that a SuperLink was told to admit and has to be told to drop. So many at a time as one attribute holds; those
 * that are done leave room for the next.
 */
export const revokedKeys = (federation: Federation): readonly AdmittedKey[] =>
  [...federation.keys.values()].filter(({ revoked, settled }) => revoked && !settled).slice(0, MAX_SUPERNODES);

/** The SuperLink's VM must be told keys that it has not been told. */
export function admissionsDue(federation: Federation): boolean {
  const { verifiedVm, admissions } = federation;
  if (verifiedVm === null || coordinatorOf(federation).deployment === null) return false;
  const fresh = admissions?.vmId === verifiedVm;
  const told = new Set(fresh ? admissions.admitted : []);
  const cut = new Set(fresh ? admissions.revoked : []);
  return (
    admittedKeys(federation).some(({ key }) => !told.has(key)) ||
    revokedKeys(federation).some(({ key }) => !cut.has(key))
  );
}

/** The SuperLink says that it has registered the key, so its SuperNode may start Flower. */
export function mayTellAdmitted(federation: Federation, vm: DeployedVm): boolean {
  if (vm.acceptedKey === null || vm.toldAdmitted) return false;
  const key = federation.keys.get(vm.acceptedKey);
  return key?.registered === true && !key.revoked;
}
