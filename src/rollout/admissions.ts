/** Which SuperNodes may join: their keys are checked, told to the SuperLink, and the guests are told so. */

import { revocations } from "../federation/deciding/revocations.ts";
import { decided } from "../federation/model/decision.ts";
import { type SiteName, siteCode, zoneOf } from "../federation/model/identity.ts";
import type { AdmittedKey } from "../federation/model/state.ts";
import { UNREADABLE_KEY } from "../federation/observing/vm-observation.ts";
import { admittedKeys, judgeKey, revokedKeys } from "../federation/running/admission.ts";
import { encodeKeyList } from "../guest-protocol/key-list.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../guest-protocol/names.ts";
import { type NodeKey, parseNodeKey } from "../guest-protocol/node-key.ts";
import { deploymentOf, type Job, type Outcome, record, type TaskContext, vmIn } from "./task-context.ts";

/** The subject of the proof comes from the plan and the zone, never from the guest. */
export async function judgePublishedKey(
  context: TaskContext,
  job: Job,
  place: SiteName,
  vmId: number,
): Promise<Outcome> {
  const vm = vmIn(context.latest(zoneOf(place)), vmId);
  const line = vm?.attributes[PUBLISHED.nodeKey];
  const attempt = vm?.context[CONTEXT.attempt];
  if (vm === undefined || line === undefined || attempt === undefined) return "later";
  const parsed = parseNodeKey(line);
  const proof = vm.attributes[PUBLISHED.nodeProof] ?? "";
  const check = context.trust.checkNodeProof(line, proof, { federation: job.id, site: siteCode(place), attempt, vmId });
  await context.store.update(job.id, (newest) =>
    decided(
      ...judgeKey(newest, {
        site: place,
        vmId,
        key: parsed.ok ? parsed.value.fingerprint : UNREADABLE_KEY,
        publicKey: parsed.ok ? parsed.value.line : null,
        proven: check.ok,
      }),
    ),
  );
  return "done";
}

/** The whole lists each time, numbered, so that a lost or repeated update does no harm. */
export async function deliverAdmissions(context: TaskContext, job: Job, place: SiteName): Promise<Outcome> {
  const { federation } = job;
  const vmId = federation.verifiedVm;
  if (vmId === null) return "later";
  const sequence = (federation.admissions?.sequence ?? 0) + 1;
  const admitted = admittedKeys(federation);
  const revoked = revokedKeys(federation);
  await context.zone(zoneOf(place)).publish(vmId, {
    [GIVEN.admit]: encodeKeyList(GIVEN.admit, { sequence, keys: linesOf(admitted) }),
    [GIVEN.revoke]: encodeKeyList(GIVEN.revoke, { sequence, keys: linesOf(revoked) }),
  });
  await context.store.update(job.id, (newest) =>
    newest.verifiedVm !== vmId
      ? decided()
      : decided({
          type: "admissions-delivered",
          vmId,
          sequence,
          admitted: admitted.map(({ key }) => key),
          revoked: revoked.map(({ key }) => key),
        }),
  );
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}

/** Only keys that could be read were ever accepted. */
const linesOf = (keys: readonly AdmittedKey[]): readonly NodeKey[] =>
  keys.flatMap(({ publicKey }) => {
    const parsed = parseNodeKey(publicKey);
    return parsed.ok ? [parsed.value] : [];
  });

export async function tellAdmitted(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<Outcome> {
  const key = deploymentOf(job, place).vms.get(vmId)?.acceptedKey ?? null;
  if (key === null) return "later";
  await context.zone(zoneOf(place)).publish(vmId, { [GIVEN.admitted]: key });
  await record(context, job, place, { type: "vm-told-admitted", site: place, vmId, key });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}

/** A VM that looks do not show any more: only the zone's word that it has ended takes its keys away. */
export async function proveGone(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<Outcome> {
  if ((await context.zone(zoneOf(place)).vmState(vmId)) !== "done") return "later";
  await context.store.update(job.id, (newest) => {
    const vm = newest.sites.get(place)?.deployment?.vms.get(vmId);
    if (vm === undefined || vm.gone) return decided();
    return decided({ type: "vm-gone", site: place, vmId }, ...revocations(newest, place, vmId));
  });
  return "done";
}
