import { once } from "node:events";
import { createServer } from "node:http";
import type { VmAddress } from "../../../sandbox/hypervisor/hypervisor.ts";

type Vm = {
  token: string;
  attributes: Map<string, string>;
  updates: Map<string, string>[];
  looks: number;
  /** What happens instead of taking the update that comes after so many. */
  cut?: { after: number; happens: () => void };
};

/** Just enough of OneGate for one guest's eyes: attributes per VM, behind the VM's token. */
export class TinyOneGate {
  readonly #vms = new Map<string, Vm>();
  readonly #server = createServer((request, response) => {
    const vm = this.#vms.get(String(request.headers["x-onegate-token"]));
    if (request.url !== "/vm" || vm === undefined) {
      response.writeHead(401).end("Not authorized");
      return;
    }
    if (this.broken) {
      request.resume();
      response.writeHead(500).end("oned is away");
      return;
    }
    if (request.method === "GET") {
      vm.looks += 1;
      const userTemplate = Object.fromEntries([...vm.attributes, ["USER_INPUTS", { X: "O|text|x" }]]);
      response.end(JSON.stringify({ VM: { USER_TEMPLATE: userTemplate } }));
      return;
    }
    if (vm.cut?.after === vm.updates.length) {
      request.socket.destroy();
      vm.cut.happens();
      return;
    }
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const update = new Map(
        body.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
      vm.updates.push(update);
      for (const [name, value] of update) {
        vm.attributes.set(name, value);
      }
      response.end();
    });
  });

  /** While true, every call fails. */
  broken = false;

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  /** Lets a VM in; what it published so far stays. */
  accessFor(vm: VmAddress): { url: string; token: string } {
    const token = tokenOf(vm);
    if (!this.#vms.has(token)) {
      this.#vms.set(token, { token, attributes: new Map(), updates: [], looks: 0 });
    }
    return { url: this.url, token };
  }

  /** Resolves when a VM tries its next update after so many; that one gets no answer, nor does any later one. */
  async silenceAfter(vm: VmAddress, updates: number): Promise<void> {
    this.accessFor(vm);
    await new Promise<void>((happens) => {
      this.#vm(vm).cut = { after: updates, happens };
    });
  }

  /** Answers a VM again. */
  answer(vm: VmAddress): void {
    delete this.#vm(vm).cut;
  }

  attributes(vm: VmAddress): Map<string, string> {
    return this.#vm(vm).attributes;
  }

  /** Every update as it came, one map each. */
  updates(vm: VmAddress): readonly ReadonlyMap<string, string>[] {
    return this.#vm(vm).updates;
  }

  /** How often a VM has read its attributes. */
  looks(vm: VmAddress): number {
    return this.#vm(vm).looks;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #vm(vm: VmAddress): Vm {
    const found = this.#vms.get(tokenOf(vm));
    if (found === undefined) {
      throw new Error(`No VM ${tokenOf(vm)}.`);
    }
    return found;
  }
}

function tokenOf({ zone, vmId }: VmAddress): string {
  return `token-${zone}-${vmId}`;
}
