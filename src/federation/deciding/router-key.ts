/** A zone's own router becomes an end of the tunnels by what an owner says: the bot sees nothing of it itself. */
import type { GiveRouterKey } from "../model/commands.ts";
import { type Decision, decided, NOTHING, refuse } from "../model/decision.ts";
import { hubKey } from "../model/hub.ts";
import type { DecisionContext } from "../model/policy.ts";
import { namedBy } from "../model/rotation.ts";
import { routerLink } from "../model/router.ts";
import type { Federation, Site } from "../model/state.ts";
import { siteOfCard } from "./approval.ts";
import { isOwner } from "./consent.ts";

/** Another key takes the place of the one that was given before. */
export function giveRouterKey(federation: Federation, context: DecisionContext, command: GiveRouterKey): Decision {
  const { card, by, routerKey } = command;
  const site = siteOfCard(federation, card);
  if (site === null) return refuse("unknown-card");
  if (!isOwner(context, site.name, by)) return refuse("not-an-owner");
  if (federation.ended !== null) return refuse("federation-ended");
  if (federation.teardown !== null) return refuse("teardown-under-way");
  if (routerLink(site) === null) return refuse("no-router-planned");
  if (isTaken(federation, site, routerKey)) return refuse("router-key-taken");
  const hub = hubKey(federation);
  // The same key again says that its router has followed a change of the hub's.
  if (site.router?.key === routerKey && site.router.hub === hub) return NOTHING;
  return decided({ type: "router-key-given", site: site.name, by, key: routerKey, hub });
}

/** By another end; also one that a VM had once, for whoever has that VM's disk has it still. */
const isTaken = (federation: Federation, { name }: Site, key: string): boolean =>
  federation.tunnelKeys.has(key) ||
  namedBy(federation, key) !== null ||
  [...federation.sites.values()].some((other) => other.name !== name && other.router?.key === key);
