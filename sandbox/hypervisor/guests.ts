/** The guests' part of the sandbox, ready to serve: quick ones in this process, or real ones in namespaces. */
import { type Logger, pino } from "pino";
import { controlRoutes } from "./control.ts";
import { type RunningHypervisor, serveHypervisor } from "./hypervisor-server.ts";
import { Pace } from "./pace.ts";
import { QuickHypervisor } from "./quick-hypervisor.ts";
import { realControlRoutes } from "./real/control.ts";
import { RealHypervisor } from "./real/real-hypervisor.ts";
import { missingForRealGuests } from "./real/requirements.ts";

export interface GuestsOptions {
  /** VMs are namespaces of this machine in which real Flower runs; they go at their own pace. */
  readonly real: boolean;
  /** Divides every wait of quick guests. */
  readonly speed: number;
  /** What differs from quick guest to quick guest comes from this. */
  readonly seed: string;
  /** Only requests that bear it are accepted; all where there is none. */
  readonly token: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  /** Of what goes to standard error. */
  readonly log: string;
}

/** @throws Error when the port is taken, or when this machine lacks what real guests need */
export async function startGuests(options: GuestsOptions): Promise<RunningHypervisor> {
  const log = pino({ level: options.log, name: "guests" }, pino.destination(2));
  return await (options.real ? startReal(options, log) : startQuick(options, log));
}

async function startQuick(options: GuestsOptions, log: Logger): Promise<RunningHypervisor> {
  const hypervisor = await QuickHypervisor.create({ pace: new Pace(options), log });
  return await serveHypervisor(hypervisor, controlRoutes(hypervisor), { ...options, log });
}

async function startReal(options: GuestsOptions, log: Logger): Promise<RunningHypervisor> {
  const missing = await missingForRealGuests();
  if (missing.length > 0) {
    throw new Error(`Real guests need what is missing here:\n${missing.map((one) => `  - ${one}`).join("\n")}`);
  }
  const hypervisor = await RealHypervisor.create(log);
  return await serveHypervisor(hypervisor, realControlRoutes(hypervisor), { ...options, log });
}
