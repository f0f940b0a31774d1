/** The states that a federation can come to, and whether each has an exit. */
import { isExpired, runsAsProposed } from "../../../src/federation/deciding/approval.ts";
import { awaitedOf } from "../../../src/federation/deciding/organisation.ts";
import { isAvailability, isOfZone } from "../../../src/federation/model/conditions.ts";
import { canonical } from "../../../src/federation/model/digest.ts";
import { isRebootBudgetSpent, rebootUnderWay } from "../../../src/federation/model/reboot.ts";
import { isRotationBudgetSpent, rotationUnderWay } from "../../../src/federation/model/rotation.ts";
import { currentProposal, isSettled, openGoOn, type Site } from "../../../src/federation/model/state.ts";
import { dueTasks, taskKey } from "../../../src/federation/running/due-tasks.ts";
import { type Move, type Mover, movesFrom, type Rules } from "./moves.ts";
import { contextOf, healthOf, placeOf, type World, watched } from "./walked-world.ts";

/** What of a world says what can happen in it: no numbers and no dates, only what they are compared with. */
function essence(world: World): string {
  const { federation } = world;
  const context = contextOf(world);
  const conditions = [...federation.conditions]
    .filter(([, { raised, code }]) => raised && (isAvailability(code) || isOfZone(code)))
    .map(([key]) => key);
  return canonical([
    [...federation.sites.values()].map((site) => [
      siteEssence(world, site),
      placeOf(world, site.zone),
      healthOf(world, site.name),
    ]),
    federation.authorities.length > 0,
    federation.authorityDestroyed,
    federation.endpoint !== null,
    federation.trustedAt !== null,
    federation.verifiedVm !== null,
    federation.teardown !== null,
    awaitedOf(federation)?.kind ?? null,
    federation.teardown?.because ?? null,
    federation.term === null ? null : [federation.term.reminded, federation.term.question !== null],
    federation.stopAnnounced === null ? null : federation.stopAnnounced <= world.now,
    federation.ended !== null,
    conditions.toSorted(),
    dueTasks(federation, world.live, context).map(({ kind }) => kind),
  ]);
}

function siteEssence(world: World, site: Site): unknown {
  const { deployment } = site;
  const proposal = currentProposal(site);
  return [
    site.name,
    site.approvalState,
    site.problems.map(({ code }) => code),
    proposal === null ? null : [proposal.plan.parts[0]?.nics[0]?.network.id, runsAsProposed(site)],
    site.approvalState === "pending" || site.approvalState === "planning" ? isExpired(site, contextOf(world)) : null,
    site.consents
      .filter(({ digest }) => digest === proposal?.digest)
      .map(({ kind }) => kind)
      .toSorted(),
    site.retryAskedBy !== null,
    site.attempts > 0,
    site.removals.map(({ cause, ref }) => [cause, ref === null]),
    site.teardown === null ? null : site.teardown.agreedBy !== null,
    openGoOn(site)?.agreedBy ?? null,
    deployment === null
      ? null
      : [
          deployment.templateId !== null,
          deployment.tag !== null,
          deployment.ref !== null,
          [deployment.intendedVms, deployment.madeVms.length, deployment.postponed],
          deployment.upAt !== null,
          deployment.failure?.reason.code ?? null,
          rebootUnderWay(site)?.vms.map(({ intended, answer }) => [intended, answer]) ?? null,
          isRebootBudgetSpent(deployment, world.now),
          rotationUnderWay(site)?.vms.map(({ told, next, switched }) => [told, next !== null, switched]) ?? null,
          isRotationBudgetSpent(deployment, world.now),
          [...deployment.vms.values()].map((vm) => [
            vm.verified,
            vm.gone,
            vm.certificate?.delivered ?? null,
            vm.acceptedKey !== null,
            vm.refusedKeys.map(({ code }) => code),
            vm.toldAdmitted,
            vm.wasOnline,
          ]),
        ],
  ];
}

/** One state, and how it came about. */
export interface Visited {
  readonly essence: string;
  readonly world: World;
  readonly from: Visited | null;
  readonly by: string;
}

export function begun(world: World): Visited {
  const start = watched(world);
  return { essence: essence(start), world: start, from: null, by: "asked for" };
}

/** Where a move leads, after everybody has looked. */
function follow(from: Visited, { name, next }: Move): Visited {
  const world = watched(next);
  return { essence: essence(world), world, from, by: name };
}

/** Everything that can come of it, nearest first, up to so many states. */
export function* spread(start: Visited, rules: Rules, most: number): Generator<Visited> {
  const seen = new Set([start.essence]);
  const open = [start];
  for (const visited of open) {
    yield visited;
    for (const move of movesFrom(visited.world, rules)) {
      if (seen.size >= most) break;
      const next = follow(visited, move);
      if (seen.has(next.essence)) continue;
      seen.add(next.essence);
      open.push(next);
    }
  }
}

/** What brings an end nearer: in a walk that is to come far it is seldom. */
const ENDS = /^(reject|retire|withdraw|cancel|ask-teardown|write-off|time passes|expire)/;

/** One thing after the other, whatever `pick` takes, for so many steps. What the bot does is done sooner or later. */
export function* wander(
  start: Visited,
  rules: Rules,
  steps: number,
  pick: (most: number) => number,
): Generator<Visited> {
  let at = start;
  yield at;
  for (let step = 0; step < steps; step += 1) {
    const moves = movesFrom(at.world, rules);
    const own = moves.filter(({ by }) => by === "bot");
    const onwards = moves.filter(({ name }) => !ENDS.test(name));
    const among = own.length > 0 && pick(2) === 0 ? own : onwards.length > 0 && pick(20) > 0 ? onwards : moves;
    const move = among[pick(among.length)];
    if (move === undefined) return;
    at = follow(at, move);
    yield at;
  }
}

/** Who may have to act first, when everybody wants the federation to end. */
const ENDING: readonly ((move: Move) => boolean)[] = [
  ({ by }) => by === "bot",
  ({ by }) => by === "recovery",
  ({ by, name }) => by === "people" && /^(agree-teardown|retire|ask-teardown|cancel)/.test(name),
  ({ name }) => name.startsWith("stop-coordinator"),
  ({ by }) => by === "time",
  ({ by }) => by === "people",
  ({ by }) => by === "operator",
];
/** Far more than an end takes. */
const LONGEST_END = 400;

/** Finds for states whether such people and things can bring them to an end; remembers those that can be. */
export class Exits {
  readonly #movers: ReadonlySet<Mover>;
  readonly #known = new Set<string>();

  constructor(movers: readonly Mover[]) {
    this.#movers = new Set(movers);
  }

  has(from: Visited): boolean {
    if (this.#isEnd(from)) return true;
    const seen = new Set([from.essence]);
    const open = [this.#onwards(from)];
    for (let nearest = open.at(-1); nearest !== undefined && seen.size < LONGEST_END; nearest = open.at(-1)) {
      const { value: next } = nearest.next();
      if (next === undefined) open.pop();
      else if (this.#isEnd(next)) return this.#remember(from, next);
      else if (!seen.has(next.essence)) open.push(this.#onwards(next));
      if (next !== undefined) seen.add(next.essence);
    }
    return false;
  }

  #isEnd({ essence: key, world }: Visited): boolean {
    return this.#known.has(key) || isSettled(world.federation);
  }

  *#onwards(at: Visited): Generator<Visited, undefined> {
    const moves = movesFrom(at.world, { mishaps: 0, joining: false }).filter(({ by }) => this.#movers.has(by));
    const rank = (move: Move): number => ENDING.findIndex((isOf) => isOf(move));
    for (const move of moves.toSorted((one, other) => rank(one) - rank(other))) yield follow(at, move);
  }

  #remember(from: Visited, end: Visited): true {
    for (let at: Visited | null = end; at !== null; at = at.essence === from.essence ? null : at.from) {
      this.#known.add(at.essence);
    }
    return true;
  }
}

/** How a state came about, for whoever has to mend it. */
export function storyOf(visited: Visited): string {
  const steps: string[] = [];
  for (let at: Visited | null = visited; at !== null; at = at.from) steps.unshift(at.by);
  const { world } = visited;
  const due = dueTasks(world.federation, world.live, contextOf(world)).map(taskKey);
  return `${steps.join(" > ")}\n  due: ${due.join(", ") || "nothing"}\n  ${visited.essence}`;
}
