import { requireCreate } from "../oned/access.ts";
import { primaryGroup, type User } from "../oned/accounts.ts";
import { textOf } from "../oned/attributes.ts";
import { OneError } from "../oned/one-error.ts";
import { type Phase, serviceIdOf, type VirtualMachine } from "../oned/virtual-machine.ts";
import type { VmWatcher, Zone } from "../oned/zone.ts";
import {
  type FlowState,
  flowState,
  type Node,
  type Role,
  type ServiceDocument,
  stateWord,
  type TemplateDocument,
} from "./bodies.ts";
import { addNode, beginRoles, completeRoles, nodesToEnd } from "./deployment.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import type { JsonObject } from "./json.ts";
import { serviceFrom } from "./service-merge.ts";

/** Milliseconds on a real front-end. */
const times = { accepted: 200, networks: 700, event: 300, poll: 30_000, undeployed: 500, autoscaler: 90_000 };

const failedPhases: readonly Phase[] = ["bootFailure"];
const troubledPhases: readonly Phase[] = ["poweroff", "unknown", "stopped", "suspended", "undeployed", "bootFailure"];
const deletableStates: readonly number[] = [
  flowState.pending,
  flowState.running,
  flowState.warning,
  flowState.undeploying,
  15,
];
const readyText = /READY\s*=\s*"?YES/;

/** What OneFlow knows of a service besides its document. */
interface Watch {
  /** VMs whose word of being ready was heard, or found by the poll. */
  readonly ready: Set<number>;
  /** VMs that were told to end and are waited for. */
  readonly ending: Set<number>;
}

/** OneFlow's services of one zone, and how they follow what happens to their VMs. */
export class Services implements VmWatcher {
  readonly #zone: Zone;
  readonly #changed: () => void;
  readonly #watches = new Map<number, Watch>();
  #missedEvents = 0;

  constructor(zone: Zone, changed: () => void) {
    this.#zone = zone;
    this.#changed = changed;
    zone.watchers.add(this);
    this.#autoscale();
  }

  /** Its event queue is full: the next so many READY updates are not heard, and only the poll can make up for them. */
  missEvents(count: number): void {
    this.#missedEvents = count;
  }

  instantiate(user: User, template: TemplateDocument, merge: JsonObject): ServiceDocument {
    const body = serviceFrom(template.body, merge, this.#zone.clock.seconds());
    requireCreate(user, "DOCUMENT");
    const group = primaryGroup(user);
    const made = this.#zone.documents.add((id) => ({
      id,
      uid: user.id,
      gid: group.id,
      uname: user.name,
      gname: group.name,
      name: body.name,
      permissions: "600",
      type: 100,
      body,
    }));
    if (made.type !== 100) throw new Error("a service was made as something else");
    this.#watches.set(made.id, { ready: new Set(), ending: new Set() });
    this.#after(made, flowState.pending, times.accepted, () => this.#deployNetworks(made));
    this.#changed();
    return made;
  }

  /** DELETE: only from some states; all others want a recovery with delete. */
  remove(service: ServiceDocument): void {
    if (!deletableStates.includes(service.body.state)) {
      throw new FlowError(500, `Service cannot be undeployed in state: ${stateWord(service.body.state)}`);
    }
    this.#undeploy(service, "terminate");
  }

  recover(service: ServiceDocument, withDelete: boolean): void {
    if (withDelete) return this.#undeploy(service, "terminate-hard");
    switch (service.body.state) {
      case flowState.cooldown:
        return this.#cooledDown(service);
      case flowState.failedDeploying:
        return this.#retryDeployment(service);
      default:
        throw new FlowError(500, `Service cannot be recovered in state: ${stateWord(service.body.state)}`);
    }
  }

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
    if (service !== undefined) this.#zone.clock.after(times.event, () => this.#follow(service));
  }

  updated(vm: VirtualMachine, text: string): void {
    this.#changed();
    const service = this.#serviceOf(vm);
    if (service === undefined || !readyText.test(text)) return;
    if (this.#missedEvents > 0) {
      this.#missedEvents -= 1;
      return;
    }
    this.#watch(service).ready.add(vm.id);
    this.#zone.clock.after(times.event, () => this.#follow(service));
  }

  #deployNetworks(service: ServiceDocument): void {
    beginRoles(service.body);
    this.#enter(service, flowState.deployingNets);
    this.#after(service, flowState.deployingNets, times.networks, () => {
      completeRoles(service.body);
      if (this.#deployRoles(service)) this.#enter(service, flowState.deploying);
      this.#poll(service);
    });
  }

  /** Starts every role whose parents all run. False when a VM was refused: the service has failed then. */
  #deployRoles(service: ServiceDocument): boolean {
    const running = new Set(
      service.body.roles.filter(({ state }) => state === flowState.running).map(({ name }) => name),
    );
    const due = service.body.roles.filter(
      (role) => role.state === flowState.pending && (role.parents ?? []).every((parent) => running.has(parent)),
    );
    for (const role of due) {
      role.state = flowState.deploying;
      if (!this.#grow(service, role, role.cardinality)) {
        role.state = flowState.failedDeploying;
        this.#enter(service, flowState.failedDeploying);
        return false;
      }
    }
    return true;
  }

  #grow(service: ServiceDocument, role: Role, upTo: number): boolean {
    const owner = this.#zone.accounts.userNamed(service.uname);
    while ((role.nodes?.length ?? 0) < upTo) {
      const refusal = addNode(this.#zone, owner, service, role);
      if (refusal !== undefined) {
        this.#log(service, "E", refusal);
        return false;
      }
    }
    return true;
  }

  /** Looks at the VMs again, and moves the service on if something has come true. */
  #follow(service: ServiceDocument): void {
    if (this.#zone.documents.get(service.id) !== service) return;
    switch (service.body.state) {
      case flowState.deploying:
        return this.#followDeployment(service);
      case flowState.scaling:
        return this.#followScaling(service);
      case flowState.running:
      case flowState.warning:
        return this.#followRunning(service);
      case flowState.undeploying:
        return this.#followUndeployment(service);
    }
  }

  #followDeployment(service: ServiceDocument): void {
    for (const role of service.body.roles) {
      if (role.state === flowState.deploying && this.#allReady(service, role)) role.state = flowState.running;
    }
    if (service.body.roles.every(({ state }) => state === flowState.running)) this.#enter(service, flowState.running);
    else this.#deployRoles(service);
  }

  #followScaling(service: ServiceDocument): void {
    const watch = this.#watch(service);
    for (const role of service.body.roles) {
      if (role.state !== flowState.scaling) continue;
      role.nodes = (role.nodes ?? []).filter((node) => !this.#isDone(node));
      const ended = [...watch.ending].every((id) => this.#zone.vms.get(id)?.phase === "done");
      if (!ended || role.nodes.length !== role.cardinality || !this.#allReady(service, role)) continue;
      watch.ending.clear();
      delete role.scale_way;
      role.state = flowState.cooldown;
      this.#enter(service, flowState.cooldown);
      const seconds = role.cooldown ?? 0;
      this.#after(service, flowState.cooldown, seconds * 1000, () => this.#cooledDown(service));
    }
  }

  #followRunning(service: ServiceDocument): void {
    let troubled = false;
    for (const role of service.body.roles) {
      const nodes = role.nodes ?? [];
      const left = nodes.filter((node) => !this.#isDone(node));
      if (left.length < nodes.length) {
        role.nodes = left;
        role.cardinality = left.length;
        this.#log(service, "I", `Role ${role.name} scaling down from ${nodes.length} to ${left.length} nodes`);
      }
      const inTrouble = left.some((node) => troubledPhases.includes(this.#phaseOf(node)));
      role.state = inTrouble ? flowState.warning : flowState.running;
      troubled ||= inTrouble;
    }
    const state = troubled ? flowState.warning : flowState.running;
    if (service.body.state !== state) this.#enter(service, state);
    else this.#changed();
  }

  #followUndeployment(service: ServiceDocument): void {
    const watch = this.#watch(service);
    if ([...watch.ending].some((id) => this.#zone.vms.get(id)?.phase !== "done")) return;
    this.#enter(service, flowState.undeployingNets);
    this.#after(service, flowState.undeployingNets, times.undeployed, () => {
      this.#zone.documents.remove(service.id);
      this.#watches.delete(service.id);
      this.#changed();
    });
  }

  /** Every 30 s OneFlow looks itself: for READY exactly, and for VMs that have failed. */
  #poll(service: ServiceDocument): void {
    this.#zone.clock.after(times.poll, () => {
      const { state } = service.body;
      if (this.#zone.documents.get(service.id) !== service) return;
      if (state !== flowState.deploying && state !== flowState.scaling) return;
      const nodes = service.body.roles.flatMap((role) => role.nodes ?? []);
      if (nodes.some((node) => failedPhases.includes(this.#phaseOf(node)))) return this.#failed(service);
      for (const node of nodes) {
        const vm = this.#zone.vms.get(node.deploy_id);
        if (vm !== undefined && textOf(vm.userTemplate, "READY") === "YES") this.#watch(service).ready.add(vm.id);
      }
      this.#follow(service);
      this.#poll(service);
    });
  }

  #failed(service: ServiceDocument): void {
    const state = service.body.state === flowState.scaling ? flowState.failedScaling : flowState.failedDeploying;
    for (const role of service.body.roles) {
      if (role.state === flowState.deploying || role.state === flowState.scaling) role.state = state;
    }
    this.#enter(service, state);
  }

  #undeploy(service: ServiceDocument, action: "terminate" | "terminate-hard"): void {
    const watch = this.#watch(service);
    for (const role of service.body.roles) {
      for (const node of nodesToEnd(role)) this.#end(service, watch, node, action);
      role.state = flowState.undeploying;
    }
    this.#enter(service, flowState.undeploying);
    this.#zone.clock.after(times.event, () => this.#follow(service));
  }

  #end(service: ServiceDocument, watch: Watch, node: Node, action: "terminate" | "terminate-hard"): void {
    const vm = this.#zone.vms.get(node.deploy_id);
    if (vm === undefined || vm.phase === "done") return;
    watch.ending.add(vm.id);
    if (vm.phase === "shutdown") return;
    const by = { uid: service.uid, gid: service.gid };
    try {
      this.#zone.lifecycle.act(vm, action, by);
    } catch (error) {
      if (!(error instanceof OneError)) throw error;
      this.#zone.lifecycle.act(vm, "terminate-hard", by);
    }
  }

  /** An ordinary user may not recover VMs: the service goes on as if they ran, and finds at once that they do not. */
  #retryDeployment(service: ServiceDocument): void {
    for (const role of service.body.roles) {
      for (const node of role.nodes ?? []) {
        if (!failedPhases.includes(this.#phaseOf(node))) continue;
        const refusal = `User [${service.uid}] : Not authorized to perform ADMIN VM [${node.deploy_id}].`;
        this.#log(
          service,
          "E",
          `Role ${role.name} : Retry failed for VM ${node.deploy_id}; [one.vm.recover] ${refusal}`,
        );
      }
      role.state = flowState.running;
    }
    this.#enter(service, flowState.running);
    this.#zone.clock.after(times.event, () => this.#follow(service));
  }

  #scaleTo(service: ServiceDocument, role: Role, wanted: number): void {
    const nodes = role.nodes ?? [];
    const up = wanted > nodes.length;
    this.#log(service, "I", `Role ${role.name} scaling ${up ? "up" : "down"} from ${nodes.length} to ${wanted} nodes`);
    role.cardinality = wanted;
    role.state = flowState.scaling;
    role.scale_way = up ? 0 : 1;
    if (up && !this.#grow(service, role, wanted)) {
      role.state = flowState.failedScaling;
      return this.#enter(service, flowState.failedScaling);
    }
    const watch = this.#watch(service);
    for (const node of nodes.slice(0, Math.max(nodes.length - wanted, 0))) this.#end(service, watch, node, "terminate");
    this.#enter(service, flowState.scaling);
    this.#poll(service);
    this.#zone.clock.after(times.event, () => this.#follow(service));
  }

  #cooledDown(service: ServiceDocument): void {
    for (const role of service.body.roles) role.state = flowState.running;
    this.#enter(service, flowState.running);
    this.#follow(service);
  }

  /** Brings roles that have fallen below min_vms back to it. */
  #autoscale(): void {
    this.#zone.clock.after(times.autoscaler, () => {
      for (const service of this.#zone.documents.newestFirst()) {
        if (service.type !== 100 || service.body.state !== flowState.running) continue;
        const role = service.body.roles.find(({ cardinality, min_vms }) => cardinality < (min_vms ?? 0));
        if (role !== undefined) this.#scaleTo(service, role, role.min_vms ?? 0);
      }
      this.#autoscale();
    });
  }

  #allReady(service: ServiceDocument, role: Role): boolean {
    const { ready } = this.#watch(service);
    const gate = service.body.ready_status_gate === true;
    return (role.nodes ?? []).every((node) => (gate ? ready.has(node.deploy_id) : this.#phaseOf(node) === "running"));
  }

  #phaseOf(node: Node): Phase {
    return this.#zone.vms.get(node.deploy_id)?.phase ?? "done";
  }

  #isDone(node: Node): boolean {
    return this.#phaseOf(node) === "done";
  }

  #serviceOf(vm: VirtualMachine): ServiceDocument | undefined {
    const id = serviceIdOf(vm);
    const document = id === undefined ? undefined : this.#zone.documents.get(id);
    return document?.type === 100 ? document : undefined;
  }

  #watch(service: ServiceDocument): Watch {
    const known = this.#watches.get(service.id);
    if (known !== undefined) return known;
    const watch: Watch = { ready: new Set(), ending: new Set() };
    this.#watches.set(service.id, watch);
    return watch;
  }

  #enter(service: ServiceDocument, state: FlowState): void {
    service.body.state = state;
    this.#log(service, "I", `New state: ${stateWord(state)}`);
    this.#changed();
  }

  #log(service: ServiceDocument, severity: "I" | "E", message: string): void {
    service.body.log = [...(service.body.log ?? []), { timestamp: this.#zone.clock.seconds(), severity, message }];
  }

  /** A later step that only counts if the service is still in that state. */
  #after(service: ServiceDocument, state: FlowState, ms: number, step: () => void): void {
    this.#zone.clock.after(ms, () => {
      if (this.#zone.documents.get(service.id) === service && service.body.state === state) step();
    });
  }
}

function requireLimits(service: ServiceDocument, role: Role, wanted: number): void {
  const least = role.min_vms ?? 0;
  const most = role.max_vms ?? Number.POSITIVE_INFINITY;
  if (wanted < least) throw new FlowError(500, `Can't scale service ${service.id}: Minimum cardinality is ${least}`);
  if (wanted > most) throw new FlowError(500, `Can't scale service ${service.id}: Maximum cardinality is ${most}`);
}
