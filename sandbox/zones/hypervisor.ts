/** What a zone asks of the machine its VMs run on. Calls for one VM are carried out in the order they were made. */
export interface Hypervisor {
  start(vm: GuestStart): void;
  stop(zone: string, vmId: number, hard: boolean): void;
  reboot(zone: string, vmId: number): void;
  remove(zone: string, vmId: number): void;
  /** Resolves when everything asked for so far was answered or given up. */
  settled(): Promise<void>;
}

export interface GuestStart {
  readonly zone: string;
  readonly vmId: number;
  readonly context: Readonly<Record<string, string>>;
  /** Serial numbers of those of its disks that have one. */
  readonly serials: readonly string[];
  readonly oneGate: { readonly url: string; readonly token: string };
}

/** VMs that nobody starts: they run as far as oned knows and never say a word. */
export const noHypervisor: Hypervisor = {
  start() {},
  stop() {},
  reboot() {},
  remove() {},
  settled: () => Promise.resolve(),
};

const ATTEMPTS = 5;
const PAUSE_MS = 200;
const DEADLINE_MS = 10_000;

/** The hypervisor's HTTP interface. One that does not answer is tried a few times and then told of on stderr. */
export class HttpHypervisor implements Hypervisor {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #queues = new Map<string, Promise<void>>();

  constructor(url: string, token: string | undefined) {
    this.#url = url.replace(/\/$/, "");
    this.#headers = { "content-type": "application/json" };
    if (token !== undefined) this.#headers["authorization"] = `Bearer ${token}`;
  }

  start(vm: GuestStart): void {
    this.#enqueue(vm.zone, vm.vmId, "POST", "/vms", vm);
  }

  stop(zone: string, vmId: number, hard: boolean): void {
    this.#enqueue(zone, vmId, "POST", `/vms/${zone}/${vmId}/stop`, { hard });
  }

  reboot(zone: string, vmId: number): void {
    this.#enqueue(zone, vmId, "POST", `/vms/${zone}/${vmId}/reboot`, {});
  }

  remove(zone: string, vmId: number): void {
    this.#enqueue(zone, vmId, "DELETE", `/vms/${zone}/${vmId}`, undefined);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  #enqueue(zone: string, vmId: number, method: string, path: string, body: unknown): void {
    const key = `${zone}/${vmId}`;
    const queue = (this.#queues.get(key) ?? Promise.resolve()).then(() => this.#call(method, path, body));
    this.#queues.set(key, queue);
    void queue.then(() => {
      if (this.#queues.get(key) === queue) this.#queues.delete(key);
    });
  }

  async #call(method: string, path: string, body: unknown): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const problem = await this.#attempt(method, path, body);
      if (problem === undefined) return;
      if (attempt === ATTEMPTS) process.stderr.write(`hypervisor: ${method} ${path} failed: ${problem}\n`);
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }

  async #attempt(method: string, path: string, body: unknown): Promise<string | undefined> {
    try {
      const response = await fetch(this.#url + path, {
        method,
        headers: this.#headers,
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      await response.arrayBuffer();
      // A VM that the hypervisor does not know is stopped and gone already; but whoever answers a start so is none.
      const unknownVm = response.status === 404 && path !== "/vms";
      return response.ok || unknownVm ? undefined : `HTTP ${response.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
