/** A zone that ends what it is told to end, a while later, and counts what it is asked. */
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import type { Zone } from "../../src/federation/ports.ts";

type Counted = "service" | "removeService" | "vmState" | "terminateVm" | "snapshot";

export class ScriptedZone implements Zone {
  readonly counts = new Map<Counted, number>();
  readonly #shown: Omit<ZoneSnapshot, "at">;
  readonly #takes: number;
  /** When each service was told to end. */
  readonly #ending = new Map<number, number>();

  /** `takes`: milliseconds until a service that is to end is gone. */
  constructor(shown: Omit<ZoneSnapshot, "at">, takes: number) {
    this.#shown = shown;
    this.#takes = takes;
  }

  get calls(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What the zone's poller would see now; it is not counted. */
  look(): ZoneSnapshot {
    const services = this.#shown.services.filter(({ id }) => !this.#isGone(id)).map((service) => this.#asItIs(service));
    const vms = this.#shown.vms
      .filter(({ serviceId }) => serviceId === undefined || !this.#isGone(serviceId))
      .map((vm): VmFacts => (this.#ending.has(vm.serviceId ?? -1) ? { ...vm, state: "shutting-down" } : vm));
    const at = new Date().toISOString();
    return { ...this.#shown, services, servicesAt: at, vms, at };
  }

  async snapshot(): Promise<ZoneSnapshot> {
    this.#count("snapshot");
    return this.look();
  }

  async service(id: number): Promise<ServiceFacts | "gone"> {
    this.#count("service");
    const service = this.#shown.services.find((one) => one.id === id);
    return service === undefined || this.#isGone(id) ? "gone" : this.#asItIs(service);
  }

  async removeService(id: number): Promise<void> {
    this.#count("removeService");
    if (!this.#ending.has(id)) this.#ending.set(id, performance.now());
  }

  async vmState(vmId: number): Promise<"done" | "present"> {
    this.#count("vmState");
    const serviceId = this.#shown.vms.find(({ id }) => id === vmId)?.serviceId;
    return serviceId === undefined || this.#isGone(serviceId) ? "done" : "present";
  }

  async terminateVm(): Promise<void> {
    this.#count("terminateVm");
  }

  survey = unexpected("survey");
  serviceTemplates = unexpected("serviceTemplates");
  registerServiceTemplate = unexpected("registerServiceTemplate");
  instantiate = unexpected("instantiate");
  createVm = unexpected("createVm");
  reboot = unexpected("reboot");
  publish = async (): Promise<void> => undefined;

  #asItIs(service: ServiceFacts): ServiceFacts {
    return this.#ending.has(service.id) ? { ...service, state: "undeploying" } : service;
  }

  #isGone(serviceId: number): boolean {
    const since = this.#ending.get(serviceId);
    return since !== undefined && performance.now() - since >= this.#takes;
  }

  #count(call: Counted): void {
    this.counts.set(call, (this.counts.get(call) ?? 0) + 1);
  }
}

function unexpected(call: string): () => Promise<never> {
  return async () => {
    throw new Error(`${call} was not expected of a zone in which things only end.`);
  };
}
