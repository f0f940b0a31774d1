import { requireCreate } from "../oned/access.ts";
import { primaryGroup, type User } from "../oned/accounts.ts";
import { serviceIdOf, type VirtualMachine } from "../oned/virtual-machine.ts";
import { allowedFrom, type VmAction } from "../oned/vm-actions.ts";
import type { VmWatcher, Zone } from "../oned/zone.ts";
import { flowState, type Role, type ServiceDocument, stateWord, type TemplateDocument } from "./bodies.ts";
import { requireKeepable } from "./call.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import { type JsonObject, parsedJson } from "./json.ts";
import { Progress, refusedRole } from "./progress.ts";
import { Recovery } from "./recovery.ts";
import { serviceFrom } from "./service-merge.ts";
import { ServiceStates } from "./service-states.ts";
import { Undeployment } from "./undeployment.ts";

/** Milliseconds on a real front-end. */
const times = { accepted: 200, event: 300, autoscaler: 90_000 };

/** The gate looks at the text of an update, so `FL_READY=YES` opens it as well. */
const readyText = /READY\s*=\s*"?YES/;

/** OneFlow's services of one zone: what is asked of them, and what is heard of their VMs. */
export class Services implements VmWatcher {
  readonly #zone: Zone;
  readonly #changed: () => void;
  readonly #states: ServiceStates;
  readonly #undeployment: Undeployment;
  readonly #progress: Progress;
  readonly #recovery: Recovery;
  #missedEvents = 0;

  constructor(zone: Zone, changed: () => void) {
    this.#zone = zone;
    this.#changed = changed;
    this.#states = new ServiceStates(zone, changed);
    this.#undeployment = new Undeployment(this.#states);
    this.#progress = new Progress(this.#states, this.#undeployment);
    this.#recovery = new Recovery(this.#states, this.#progress, this.#undeployment);
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

  holdCooldowns(held: boolean): void {
    this.#progress.holdCooldowns(held);
  }

  /** Refuses with FlowErrors as recorded; quotas, addresses and images are only looked at later. */
  instantiate(user: User, template: TemplateDocument, merge: JsonObject): ServiceDocument {
    const body = serviceFrom(template.body, merge, this.#zone.clock.seconds());
    requireCreate(user, "DOCUMENT");
    this.#zone.requireEnabled();
    requireKeepable(body.name, body);
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

  /** Ends a service; from every state when it is a recovery with `delete`. */
  remove(service: ServiceDocument, by: User, fromAnyState: boolean): void {
    this.#undeployment.begin(service, by, fromAnyState);
    this.#followSoon(service);
  }

  recover(service: ServiceDocument, by: User): void {
    this.#recovery.recover(service, by);
    this.#followSoon(service);
  }

  /** Of a service on hold, whose VMs begin then. */
  release(service: ServiceDocument): void {
    if (service.body.state !== flowState.hold) {
      throw new FlowError(500, `Service cannot be released in state: ${stateWord(service.body.state)}`);
    }
    this.#progress.release(service);
    this.#followSoon(service);
  }

  /** Only in RUNNING. `force` comes into JSON as it is, and without one that is broken: 500. */
  scale(service: ServiceDocument, roleName: unknown, given: unknown, force: unknown): void {
    if (service.body.state !== flowState.running) {
      throw new FlowError(500, `Service cannot be scaled in state: ${stateWord(service.body.state)}`);
    }
    const role = service.body.roles.find(({ name }) => name === roleName);
    if (role === undefined) throw new FlowError(500, `Role ${String(roleName ?? "")} not found`);
    const wanted = Number.parseInt(String(given ?? 0), 10) || 0;
    const update = `{ "cardinality" : ${wanted},\n  "force" : ${String(force ?? "")} }`;
    if (parsedJson(update) === undefined) throw new UncaughtFlowError(`unexpected token at '${update}'`);
    if (force !== true) requireLimits(service, role, wanted);
    if (wanted === role.cardinality) {
      throw new FlowError(500, `Cardinality of ${role.name} is already at ${wanted}`);
    }
    const refusal = this.#scaleTo(service, role, wanted);
    if (refusal !== undefined) throw refusedRole(role, refusal);
  }

  /** A role beside those of a service that runs. */
  addRole(service: ServiceDocument, role: Role): void {
    requireRunning(service);
    if (service.body.roles.some(({ name }) => name === role.name)) {
      throw new FlowError(500, `Role ${role.name} already exists`);
    }
    this.#progress.addRole(service, role);
    this.#followSoon(service);
  }

  removeRole(service: ServiceDocument, name: string, by: User): void {
    requireRunning(service);
    const role = service.body.roles.find((other) => other.name === name);
    if (role === undefined) throw new FlowError(500, `Role ${name} does not exist`);
    this.#undeployment.endRole(service, role, by);
    this.#followSoon(service);
  }

  /** The action for each VM of the role, `number` of them every `period` seconds. What oned refuses then is told nowhere. */
  schedule(service: ServiceDocument, role: Role, action: VmAction, period: number, number: number): void {
    for (const [index, node] of (role.nodes ?? []).entries()) {
      const rounds = period > 0 && number > 0 ? Math.floor(index / number) : 0;
      this.#zone.clock.after(rounds * period * 1000, () => {
        const vm = this.#zone.vms.get(node.deploy_id);
        if (vm !== undefined && allowedFrom[action].includes(vm.phase)) {
          this.#zone.lifecycle.act(vm, action, { uid: service.uid, gid: service.gid });
        }
      });
    }
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

  /** The oldest go first. */
  #scaleTo(service: ServiceDocument, role: Role, wanted: number): string | undefined {
    const nodes = role.nodes ?? [];
    const up = wanted > nodes.length;
    const way = up ? "up" : "down";
    this.#states.log(service, "I", `Role ${role.name} scaling ${way} from ${nodes.length} to ${wanted} nodes`);
    role.cardinality = wanted;
    role.state = flowState.scaling;
    role.scale_way = up ? 0 : 1;
    const refusal = up ? this.#progress.grow(service, role, wanted) : undefined;
    if (refusal !== undefined) {
      role.state = flowState.failedScaling;
      this.#states.enter(service, flowState.failedScaling);
      return refusal;
    }
    const owner = this.#zone.accounts.userNamed(service.uname);
    for (const node of nodes.slice(0, Math.max(nodes.length - wanted, 0))) {
      this.#states.end(service, role, node, owner);
    }
    this.#states.enter(service, flowState.scaling);
    this.#progress.poll(service);
    this.#followSoon(service);
    return undefined;
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

function requireRunning({ body: { state } }: ServiceDocument): void {
  if (state !== flowState.running) throw new FlowError(500, `Cannot modify roles in state: ${stateWord(state)}`);
}

function requireLimits(service: ServiceDocument, role: Role, wanted: number): void {
  const min = role.min_vms ?? 0;
  const max = role.max_vms ?? Number.POSITIVE_INFINITY;
  if (wanted < min) throw new FlowError(500, `Can't scale service ${service.id}: Minimum cardinality is ${min}`);
  if (wanted > max) throw new FlowError(500, `Can't scale service ${service.id}: Maximum cardinality is ${max}`);
}
