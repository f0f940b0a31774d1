/** What every task has at hand. */
import type { FederationId, ZoneName } from "../federation/model/identity.ts";
import type { Federation, Run, Site } from "../federation/model/state.ts";
import type { VmFacts, ZoneSnapshot } from "../federation/model/zone-facts.ts";
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
}

/** The state a task works on, fetched when it starts. */
export interface Job {
  readonly id: FederationId;
  readonly federation: Federation;
}

export function siteOf({ federation }: Job, zone: ZoneName): Site {
  const site = federation.sites.get(zone);
  if (site === undefined) throw new Error(`Federation ${federation.id} has no site in ${zone}.`);
  return site;
}

export function runOf(job: Job, zone: ZoneName): Run {
  const { run } = siteOf(job, zone);
  if (run === null) throw new Error(`Nothing runs in ${zone} for federation ${job.federation.id}.`);
  return run;
}

export const vmIn = (snapshot: ZoneSnapshot | undefined, vmId: number): VmFacts | undefined =>
  snapshot?.vms.find(({ id }) => id === vmId);
