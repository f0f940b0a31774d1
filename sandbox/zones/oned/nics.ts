import { notAuthorized } from "./access.ts";
import type { User } from "./accounts.ts";
import { type Vector, vector } from "./attributes.ts";
import type { ContextNic } from "./contextualisation.ts";
import { releaseLeases, takeLease } from "./leases.ts";
import type { Network } from "./objects.ts";
import { cannotAllocate } from "./one-error.ts";
import type { Pool } from "./pool.ts";

/** A NIC before its address is taken. Without a network it keeps what it says, leased from nobody. */
export interface PlannedNic {
  readonly given: Vector;
  readonly network: Network | undefined;
}

export interface Networks {
  readonly networks: Pool<Network>;
  mayUseNetwork(user: User, network: Network): boolean;
}

export function plannedNic(zone: Networks, user: User, given: Vector): PlannedNic {
  const id = given.get("NETWORK_ID");
  const name = given.get("NETWORK");
  if (id === undefined && name === undefined) return { given, network: undefined };
  const network = id === undefined ? ownersNetwork(zone, user, given) : zone.networks.get(Number(id));
  if (network === undefined) {
    throw cannotAllocate(
      id === undefined
        ? `User ${user.id} does not own a network with name: ${name} . Set NETWORK_UNAME or NETWORK_UID of owner in NIC.`
        : `Virtual network with ID: ${id} does not exist`,
    );
  }
  if (!zone.mayUseNetwork(user, network)) throw notAuthorized(user, `USE NET [${network.id}]`);
  return { given, network };
}

/** By name among the networks of its owner, which is whoever asks unless the NIC says. */
function ownersNetwork({ networks }: Networks, user: User, nic: Vector): Network | undefined {
  const uname = nic.get("NETWORK_UNAME");
  const uid = Number(nic.get("NETWORK_UID") ?? user.id);
  const isOwners = (network: Network) => (uname === undefined ? network.uid === uid : network.uname === uname);
  return networks.newestFirst().find((network) => network.name === nic.get("NETWORK") && isOwners(network));
}

/** Takes the addresses for that VM. When one is not to be had, those already taken are given back. */
export function leasedNics(
  planned: readonly PlannedNic[],
  vmId: number,
): { vectors: Vector[]; contexts: ContextNic[] } {
  const vectors: Vector[] = [];
  const contexts: ContextNic[] = [];
  for (const [index, { given, network }] of planned.entries()) {
    const name = given.get("NAME") ?? `NIC${index}`;
    if (network === undefined) {
      vectors.push(new Map([...given, ["NAME", name], ["NIC_ID", String(index)]]));
      contexts.push({ ip: given.get("IP"), mac: given.get("MAC"), network });
      continue;
    }
    const lease = takeLease(network, vmId, given.get("IP"));
    if (lease === undefined) {
      for (const earlier of planned) if (earlier.network !== undefined) releaseLeases(earlier.network, vmId);
      throw cannotAllocate(`Cannot get IP/MAC lease from virtual network ${network.id}.`);
    }
    vectors.push(new Map([...given, ...fromNetwork(network, lease, name, index, vmId)]));
    contexts.push({ ...lease, network });
  }
  return { vectors, contexts };
}

function fromNetwork(
  network: Network,
  lease: { ip: string; mac: string },
  name: string,
  index: number,
  vmId: number,
): Vector {
  return vector({
    AR_ID: "0",
    BRIDGE: network.bridge,
    BRIDGE_TYPE: "linux",
    CLUSTER_ID: "0",
    DNS: network.dns,
    GATEWAY: network.gateway,
    IP: lease.ip,
    MAC: lease.mac,
    NAME: name,
    NETWORK: network.name,
    NETWORK_ID: String(network.id),
    NIC_ID: String(index),
    SECURITY_GROUPS: "0",
    TARGET: `one-${vmId}-${index}`,
    VN_MAD: "dummy",
  });
}
