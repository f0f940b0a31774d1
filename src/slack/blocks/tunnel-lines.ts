/** How tunnels do, a line for each site, in words that stay the same for minutes. */
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { SiteName } from "../../federation/model/identity.ts";
import type { TunnelState } from "../../federation/observing/tunnels.ts";
import { MARK } from "./marks.ts";
import { count, escaped, firstOf, listed } from "./mrkdwn.ts";
import { placeTitle } from "./titles.ts";

/** Sites and, of each, VMs that are named. */
const MOST_SITES = 20;
const MOST_VMS = 5;

export function tunnelLines(states: readonly TunnelState[], directory: Directory): readonly string[] {
  const bySite = new Map<SiteName, TunnelState[]>();
  for (const state of states) bySite.set(state.site, [...(bySite.get(state.site) ?? []), state]);
  const lines = [...bySite].map(([name, tunnels]) => siteLine(escaped(placeTitle(directory, { name }), 120), tunnels));
  return lines.length === 0 ? [] : ["*WireGuard tunnels*", ...firstOf(lines, MOST_SITES, "site")];
}

function siteLine(title: string, tunnels: readonly TunnelState[]): string {
  const silent = tunnels.filter(({ isAlive }) => !isAlive);
  if (silent.length === 0) {
    return `${MARK.up} *${title}*: ${count(tunnels.length, "tunnel")}, each with a handshake in the last three minutes`;
  }
  const named = listed(
    silent.map(({ vmId, age }) => `${vmId === null ? "the router" : `VM ${vmId}`} ${silenceWords(age)}`),
    MOST_VMS,
  );
  return `${MARK.down} *${title}*: ${silent.length} of ${count(tunnels.length, "tunnel")} without a handshake now: ${named}`;
}

const UNITS = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
] as const;

/** `age` is in seconds. */
function silenceWords(age: number | null): string {
  if (age === null) return "has had none";
  const [seconds, unit] = UNITS.find(([length]) => age >= length) ?? UNITS[2];
  return `had its last ${count(Math.floor(age / seconds), unit)} ago`;
}
