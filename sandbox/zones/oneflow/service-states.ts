import { granted, may, notAuthorized } from "../oned/access.ts";
import type { User } from "../oned/accounts.ts";
import { OneError } from "../oned/one-error.ts";
import type { Phase, VirtualMachine } from "../oned/virtual-machine.ts";
import type { Zone } from "../oned/zone.ts";
import { type FlowState, flowState, type Node, type Role, type ServiceDocument, stateWord } from "./bodies.ts";

/** What OneFlow knows of a service besides its document. */
interface Watch {
  /** VMs whose word of being ready was heard, or found by the poll. */
  readonly ready: Set<number>;
  /** VMs that were told to end and are waited for. */
  readonly ending: Set<number>;
  /** VMs that failed and could not be recovered: nobody waits for them any more. */
  readonly givenUp: Set<number>;
  /** Roles whose deployment is tried again, in whatever state the service is. */
  readonly retried: Set<string>;
  /** The role that a service which goes on does without. */
  removing: string | undefined;
  /** After some recoveries OneFlow does not see any more what happens to the VMs. */
  blind: boolean;
  /** Whose wish it is that the service ends. */
  endedBy: User | undefined;
}

/** The services' states, logs and VMs: what deploying, following and ending them have in common. */
export class ServiceStates {
  readonly zone: Zone;
  readonly #changed: () => void;
  readonly #watches = new Map<number, Watch>();

  constructor(zone: Zone, changed: () => void) {
    this.zone = zone;
    this.#changed = changed;
  }

  isThere(service: ServiceDocument): boolean {
    return this.zone.documents.get(service.id) === service;
  }

  enter(service: ServiceDocument, state: FlowState): void {
    service.body.state = state;
    this.log(service, "I", `New state: ${stateWord(state)}`);
  }

  log(service: ServiceDocument, severity: "I" | "E", message: string): void {
    service.body.log = [...(service.body.log ?? []), { timestamp: this.zone.clock.seconds(), severity, message }];
    this.#changed();
  }

  /** A later step that only counts if the service is still in that state. */
  after(service: ServiceDocument, state: FlowState, ms: number, step: () => void): void {
    this.zone.clock.after(ms, () => {
      if (this.isThere(service) && service.body.state === state) step();
    });
  }

  watch(service: ServiceDocument): Watch {
    const known = this.#watches.get(service.id);
    if (known !== undefined) return known;
    const watch: Watch = {
      ready: new Set(),
      ending: new Set(),
      givenUp: new Set(),
      retried: new Set(),
      removing: undefined,
      blind: false,
      endedBy: undefined,
    };
    this.#watches.set(service.id, watch);
    return watch;
  }

  phaseOf(node: Node): Phase {
    return this.zone.vms.get(node.deploy_id)?.phase ?? "done";
  }

  isDone(node: Node): boolean {
    return this.phaseOf(node) === "done";
  }

  /** With the gate a VM is ready when it says so, without it when it runs. */
  allReady(service: ServiceDocument, role: Role): boolean {
    const { ready, givenUp } = this.watch(service);
    const gate = service.body.ready_status_gate === true;
    return (role.nodes ?? [])
      .filter((node) => !givenUp.has(node.deploy_id))
      .every((node) => (gate ? ready.has(node.deploy_id) : this.phaseOf(node) === "running"));
  }

  /** Those that were told to end have ended: of the role, or of all roles. */
  allEnded(service: ServiceDocument, role?: Role): boolean {
    const isOfRole = (id: number) => role?.nodes?.some((node) => node.deploy_id === id) ?? true;
    return [...this.watch(service).ending].filter(isOfRole).every((id) => this.zone.vms.get(id)?.phase === "done");
  }

  /**
   * Tells the VM of a node to end. What oned refuses is asked for harder, and at last as a deletion, which only an
   * administrator may: then the VM stays, and false is answered.
   */
  end(service: ServiceDocument, role: Role, node: Node, by: User): boolean {
    const vm = this.zone.vms.get(node.deploy_id);
    if (vm === undefined) return true;
    const hard = (role.shutdown_action ?? service.body.shutdown_action) === "terminate-hard";
    const refusal = this.#refusalToEnd(vm, hard ? "terminate-hard" : "terminate", by);
    if (refusal !== undefined) {
      const failed = `Role ${role.name} : Terminate failed for VM ${vm.id}, will perform a Delete`;
      this.log(service, "E", `${failed}; [one.vm.action] ${refusal}`);
      const harder = hard ? refusal : this.#refusalToEnd(vm, "terminate-hard", by);
      if (harder !== undefined && !this.#deletes(service, role, vm, by)) return false;
    }
    this.watch(service).ending.add(vm.id);
    return true;
  }

  #refusalToEnd(vm: VirtualMachine, action: "terminate" | "terminate-hard", by: User): string | undefined {
    try {
      granted(by, "MANAGE", "VM", vm.id, this.zone.vms);
      this.zone.lifecycle.act(vm, action, { uid: by.id, gid: by.groups[0]?.id ?? -1 });
      return undefined;
    } catch (error) {
      if (error instanceof OneError) return error.message;
      throw error;
    }
  }

  #deletes(service: ServiceDocument, role: Role, vm: VirtualMachine, by: User): boolean {
    if (may(by, "ADMIN", "VM", vm)) {
      this.zone.lifecycle.recover(vm, "delete");
      return true;
    }
    const reason = `[one.vm.recover] ${notAuthorized(by, `ADMIN VM [${vm.id}]`).message}`;
    this.log(service, "E", `Role ${role.name} : Delete failed for VM ${vm.id}; ${reason}`);
    return false;
  }

  forget(service: ServiceDocument): void {
    this.zone.documents.remove(service.id);
    this.#watches.delete(service.id);
    this.#changed();
  }

  /** All roles of one state, as after a cooldown. */
  allRoles(service: ServiceDocument, state: FlowState): void {
    for (const role of service.body.roles) role.state = state;
  }

  /** The living services, for what OneFlow does by the clock. */
  running(): ServiceDocument[] {
    return this.zone.documents
      .newestFirst()
      .filter((document) => document.type === 100)
      .filter((service) => service.body.state === flowState.running);
  }
}
