/** All that may happen next in a walk: what people ask for, what the bot does, what zones do, and time. */

import { expireProposals } from "../../../src/federation/deciding/approval.ts";
import { decide } from "../../../src/federation/deciding/decide.ts";
import { awaitedOf } from "../../../src/federation/deciding/organisation.ts";
import { revocations } from "../../../src/federation/deciding/revocations.ts";
import { concludeTeardown } from "../../../src/federation/deciding/teardown.ts";
import { askToGoOn, concludeTerm } from "../../../src/federation/deciding/term.ts";
import type { Command } from "../../../src/federation/model/commands.ts";
import type { DeploymentRef } from "../../../src/federation/model/deployment-reference.ts";
import type { FederationEvent } from "../../../src/federation/model/events.ts";
import {
  type CardId,
  type SiteName,
  siteOfZone,
  type ZoneName,
  zoneOf,
} from "../../../src/federation/model/identity.ts";
import { vmsOf } from "../../../src/federation/model/plan.ts";
import {
  coordinatorOf,
  currentProposal,
  type Federation,
  openGoOn,
  type Site,
  trainingSitesOf,
} from "../../../src/federation/model/state.ts";
import { failed, nextTag } from "../../../src/federation/observing/observation.ts";
import { adjustProposal } from "../../../src/federation/proposing/adjustment.ts";
import {
  beginAttempt,
  proposeLater,
  proposeSites,
  recheckApprovals,
} from "../../../src/federation/proposing/proposal.ts";
import { admittedKeys, judgeKey, revokedKeys } from "../../../src/federation/running/admission.ts";
import { dueTasks, nextWake, type Task, taskKey } from "../../../src/federation/running/due-tasks.ts";
import { judgeAnnouncement } from "../../../src/federation/running/rotation.ts";
import { judgeTunnelKey } from "../../../src/federation/running/tunnel-keys.ts";
import { nextTelling } from "../../../src/federation/tunnels/peers.ts";
import { AUTHORITY } from "../../builders/chronicle.ts";
import { DAY, ownerOf, REQUESTER } from "../../builders/decision-context.ts";
import { certificateFingerprint } from "../../builders/federation.ts";
import {
  amissIn,
  contextOf,
  type Health,
  happens,
  healthOf,
  isReachable,
  isUsual,
  NEWCOMER,
  nodeKeyOf,
  type Place,
  passes,
  placeOf,
  surveyOf,
  type World,
  withHealth,
  withPlace,
} from "./walked-world.ts";

/** Who makes a move; `recovery` is a zone that can be reached again. */
export type Mover = "people" | "operator" | "bot" | "time" | "recovery" | "mishap";

export interface Move {
  readonly name: string;
  readonly by: Mover;
  readonly next: World;
}

export interface Rules {
  /** What is amiss in zones at the same time, at most. */
  readonly mishaps: number;
  /** Whether one more site may be asked for. */
  readonly joining: boolean;
}

export function movesFrom(world: World, rules: Rules): readonly Move[] {
  return [...commands(world, rules), ...tasks(world), ...time(world), ...mishaps(world, rules)];
}

function commands(world: World, { joining }: Rules): readonly Move[] {
  const { federation } = world;
  const key = `at ${federation.seq}`;
  const asked: (readonly [string, Command])[] = [];
  for (const site of federation.sites.values()) asked.push(...onSite(world, site, key));
  for (const kind of ["cancel", "check-again", "ask-teardown", "withdraw-teardown"] as const)
    asked.push([kind, { kind, by: REQUESTER, key }]);
  asked.push(...certificatesGiven(world, key));
  if (joining) {
    const wish = { site: siteOfZone(NEWCOMER), role: "training", superNodes: 1 } as const;
    asked.push(["request-site", { kind: "request-site", wish, by: REQUESTER, key }]);
  }
  return asked.flatMap(([name, command]) => carriedOut(world, name, command));
}

/** What the coordinator's organisation issues. */
function certificatesGiven({ federation, now }: World, key: string): (readonly [string, Command])[] {
  const awaited = awaitedOf(federation);
  if (awaited === null) return [];
  const by = ownerOf(coordinatorOf(federation).name);
  const expiresAt = new Date(Date.parse(now) + 365 * DAY).toISOString();
  if (awaited.kind === "authority") {
    return [["give-authority", { kind: "give-authority", by, key, authority: { ...AUTHORITY, expiresAt } }]];
  }
  const { vm, asked } = awaited;
  const serial = vm.certificate?.serial === "1" ? 2 : 1;
  const certificate = {
    serial: String(serial),
    fingerprint: certificateFingerprint(serial),
    certificate: "",
    expiresAt,
  };
  const { vmId } = vm;
  return [["give-certificate", { kind: "give-certificate", by, key, vmId, request: asked.request, certificate }]];
}

function onSite(world: World, site: Site, key: string): (readonly [string, Command])[] {
  const { federation } = world;
  const by = ownerOf(site.name);
  const writeOff: Command = { kind: "write-off", zone: site.zone, by: null, key };
  const moves: (readonly [string, Command])[] = [[`write-off ${site.zone}`, writeOff]];
  const card = currentProposal(site)?.card ?? null;
  if (card === null) return moves;
  const name = (what: string): string => `${what} ${site.name}`;
  const vote = { card, by, key, consent: "run" } as const;
  const admission = { card, by: ownerOf(coordinatorOf(federation).name), key, consent: "admit" } as const;
  const ofTeardown: CardId = site.teardown?.card ?? card;
  return [
    ...moves,
    [name("approve"), { kind: "approve", ...vote }],
    [name("admit"), { kind: "approve", ...admission }],
    [name("reject"), { kind: "reject", ...vote, because: "" }],
    [name("withdraw"), { kind: "withdraw", ...vote }],
    [name("retry"), { kind: "retry", card, by, key }],
    [name("reboot"), { kind: "reboot", card, by, key }],
    [name("rotate-tunnel-keys"), { kind: "rotate-tunnel-keys", card, by, key }],
    [name("retire"), { kind: "retire", card, by, key }],
    [name("agree-teardown"), { kind: "agree-teardown", card: ofTeardown, by, key }],
    [name("go-on"), { kind: "go-on", card: openGoOn(site)?.card ?? card, by, key }],
    [name("stop-coordinator"), { kind: "stop-coordinator", card: ofTeardown, by, key }],
    ...(site.role === "training" ? [[name("adjust"), adjusting(world, site, card, key)] as const] : []),
  ];
}

const adjusting = (world: World, site: Site, card: CardId, key: string): Command => ({
  kind: "adjust",
  card,
  by: ownerOf(site.name),
  adjustment: { data: { kind: "folder", path: "/other" } },
  survey: surveyOf(world, site.name),
  key,
});

function carriedOut(world: World, name: string, command: Command): readonly Move[] {
  const context = contextOf(world);
  const decision =
    command.kind === "adjust"
      ? adjustProposal(world.federation, command, context)
      : decide(world.federation, command, context);
  if (!decision.ok || decision.events.length === 0) return [];
  return [{ name, by: command.kind === "write-off" ? "operator" : "people", next: happens(world, decision.events) }];
}

function tasks(world: World): readonly Move[] {
  return dueTasks(world.federation, world.live, contextOf(world)).flatMap((task) => {
    const [usual, ...mishap] = outcomes(world, task);
    return [
      ...(usual === undefined ? [] : move(world, taskKey(task), "bot", usual)),
      ...mishap.flatMap((events) => move(world, `${taskKey(task)} goes wrong`, "mishap", events)),
    ];
  });
}

const move = (world: World, name: string, by: Mover, events: readonly FederationEvent[]): readonly Move[] => {
  if (events.length === 0) return [];
  const created = events.find((event) => event.type === "deployment-created");
  const next = happens(world, events);
  const healed = created ?? events.find((event) => event.type === "reboot-answered" && event.answer === "taken");
  const isWell = healed !== undefined && "site" in healed;
  return [{ name, by, next: isWell ? withHealth(next, healed.site, "fine") : next }];
};

type Outcomes = readonly (readonly FederationEvent[])[];

const orNothing = (decision: ReturnType<typeof beginAttempt>): readonly FederationEvent[] =>
  decision.ok ? decision.events : [];

/** What a task may come to: first what it is for. */
function outcomes(world: World, task: Task): Outcomes {
  const { federation } = world;
  const context = contextOf(world);
  switch (task.kind) {
    case "create-authority": {
      const expiresAt = new Date(Date.parse(world.now) + 365 * DAY).toISOString();
      return [[{ type: "authority-created", generation: 1, ...AUTHORITY, expiresAt }]];
    }
    case "propose": {
      const waiting = [...federation.sites.values()].filter(({ approvalState }) => approvalState === "planning");
      const surveys = new Map(waiting.map((site) => [site.name, surveyOf(world, site.name)]));
      return [orNothing(proposeSites(federation, surveys, context))];
    }
    case "propose-later":
      return [orNothing(proposeLater(federation, task.site, surveyOf(world, task.site), context))];
    case "expire":
      return [orNothing(expireProposals(federation, context))];
    case "conclude-teardown":
      return [orNothing(concludeTeardown(federation, context))];
    case "destroy-authority":
      return [[{ type: "authority-destroyed" }]];
    case "remind":
      return [[{ type: "reminder-due", site: task.site }]];
    case "tell-end-near":
      return [[{ type: "end-near" }]];
    case "ask-to-go-on":
      return [orNothing(askToGoOn(federation, context))];
    case "remind-go-on":
      return [[{ type: "go-on-reminder-due", site: task.site }]];
    case "conclude-term":
      return [orNothing(concludeTerm(federation, context))];
    case "remind-teardown":
      return [[{ type: "teardown-reminder-due", site: task.site }]];
    case "end-reboot":
      return [[{ type: "reboot-ended", site: task.site, outcome: task.outcome }]];
    case "end-tunnel-rotation":
      return [[{ type: "tunnel-rotation-ended", site: task.site, outcome: task.outcome }]];
    case "time-out":
      return [[failed({ name: task.site }, task.code, "")]];
    case "begin":
      return [begun(world, task.site)];
    default:
      return isReachable(placeOf(world, zoneOf(task.site))) ? inZone(world, task) : [];
  }
}

/** Tasks that take the zone's part. */
function inZone(world: World, task: Extract<Task, { readonly site: SiteName }>): Outcomes {
  const { federation } = world;
  const { site } = task;
  switch (task.kind) {
    case "register-template": {
      const intended = { type: "template-intended", site, name: "template" } as const;
      return [
        [intended, { type: "template-registered", site, templateId: 5 }],
        [intended, refused(site)],
      ];
    }
    case "create":
      return world.deploy === "vms" ? madeOneByOne(federation, site) : created(federation, site);
    case "certify":
      if (federation.issuer === "organisation") return [[isAsked(federation, task)]];
      return [[issued(federation, world, task)], [failed({ name: site }, "request-foreign-name", "")]];
    case "deliver-certificate":
      return [[{ type: "certificate-delivered", site, vmId: task.vmId, serial: "1" }]];
    case "judge-key": {
      const { fingerprint, line } = nodeKeyOf(task.vmId);
      const judged = (proven: boolean) =>
        judgeKey(federation, { site, vmId: task.vmId, key: fingerprint, publicKey: line, proven });
      return [judged(true), judged(false)];
    }
    case "deliver-admissions":
      return [[told(federation)]];
    case "tell-admitted":
      return [[{ type: "vm-told-admitted", site, vmId: task.vmId, key: nodeKeyOf(task.vmId).fingerprint }]];
    case "judge-tunnel-key":
      return [judgeTunnelKey(federation, site, task.vmId)];
    case "tell-tunnel-peers":
      return tunnelTold(federation, task);
    case "tell-tunnel-rotation":
      return [rotationTold(federation, task)];
    case "announce-tunnel-key":
      return [judgeAnnouncement(federation, world.live, site, task.vmId)];
    case "switch-tunnel-key":
      return switched(federation, task);
    case "prove-gone":
      return [provenGone(federation, task, healthOf(world, site))];
    case "reboot":
      return rebooted(task);
    case "remove":
      return removed(world, task);
    default:
      return [];
  }
}

interface OnVm {
  readonly site: SiteName;
  readonly vmId: number;
}

/** The zone does it, its answer is lost, or the VM is in no state for it. */
function rebooted({ site, vmId }: OnVm): Outcomes {
  const intended = { type: "reboot-intended", site, vmId } as const;
  const answered = (answer: "taken" | "wrong-state") => ({ type: "reboot-answered", site, vmId, answer }) as const;
  return [[intended, answered("taken")], [intended], [intended, answered("wrong-state")]];
}

const refused = (site: SiteName): FederationEvent => failed({ name: site }, "deployment-failed", "");

/** Before the coordinator's first attempt, approvals that do not hold are found void, as the bot does. */
function begun(world: World, site: SiteName): readonly FederationEvent[] {
  const { federation } = world;
  const context = contextOf(world);
  const first = coordinatorOf(federation).name === site && federation.trustedAt === null;
  const others = first ? trainingSitesOf(federation).filter(({ approvalState }) => approvalState === "approved") : [];
  const surveys = new Map(others.map((other) => [other.name, surveyOf(world, other.name)]));
  const recheck = orNothing(recheckApprovals(federation, surveys, context));
  return recheck.length > 0 ? recheck : orNothing(beginAttempt(federation, site, surveyOf(world, site), context));
}

/** Every site counts from a number of its own, so that one is never taken for another's. */
const firstOf = ({ sites }: Federation, site: SiteName): number => 10_000 * (1 + [...sites.keys()].indexOf(site));

function created(federation: Federation, site: SiteName): Outcomes {
  const found = federation.sites.get(site);
  if (found === undefined || found.deployment === null) return [];
  const { sequence, tag } = nextTag(federation, found, found.deployment);
  const intended = { type: "deployment-intended", site, sequence, tag } as const;
  const ref = { kind: "oneflow", id: 100 * sequence + firstOf(federation, site) } as const;
  return [
    [intended, { type: "deployment-created", site, ref, found: false }],
    [intended],
    [intended, { type: "deployment-postponed", site, tag }],
    [intended, refused(site)],
  ];
}

/** One VM each time: it is made, its answer is lost, it is refused for now or for good. */
function madeOneByOne(federation: Federation, site: SiteName): Outcomes {
  const found = federation.sites.get(site);
  if (found === undefined || found.deployment === null) return [];
  const { madeVms, plan, tag: known } = found.deployment;
  if (madeVms.length === vmsOf(plan)) {
    return [[{ type: "deployment-created", site, ref: { kind: "vms", ids: [...madeVms] }, found: false }]];
  }
  const { sequence, tag: next } = nextTag(federation, found, found.deployment);
  const tag = known ?? next;
  const number = madeVms.length + 1;
  const intended: readonly FederationEvent[] = [
    ...(known === null ? [{ type: "deployment-intended", site, sequence, tag } as const] : []),
    { type: "vm-intended", site, tag, number },
  ];
  const vmId = 100 * (known === null ? sequence : sequence - 1) + firstOf(federation, site) + number;
  return [
    [...intended, { type: "vm-created", site, vmId, number, found: false }],
    intended,
    [...intended, { type: "deployment-postponed", site, tag }],
    [...intended, { type: "deployment-postponed", site, tag }, refused(site)],
  ];
}

function issued(
  federation: Federation,
  world: World,
  { site, vmId }: { site: SiteName; vmId: number },
): FederationEvent {
  return {
    type: "certificate-issued",
    site,
    vmId,
    serial: "1",
    fingerprint: certificateFingerprint(1),
    certificate: "certificate",
    expiresAt: new Date(Date.parse(world.now) + 30 * DAY).toISOString(),
    request: federation.sites.get(site)?.deployment?.vms.get(vmId)?.seen.request ?? "0".repeat(64),
  };
}

const isAsked = (federation: Federation, { site, vmId }: { site: SiteName; vmId: number }): FederationEvent => ({
  type: "certificate-asked",
  site,
  vmId,
  request: federation.sites.get(site)?.deployment?.vms.get(vmId)?.seen.request ?? "0".repeat(64),
  csr: "request",
});

const told = (federation: Federation): FederationEvent => ({
  type: "admissions-delivered",
  vmId: federation.verifiedVm ?? -1,
  sequence: (federation.admissions?.sequence ?? 0) + 1,
  admitted: admittedKeys(federation).map(({ key }) => key),
  revoked: revokedKeys(federation).map(({ key }) => key),
});

function rotationTold({ sites }: Federation, { site, vmId }: OnVm): readonly FederationEvent[] {
  const number = sites.get(site)?.deployment?.rotations.at(-1)?.number ?? 1;
  return [{ type: "tunnel-rotation-told", site, vmId, number }];
}

/** The intent alone is what a death of the bot leaves. */
function switched({ sites }: Federation, { site, vmId }: OnVm): Outcomes {
  const own = sites.get(site)?.deployment?.rotations.at(-1);
  const key = own?.vms.find((vm) => vm.vmId === vmId)?.next ?? "";
  const intended = { type: "tunnel-switch-intended", site, vmId, key } as const;
  return [[intended, { type: "tunnel-switch-delivered", site, vmId, key }], [intended]];
}

/** The same. */
function tunnelTold(federation: Federation, { site, vmId }: OnVm): Outcomes {
  const next = nextTelling(federation, site, vmId);
  if (next === null) return [];
  const { intent, peers } = next;
  return [[...intent, { type: "tunnel-peers-delivered", site, vmId, sequence: peers.sequence }], intent];
}

function provenGone(
  federation: Federation,
  { site, vmId }: { site: SiteName; vmId: number },
  health: Health,
): readonly FederationEvent[] {
  if (health !== "gone" && health !== "vanished") return [];
  return [{ type: "vm-gone", site, vmId }, ...revocations(federation, site, vmId)];
}

const strayRef = (deploy: World["deploy"]): DeploymentRef =>
  deploy === "vms" ? { kind: "vms", ids: [99_000] } : { kind: "oneflow", id: 99_000 };

function removed({ federation, deploy }: World, { site, removal: key }: { site: SiteName; removal: string }): Outcomes {
  const removal = federation.sites.get(site)?.removals.find((one) => one.key === key);
  if (removal === undefined) return [];
  const late: FederationEvent[] =
    removal.ref === null ? [{ type: "duplicate-found", site, ref: strayRef(deploy), tag: removal.tag ?? "" }] : [];
  return [[{ type: "deployment-removed", site, removal: key }], late];
}

/** Nothing happens until the next moment that time alone makes something of. */
function time(world: World): readonly Move[] {
  const wake = nextWake(world.federation, contextOf(world));
  if (wake === null) return [];
  return [{ name: "time passes", by: "time", next: passes(world, wake - Date.parse(world.now)) }];
}

const AILMENTS: readonly Health[] = [
  "silent",
  "off",
  "down",
  "lying",
  "differing",
  "undeployable",
  "vanished",
  "missing",
  "gone",
];
const HEALING: ReadonlySet<Health> = new Set(["silent", "off", "down", "missing"]);

function mishaps(world: World, { mishaps: most }: Rules): readonly Move[] {
  const amiss = amissIn(world);
  if (world.federation.ended !== null && amiss === 0) return [];
  const sites = [...world.federation.sites.values()];
  const zones = new Set(sites.map(({ zone }) => zone));
  return [
    ...[...zones].flatMap((zone) => ofZone(world, zone, amiss < most)),
    ...sites.flatMap((site) => ofSite(world, site, amiss < most)),
  ];
}

function ofZone(world: World, zone: ZoneName, mayGoWrong: boolean): readonly Move[] {
  const place = placeOf(world, zone);
  const becomes = (by: Mover, name: string, change: Partial<Place>): Move => ({
    name: `${name} ${zone}`,
    by,
    next: withPlace(world, zone, change),
  });
  if (isUsual(place) && mayGoWrong)
    return [
      becomes("mishap", "leaves the file", { inFile: false }),
      becomes("mishap", "goes away", { away: true }),
      becomes("mishap", "changes", { survey: "changed" }),
      becomes("mishap", "cannot carry", { survey: "blocked" }),
    ];
  return [
    ...(place.away ? [becomes("recovery", "answers again", { away: false })] : []),
    ...(place.inFile ? [] : [becomes("mishap", "is put back", { inFile: true })]),
    ...(place.survey === "usual" ? [] : [becomes("mishap", "is as it was", { survey: "usual" })]),
  ];
}

function ofSite(world: World, { name, zone, deployment }: Site, mayGoWrong: boolean): readonly Move[] {
  const now = healthOf(world, name);
  const becomes = (what: string, health: Health): Move => ({
    name: `${what} ${name}`,
    by: "mishap",
    next: withHealth(world, name, health),
  });
  if (HEALING.has(now)) return [becomes("heals", "fine")];
  // A zone that fares badly itself makes nothing worse: one thing amiss in a place at a time.
  const mayAil = mayGoWrong && now === "fine" && isUsual(placeOf(world, zone)) && deployment?.ref != null;
  return mayAil ? AILMENTS.map((health) => becomes(health, health)) : [];
}
