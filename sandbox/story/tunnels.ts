/** What a federation's tunnels are, as the zones' VMs tell it, and who was told of them. */
import { PUBLISHED } from "../../src/guest-protocol/names.ts";
import { decodeTunnelLinks, type TunnelLinks } from "../../src/guest-protocol/tunnel.ts";
import type { ZoneState } from "../zones/control/state.ts";
import { homeChannel, zoneChannel } from "../zones-file.ts";
import type { Checks } from "./checks.ts";
import { DONE, type Stage } from "./stage.ts";

/** The tunnel keys of the VMs that run in a zone. */
export async function tunnelKeysOf(stage: Stage, zone: string): Promise<readonly string[]> {
  return (await stage.attributes(zone)).flatMap((attributes) => textOf(attributes, PUBLISHED.tunnelKey));
}

/** As soon as the hub in that zone has a tunnel with each of these keys, and with no other. */
export async function hubHasJust(stage: Stage, zone: string, keys: readonly string[]): Promise<void> {
  const isSo = ({ peers }: TunnelLinks): boolean =>
    peers.length === keys.length && peers.every(({ key, age }) => age !== null && keys.includes(key));
  await stage.zones.until(zone, ({ vms }) =>
    vms.some(({ userTemplate }) => {
      const links = decodeTunnelLinks(textOf(userTemplate, PUBLISHED.tunnelLinks)[0] ?? "");
      return links.ok && isSo(links.value);
    }),
  );
}

/** Each SuperNode, or its zone's router, has a tunnel to the hub and no other; each zone's keys stand in its own channel and the hub's. */
export async function lookAtTunnels(
  stage: Stage,
  checks: Checks,
  coordinator: string,
  sites: readonly string[],
  routerKeys: ReadonlyMap<string, string>,
): Promise<void> {
  const keys = new Map<string, readonly string[]>();
  for (const zone of [coordinator, ...sites]) {
    const router = routerKeys.get(zone);
    keys.set(zone, router === undefined ? await tunnelKeysOf(stage, zone) : [router]);
  }
  const ofSites = sites.flatMap((zone) => keys.get(zone) ?? []);
  await hubHasJust(stage, coordinator, ofSites);
  checks.hold(
    "The hub has a tunnel with every SuperNode, or its zone's router, and with nobody else.",
    new Set(ofSites).size === ofSites.length,
  );
  // What a VM says of its link follows what the SuperLink sees of it.
  for (const zone of sites) await stage.zones.until(zone, ({ vms }) => vms.every(linkIsWell));
  checks.hold("Every SuperNode reaches the SuperLink through a tunnel.", true);
  await checkChannels(stage, checks, coordinator, keys);
}

/** A site's channel shows its own part of the tunnels, the hub's every end, and any other nothing. */
async function checkChannels(
  stage: Stage,
  checks: Checks,
  coordinator: string,
  keys: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const all = [...keys.values()].flat();
  const hub = keys.get(coordinator) ?? [];
  for (const [zone, own] of keys) {
    const shown = zone === coordinator ? all : [...own, ...hub];
    for (const key of shown) await stage.reads(zoneChannel(zone), key);
    const isMore = (await saying(stage, zoneChannel(zone), all)).length > shown.length;
    const whose = zone === coordinator ? "every end's key" : "its own SuperNodes' keys and the hub's, no other site's";
    checks.hold(`${zone}'s channel shows ${whose}.`, own.length > 0 && !isMore);
  }
  const others = stage.zoneNames.filter((zone) => !keys.has(zone)).map(zoneChannel);
  for (const channel of [homeChannel, ...others]) {
    checks.hold(`No tunnel key stands in ${channel}.`, (await saying(stage, channel, all)).length === 0);
  }
}

const linkIsWell = ({ state, userTemplate }: ZoneState["vms"][number]): boolean =>
  state === DONE || textOf(userTemplate, PUBLISHED.link)[0] === "ok";

/** Those of the words that stand in the channel. */
async function saying(stage: Stage, channel: string, words: readonly string[]): Promise<readonly string[]> {
  const text = (await stage.texts(channel)).join("\n");
  return words.filter((word) => text.includes(word));
}

const textOf = (attributes: Readonly<Record<string, unknown>>, name: string): readonly string[] => {
  const value = attributes[name];
  return typeof value === "string" ? [value] : [];
};
