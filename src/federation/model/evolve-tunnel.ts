/** The part of `evolve` that follows tunnels: which keys count, and what their ends were told. */
import type { EventOf } from "./events.ts";
import { changeVm } from "./evolve-vm.ts";
import { namedBy } from "./rotation.ts";
import { withDeployment } from "./site-change.ts";
import type { DeployedVm, Federation, TunnelKey } from "./state.ts";

export type TunnelEvent = EventOf<
  | "tunnel-key-accepted"
  | "tunnel-key-refused"
  | "tunnel-key-revoked"
  | "tunnel-peers-intended"
  | "tunnel-peers-delivered"
>;

/** Keys that count no more: so many of the newest are known again. */
const REMEMBERED_KEYS = 500;

export function evolveTunnel(federation: Federation, event: TunnelEvent): Federation {
  switch (event.type) {
    case "tunnel-key-accepted": {
      const { key, site, vmId, pair } = event;
      const asked = isNamedBy(federation, event);
      const tunnelKeys = new Map(remembered(federation)).set(key, { key, site, vmId, pair, revoked: false, asked });
      return ofVm({ ...federation, tunnelKeys }, event, (vm) => ({ ...vm, tunnelKey: key }));
    }
    case "tunnel-key-refused": {
      const { key, reason } = event;
      return ofVm(federation, event, (vm) => ({
        ...vm,
        refusedTunnelKeys: [...vm.refusedTunnelKeys, { key, code: reason.code }],
      }));
    }
    case "tunnel-key-revoked": {
      const known = federation.tunnelKeys.get(event.key);
      if (known === undefined) return federation;
      const tunnelKeys = new Map(federation.tunnelKeys).set(event.key, { ...known, revoked: true });
      return ofVm({ ...federation, tunnelKeys }, event, (vm) =>
        vm.tunnelKey === event.key ? { ...vm, tunnelKey: null } : vm,
      );
    }
    case "tunnel-peers-intended": {
      const { sequence, pair, peers, successors } = event;
      const tunnelTold = { sequence, pair, peers, successors, delivered: false };
      return ofVm(federation, event, (vm) => ({ ...vm, tunnelTold }));
    }
    case "tunnel-peers-delivered":
      return ofVm(federation, event, (vm) =>
        vm.tunnelTold?.sequence === event.sequence ? { ...vm, tunnelTold: { ...vm.tunnelTold, delivered: true } } : vm,
      );
  }
}

function isNamedBy(federation: Federation, { site, vmId, key }: EventOf<"tunnel-key-accepted">): boolean {
  const named = namedBy(federation, key);
  return named?.site.name === site && named.vmId === vmId;
}

const ofVm = (
  federation: Federation,
  { site, vmId }: Pick<TunnelEvent, "site" | "vmId">,
  change: (vm: DeployedVm) => DeployedVm,
): Federation => withDeployment(federation, site, (deployment) => changeVm(deployment, vmId, change));

function remembered({ tunnelKeys }: Federation): readonly (readonly [string, TunnelKey])[] {
  const all = [...tunnelKeys];
  const old = all.filter(([, { revoked }]) => revoked);
  const forgotten = new Set(old.slice(0, Math.max(0, old.length - REMEMBERED_KEYS)).map(([name]) => name));
  return all.filter(([name]) => !forgotten.has(name));
}
