/** The part of `evolve` that follows a deployment: what is intended, created, found and removed. */
import { partKeys, refKey, removalKey } from "./deployment-reference.ts";
import type { EventOf } from "./events.ts";
import { evolveKeys, type KeyEvent } from "./evolve-keys.ts";
import { evolveTunnel, type TunnelEvent } from "./evolve-tunnel.ts";
import { evolveVm, type VmEvent } from "./evolve-vm.ts";
import { evolveReboots, type RebootEvent } from "./reboot.ts";
import { evolveRotation, type RotationEvent } from "./rotation.ts";
import { removing, withDeployment, withoutConditions, withSite } from "./site-change.ts";
import type { Deployment, Federation, Removal, Site } from "./state.ts";
import { hasTerminalFailure } from "./terminal-failure.ts";

type SiteDeploymentEvent = EventOf<
  | "attempt-started"
  | "template-intended"
  | "template-registered"
  | "deployment-intended"
  | "deployment-postponed"
  | "vm-intended"
  | "vm-created"
  | "deployment-created"
  | "account-seen"
  | "vms-verified"
  | "site-up"
  | "site-failed"
  | "deployment-abandoned"
  | "duplicate-found"
  | "removal-delayed"
  | "deployment-removed"
>;

export type DeploymentEvent = VmEvent | KeyEvent | TunnelEvent | RotationEvent | RebootEvent | SiteDeploymentEvent;

/** Removals that have ended and may still be seen in a look made before. */
const REMEMBERED_REMOVALS = 50;

export function evolveDeployment(federation: Federation, event: DeploymentEvent, at: string): Federation {
  switch (event.type) {
    case "vm-observed":
    case "vm-online":
    case "vm-gone":
    case "certificate-asked":
    case "certificate-issued":
    case "certificate-delivered":
    case "key-refused":
    case "vm-told-admitted":
      return withDeployment(federation, event.site, (deployment) => evolveVm(deployment, event, at));
    case "key-accepted":
    case "key-revoked":
    case "admissions-delivered":
    case "keys-registered":
    case "revocations-done":
    case "coordinator-verified":
      return evolveKeys(federation, event, at);
    case "tunnel-key-accepted":
    case "tunnel-key-refused":
    case "tunnel-key-revoked":
    case "tunnel-peers-intended":
    case "tunnel-peers-delivered":
      return evolveTunnel(federation, event);
    case "tunnel-rotation-asked":
    case "tunnel-rotation-told":
    case "tunnel-key-announced":
    case "tunnel-switch-intended":
    case "tunnel-switch-delivered":
    case "tunnel-rotation-ended":
      return evolveRotation(federation, event, at);
    case "reboot-asked":
    case "reboot-intended":
    case "reboot-answered":
    case "reboot-ended":
      return withDeployment(federation, event.site, (deployment) => evolveReboots(deployment, event, at));
    case "attempt-started":
      return startAttempt(federation, event, at);
    case "site-failed":
      return evolveFailure(federation, event, at);
    default:
      return withSite(federation, event.site, (site) => evolveSiteDeployment(site, event, at));
  }
}

/** Addresses that a zone refused; there are few tries, as each is asked about. */
const REMEMBERED_ADDRESSES = 16;

function evolveFailure(federation: Federation, event: EventOf<"site-failed">, at: string): Federation {
  const failed = withSite(federation, event.site, (site) => evolveSiteDeployment(site, event, at));
  const { address, refusedAddresses } = federation;
  if (event.reason.code !== "address-refused" || address === null) return failed;
  return { ...failed, refusedAddresses: [...refusedAddresses, address].slice(-REMEMBERED_ADDRESSES) };
}

function startAttempt(federation: Federation, event: EventOf<"attempt-started">, at: string): Federation {
  const isCoordinator = federation.sites.get(event.site)?.role === "coordinator";
  // A new SuperLink knows nobody yet, whatever the one before it said and was told.
  const fresh = isCoordinator ? { admissions: null, verifiedVm: null, keys: keysForNewSuperLink(federation) } : {};
  return withoutConditions(
    withSite({ ...federation, ...fresh }, event.site, (site) => started(site, event, at)),
    event.site,
  );
}

/** It has to be told everybody who is admitted, and nothing of those who are not. */
const keysForNewSuperLink = ({ keys }: Federation): Federation["keys"] =>
  new Map([...keys].map(([name, key]) => [name, { ...key, registered: false, told: false, settled: key.revoked }]));

function started(site: Site, event: EventOf<"attempt-started">, at: string): Site {
  const proposal = site.proposals.findLast(({ digest }) => digest === event.digest);
  if (proposal === undefined) throw new Error(`${site.name} starts what was never proposed.`);
  const deployment: Deployment = {
    attempt: event.attempt,
    startedAt: at,
    plan: proposal.plan,
    digest: proposal.digest,
    card: proposal.card,
    templateName: null,
    templateId: null,
    tag: null,
    intendedAt: null,
    postponed: false,
    intendedVms: 0,
    madeVms: [],
    ref: null,
    createdAt: null,
    abandoned: 0,
    account: null,
    vms: new Map(),
    upAt: null,
    failure: null,
    reboots: [],
    rotations: [],
  };
  return { ...removing(site, "retry", at), attempts: event.attempt, deployment, retryAskedBy: null, problems: [] };
}

function evolveSiteDeployment(
  site: Site,
  event: Exclude<SiteDeploymentEvent, EventOf<"attempt-started">>,
  at: string,
): Site {
  switch (event.type) {
    case "template-intended":
      return inDeployment(site, { templateName: event.name });
    case "template-registered":
      return inDeployment(site, { templateId: event.templateId });
    case "deployment-intended":
      return {
        ...inDeployment(site, { tag: event.tag, intendedAt: at, postponed: false, intendedVms: 0, madeVms: [] }),
        sequences: event.sequence,
      };
    case "deployment-postponed":
      return site.deployment?.tag === event.tag ? inDeployment(site, { postponed: true }) : site;
    case "vm-intended":
      return inDeployment(site, { intendedVms: event.number, intendedAt: at, postponed: false });
    case "vm-created":
      return inDeployment(site, { madeVms: [...(site.deployment?.madeVms ?? []), event.vmId] });
    case "deployment-created":
      return { ...inDeployment(site, { ref: event.ref, createdAt: at }), problems: [] };
    case "account-seen":
      return inDeployment(site, { account: event.account });
    case "vms-verified":
      return site.deployment === null ? site : inDeployment(site, { vms: verified(site.deployment, event.vmIds) });
    case "site-up": {
      const heals = site.deployment !== null && !hasTerminalFailure(site.deployment);
      return inDeployment(site, { upAt: at, ...(heals ? { failure: null } : {}) });
    }
    case "site-failed":
      return inDeployment(site, { failure: { reason: event.reason, at } });
    case "deployment-abandoned":
      return abandoned(site, at);
    case "duplicate-found":
      return withDuplicate(site, event, at);
    case "removal-delayed":
      return {
        ...site,
        removals: site.removals.map((removal) =>
          removal.key === event.removal ? { ...removal, delayed: event.reason } : removal,
        ),
      };
    case "deployment-removed":
      return removed(site, event.removal);
  }
}

/** What a lost answer was about has come: it is what a removal waits for, or one more to be removed. */
function withDuplicate(site: Site, { ref, tag }: EventOf<"duplicate-found">, at: string): Site {
  const awaited = removalKey(null, tag);
  if (site.removals.some(({ key }) => key === awaited)) {
    return {
      ...site,
      removals: site.removals.map((removal) =>
        removal.key === awaited ? { ...removal, ref, key: refKey(ref) } : removal,
      ),
    };
  }
  const removal: Removal = {
    key: refKey(ref),
    ref,
    tag,
    intendedAt: null,
    vmIds: [],
    account: site.deployment?.account ?? null,
    cause: "duplicate",
    since: at,
    delayed: null,
  };
  return { ...site, removals: [...site.removals, removal] };
}

function removed(site: Site, key: string): Site {
  const ref = site.removals.find((removal) => removal.key === key)?.ref ?? null;
  const keys = new Set([key, ...(ref === null ? [] : partKeys(ref))]);
  return {
    ...site,
    removals: site.removals.filter((removal) => removal.key !== key),
    removed: [...site.removed, ...keys].slice(-REMEMBERED_REMOVALS),
  };
}

/** The same attempt goes on once what there is of it has been removed. */
function abandoned(site: Site, at: string): Site {
  const { deployment } = site;
  if (deployment === null) return site;
  const anew = {
    startedAt: at,
    tag: null,
    intendedAt: null,
    postponed: false,
    intendedVms: 0,
    madeVms: [],
    ref: null,
    createdAt: null,
    vms: new Map(),
    abandoned: deployment.abandoned + 1,
  };
  return { ...removing(site, "abandoned", at), deployment: { ...deployment, ...anew } };
}

const inDeployment = (site: Site, change: Partial<Deployment>): Site =>
  site.deployment === null ? site : { ...site, deployment: { ...site.deployment, ...change } };

function verified(deployment: Deployment, vmIds: readonly number[]): Deployment["vms"] {
  const vms = new Map(deployment.vms);
  for (const vmId of vmIds) {
    const vm = vms.get(vmId);
    if (vm !== undefined) vms.set(vmId, { ...vm, verified: true });
  }
  return vms;
}
