/** What a zone hands a hypervisor to start one VM: nothing else of the zone is known here. */
export type VmSpec = {
  readonly zone: string;
  readonly vmId: number;
  readonly context: Readonly<Record<string, string>>;
  /** Serial numbers of those of its disks that have one. */
  readonly serials?: readonly string[] | undefined;
  readonly oneGate: { readonly url: string; readonly token: string };
};

export type VmAddress = { readonly zone: string; readonly vmId: number };

export type VmState = VmAddress & { readonly state: "running" | "stopped" };

/**
 * What runs VMs. Quick guests in this process are one kind, guests in namespaces can be another: both stand behind the
 * same HTTP interface, so a zone cannot tell which it has.
 */
export type Hypervisor = {
  /** Starts a VM, with the disk it had if it was stopped. A running one is left as it is. */
  start(spec: VmSpec): Promise<"started" | "already-running">;
  /** Ends the VM and keeps its disk; an unknown VM is already stopped. `hard` leaves it no time to say goodbye. */
  stop(vm: VmAddress, hard: boolean): Promise<void>;
  reboot(vm: VmAddress): Promise<"rebooted" | "unknown">;
  /** Ends the VM for ever, its disk too. */
  remove(vm: VmAddress): Promise<void>;
  list(): readonly VmState[];
  /** Ends every VM and leaves nothing behind on this machine. */
  close(): Promise<void>;
};
