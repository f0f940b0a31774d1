/** Changes to one site that several events have in common. */
import type { Condition } from "./conditions.ts";
import { type DeploymentRef, removalKey } from "./deployment-reference.ts";
import { type SiteName, zoneOf } from "./identity.ts";
import { deploymentKind } from "./plan.ts";
import type { Deployment, Federation, Removal, Site } from "./state.ts";

export function withSite(federation: Federation, name: SiteName, change: (site: Site) => Site): Federation {
  const site = federation.sites.get(name);
  if (site === undefined) throw new Error(`Federation ${federation.id} has no site ${name}.`);
  return { ...federation, sites: new Map(federation.sites).set(name, change(site)) };
}

/** A change to what runs at a site; nothing where nothing runs. */
export const withDeployment = (
  federation: Federation,
  name: SiteName,
  change: (deployment: Deployment) => Deployment,
): Federation =>
  withSite(federation, name, (site) =>
    site.deployment === null ? site : { ...site, deployment: change(site.deployment) },
  );

/** The site's deployment ends here; what was created, or may have been, is to be removed. */
export function removing(site: Site, cause: "retry" | "retire" | "teardown" | "abandoned", at: string): Site {
  const { deployment } = site;
  if (deployment === null) return site;
  const { tag, intendedAt, vms, account } = deployment;
  const removals = remainsOf(deployment).map(
    (ref): Removal => ({
      key: removalKey(ref, tag),
      ref,
      tag,
      intendedAt,
      vmIds: [...vms.values()].filter(({ gone }) => !gone).map(({ vmId }) => vmId),
      account,
      cause,
      since: at,
      delayed: null,
    }),
  );
  return { ...site, deployment: null, removals: [...site.removals, ...removals] };
}

/** What there is of a deployment; null stands for what a create may yet bring whose answer has not come. */
function remainsOf(deployment: Deployment): readonly (DeploymentRef | null)[] {
  const { plan, tag, ref, postponed, intendedVms, madeVms } = deployment;
  if (ref !== null) return [ref];
  // Without an intent nothing was tried, and a refused one left nothing behind.
  const isOpen = tag !== null && !postponed;
  switch (deploymentKind(plan)) {
    case "oneflow":
      return isOpen ? [null] : [];
    case "vms":
      return [
        ...(madeVms.length > 0 ? [{ kind: "vms", ids: madeVms } as const] : []),
        ...(isOpen && intendedVms > madeVms.length ? [null] : []),
      ];
  }
}

/**
 * What was said of a site's VMs ends with them, whatever ended them.
 * @param ofZone also what is said of its zone, where nothing of the federation is to run there any more
 */
export function withoutConditions(federation: Federation, name: SiteName, ofZone = false): Federation {
  const zone = zoneOf(name);
  const isLast = ![...federation.sites.values()].some(
    (other) => other.zone === zone && other.name !== name && other.deployment !== null,
  );
  const isOf = ({ subject }: Condition): boolean =>
    subject.kind === "zone" ? ofZone && isLast && subject.zone === zone : subject.site === name;
  const kept = [...federation.conditions].filter(([, condition]) => !isOf(condition));
  return kept.length === federation.conditions.size ? federation : { ...federation, conditions: new Map(kept) };
}
