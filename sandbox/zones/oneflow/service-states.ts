import { OneError } from "../oned/one-error.ts";
import type { Phase } from "../oned/virtual-machine.ts";
import type { Zone } from "../oned/zone.ts";
import { type FlowState, flowState, type Node, type Role, type ServiceDocument, stateWord } from "./bodies.ts";

/** What OneFlow knows of a service besides its document. */
interface Watch {
  /** VMs whose word of being ready was heard, or found by the poll. */
  readonly ready: Set<number>;
  /** VMs that were told to end and are waited for. */
  readonly ending: Set<number>;
}

export type Ending = "terminate" | "terminate-hard";

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
    const watch: Watch = { ready: new Set(), ending: new Set() };
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
    const { ready } = this.watch(service);
    const gate = service.body.ready_status_gate === true;
    return (role.nodes ?? []).every((node) => (gate ? ready.has(node.deploy_id) : this.phaseOf(node) === "running"));
  }

  /** Those that were told to end have ended. */
  allEnded(service: ServiceDocument): boolean {
    return [...this.watch(service).ending].every((id) => this.zone.vms.get(id)?.phase === "done");
  }

  end(service: ServiceDocument, node: Node, ending: Ending): void {
    const vm = this.zone.vms.get(node.deploy_id);
    if (vm === undefined || vm.phase === "done") return;
    this.watch(service).ending.add(vm.id);
    if (vm.phase === "shutdown") return;
    const by = { uid: service.uid, gid: service.gid };
    try {
      this.zone.lifecycle.act(vm, ending, by);
    } catch (error) {
      if (!(error instanceof OneError)) throw error;
      this.zone.lifecycle.act(vm, "terminate-hard", by);
    }
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
