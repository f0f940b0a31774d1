/** A zone as a test sees it: what runs there is what was ordered, until the test changes it. */
import type { ZoneName } from "../../src/federation/model/identity.ts";
import type { Manifest } from "../../src/federation/model/manifests.ts";
import { partOf, type SitePlan } from "../../src/federation/model/plan.ts";
import type { AccountFacts, ServiceFacts, VmFacts, ZoneSnapshot } from "../../src/federation/model/zone-facts.ts";
import {
  type RoleOrder,
  type ServiceOrder,
  serviceTemplateFor,
  vmName,
} from "../../src/federation/proposing/manifest.ts";

/** The bot's account in every zone, unless a test says otherwise. */
const ACCOUNT: AccountFacts = { id: 4, name: "florist", administrator: false };

/** A VM exactly as it was approved, running and still silent. */
function aVm(
  plan: SitePlan,
  order: ServiceOrder,
  role: RoleOrder,
  manifest: Manifest,
  changes: Partial<VmFacts> = {},
): VmFacts {
  const { template, nics } = partOf(plan, role.name);
  const shipped = serviceTemplateFor(plan, manifest).roles.find(({ name }) => name === role.name);
  return {
    id: 0,
    name: `${role.name}_0`,
    state: "running",
    cpu: template.cpu,
    vcpu: template.vcpu,
    memory: template.memory,
    nics: nics.map(({ network, address }, index) => ({
      name: `_NIC${index}`,
      networkId: network.id,
      ip: address ?? "10.0.0.9",
    })),
    imageIds: [...template.images.map(({ id }) => id), ...role.disks.map(({ IMAGE_ID }) => Number(IMAGE_ID))],
    context: { ...shipped?.template_contents.CONTEXT, ...order.userInputs, ...role.context },
    attributes: {},
    ...changes,
  };
}

/** The role of each VM, in the order in which they come. */
const rolesOf = ({ roles }: ServiceOrder): readonly RoleOrder[] =>
  roles.flatMap((role) => Array.from({ length: role.cardinality }, () => role));

export class TestZone {
  readonly name: ZoneName;
  readonly #first: number;
  #services: readonly ServiceFacts[] = [];
  #vms: readonly VmFacts[] = [];
  #created = 0;
  #account: AccountFacts = ACCOUNT;
  #unreadable: ZoneSnapshot["unreadable"] = [];

  /** `first` keeps the numbers of zones apart, so that a test notices when one is taken for another's. */
  constructor(name: ZoneName, first: number) {
    this.name = name;
    this.#first = first;
  }

  /** Carries an order out at once and answers the service's number. */
  create(plan: SitePlan, order: ServiceOrder, manifest: Manifest): number {
    const serviceId = this.#nextId();
    const made = rolesOf(order).map((role) => ({ id: this.#nextId(), role }));
    const vmIds = made.map(({ id }) => id);
    const attempt = order.roles[0]?.context["FL_ATTEMPT"];
    this.#services = [
      ...this.#services,
      {
        id: serviceId,
        name: order.name,
        state: "deploying",
        vmIds,
        log: [],
        errors: [],
        ...(attempt === undefined ? {} : { attempt }),
      },
    ];
    this.#vms = [...this.#vms, ...made.map(({ id, role }) => aVm(plan, order, role, manifest, { id, serviceId }))];
    return serviceId;
  }

  /** Carries the orders of VMs that no service holds out at once and answers their numbers. */
  createVms(plan: SitePlan, order: ServiceOrder, manifest: Manifest): readonly number[] {
    const made = rolesOf(order).map((role, index) =>
      aVm(plan, order, role, manifest, { id: this.#nextId(), name: vmName(plan, index + 1) }),
    );
    this.#vms = [...this.#vms, ...made];
    return made.map(({ id }) => id);
  }

  vms(serviceId: number | null): readonly VmFacts[] {
    return this.#vms.filter((vm) => (vm.serviceId ?? null) === serviceId);
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

  /** The account that it answers for from now on. */
  answersFor(account: AccountFacts): void {
    this.#account = account;
  }

  /** What is there all the same, and cannot be read. */
  cannotRead(...unreadable: ZoneSnapshot["unreadable"]): void {
    this.#unreadable = unreadable;
    const hidden = new Set(unreadable.map(({ kind, id }) => `${kind} ${id}`));
    this.#vms = this.#vms.filter(({ id }) => !hidden.has(`vm ${id}`));
    this.#services = this.#services.filter(({ id }) => !hidden.has(`service ${id}`));
  }

  snapshot(at: string): ZoneSnapshot {
    return {
      at,
      services: this.#services,
      servicesAt: at,
      vms: this.#vms,
      account: this.#account,
      unreadable: this.#unreadable,
    };
  }

  #nextId(): number {
    this.#created += 1;
    return this.#first + this.#created;
  }
}
