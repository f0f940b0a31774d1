/** Up, degraded, down: what the SuperLink sees and each SuperNode says itself. A running VM proves nothing. */
import type { FederationEvent } from "../model/events.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  type Guest,
  type Site,
  type SiteStatus,
} from "../model/state.ts";
import { hasTerminalFailure } from "../model/terminal-failure.ts";

/** Statuses that differ from those told last. A site that is still coming up, in time, has none yet. */
export function statusChanges(federation: Federation): readonly FederationEvent[] {
  return [...federation.sites.values()].flatMap((site): FederationEvent[] => {
    if (site.run === null) return [];
    const { status, online, expected } = currentStatus(federation, site);
    const coming = site.status === null && status !== "up" && !isToldDespiteFailure(site);
    if (coming || (status === site.status && online === site.online)) return [];
    return [{ type: "site-status-changed", site: site.zone, status, online, expected }];
  });
}

/** Of a training site that failed before it was ever up people still want to know how many are online. */
const isToldDespiteFailure = ({ role, run }: Site): boolean =>
  role === "training" && run !== null && run.failure !== null && !hasTerminalFailure(run);

interface Status {
  readonly status: SiteStatus;
  readonly online: number;
  readonly expected: number;
}

function currentStatus(federation: Federation, site: Site): Status {
  if (site.role === "coordinator") {
    const serves = coordinatorServes(federation);
    return { status: serves ? "up" : "down", online: serves ? 1 : 0, expected: 1 };
  }
  const expected = currentProposal(site)?.plan.vms ?? 0;
  const guests = [...(site.run?.guests.values() ?? [])];
  const online = coordinatorServes(federation) ? guests.filter((guest) => isOnline(federation, guest)).length : 0;
  const status = online === 0 ? "down" : online < expected ? "degraded" : "up";
  return { status, online, expected };
}

/** A verified SuperLink that serves and whose heartbeat moves. */
export function coordinatorServes(federation: Federation): boolean {
  const guest = coordinatorOf(federation).run?.guests.get(federation.verifiedVm ?? -1);
  return guest !== undefined && isWell(guest);
}

const isWell = ({ sighting }: Guest): boolean =>
  sighting.state === "running" && sighting.stage === "serving" && !sighting.silent;

/** Both must say so: the SuperLink that it sees the key, the SuperNode that it serves. */
function isOnline(federation: Federation, guest: Guest): boolean {
  return isWell(guest) && federation.nodes.some(({ key, status }) => key === guest.acceptedKey && status === "online");
}
