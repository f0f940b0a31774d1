/** The sandbox's zones file where its zones are an OpenNebula federation: entries say only what the pool does not know. */
import { passwordVariable, type SandboxZonesFile } from "../../sandbox/zones-file.ts";

/** Whose oned writes what all zones share. */
export const MASTER = "zone-a";

export function pooled({ zones, policy, ...rest }: SandboxZonesFile) {
  const master = zones[MASTER];
  if (master === undefined) throw new Error(`There is no ${MASTER}.`);
  const entries = Object.entries(zones).map(([name, { xmlrpc: _at, user: _user, password: _secret, ...entry }]) => {
    return [name, entry] as const;
  });
  return {
    ...rest,
    zonepool: { xmlrpc: master.xmlrpc, user: "florist", password: { environment: passwordVariable(MASTER) } },
    zones: Object.fromEntries(entries),
    policy: { ...policy, polling: { ...policy.polling, zonepool: "200 ms" } },
  };
}
