import { requireCreate } from "../oned/access.ts";
import { primaryGroup, type User } from "../oned/accounts.ts";
import { serviceIdOf, type VirtualMachine } from "../oned/virtual-machine.ts";
import type { VmWatcher, Zone } from "../oned/zone.ts";
import { flowState, type Role, type ServiceDocument, stateWord, type TemplateDocument } from "./bodies.ts";
import { nodesToEnd } from "./deployment.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import type { JsonObject } from "./json.ts";
import { failedPhases, Progress } from "./progress.ts";
import { serviceFrom } from "./service-merge.ts";
import { type Ending, ServiceStates } from "./service-states.ts";

/** Milliseconds on a real front-end. */
const times = { accepted: 200, event: 300, autoscaler: 90_000 };

const HOLD = 15;
const deletableStates: readonly number[] = [
  flowState.pending,
  flowState.running,
  flowState.warning,
  flowState.undeploying,
  HOLD,
];

/** The gate looks at the text of an update, so `FL_READY=YES` opens it as well. */
const readyText = /READY\s*=\s*"?YES/;

/** OneFlow's services of one zone: what is asked of them, and what is heard of their VMs. */
export class Services implements VmWatcher {
  readonly #zone: Zone;
  readonly #changed: () => void;
  readonly #states: ServiceStates;
  readonly #progress: Progress;
  #missedEvents = 0;

  constructor(zone: Zone, changed: () => void) {
    this.#zone = zone;
    this.#changed = changed;
    this.#states = new ServiceStates(zone, changed);
    this.#progress = new Progress(this.#states);
    zone.watchers.add(this);
    this.#autoscale();
  }

  /** Its event queue is full: the next so many READY updates are not heard, and only the poll can make up for them. */
  missEvents(count: number): void {
    this.#missedEvents = count;
  }

  /** Its event queue is stuck: the next so many services stay where their networks are made. */
  stallNetworks(count: number): void {
    this.#progress.stallNetworks(count);
  }

  /** Refuses with FlowErrors as recorded; quotas, addresses and images are only looked at later. */
  instantiate(user: User, template: TemplateDocument, merge: JsonObject): ServiceDocument {
    const body = serviceFrom(template.body, merge, this.#zone.clock.seconds());
    this.#zone.requireEnabled();
    requireCreate(user, "DOCUMENT");
    const { id: gid, name: gname } = primaryGroup(user);
    const service: ServiceDocument = {
      id: this.#zone.documents.nextId,
      uid: user.id,
      gid,
      uname: user.name,
      gname,
      name: body.name,
      permissions: "600",
      type: 100,
      body,
    };
    this.#zone.documents.add(() => service);
    this.#states.after(service, flowState.pending, times.accepted, () => this.#progress.deploy(service));
    this.#changed();
    return service;
  }

  /** DELETE: only from some states; all others want a recovery with delete. */
  remove(service: ServiceDocument): void {
    if (!deletableStates.includes(service.body.state)) {
      throw new FlowError(500, `Service cannot be undeployed in state: ${stateWord(service.body.state)}`);
    }
    this.#undeploy(service, "terminate");
  }

  recover(service: ServiceDocument, withDelete: boolean): void {
    if (withDelete) this.#undeploy(service, "terminate-hard");
    else if (service.body.state === flowState.cooldown) this.#progress.cooledDown(service);
    else if (service.body.state === flowState.failedDeploying) this.#retryDeployment(service);
    else throw new FlowError(500, `Service cannot be recovered in state: ${stateWord(service.body.state)}`);
  }

  /** Only in RUNNING; without `force` the real one builds broken JSON and answers 500. */
  scale(service: ServiceDocument, roleName: unknown, cardinality: unknown, force: unknown): void {
    if (service.body.state !== flowState.running) {
      throw new FlowError(500, `Service cannot be scaled in state: ${stateWord(service.body.state)}`);
    }
    if (typeof force !== "boolean") {
      throw new UncaughtFlowError(`unexpected token at '{ "cardinality" : ${String(cardinality)},\n  "force" :  }'`);
    }
    const role = service.body.roles.find(({ name }) => name === roleName);
    if (role === undefined) throw new FlowError(500, `Role ${String(roleName)} not found`);
    const wanted = Number(cardinality);
    if (!force) requireLimits(service, role, wanted);
    this.#scaleTo(service, role, wanted);
  }

  moved(vm: VirtualMachine): void {
    this.#changed();
    const service = this.#serviceOf(vm);
    if (service !== undefined) this.#followSoon(service);
  }

  updated(vm: VirtualMachine, text: string): void {
    this.#changed();
    const service = this.#serviceOf(vm);
    if (service === undefined || !readyText.test(text)) return;
    if (this.#missedEvents > 0) {
      this.#missedEvents -= 1;
      return;
    }
    this.#states.watch(service).ready.add(vm.id);
    this.#followSoon(service);
  }

  #undeploy(service: ServiceDocument, ending: Ending): void {
    for (const role of service.body.roles) {
      for (const node of nodesToEnd(role)) this.#states.end(service, node, ending);
    }
    this.#states.allRoles(service, flowState.undeploying);
    this.#states.enter(service, flowState.undeploying);
    this.#followSoon(service);
  }

  /** An ordinary user may not recover VMs: the service goes on as if they ran, and finds at once that they do not. */
  #retryDeployment(service: ServiceDocument): void {
    for (const role of service.body.roles) {
      for (const node of role.nodes ?? []) {
        if (!failedPhases.includes(this.#states.phaseOf(node))) continue;
        const refusal = `[one.vm.recover] User [${service.uid}] : Not authorized to perform ADMIN VM [${node.deploy_id}].`;
        this.#states.log(service, "E", `Role ${role.name} : Retry failed for VM ${node.deploy_id}; ${refusal}`);
      }
    }
    this.#states.allRoles(service, flowState.running);
    this.#states.enter(service, flowState.running);
    this.#followSoon(service);
  }

  /** The oldest go first. */
  #scaleTo(service: ServiceDocument, role: Role, wanted: number): void {
    const nodes = role.nodes ?? [];
    const up = wanted > nodes.length;
    const way = up ? "up" : "down";
    this.#states.log(service, "I", `Role ${role.name} scaling ${way} from ${nodes.length} to ${wanted} nodes`);
    role.cardinality = wanted;
    role.state = flowState.scaling;
    role.scale_way = up ? 0 : 1;
    if (up && !this.#progress.grow(service, role, wanted)) {
      role.state = flowState.failedScaling;
      this.#states.enter(service, flowState.failedScaling);
      return;
    }
    for (const node of nodes.slice(0, Math.max(nodes.length - wanted, 0))) {
      this.#states.end(service, node, "terminate");
    }
    this.#states.enter(service, flowState.scaling);
    this.#progress.poll(service);
    this.#followSoon(service);
  }

  /** Brings roles that have fallen below min_vms back to it. */
  #autoscale(): void {
    this.#zone.clock.after(times.autoscaler, () => {
      for (const service of this.#states.running()) {
        const role = service.body.roles.find(({ cardinality, min_vms }) => cardinality < (min_vms ?? 0));
        if (role !== undefined) this.#scaleTo(service, role, role.min_vms ?? 0);
      }
      this.#autoscale();
    });
  }

  #followSoon(service: ServiceDocument): void {
    this.#zone.clock.after(times.event, () => this.#progress.follow(service));
  }

  #serviceOf(vm: VirtualMachine): ServiceDocument | undefined {
    const id = serviceIdOf(vm);
    const document = id === undefined ? undefined : this.#zone.documents.get(id);
    return document?.type === 100 ? document : undefined;
  }
}

function requireLimits(service: ServiceDocument, role: Role, wanted: number): void {
  const min = role.min_vms ?? 0;
  const max = role.max_vms ?? Number.POSITIVE_INFINITY;
  if (wanted < min) throw new FlowError(500, `Can't scale service ${service.id}: Minimum cardinality is ${min}`);
  if (wanted > max) throw new FlowError(500, `Can't scale service ${service.id}: Maximum cardinality is ${max}`);
}
