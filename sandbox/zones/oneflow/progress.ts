import { textOf } from "../oned/attributes.ts";
import type { Phase } from "../oned/virtual-machine.ts";
import { flowState, type Role, type ServiceDocument } from "./bodies.ts";
import { addNode, beginRole, completeRole, makeNetworks } from "./deployment.ts";
import { FlowError } from "./flow-error.ts";
import type { ServiceStates } from "./service-states.ts";
import type { Undeployment } from "./undeployment.ts";

/** Milliseconds on a real front-end. */
const times = { poll: 30_000 };

export const failedPhases: readonly Phase[] = ["bootFailure"];
const troubledPhases: readonly Phase[] = ["poweroff", "unknown", "stopped", "suspended", "undeployed", "bootFailure"];

/** What a caller hears who waits for the VMs of a role to be made. */
export function refusedRole(role: Role, refusal: string): FlowError {
  const what = `Error instantiating VM Template ${role.template_id} in Role ${role.name}: ${refusal}`;
  return new FlowError(500, `Error deploying role ${role.name}: ${what}`);
}

/** Moves services on when something has come true: heard of by an event, or found by OneFlow's own poll. */
export class Progress {
  readonly #states: ServiceStates;
  readonly #undeployment: Undeployment;
  #stalls = 0;
  /** Services whose cooldown is over and held; null while none is held. */
  #cooled: ServiceDocument[] | null = null;

  constructor(states: ServiceStates, undeployment: Undeployment) {
    this.#states = states;
    this.#undeployment = undeployment;
  }

  stallNetworks(count: number): void {
    this.#stalls = count;
  }

  /** While they are held, a cooldown that is over does not end. */
  holdCooldowns(held: boolean): void {
    const due = this.#cooled ?? [];
    this.#cooled = held ? due : null;
    if (!held) for (const service of due) this.#endCooldown(service);
  }

  /** Networks first, then the roles. */
  deploy(service: ServiceDocument): void {
    const { zone } = this.#states;
    const refusal = makeNetworks(zone, zone.accounts.userNamed(service.uname), service);
    if (refusal !== undefined) {
      this.#states.log(service, "E", refusal);
      this.#states.enter(service, flowState.failedDeploying);
      return;
    }
    for (const role of service.body.roles) beginRole(service.body, role);
    this.#states.enter(service, flowState.deployingNets);
    if (this.#stalls > 0) this.#stalls -= 1;
    else this.awaitNetworks(service);
  }

  awaitNetworks(service: ServiceDocument): void {
    this.#states.after(service, flowState.deployingNets, this.#states.zone.clock.pace.networks, () => {
      for (const role of service.body.roles) completeRole(service.body, role);
      if (!this.#deployRoles(service)) return;
      this.#states.enter(service, flowState.deploying);
      this.#holdWhatWaits(service);
      this.poll(service);
    });
  }

  /** What was on hold goes on as if it had just been made. */
  release(service: ServiceDocument): void {
    const { zone } = this.#states;
    for (const role of service.body.roles.filter(({ state }) => state === flowState.hold)) {
      role.on_hold = false;
      role.state = flowState.deploying;
      for (const { deploy_id } of role.nodes ?? []) {
        const vm = zone.vms.get(deploy_id);
        if (vm?.phase === "hold") zone.lifecycle.act(vm, "release", { uid: service.uid, gid: service.gid });
      }
    }
    this.#states.enter(service, flowState.deploying);
    this.poll(service);
  }

  /** Nothing is on its way any more, and some roles wait for a release. */
  #holdWhatWaits(service: ServiceDocument): void {
    const { roles, state } = service.body;
    const isSettled = roles.every((role) => role.state !== flowState.deploying);
    if (state !== flowState.deploying || !isSettled) return;
    if (roles.some((role) => role.state === flowState.hold)) this.#states.enter(service, flowState.hold);
  }

  /** More VMs of a role; when one was refused, in oned's words, which then stand in the log. */
  grow(service: ServiceDocument, role: Role, upTo: number): string | undefined {
    const { zone } = this.#states;
    const owner = zone.accounts.userNamed(service.uname);
    while ((role.nodes?.length ?? 0) < upTo) {
      const refusal = addNode(zone, owner, service, role);
      if (refusal === undefined) continue;
      this.#states.log(
        service,
        "E",
        `Role ${role.name} : Instantiate failed for template ${role.template_id}; ${refusal}`,
      );
      return refusal;
    }
    return undefined;
  }

  /** One role more, for a service that runs. Throws a FlowError 500 when a VM of it was refused. */
  addRole(service: ServiceDocument, role: Role): void {
    service.body.roles.push(role);
    beginRole({}, role);
    completeRole(service.body, role);
    const refusal = this.grow(service, role, role.cardinality);
    const state = refusal === undefined ? flowState.deploying : flowState.failedDeploying;
    role.state = state;
    this.#states.enter(service, state);
    if (refusal !== undefined) throw refusedRole(role, refusal);
    this.poll(service);
  }

  /** Looks at the VMs again. */
  follow(service: ServiceDocument): void {
    if (!this.#states.isThere(service)) return;
    switch (service.body.state) {
      case flowState.deploying:
      case flowState.failedDeploying:
        this.#followDeployment(service);
        break;
      case flowState.scaling:
        this.#followScaling(service);
        break;
      case flowState.running:
      case flowState.warning:
        this.#followRunning(service);
        break;
      case flowState.undeploying:
        this.#undeployment.follow(service);
        break;
    }
  }

  /** Every 30 s OneFlow looks itself: for READY exactly, and for VMs that have failed. */
  poll(service: ServiceDocument): void {
    const { zone } = this.#states;
    zone.clock.after(times.poll, () => {
      const { state } = service.body;
      const retried = this.#states.watch(service).retried.size > 0;
      const waiting = state === flowState.deploying || state === flowState.scaling || retried;
      if (!waiting || !this.#states.isThere(service)) return;
      const nodes = service.body.roles.flatMap((role) => role.nodes ?? []);
      const { givenUp } = this.#states.watch(service);
      if (nodes.some((node) => !givenUp.has(node.deploy_id) && failedPhases.includes(this.#states.phaseOf(node)))) {
        this.#fail(service);
        return;
      }
      for (const node of nodes) {
        const vm = zone.vms.get(node.deploy_id);
        if (vm !== undefined && textOf(vm.userTemplate, "READY") === "YES")
          this.#states.watch(service).ready.add(vm.id);
      }
      this.follow(service);
      this.poll(service);
    });
  }

  cooledDown(service: ServiceDocument): void {
    this.#states.watch(service).blind = false;
    this.#states.allRoles(service, flowState.running);
    this.#states.enter(service, flowState.running);
    this.follow(service);
  }

  #endCooldown(service: ServiceDocument): void {
    if (this.#cooled !== null) this.#cooled.push(service);
    else if (this.#states.isThere(service) && service.body.state === flowState.cooldown) this.cooledDown(service);
  }

  /** Starts every role whose parents all run. False when a VM was refused: the service has failed then. */
  #deployRoles(service: ServiceDocument): boolean {
    const { roles } = service.body;
    const running = new Set(roles.filter(({ state }) => state === flowState.running).map(({ name }) => name));
    const straight = service.body.deployment === "straight";
    const due = roles.filter(
      ({ state, parents = [] }) =>
        state === flowState.pending && (!straight || parents.every((parent) => running.has(parent))),
    );
    for (const role of due) {
      role.state = role.on_hold === true ? flowState.hold : flowState.deploying;
      if (this.grow(service, role, role.cardinality) === undefined) continue;
      role.state = flowState.failedDeploying;
      this.#states.enter(service, flowState.failedDeploying);
      return false;
    }
    return true;
  }

  #followDeployment(service: ServiceDocument): void {
    const { roles } = service.body;
    const { retried } = this.#states.watch(service);
    for (const role of roles) {
      const awaited = role.state === flowState.deploying || retried.has(role.name);
      if (!awaited || !this.#states.allReady(service, role)) continue;
      role.state = flowState.running;
      retried.delete(role.name);
    }
    if (roles.every(({ state }) => state === flowState.running)) {
      this.#states.enter(service, flowState.running);
      this.follow(service);
    } else if (service.body.state === flowState.deploying) {
      this.#deployRoles(service);
      this.#holdWhatWaits(service);
    }
  }

  #followScaling(service: ServiceDocument): void {
    for (const role of service.body.roles) {
      if (role.state !== flowState.scaling) continue;
      role.nodes = (role.nodes ?? []).filter((node) => !this.#states.isDone(node));
      const settled = this.#states.allEnded(service) && role.nodes.length === role.cardinality;
      if (!settled || !this.#states.allReady(service, role)) continue;
      this.#states.watch(service).ending.clear();
      delete role.scale_way;
      role.state = flowState.cooldown;
      this.#states.enter(service, flowState.cooldown);
      const seconds = role.cooldown ?? 0;
      this.#states.after(service, flowState.cooldown, seconds * 1000, () => this.#endCooldown(service));
    }
  }

  /** A VM that is gone leaves its role, which shrinks with it; one in trouble makes the service WARNING. */
  #followRunning(service: ServiceDocument): void {
    if (this.#states.watch(service).blind) return;
    for (const role of service.body.roles) {
      this.#dropEnded(service, role);
      const troubled = (role.nodes ?? []).some((node) => troubledPhases.includes(this.#states.phaseOf(node)));
      role.state = troubled ? flowState.warning : flowState.running;
    }
    const troubled = service.body.roles.some(({ state }) => state === flowState.warning);
    const state = troubled ? flowState.warning : flowState.running;
    if (service.body.state !== state) this.#states.enter(service, state);
  }

  #dropEnded(service: ServiceDocument, role: Role): void {
    const nodes = role.nodes ?? [];
    const left = nodes.filter((node) => !this.#states.isDone(node));
    if (left.length === nodes.length) return;
    role.nodes = left;
    role.cardinality = left.length;
    this.#states.log(service, "I", `Role ${role.name} scaling down from ${nodes.length} to ${left.length} nodes`);
  }

  #fail(service: ServiceDocument): void {
    this.#states.watch(service).retried.clear();
    const state = service.body.state === flowState.scaling ? flowState.failedScaling : flowState.failedDeploying;
    for (const role of service.body.roles) {
      if (role.state === flowState.deploying || role.state === flowState.scaling) role.state = state;
    }
    this.#states.enter(service, state);
  }
}
