/** The scene that only real guests can play: the federation trains, which is what it was deployed for. */

import { CONTEXT, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { parseNodeKey } from "../../src/guest-protocol/node-key.ts";
import { decodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { copyOfDisk } from "../hypervisor/real/data-disk.ts";
import { FlowerRun, inOnePlace } from "../hypervisor/real/flower-run.ts";
import type { RealView } from "../hypervisor/real/real-hypervisor.ts";
import type { Performance } from "./performance.ts";
import type { Stage } from "./stage.ts";

const ROUNDS = 3;
const PATIENCE_MS = 300_000;
/** How far sums of the same numbers in another order may lie apart. */
const TOLERANCE = 1e-9;

/** A site whose SuperNodes train: what the bot calls it, and whether they have the zone's disk with data. */
interface TrainingSite {
  readonly name: string;
  readonly zone: string;
  readonly hasDisk: boolean;
}

/** Trains on all SuperNodes of these sites, printing each round as it ends. */
export async function train(stage: Performance, training: readonly TrainingSite[]): Promise<void> {
  const { checks, print } = stage;
  const sites = await nodesBySite(stage, training);
  const superlink = (await stage.guests.realGuests()).find(({ role }) => role === "superlink");
  if (superlink === undefined) throw new Error("No SuperLink runs.");
  const run = await FlowerRun.start(superlink, { "num-server-rounds": ROUNDS, nodes: sites.size, answers: sites.size });
  for await (const { round, nodes, loss } of run.rounds(PATIENCE_MS)) {
    const where = nodes.map((node) => sites.get(node)?.name ?? "a node that no site published").sort();
    print(`  round ${round} of ${ROUNDS}: loss ${loss?.toFixed(4) ?? "unknown"}, trained in ${where.join(", ")}`);
    if (round === ROUNDS) break;
  }
  checks.hold("Flower's own daemons complete the run.", (await run.ended(PATIENCE_MS)) === "finished:completed");
  const { rounds, model } = await run.outcome();
  for (const { name } of training) {
    const own = [...sites].filter(([, site]) => site.name === name).map(([node]) => node);
    const took = own.length > 0 && rounds.every(({ nodes }) => own.every((node) => nodes.includes(node)));
    checks.hold(`All SuperNodes of ${name} took part in every round.`, took && rounds.length === ROUNDS);
  }
  const alone = await inOnePlace(superlink, ROUNDS, await sourcesOf(superlink, sites));
  const same = alone.every((value, index) => Math.abs(value - (model?.[index] ?? Number.NaN)) < TOLERANCE);
  checks.hold("The model is the one that a single place would have computed from copies of the data.", same);
}

/** The data of each node, for the one place: what it makes up from its id, or a copy of what is on its zone's disk. */
async function sourcesOf(superlink: RealView, sites: ReadonlyMap<string, TrainingSite>): Promise<readonly string[]> {
  const sources: string[] = [];
  for (const [node, { zone, hasDisk }] of sites) sources.push(hasDisk ? await copyOfDisk(superlink, zone) : node);
  return sources;
}

/** Flower's node id of every SuperNode, and its site: by the key that the site's VM published. */
async function nodesBySite(
  stage: Stage,
  training: readonly TrainingSite[],
): Promise<ReadonlyMap<string, TrainingSite>> {
  const guests = await stage.guests.realGuests();
  const vmOf = async ({ zone, vmId }: RealView) => (await stage.zones.zone(zone)).vms.find(({ id }) => id === vmId);
  const siteOfKey = new Map<string, TrainingSite>();
  for (const guest of guests.filter(({ role }) => role === "supernode")) {
    const vm = await vmOf(guest);
    const key = parseNodeKey(textOf(vm?.userTemplate[PUBLISHED.nodeKey]));
    const site = training.find(({ name }) => vm?.context[CONTEXT.site] === name.replace("/", "."));
    if (key.ok && site !== undefined) siteOfKey.set(key.value.fingerprint, site);
  }
  const superlink = guests.find(({ role }) => role === "superlink");
  const said = superlink === undefined ? undefined : (await vmOf(superlink))?.userTemplate[PUBLISHED.nodes];
  const listed = decodeNodeList(textOf(said));
  return new Map(
    (listed.ok ? listed.value : []).flatMap(({ key, nodeId }) => {
      const site = siteOfKey.get(key);
      return site === undefined ? [] : [[nodeId, site] as const];
    }),
  );
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
