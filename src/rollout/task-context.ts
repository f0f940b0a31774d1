/** What every task has at hand. */
import { decided } from "../federation/model/decision.ts";
import type { FederationEvent } from "../federation/model/events.ts";
import type { FederationId, SiteName, ZoneName } from "../federation/model/identity.ts";
import type { Deployment, Federation, Site } from "../federation/model/state.ts";
import type { VmFacts, ZoneSnapshot } from "../federation/model/zone-facts.ts";
import type { LiveFederation } from "../federation/observing/live.ts";
import { indexOf } from "../federation/observing/snapshot-index.ts";
import type { Federations, Log, PollHints, Trust, Zone } from "../federation/ports.ts";

/** A task has done its part, or has to be tried again a while later. */
export type Outcome = "done" | "later";

export interface TaskContext {
  readonly store: Federations;
  readonly trust: Trust;
  readonly log: Log;
  zone(name: ZoneName): Zone;
  pollHints(name: ZoneName): PollHints;
  /** The newest look of the zone's poller. */
  latest(name: ZoneName): ZoneSnapshot | undefined;
  /** What looks show of a federation now. */
  live(id: FederationId): LiveFederation;
}

/** The state a task works on, fetched when it starts. */
export interface Job {
  readonly id: FederationId;
  readonly federation: Federation;
}

export function siteOf({ federation }: Job, place: SiteName): Site {
  const site = federation.sites.get(place);
  if (site === undefined) throw new Error(`Federation ${federation.id} has no site ${place}.`);
  return site;
}

export function deploymentOf(job: Job, place: SiteName): Deployment {
  const { deployment } = siteOf(job, place);
  if (deployment === null) throw new Error(`Nothing runs at ${place} for federation ${job.federation.id}.`);
  return deployment;
}

export const vmIn = (snapshot: ZoneSnapshot | undefined, vmId: number): VmFacts | undefined =>
  snapshot === undefined ? undefined : indexOf(snapshot).vms.get(vmId);

/**
 * Journals events of the deployment that the task works on. False when that was ended or replaced meanwhile: then
 * nothing was journalled, and whoever was about to act on the zone does not.
 */
export async function record(
  context: TaskContext,
  job: Job,
  place: SiteName,
  ...events: readonly FederationEvent[]
): Promise<boolean> {
  const { attempt } = deploymentOf(job, place);
  let taken = false;
  await context.store.update(job.id, (newest) => {
    taken = newest.sites.get(place)?.deployment?.attempt === attempt;
    return taken ? decided(...events) : decided();
  });
  return taken;
}
