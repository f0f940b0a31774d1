/** Which ends a federation's tunnels have: keys are judged, and each end is told the others. */
import { decided } from "../federation/model/decision.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import { judgeTunnelKey } from "../federation/running/tunnel-keys.ts";
import { nextTelling } from "../federation/tunnels/peers.ts";
import { GIVEN } from "../guest-protocol/names.ts";
import { encodeTunnelPeers, type TunnelPeers } from "../guest-protocol/tunnel.ts";
import { type Job, type Outcome, record, type TaskContext } from "./task-context.ts";

export async function judgePublishedTunnelKey(
  { store }: TaskContext,
  { id }: Job,
  place: SiteName,
  vmId: number,
): Promise<Outcome> {
  await store.update(id, (newest) => decided(...judgeTunnelKey(newest, place, vmId)));
  return "done";
}

/**
 * The whole list each time. Its number is journalled before it is written: a guest takes only what is newer, so that
 * what was written under a number is never another.
 */
export async function tellTunnelPeers(context: TaskContext, job: Job, place: SiteName, vmId: number): Promise<Outcome> {
  let telling: TunnelPeers | null = null;
  await context.store.update(job.id, (newest) => {
    const next = nextTelling(newest, place, vmId);
    telling = next?.peers ?? null;
    return decided(...(next?.intent ?? []));
  });
  return telling === null ? "later" : deliver(context, job, place, vmId, telling);
}

async function deliver(
  context: TaskContext,
  job: Job,
  place: SiteName,
  vmId: number,
  peers: TunnelPeers,
): Promise<Outcome> {
  await context.zone(zoneOf(place)).publish(vmId, { [GIVEN.tunnelPeers]: encodeTunnelPeers(peers) });
  await record(context, job, place, { type: "tunnel-peers-delivered", site: place, vmId, sequence: peers.sequence });
  context.pollHints(zoneOf(place)).pollSoon();
  return "done";
}
