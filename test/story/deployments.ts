/** What runs in a zone, be it a OneFlow service or VMs that no service holds. */
import type { ZoneState } from "../../sandbox/zones/control/state.ts";

const DONE = 6;

const aliveVms = ({ vms }: Pick<ZoneState, "vms">): ZoneState["vms"] => vms.filter(({ state }) => state !== DONE);

/** What the zone calls each of them; VMs by themselves belong together by their attempt, also those that a service left behind. */
export function deploymentsIn({ services, vms }: Pick<ZoneState, "services" | "vms">): readonly string[] {
  const held = new Set(services.map(({ id }) => id));
  const alone = aliveVms({ vms }).filter(({ serviceId }) => serviceId === undefined || !held.has(serviceId));
  const attempts = new Set(alone.map(({ context }) => context["FL_ATTEMPT"] ?? "no attempt"));
  return [...services.map(({ id }) => `service ${id}`), ...[...attempts].map((attempt) => `VMs of ${attempt}`)];
}

/** Those of one federation, by the name that people gave it. */
export function deploymentsOf(federation: string, { services, vms }: ZoneState): readonly string[] {
  return deploymentsIn({
    services: services.filter(({ name }) => name.startsWith(`florist ${federation} `)),
    vms: vms.filter(({ name }) => name.startsWith(`florist-${federation}-`)),
  });
}
