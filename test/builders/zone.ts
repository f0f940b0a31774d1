/** A zone as a test sees it: what runs there is what was ordered, until the test changes it. */
import type { ZoneName } from "../../src/federation/model/identity.ts";
import type { Manifests } from "../../src/federation/model/manifests.ts";
import type { SitePlan } from "../../src/federation/model/plan.ts";
import type { ServiceFacts, VmFacts, ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import { type ServiceOrder, serviceTemplateFor } from "../../src/federation/proposing/manifest.ts";

/** A VM exactly as it was approved, running and still silent. */
function aVm(plan: SitePlan, order: ServiceOrder, manifests: Manifests, changes: Partial<VmFacts> = {}): VmFacts {
  const [role] = serviceTemplateFor(plan.role, plan.template.id, manifests).roles;
  return {
    id: 0,
    name: `${role.name}_0`,
    state: "running",
    cpu: plan.template.cpu,
    vcpu: plan.template.vcpu,
    memory: plan.template.memory,
    nics: [{ name: "_NIC0", networkId: plan.network.id, ip: plan.network.address ?? "10.0.0.9" }],
    imageIds: plan.template.images.map(({ id }) => id),
    context: { ...role.template_contents.CONTEXT, ...order.userInputs, ...order.context },
    attributes: {},
    ...changes,
  };
}

export class TestZone {
  readonly name: ZoneName;
  readonly #first: number;
  #services: readonly ServiceFacts[] = [];
  #vms: readonly VmFacts[] = [];
  #created = 0;

  /** `first` keeps the numbers of zones apart, so that a test notices when one is taken for another's. */
  constructor(name: ZoneName, first: number) {
    this.name = name;
    this.#first = first;
  }

  /** Carries an order out at once and answers the service's number. */
  create(plan: SitePlan, order: ServiceOrder, manifests: Manifests): number {
    const serviceId = this.#nextId();
    const vmIds = Array.from({ length: order.cardinality }, () => this.#nextId());
    const attempt = order.context["FL_ATTEMPT"];
    this.#services = [
      ...this.#services,
      {
        id: serviceId,
        name: order.name,
        state: "deploying",
        vmIds,
        log: [],
        ...(attempt === undefined ? {} : { attempt }),
      },
    ];
    this.#vms = [...this.#vms, ...vmIds.map((id) => aVm(plan, order, manifests, { id, serviceId }))];
    return serviceId;
  }

  vms(serviceId: number | null): readonly VmFacts[] {
    return this.#vms.filter((vm) => vm.serviceId === serviceId);
  }

  changeVm(id: number, change: (vm: VmFacts) => VmFacts): void {
    this.#vms = this.#vms.map((vm) => (vm.id === id ? change(vm) : vm));
  }

  /** What the guest in a VM says of itself from now on. */
  says(id: number, attributes: VmFacts["attributes"]): void {
    this.changeVm(id, (vm) => ({ ...vm, attributes: { ...vm.attributes, ...attributes } }));
  }

  addVm(vm: VmFacts): void {
    this.#vms = [...this.#vms, vm];
  }

  removeVm(id: number): void {
    this.#vms = this.#vms.filter((vm) => vm.id !== id);
  }

  changeService(id: number, change: (service: ServiceFacts) => ServiceFacts): void {
    this.#services = this.#services.map((service) => (service.id === id ? change(service) : service));
  }

  removeService(id: number): void {
    this.#services = this.#services.filter((service) => service.id !== id);
    this.#vms = this.#vms.filter((vm) => vm.serviceId !== id);
  }

  addService(service: Omit<ServiceFacts, "id">): number {
    const id = this.#nextId();
    this.#services = [...this.#services, { ...service, id }];
    return id;
  }

  snapshot(at: string): ZoneSnapshot {
    return { at, services: this.#services, vms: this.#vms };
  }

  #nextId(): number {
    this.#created += 1;
    return this.#first + this.#created;
  }
}
