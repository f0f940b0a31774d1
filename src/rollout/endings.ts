/** How each kind of deployment is ended, and when that is proven. */
import type { DeploymentRef } from "../federation/model/deployment-reference.ts";
import { type SiteName, zoneOf } from "../federation/model/identity.ts";
import type { VmFacts, ZoneSnapshot } from "../federation/model/zone-facts.ts";
import { vmsOfRef } from "../federation/observing/live.ts";
import type { TaskContext } from "./task-context.ts";

/** Milliseconds: a service that is being ended is asked again so late. */
const ASK_AGAIN = 30_000;

/** One thing that is being ended. It remembers what was asked and proven, so that trying again costs a call or two. */
export interface Ending {
  /**
   * Does what is to be done next; true once nothing is left.
   * @param vmIds VMs it is known to have
   * @param latest the zone's newest look, where that was made after the removal began and for its account
   */
  goOn(
    context: TaskContext,
    place: SiteName,
    vmIds: readonly number[],
    latest: ZoneSnapshot | undefined,
  ): Promise<boolean>;
}

export function endingOf(ref: DeploymentRef): Ending {
  switch (ref.kind) {
    case "oneflow":
      return new ServiceEnding(ref.id);
    case "vms":
      return new LoneVmsEnding(ref);
  }
}

/**
 * Ends a service and every VM of it. OneFlow's answer proves nothing about VMs, and recovering a failed deployment
 * leaves some behind: they are found by the service they name and ended one by one.
 */
class ServiceEnding implements Ending {
  readonly #id: number;
  readonly #vms = new VmEndings();
  /** Monotonic milliseconds. */
  #askedAt: number | null = null;
  /** When the service was first found gone, ISO 8601: VMs it left behind are in looks that are later. */
  #goneSince: string | null = null;

  constructor(id: number) {
    this.#id = id;
  }

  async goOn(
    context: TaskContext,
    place: SiteName,
    vmIds: readonly number[],
    latest: ZoneSnapshot | undefined,
  ): Promise<boolean> {
    if (this.#goneSince === null && !(await this.#isGone(context, place, latest))) return false;
    this.#goneSince ??= new Date().toISOString();
    const listed = latest === undefined ? [] : vmsOfRef({ kind: "oneflow", id: this.#id }, latest);
    const isOver = await this.#vms.end(context, place, vmIds, listed);
    return isOver && latest !== undefined && latest.at > this.#goneSince && !this.#isListed(latest);
  }

  async #isGone(context: TaskContext, place: SiteName, latest: ZoneSnapshot | undefined): Promise<boolean> {
    const isAsked = this.#askedAt !== null && performance.now() - this.#askedAt < ASK_AGAIN;
    if (isAsked && this.#isListed(latest)) return false;
    const service = await context.zone(zoneOf(place)).service(this.#id);
    if (service === "unproven") return false;
    if (service === "gone" || service.state === "done") return true;
    await context.zone(zoneOf(place)).removeService(this.#id);
    this.#askedAt = performance.now();
    return false;
  }

  #isListed(latest: ZoneSnapshot | undefined): boolean {
    return latest === undefined || latest.services.some(({ id, state }) => id === this.#id && state !== "done");
  }
}

/** Ends VMs that no service holds. */
class LoneVmsEnding implements Ending {
  readonly #ref: Extract<DeploymentRef, { kind: "vms" }>;
  readonly #vms = new VmEndings();

  constructor(ref: Extract<DeploymentRef, { kind: "vms" }>) {
    this.#ref = ref;
  }

  async goOn(
    context: TaskContext,
    place: SiteName,
    _vmIds: readonly number[],
    latest: ZoneSnapshot | undefined,
  ): Promise<boolean> {
    const listed = latest === undefined ? [] : vmsOfRef(this.#ref, latest);
    const isOver = await this.#vms.end(context, place, this.#ref.ids, listed);
    // The zone need not know a VM any more: then it takes a look that does not show it.
    return isOver && (latest !== undefined || this.#vms.areProven(this.#ref.ids));
  }
}

/** VMs that are told to end until their zone has said of each that it has. */
class VmEndings {
  /** Proven to be done, which stays so. */
  readonly #done = new Set<number>();

  /**
   * Whether none is left.
   * @param listed what a look shows of them
   */
  async end(
    context: TaskContext,
    place: SiteName,
    vmIds: readonly number[],
    listed: readonly VmFacts[],
  ): Promise<boolean> {
    const present = new Map(listed.filter(({ state }) => state !== "done").map((vm) => [vm.id, vm]));
    const client = context.zone(zoneOf(place));
    let left = 0;
    for (const vmId of new Set([...vmIds, ...present.keys()])) {
      if (this.#done.has(vmId)) continue;
      const state = await client.vmState(vmId);
      if (state === "done") this.#done.add(vmId);
      if (state === "done" || (state === "unproven" && !present.has(vmId))) continue;
      left += 1;
      if (present.get(vmId)?.state !== "shutting-down") await client.terminateVm(vmId);
    }
    return left === 0;
  }

  areProven(vmIds: readonly number[]): boolean {
    return vmIds.every((vmId) => this.#done.has(vmId));
  }
}
