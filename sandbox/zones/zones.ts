import { Clock } from "./clock.ts";
import { ChangeCounter } from "./control/change-counter.ts";
import { ControlServer } from "./control/server.ts";
import { Daemon } from "./daemon.ts";
import { FrontEnd, type Ports } from "./front-end.ts";
import { HttpHypervisor, noHypervisor } from "./hypervisor.ts";
import type { Zone } from "./oned/zone.ts";
import { type PaceName, paces } from "./pace.ts";
import type { Recorder } from "./record.ts";
import { zoneName, zoneSeeds } from "./seed.ts";

export interface ZonesOptions {
  readonly zones: number;
  /** 0 takes free ports. */
  readonly portBase: number;
  readonly controlPort: number;
  /** The content of a seed file, not yet checked. */
  readonly seed: unknown;
  readonly hypervisor: { readonly url: string; readonly token: string | undefined } | undefined;
  readonly speed: number;
  /** "even" without it. */
  readonly pace?: PaceName;
  readonly record: Recorder;
  /** Names of zones in which OneFlow does not run. */
  readonly withoutOneFlow?: readonly string[];
  /** The first zone is the master of a federation: its users and their tokens are all zones' users. */
  readonly federated?: boolean;
}

export interface Addresses {
  readonly control: string;
  readonly zones: readonly {
    readonly name: string;
    readonly id: number;
    readonly xmlrpc: string;
    /** null: it does not run there. */
    readonly oneflow: string | null;
    readonly onegate: string;
  }[];
}

export interface RunningZones {
  readonly addresses: Addresses;
  stop(): Promise<void>;
}

/** Starts all front-ends and the control API. Rejects when the seed is no seed or a port is taken. */
export async function startZones(options: ZonesOptions): Promise<RunningZones> {
  const names = Array.from({ length: options.zones }, (_, index) => zoneName(index));
  const unknown = options.withoutOneFlow?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no zone ${unknown} that could be without OneFlow.`);
  const clock = new Clock(options.speed, paces[options.pace ?? "even"]);
  const changes = new ChangeCounter();
  const { hypervisor: wanted } = options;
  const hypervisor = wanted === undefined ? noHypervisor : new HttpHypervisor(wanted.url, wanted.token);
  const zones: Zone[] = [];
  const frontEnds = zoneSeeds(options.zones, options.seed).map((seed, index) => {
    const frontEnd = new FrontEnd({
      id: zoneId(index),
      name: zoneName(index),
      seed,
      clock,
      hypervisor,
      record: options.record,
      hasOneFlow: options.withoutOneFlow?.includes(zoneName(index)) !== true,
      zones,
      changed: () => changes.increase(),
    });
    zones.push(frontEnd.zone);
    return frontEnd;
  });
  if (options.federated === true) federate(frontEnds);
  const control = new ControlServer(frontEnds, changes, clock);
  const controlDaemon = new Daemon((request) => control.answer(request));
  const stop = async () => {
    clock.stop();
    changes.release();
    await Promise.all([...frontEnds.map((frontEnd) => frontEnd.down("all")), controlDaemon.down()]);
    await hypervisor.settled();
  };
  try {
    for (const [index, frontEnd] of frontEnds.entries()) await frontEnd.listen(portsOf(options.portBase, index));
    await controlDaemon.listen(options.controlPort);
  } catch (error) {
    await stop();
    throw error;
  }
  return { addresses: { control: controlDaemon.url, zones: zones.map(addressOf) }, stop };
}

/** Groups are the master's as well, so their names must be alike in all zones. */
function federate([master, ...others]: readonly FrontEnd[]): void {
  if (master === undefined) return;
  for (const { zone } of others) {
    zone.accounts.follow(master.zone.accounts);
    zone.masterAnswers = () => master.onedAnswers;
  }
}

/** As in an OpenNebula federation: the first zone is 0, the others are numbered from 100. */
function zoneId(index: number): number {
  return index === 0 ? 0 : 99 + index;
}

function portsOf(base: number, index: number): Ports {
  if (base === 0) return { xmlRpc: 0, oneFlow: 0, oneGate: 0 };
  const first = base + 10 * index;
  return { xmlRpc: first, oneFlow: first + 1, oneGate: first + 2 };
}

function addressOf(zone: Zone): Addresses["zones"][number] {
  const { xmlRpc, oneFlow, oneGate } = zone.endpoints;
  return { name: zone.name, id: zone.id, xmlrpc: xmlRpc, oneflow: oneFlow === "" ? null : oneFlow, onegate: oneGate };
}
