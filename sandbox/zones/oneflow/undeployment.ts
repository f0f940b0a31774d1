import type { User } from "../oned/accounts.ts";
import { flowState, type Role, type ServiceDocument, stateWord } from "./bodies.ts";
import { nodesToEnd, removeOwnNetworks } from "./deployment.ts";
import { FlowError } from "./flow-error.ts";
import type { ServiceStates } from "./service-states.ts";

const deletableStates: readonly number[] = [
  flowState.pending,
  flowState.running,
  flowState.warning,
  flowState.undeploying,
  flowState.hold,
];

/** Milliseconds on a real front-end. */
const NETWORKS_GONE = 500;

/** How services end: role by role, then their networks, then the document. */
export class Undeployment {
  readonly #states: ServiceStates;

  constructor(states: ServiceStates) {
    this.#states = states;
  }

  /**
   * DELETE, only from some states; a recovery with `delete` from all. Throws a FlowError 500 when a VM would not end, and
   * the service is FAILED_UNDEPLOYING then. One whose roles are all on their way out is simply forgotten.
   */
  begin(service: ServiceDocument, by: User, fromAnyState: boolean): void {
    if (!fromAnyState && !deletableStates.includes(service.body.state)) {
      throw new FlowError(500, `Service cannot be undeployed in state: ${stateWord(service.body.state)}`);
    }
    this.#states.watch(service).endedBy = by;
    if (this.#due(service).length === 0) this.#states.forget(service);
    else this.#endRoles(service, this.#due(service), by);
  }

  /** Looks at the VMs that were told to end. */
  follow(service: ServiceDocument): void {
    const { endedBy } = this.#states.watch(service);
    for (const role of service.body.roles) {
      if (role.state !== flowState.undeploying || !this.#states.allEnded(service, role)) continue;
      role.nodes = (role.nodes ?? []).filter((node) => !this.#states.isDone(node));
      role.state = flowState.done;
    }
    const watch = this.#states.watch(service);
    if (watch.removing !== undefined) {
      this.#dropRemoved(service, watch.removing);
    } else if (service.body.roles.every(({ state }) => state === flowState.done)) {
      this.endNetworks(service);
    } else if (endedBy !== undefined && this.#due(service).length > 0) {
      try {
        this.#endRoles(service, this.#due(service), endedBy);
      } catch (error) {
        if (!(error instanceof FlowError)) throw error;
      }
    }
  }

  /** A recovery of what did not end: whatever is left is told to end once more, and by whom it may. */
  retry(service: ServiceDocument, by: User): void {
    this.#states.watch(service).endedBy = by;
    for (const role of service.body.roles) {
      if (role.state !== flowState.failedUndeploying) continue;
      const ended = (role.nodes ?? []).filter((node) => this.#states.end(service, role, node, by));
      if (ended.length === (role.nodes ?? []).length) role.state = flowState.undeploying;
    }
    const failed = service.body.roles.some(({ state }) => state === flowState.failedUndeploying);
    if (!failed) service.body.state = flowState.undeploying;
  }

  /** One role only: the service runs on without it. */
  endRole(service: ServiceDocument, role: Role, by: User): void {
    this.#states.watch(service).removing = role.name;
    this.#endRoles(service, [role], by);
  }

  endNetworks(service: ServiceDocument): void {
    removeOwnNetworks(this.#states.zone, service);
    this.#states.enter(service, flowState.undeployingNets);
    this.#states.after(service, flowState.undeployingNets, NETWORKS_GONE, () => this.#states.forget(service));
  }

  /** Children go before their parents when the deployment is straight. */
  #due({ body }: ServiceDocument): Role[] {
    const gone: readonly unknown[] = [flowState.undeploying, flowState.done, flowState.failedUndeploying];
    const left = body.roles.filter(({ state }) => !gone.includes(state));
    if (body.deployment !== "straight") return left;
    const parents = new Set(
      body.roles.filter(({ state }) => state !== flowState.done).flatMap((role) => role.parents ?? []),
    );
    return left.filter(({ name }) => !parents.has(name));
  }

  #dropRemoved(service: ServiceDocument, name: string): void {
    const role = service.body.roles.find((other) => other.name === name);
    if (role?.state === flowState.undeploying) return;
    service.body.roles = service.body.roles.filter((other) => other !== role);
    this.#states.watch(service).removing = undefined;
    this.#states.enter(service, flowState.running);
  }

  #endRoles(service: ServiceDocument, roles: readonly Role[], by: User): void {
    for (const role of roles) {
      const wanted = nodesToEnd(role);
      const ended = wanted.filter((node) => this.#states.end(service, role, node, by));
      if (ended.length < wanted.length) {
        role.state = flowState.failedUndeploying;
        this.#states.enter(service, flowState.failedUndeploying);
        const ids = ended.map((node) => node.deploy_id).join(", ");
        throw new FlowError(500, `Error undeploying role ${role.name}: [${ids}]`);
      }
      role.state = flowState.undeploying;
    }
    if (service.body.state !== flowState.undeploying) this.#states.enter(service, flowState.undeploying);
  }
}
