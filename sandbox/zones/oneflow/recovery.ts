import { may } from "../oned/access.ts";
import type { User } from "../oned/accounts.ts";
import { flowState, type Role, type ServiceDocument, stateWord } from "./bodies.ts";
import { FlowError } from "./flow-error.ts";
import { failedPhases, type Progress } from "./progress.ts";
import type { ServiceStates } from "./service-states.ts";
import type { Undeployment } from "./undeployment.ts";

/** `recover` without `delete`: what has failed or hangs is tried again, with what the caller may do. */
export class Recovery {
  readonly #states: ServiceStates;
  readonly #progress: Progress;
  readonly #undeployment: Undeployment;

  constructor(states: ServiceStates, progress: Progress, undeployment: Undeployment) {
    this.#states = states;
    this.#progress = progress;
    this.#undeployment = undeployment;
  }

  recover(service: ServiceDocument, by: User): void {
    switch (service.body.state) {
      case flowState.pending:
      case flowState.deploying:
      case flowState.failedDeploying:
        this.#deployAgain(service, by, [flowState.pending, flowState.deploying, flowState.failedDeploying]);
        break;
      case flowState.scaling:
      case flowState.failedScaling:
        this.#scaleAgain(service, by);
        break;
      case flowState.undeploying:
      case flowState.failedUndeploying:
        this.#undeployment.retry(service, by);
        break;
      case flowState.deployingNets:
      case flowState.failedDeployingNets:
        this.#progress.awaitNetworks(service);
        break;
      case flowState.undeployingNets:
      case flowState.failedUndeployingNets:
        this.#states.forget(service);
        break;
      case flowState.cooldown:
        this.#progress.cooledDown(service);
        this.#states.watch(service).blind = true;
        break;
      default:
        throw new FlowError(500, `Service cannot be recovered in state: ${stateWord(service.body.state)}`);
    }
  }

  /** The service keeps its state until its VMs are ready; when one is refused again, it fails again. */
  #deployAgain(service: ServiceDocument, by: User, from: readonly unknown[]): void {
    for (const role of service.body.roles.filter(({ state }) => from.includes(state))) {
      this.#retryVms(service, role, by);
      if (this.#progress.grow(service, role, role.cardinality) === undefined) {
        this.#states.watch(service).retried.add(role.name);
        continue;
      }
      role.state = flowState.failedDeploying;
      this.#states.enter(service, flowState.failedDeploying);
      return;
    }
    this.#progress.poll(service);
  }

  #scaleAgain(service: ServiceDocument, by: User): void {
    for (const role of service.body.roles) {
      if (role.state !== flowState.failedScaling) continue;
      this.#retryVms(service, role, by);
      if (this.#progress.grow(service, role, role.cardinality) !== undefined) return;
      role.state = flowState.scaling;
    }
    service.body.state = flowState.scaling;
    this.#progress.poll(service);
  }

  /** An ordinary user may not recover VMs: those are waited for no more. */
  #retryVms(service: ServiceDocument, role: Role, by: User): void {
    for (const node of role.nodes ?? []) {
      const vm = this.#states.zone.vms.get(node.deploy_id);
      if (vm === undefined || !failedPhases.includes(vm.phase)) continue;
      if (may(by, "ADMIN", "VM", vm)) {
        this.#states.zone.lifecycle.recover(vm, "retry");
        continue;
      }
      this.#states.watch(service).givenUp.add(vm.id);
      const refusal = `[one.vm.recover] User [${by.id}] : Not authorized to perform ADMIN VM [${vm.id}].`;
      this.#states.log(service, "E", `Role ${role.name} : Retry failed for VM ${vm.id}; ${refusal}`);
    }
  }
}
