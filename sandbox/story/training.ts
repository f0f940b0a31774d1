/** The scene that only real guests can play: the federation trains, which is what it was deployed for. */

import { PUBLISHED } from "../../src/guest-protocol/names.ts";
import { parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { FlowerRun, inOnePlace } from "../hypervisor/real/flower-run.ts";
import type { Checks } from "./checks.ts";
import type { Stage } from "./stage.ts";

const ROUNDS = 3;
const PATIENCE_MS = 300_000;
/** How far sums of the same numbers in another order may lie apart. */
const TOLERANCE = 1e-9;

/** Trains on all SuperNodes of these zones, printing each round as it ends. */
export async function train(
  stage: Stage,
  zones: readonly string[],
  checks: Checks,
  print: (line: string) => void,
): Promise<void> {
  const sites = await nodesBySite(stage, zones);
  const superlink = (await stage.guests.realGuests()).find(({ role }) => role === "superlink");
  if (superlink === undefined) throw new Error("No SuperLink runs.");
  const run = await FlowerRun.start(superlink, { "num-server-rounds": ROUNDS, nodes: sites.size, answers: sites.size });
  for await (const { round, nodes, loss } of run.rounds(PATIENCE_MS)) {
    const where = nodes.map((node) => sites.get(node) ?? "a node that no site published").sort();
    print(`  round ${round} of ${ROUNDS}: loss ${loss?.toFixed(4) ?? "unknown"}, trained in ${where.join(", ")}`);
    if (round === ROUNDS) break;
  }
  checks.hold("Flower's own daemons complete the run.", (await run.ended(PATIENCE_MS)) === "finished:completed");
  const { rounds, model } = await run.outcome();
  for (const zone of zones) {
    const own = [...sites].filter(([, site]) => site === zone).map(([node]) => node);
    const took = own.length > 0 && rounds.every(({ nodes }) => own.every((node) => nodes.includes(node)));
    checks.hold(`All SuperNodes of ${zone} took part in every round.`, took && rounds.length === ROUNDS);
  }
  const alone = await inOnePlace(superlink, ROUNDS, [...sites.keys()]);
  const same = alone.every((value, index) => Math.abs(value - (model?.[index] ?? Number.NaN)) < TOLERANCE);
  checks.hold("The model is the one that a single place would have computed.", same);
}

/** Flower's node id of every SuperNode, and its zone: by the key that the zone's VM published. */
async function nodesBySite(stage: Stage, zones: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const guests = await stage.guests.realGuests();
  const said = async (zone: string, vmId: number, name: string): Promise<string> => {
    const value = (await stage.zones.zone(zone)).vms.find(({ id }) => id === vmId)?.userTemplate[name];
    return typeof value === "string" ? value : "";
  };
  const zoneOfKey = new Map<string, string>();
  for (const { zone, vmId, role } of guests) {
    const key = parseNodeKey(role === "supernode" ? await said(zone, vmId, PUBLISHED.nodeKey) : "");
    if (key.ok && zones.includes(zone)) zoneOfKey.set(key.value.fingerprint, zone);
  }
  const superlink = guests.find(({ role }) => role === "superlink");
  const listed = decodeNodeList(
    superlink === undefined ? "" : await said(superlink.zone, superlink.vmId, PUBLISHED.nodes),
  );
  return new Map(
    (listed.ok ? listed.value : []).flatMap(({ key, nodeId }) => {
      const zone = zoneOfKey.get(key);
      return zone === undefined ? [] : [[nodeId, zone] as const];
    }),
  );
}
