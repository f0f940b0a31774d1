/** The part of `evolve` that follows keys: admitted, told to the SuperLink, listed by it, revoked. */
import type { EventOf } from "./events.ts";
import { changeVm } from "./evolve-vm.ts";
import { withDeployment } from "./site-change.ts";
import type { AdmittedKey, DeployedVm, Deployment, Federation } from "./state.ts";
import { hasTerminalFailure } from "./terminal-failure.ts";

export type KeyEvent = EventOf<
  | "key-accepted"
  | "key-revoked"
  | "admissions-delivered"
  | "keys-registered"
  | "revocations-done"
  | "coordinator-verified"
>;

/** Keys that are revoked and of which nothing is left to be told: so many of the newest are known again. */
const REMEMBERED_KEYS = 500;

function remembered({ keys }: Federation): readonly (readonly [string, AdmittedKey])[] {
  const all = [...keys];
  const old = all.filter(([, { settled }]) => settled);
  const forgotten = new Set(old.slice(0, Math.max(0, old.length - REMEMBERED_KEYS)).map(([name]) => name));
  return all.filter(([name]) => !forgotten.has(name));
}

export function evolveKeys(federation: Federation, event: KeyEvent, at: string): Federation {
  switch (event.type) {
    case "coordinator-verified":
      return withDeployment(
        { ...federation, trustedAt: federation.trustedAt ?? at, verifiedVm: event.vmId },
        event.site,
        (deployment) => ({
          ...changeVm(deployment, event.vmId, (vm) => ({ ...vm, wasOnline: true })),
          upAt: deployment.upAt ?? at,
          failure: hasTerminalFailure(deployment) ? deployment.failure : null,
        }),
      );
    case "key-accepted":
      return acceptKey(federation, event);
    case "key-revoked":
      return revokeKey(federation, event);
    case "admissions-delivered": {
      const told = new Set(event.admitted);
      return {
        ...federation,
        admissions: event,
        keys: changeKeys(federation, ({ key }) => told.has(key), { told: true }),
      };
    }
    case "keys-registered": {
      const listed = new Set(event.keys);
      return { ...federation, keys: changeKeys(federation, ({ key }) => listed.has(key), { registered: true }) };
    }
    case "revocations-done": {
      const done = new Set(event.keys);
      return { ...federation, keys: changeKeys(federation, ({ key }) => done.has(key), { settled: true }) };
    }
  }
}

function changeKeys(
  { keys }: Federation,
  which: (key: AdmittedKey) => boolean,
  change: Partial<AdmittedKey>,
): Federation["keys"] {
  return new Map([...keys].map(([name, key]) => [name, which(key) ? { ...key, ...change } : key]));
}

function acceptKey(federation: Federation, { key, publicKey, site, vmId }: EventOf<"key-accepted">): Federation {
  const accepted = { key, publicKey, site, vmId, revoked: false, registered: false, told: false, settled: false };
  const keys = new Map(remembered(federation)).set(key, accepted);
  return withDeployment({ ...federation, keys }, site, (deployment) =>
    changeVm(deployment, vmId, (vm) => ({
      ...vm,
      acceptedKey: key,
      toldAdmitted: vm.toldAdmitted && vm.acceptedKey === key,
    })),
  );
}

/** A key that no SuperLink was told of needs no telling either. */
function revokeKey(federation: Federation, { key, site }: EventOf<"key-revoked">): Federation {
  const known = federation.keys.get(key);
  if (known === undefined) return federation;
  const keys = new Map(federation.keys).set(key, { ...known, revoked: true, settled: !known.told });
  return withDeployment({ ...federation, keys }, site, withRoom);
}

/** One key fewer is admitted, so those that were too many may be judged again. */
function withRoom(deployment: Deployment): Deployment {
  const vms = [...deployment.vms].map(([vmId, vm]): [number, DeployedVm] => [
    vmId,
    { ...vm, refusedKeys: vm.refusedKeys.filter(({ code }) => code !== "key-surplus") },
  ]);
  return { ...deployment, vms: new Map(vms) };
}
