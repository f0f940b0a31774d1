import type { Clock } from "../clock.ts";
import type { Hypervisor } from "../hypervisor.ts";
import type { Pace } from "../pace.ts";
import { setText, vectorsOf } from "./attributes.ts";
import { errorCode, OneError } from "./one-error.ts";
import { type Capacity, type Host, hostFor, noHostMessage, onedTime } from "./scheduling.ts";
import { type History, type Phase, phases, type VirtualMachine } from "./virtual-machine.ts";
import { actionNumbers, allowedFrom, MONITORED, type VmAction } from "./vm-actions.ts";

/** Milliseconds on a real front-end with quick drivers, at any pace. */
const times = { shutdown: 2000, powerOff: 1500, epilog: 200, save: 1000 };

export interface LifecycleEnvironment {
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
  readonly #environment: LifecycleEnvironment;
  #bootFailures = 0;
  #slowBoots = { count: 0, ms: 0 };
  #requests = 0;
  #placed = 0;

  constructor(environment: LifecycleEnvironment) {
    this.#environment = environment;
  }

  submit(vm: VirtualMachine): void {
    this.#environment.moved(vm);
    if (vm.phase === "pending") this.#schedule(vm);
  }

  /** The next so many boots end in BOOT_FAILURE, as with a broken image or driver. */
  failBoots(count: number): void {
    this.#bootFailures = count;
  }

  /** The next so many boots take that much longer, as from a slow datastore. */
  slowBoots(count: number, ms: number): void {
    this.#slowBoots = { count, ms };
  }

  /** `one.vm.action`. Refuses (2048) what the VM's state does not allow; ending a VM that is DONE is no mistake. */
  act(vm: VirtualMachine, action: VmAction, by: { uid: number; gid: number }): void {
    if (vm.phase === "done" && (action === "terminate" || action === "terminate-hard")) return;
    if (!allowedFrom[action].includes(vm.phase)) {
      throw wrongState(vm, action);
    }
    this.#note(vm, actionNumbers[action], by);
    this.#perform(vm, action);
  }

  /** `one.vm.recover`, for administrators: what a VM is stuck in is taken as failed or as done, tried again, or ended. */
  recover(vm: VirtualMachine, operation: Recovery): void {
    const stuck = vm.phase === "boot" || vm.phase === "prolog";
    if (operation === "delete") this.#end(vm);
    else if (operation === "failure" && stuck) this.#failBoot(vm);
    else if (operation === "success" && stuck) this.#run(vm);
    else if (operation === "retry" && vm.phase === "bootFailure") this.#boot(vm);
    else {
      throw new OneError(
        errorCode.action,
        `Error performing action "recover": This action is not available for state ${phases[vm.phase].word}`,
      );
    }
  }

  /** The guest shut itself down; monitoring finds it off, and nobody says who did it. */
  guestShutDown(vm: VirtualMachine): void {
    if (vm.phase !== "running") return;
    this.#note(vm, MONITORED, undefined);
    this.#environment.hypervisor.stop(this.#environment.zoneName, vm.id, true);
    this.#switchedOff(vm, "poweroff");
  }

  /** Its host no longer answers the monitoring. The guest may well run on. */
  hostLost(vm: VirtualMachine, guest: "runs" | "dies"): void {
    if (vm.phase !== "running") return;
    if (guest === "dies") this.#environment.hypervisor.stop(this.#environment.zoneName, vm.id, true);
    this.#move(vm, "unknown");
  }

  hostBack(vm: VirtualMachine): void {
    if (vm.phase === "unknown") this.#move(vm, "running");
  }

  get #pace(): Pace {
    return this.#environment.clock.pace;
  }

  #perform(vm: VirtualMachine, action: VmAction): void {
    switch (action) {
      case "terminate":
        this.#terminate(vm, times.shutdown);
        break;
      case "terminate-hard":
        this.#terminate(vm, times.epilog);
        break;
      case "poweroff":
        this.#leave(vm, "poweringOff", times.powerOff, "poweroff");
        break;
      case "poweroff-hard":
        this.#leave(vm, "poweringOff", times.epilog, "poweroff");
        break;
      case "stop":
        this.#leave(vm, "saving", times.save, "stopped");
        break;
      case "suspend":
        this.#leave(vm, "saving", times.save, "suspended");
        break;
      case "undeploy":
      case "undeploy-hard":
        this.#leave(vm, "shutdown", times.shutdown, "undeployed");
        break;
      case "resume":
        this.#resume(vm);
        break;
      case "reboot":
      case "reboot-hard":
        this.#environment.hypervisor.reboot(this.#environment.zoneName, vm.id);
        break;
      case "hold":
        this.#move(vm, "hold");
        break;
      case "release":
        this.#reschedule(vm);
        break;
    }
  }

  #terminate(vm: VirtualMachine, shutdownMs: number): void {
    const off = vm.history.length === 0 || vm.phase === "poweroff" || vm.phase === "undeployed";
    if (off) {
      this.#end(vm);
      return;
    }
    this.#environment.hypervisor.stop(this.#environment.zoneName, vm.id, shutdownMs < times.shutdown);
    this.#move(vm, "shutdown");
    this.#step(vm, "shutdown", shutdownMs, () => this.#end(vm));
  }

  #end(vm: VirtualMachine): void {
    const now = this.#environment.clock.seconds();
    vm.end = now;
    const record = vm.history.at(-1);
    if (record !== undefined) {
      record.runningEnd ||= now;
      leaveHost(record, now);
    }
    this.#environment.hypervisor.remove(this.#environment.zoneName, vm.id);
    this.#environment.ended(vm);
    setGraphicsPort(vm, undefined);
    this.#move(vm, "done");
  }

  #leave(vm: VirtualMachine, by: Phase, ms: number, to: Phase): void {
    this.#environment.hypervisor.stop(this.#environment.zoneName, vm.id, false);
    this.#move(vm, by);
    this.#step(vm, by, ms, () => this.#switchedOff(vm, to));
  }

  #switchedOff(vm: VirtualMachine, to: Phase): void {
    const now = this.#environment.clock.seconds();
    const record = vm.history.at(-1);
    if (record !== undefined) {
      record.runningEnd = now;
      if (to === "stopped" || to === "undeployed") leaveHost(record, now);
    }
    this.#move(vm, to);
  }

  #resume(vm: VirtualMachine): void {
    if (vm.phase === "stopped" || vm.phase === "undeployed") {
      setText(vm.attributes, "AUTOMATIC_DS_REQUIREMENTS", '("CLUSTERS/ID" @> 0) & (TM_MAD = "dummy")');
      this.#reschedule(vm);
      return;
    }
    const last = vm.history.at(-1);
    if (last === undefined) return;
    last.end = this.#environment.clock.seconds();
    vm.history.push(this.#stay(vm, { name: last.hostName, id: last.hostId }, false));
    this.#move(vm, "booting");
    this.#step(vm, "booting", this.#pace.boot, () => this.#run(vm));
  }

  #reschedule(vm: VirtualMachine): void {
    this.#move(vm, "pending");
    this.#schedule(vm);
  }

  /** Some looks go by before it is the VM's turn. */
  #schedule(vm: VirtualMachine): void {
    const { looks } = this.#pace;
    const turn = looks[this.#placed % looks.length] ?? 1;
    this.#placed += 1;
    this.#lookForHost(vm, turn);
  }

  /** Without a host the VM stays pending, says why, and is looked at again. */
  #lookForHost(vm: VirtualMachine, turn: number): void {
    this.#step(vm, "pending", turn * this.#pace.scheduler, () => {
      const host = hostFor(this.#environment.capacity, vm);
      if (host !== undefined) {
        vm.userTemplate.delete("SCHED_MESSAGE");
        this.#deploy(vm, host);
        return;
      }
      setText(vm.userTemplate, "SCHED_MESSAGE", noHostMessage(this.#environment.capacity));
      this.#environment.moved(vm);
      this.#lookForHost(vm, 1);
    });
  }

  #deploy(vm: VirtualMachine, host: Host): void {
    vm.history.push(this.#stay(vm, host, true));
    setText(vm.attributes, "TM_MAD_SYSTEM", "dummy");
    setGraphicsPort(vm, String(5900 + vm.id));
    this.#move(vm, "prolog");
    this.#step(vm, "prolog", this.#pace.prolog, () => this.#boot(vm));
  }

  #boot(vm: VirtualMachine): void {
    const slow = this.#slowBoots.count > 0;
    if (slow) this.#slowBoots.count -= 1;
    this.#move(vm, "boot");
    this.#step(vm, "boot", this.#pace.boot + (slow ? this.#slowBoots.ms : 0), () => this.#booted(vm));
  }

  #booted(vm: VirtualMachine): void {
    if (this.#bootFailures > 0) {
      this.#bootFailures -= 1;
      this.#failBoot(vm);
    } else {
      this.#run(vm);
    }
  }

  #failBoot(vm: VirtualMachine): void {
    const record = vm.history.at(-1);
    if (record !== undefined) record.runningEnd = this.#environment.clock.seconds();
    setText(vm.userTemplate, "ERROR", `${onedTime()} : Error deploying virtual machine`);
    this.#move(vm, "bootFailure");
  }

  #run(vm: VirtualMachine): void {
    const { hypervisor, zoneName, oneGateUrl } = this.#environment;
    const [context] = vectorsOf(vm.attributes, "CONTEXT");
    vm.deployId = `${vm.history.at(-1)?.hostName ?? ""}:${vm.name}:dummy`;
    hypervisor.start({
      zone: zoneName,
      vmId: vm.id,
      context: Object.fromEntries(context ?? []),
      serials: vectorsOf(vm.attributes, "DISK").flatMap((disk) => disk.get("SERIAL") ?? []),
      oneGate: { url: oneGateUrl(), token: vm.oneGateToken },
    });
    this.#move(vm, "running");
  }

  #stay(vm: VirtualMachine, host: { name: string; id: number }, prolog: boolean): History {
    const now = this.#environment.clock.seconds();
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
    this.#environment.moved(vm);
  }

  /** A later step that only counts if the VM is still where it was. */
  #step(vm: VirtualMachine, expected: Phase, ms: number, step: () => void): void {
    const stay = vm.history.length;
    this.#environment.clock.after(ms, () => {
      if (vm.phase === expected && vm.history.length === stay) step();
    });
  }
}

export type Recovery = "failure" | "success" | "retry" | "delete";

/** What ends a VM is refused in other words than the rest. */
function wrongState(vm: VirtualMachine, action: VmAction): OneError {
  const { word } = phases[vm.phase];
  const reason = action.startsWith("terminate")
    ? `Could not terminate VM ${vm.id}, wrong state ${word}.`
    : `This action is not available for state ${word}`;
  return new OneError(errorCode.action, `Error performing action "${action}": ${reason}`);
}

function leaveHost(record: History, now: number): void {
  record.epilogStart = now;
  record.epilogEnd = now;
  record.end = now;
}

/** The console's port is given with the host and taken back at the end. */
function setGraphicsPort(vm: VirtualMachine, port: string | undefined): void {
  const graphics = vectorsOf(vm.attributes, "GRAPHICS").map((given) => {
    const others = [...given].filter(([name]) => name !== "PORT");
    return new Map(port === undefined ? others : [...others, ["PORT", port]]);
  });
  if (graphics.length > 0) vm.attributes.set("GRAPHICS", graphics);
}
