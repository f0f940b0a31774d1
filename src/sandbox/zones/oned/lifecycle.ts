import type { Clock } from "../clock.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { setText, type Vector, vectorsOf } from "./attributes.ts";
import { errorCode, OneError } from "./one-error.ts";
import { type Capacity, type Host, hostFor } from "./scheduling.ts";
import { type History, type Phase, phases, type VirtualMachine } from "./virtual-machine.ts";

/** Milliseconds on a real front-end with quick drivers; the scheduler looks every few seconds. */
const times = { scheduler: 3000, prolog: 300, boot: 700, shutdown: 2000, powerOff: 1500, epilog: 200, save: 1000 };

/** oned's numbers for what ended a stay on a host. */
const actionNumbers: Readonly<Record<VmAction, number>> = {
  terminate: 27,
  "terminate-hard": 28,
  poweroff: 19,
  "poweroff-hard": 19,
  resume: 20,
  stop: 11,
  suspend: 9,
  undeploy: 21,
  "undeploy-hard": 22,
  reboot: 0,
  "reboot-hard": 0,
  hold: 0,
  release: 0,
};
const MONITORED = 44;

const allowedFrom: Readonly<Record<VmAction, readonly Phase[]>> = {
  terminate: ["pending", "hold", "running", "unknown", "bootFailure", "stopped", "suspended", "poweroff", "undeployed"],
  "terminate-hard": Object.keys(phases)
    .filter(isPhase)
    .filter((phase) => phase !== "done"),
  poweroff: ["running", "unknown"],
  "poweroff-hard": ["running", "unknown"],
  resume: ["poweroff", "suspended", "stopped", "undeployed", "unknown"],
  stop: ["running"],
  suspend: ["running"],
  undeploy: ["running", "poweroff"],
  "undeploy-hard": ["running", "poweroff"],
  reboot: ["running"],
  "reboot-hard": ["running"],
  hold: ["pending"],
  release: ["hold"],
};

export const vmActions = [
  "terminate",
  "terminate-hard",
  "poweroff",
  "poweroff-hard",
  "resume",
  "stop",
  "suspend",
  "undeploy",
  "undeploy-hard",
  "reboot",
  "reboot-hard",
  "hold",
  "release",
] as const;
export type VmAction = (typeof vmActions)[number];

export interface LifecycleSurroundings {
  readonly zoneName: string;
  readonly clock: Clock;
  readonly hypervisor: Hypervisor;
  readonly capacity: Capacity;
  readonly oneGateUrl: () => string;
  /** Called after every change of a VM's phase. */
  readonly moved: (vm: VirtualMachine) => void;
  /** Called when a VM is DONE: its addresses are free again. */
  readonly ended: (vm: VirtualMachine) => void;
}

/** Carries VMs through their phases, and tells the hypervisor what follows for the machine itself. */
export class Lifecycle {
  readonly #around: LifecycleSurroundings;
  #bootFailures = 0;
  #requests = 0;

  constructor(around: LifecycleSurroundings) {
    this.#around = around;
  }

  submit(vm: VirtualMachine): void {
    this.#around.moved(vm);
    if (vm.phase === "pending") this.#schedule(vm);
  }

  /** The next so many boots end in BOOT_FAILURE, as with a broken image or driver. */
  failBoots(count: number): void {
    this.#bootFailures = count;
  }

  /** `one.vm.action`. Refuses (2048) what the VM's state does not allow; ending a VM that is DONE is no mistake. */
  act(vm: VirtualMachine, action: VmAction, by: { uid: number; gid: number }): void {
    if (vm.phase === "done" && (action === "terminate" || action === "terminate-hard")) return;
    if (!allowedFrom[action].includes(vm.phase)) {
      const state = phases[vm.phase].word;
      throw new OneError(
        errorCode.action,
        `Error performing action "${action}": This action is not available for state ${state}`,
      );
    }
    this.#note(vm, actionNumbers[action], by);
    this.#perform(vm, action);
  }

  /** The guest shut itself down; monitoring finds it off, and nobody says who did it. */
  guestShutDown(vm: VirtualMachine): void {
    if (vm.phase !== "running") return;
    this.#note(vm, MONITORED, undefined);
    this.#around.hypervisor.stop(this.#around.zoneName, vm.id, true);
    this.#switchedOff(vm, "poweroff");
  }

  /** Its host no longer answers the monitoring. The guest may well run on. */
  hostLost(vm: VirtualMachine, guest: "runs" | "dies"): void {
    if (vm.phase !== "running") return;
    if (guest === "dies") this.#around.hypervisor.stop(this.#around.zoneName, vm.id, true);
    this.#move(vm, "unknown");
  }

  hostBack(vm: VirtualMachine): void {
    if (vm.phase === "unknown") this.#move(vm, "running");
  }

  #perform(vm: VirtualMachine, action: VmAction): void {
    const { hypervisor, zoneName } = this.#around;
    switch (action) {
      case "terminate":
        return this.#terminate(vm, times.shutdown);
      case "terminate-hard":
        return this.#terminate(vm, times.epilog);
      case "poweroff":
        return this.#leave(vm, "poweringOff", times.powerOff, "poweroff");
      case "poweroff-hard":
        return this.#leave(vm, "poweringOff", times.epilog, "poweroff");
      case "stop":
        return this.#leave(vm, "saving", times.save, "stopped");
      case "suspend":
        return this.#leave(vm, "saving", times.save, "suspended");
      case "undeploy":
      case "undeploy-hard":
        return this.#leave(vm, "shutdown", times.shutdown, "undeployed");
      case "resume":
        return this.#resume(vm);
      case "reboot":
      case "reboot-hard":
        return hypervisor.reboot(zoneName, vm.id);
      case "hold":
        return this.#move(vm, "hold");
      case "release":
        this.#move(vm, "pending");
        return this.#schedule(vm);
    }
  }

  #terminate(vm: VirtualMachine, shutdownMs: number): void {
    const neverRan = vm.history.length === 0;
    if (neverRan || vm.phase === "poweroff" || vm.phase === "undeployed") return this.#end(vm);
    this.#around.hypervisor.stop(this.#around.zoneName, vm.id, shutdownMs < times.shutdown);
    this.#move(vm, "shutdown");
    this.#step(vm, "shutdown", shutdownMs, () => this.#end(vm));
  }

  #end(vm: VirtualMachine): void {
    const now = this.#around.clock.seconds();
    vm.end = now;
    const record = vm.history.at(-1);
    if (record !== undefined) {
      record.runningEnd ||= now;
      record.epilogStart = now;
      record.epilogEnd = now;
      record.end = now;
    }
    this.#around.hypervisor.remove(this.#around.zoneName, vm.id);
    this.#around.ended(vm);
    this.#move(vm, "done");
  }

  #leave(vm: VirtualMachine, by: Phase, ms: number, to: Phase): void {
    this.#around.hypervisor.stop(this.#around.zoneName, vm.id, false);
    this.#move(vm, by);
    this.#step(vm, by, ms, () => this.#switchedOff(vm, to));
  }

  #switchedOff(vm: VirtualMachine, to: Phase): void {
    const record = vm.history.at(-1);
    if (record !== undefined) record.runningEnd = this.#around.clock.seconds();
    this.#move(vm, to);
  }

  #resume(vm: VirtualMachine): void {
    if (vm.phase === "stopped" || vm.phase === "undeployed") {
      this.#move(vm, "pending");
      return this.#schedule(vm);
    }
    const last = vm.history.at(-1);
    if (last === undefined) return;
    last.end = this.#around.clock.seconds();
    vm.history.push(this.#stay(vm, { name: last.hostName, id: last.hostId }, false));
    this.#move(vm, "booting");
    this.#step(vm, "booting", times.boot, () => this.#run(vm));
  }

  /** Every pass of the scheduler looks for a host; without one the VM stays pending and says why. */
  #schedule(vm: VirtualMachine): void {
    this.#step(vm, "pending", times.scheduler, () => {
      const host = hostFor(this.#around.capacity, vm);
      if (host === undefined) {
        const hosts = this.#around.capacity.hosts.map(({ id }) => id).join(",");
        const when = new Date().toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) ([\d:]+).*$/, "$1 $3 $2 $5 $4");
        setText(vm.userTemplate, "SCHED_MESSAGE", `${when}: [HOST] Not enough MEMORY on hosts: ${hosts}`);
        this.#around.moved(vm);
        return this.#schedule(vm);
      }
      vm.userTemplate.delete("SCHED_MESSAGE");
      this.#deploy(vm, host);
    });
  }

  #deploy(vm: VirtualMachine, host: Host): void {
    vm.history.push(this.#stay(vm, host, true));
    vm.deployId = `${host.name}:${vm.name}:dummy`;
    setText(vm.attributes, "TM_MAD_SYSTEM", "dummy");
    const graphics = vectorsOf(vm.attributes, "GRAPHICS").map((value) => withPort(value, vm.id));
    if (graphics.length > 0) vm.attributes.set("GRAPHICS", graphics);
    this.#move(vm, "prolog");
    this.#step(vm, "prolog", times.prolog, () => {
      this.#move(vm, "boot");
      this.#step(vm, "boot", times.boot, () => this.#booted(vm));
    });
  }

  #booted(vm: VirtualMachine): void {
    if (this.#bootFailures > 0) {
      this.#bootFailures -= 1;
      return this.#move(vm, "bootFailure");
    }
    this.#run(vm);
  }

  #run(vm: VirtualMachine): void {
    const { hypervisor, zoneName, oneGateUrl } = this.#around;
    const [context] = vectorsOf(vm.attributes, "CONTEXT");
    hypervisor.start({
      zone: zoneName,
      vmId: vm.id,
      context: Object.fromEntries(context ?? []),
      oneGate: { url: oneGateUrl(), token: vm.oneGateToken },
    });
    this.#move(vm, "running");
  }

  #stay(vm: VirtualMachine, host: { name: string; id: number }, prolog: boolean): History {
    const now = this.#around.clock.seconds();
    return {
      sequence: vm.history.length,
      hostName: host.name,
      hostId: host.id,
      start: now,
      end: 0,
      prologStart: prolog ? now : 0,
      prologEnd: prolog ? now : 0,
      runningStart: now,
      runningEnd: 0,
      epilogStart: 0,
      epilogEnd: 0,
      action: 0,
      uid: -1,
      gid: -1,
      requestId: -1,
    };
  }

  #note(vm: VirtualMachine, action: number, by: { uid: number; gid: number } | undefined): void {
    const record = vm.history.at(-1);
    if (record === undefined || action === 0) return;
    this.#requests += 1;
    record.action = action;
    record.uid = by?.uid ?? -1;
    record.gid = by?.gid ?? -1;
    record.requestId = by === undefined ? -1 : this.#requests;
  }

  #move(vm: VirtualMachine, to: Phase): void {
    vm.phase = to;
    this.#around.moved(vm);
  }

  /** A later step that only counts if the VM is still where it was. */
  #step(vm: VirtualMachine, expected: Phase, ms: number, step: () => void): void {
    const stay = vm.history.length;
    this.#around.clock.after(ms, () => {
      if (vm.phase === expected && vm.history.length === stay) step();
    });
  }
}

function withPort(graphics: Vector, vmId: number): Vector {
  return new Map([...graphics, ["PORT", String(5900 + vmId)]]);
}

function isPhase(name: string): name is Phase {
  return name in phases;
}
