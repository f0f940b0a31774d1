import type { Pool } from "./pool.ts";
import { countsAsRunning, numberOf, type VirtualMachine } from "./virtual-machine.ts";

export interface Host {
  readonly id: number;
  readonly name: string;
  readonly cpu: number;
  readonly memoryMb: number;
}

export interface Capacity {
  readonly hosts: readonly Host[];
  readonly vms: Pool<VirtualMachine>;
}

/** The host with most memory left that can hold the VM. */
export function hostFor({ hosts, vms }: Capacity, vm: VirtualMachine): Host | undefined {
  const left = new Map(hosts.map((host) => [host.id, { cpu: host.cpu, memory: host.memoryMb }]));
  for (const other of vms.newestFirst()) {
    const room = left.get(other.history.at(-1)?.hostId ?? -1);
    if (room === undefined || !countsAsRunning(other.phase) || other.phase === "pending") continue;
    room.cpu -= numberOf(other, "CPU");
    room.memory -= numberOf(other, "MEMORY");
  }
  const room = (host: Host) => left.get(host.id) ?? { cpu: 0, memory: 0 };
  return hosts
    .filter((host) => room(host).cpu >= numberOf(vm, "CPU") && room(host).memory >= numberOf(vm, "MEMORY"))
    .sort((a, b) => room(b).memory - room(a).memory)[0];
}

/** What the scheduler leaves in USER_TEMPLATE/SCHED_MESSAGE. */
export function noHostMessage({ hosts }: Capacity): string {
  return `${onedTime()}: [HOST] Not enough MEMORY on hosts: ${hosts.map(({ id }) => id).join(",")}`;
}

/** Now, as C's ctime writes it. */
export function onedTime(): string {
  const [weekday = "", day, month, year, time] = new Date().toUTCString().split(" ");
  return `${weekday.slice(0, 3)} ${month} ${day} ${time} ${year}`;
}
