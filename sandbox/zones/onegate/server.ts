import type { Answer, Request } from "../daemon.ts";
import { attributesJson, vectorsOf } from "../oned/attributes.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { phases, serviceIdOf, type VirtualMachine } from "../oned/virtual-machine.ts";
import type { Zone } from "../oned/zone.ts";

/** What a guest may not say of itself. */
const forbidden: readonly string[] = ["SERVICE_ID", "ROLE_NAME"];

/** OneGate: the only daemon that guests talk to. A VM is known by its id and the token it was started with. */
export class OneGateServer {
  readonly #zone: Zone;

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  answer(request: Request): Answer {
    const vm = this.#vm(request);
    if (vm === undefined) return reply(401, "Not authorized");
    switch (`${request.method} ${request.path}`) {
      case "GET /":
        return reply(200, JSON.stringify({ vm_info: this.#url("/vm"), service_info: this.#url("/service") }));
      case "GET /vm":
        return reply(200, JSON.stringify({ VM: vmJson(vm) }));
      case "PUT /vm":
        return this.#put(vm, request.body);
      case "GET /service":
        return this.#service(vm);
      default:
        return reply(404, "<h1>Not Found</h1>");
    }
  }

  #put(vm: VirtualMachine, body: string): Answer {
    const lines = body.split("\n").filter((line) => line.includes("="));
    const names = lines.map((line) => line.slice(0, line.indexOf("=")).trim().toUpperCase());
    const refused = names.find((name) => forbidden.includes(name));
    if (refused !== undefined) return reply(403, `Attribute ${refused} cannot be modified`);
    try {
      this.#zone.updateVm(vm, lines.map(quoted).join("\n"), true);
      return reply(200, "");
    } catch (error) {
      if (error instanceof OneError && error.code === errorCode.action)
        return reply(500, `[one.vm.update] ${error.message}`);
      throw error;
    }
  }

  #service(vm: VirtualMachine): Answer {
    const id = serviceIdOf(vm);
    const document = id === undefined ? undefined : this.#zone.documents.get(id);
    if (document === undefined || document.type !== 100) return reply(404, "The VM is not part of a service");
    const roles = document.body.roles.map((role) => ({
      name: role.name,
      cardinality: role.cardinality,
      state: role.state,
      nodes: (role.nodes ?? []).map((node) => ({ deploy_id: node.deploy_id, running: null, vm_info: node.vm_info })),
    }));
    const { name, state } = document.body;
    return reply(200, JSON.stringify({ SERVICE: { name, id: String(document.id), state, roles } }));
  }

  #vm(request: Request): VirtualMachine | undefined {
    const id = Number(request.headers["x-onegate-vmid"]);
    const vm = this.#zone.vms.get(id);
    const known = vm !== undefined && vm.phase !== "done" && request.headers["x-onegate-token"] === vm.oneGateToken;
    return known ? vm : undefined;
  }

  #url(path: string): string {
    return `${this.#zone.endpoints.oneGate}${path}`;
  }
}

/** OneGate puts each value in quotes and spoils some on the way: commas, brackets and backslashes get a backslash. */
function quoted(line: string): string {
  const equals = line.indexOf("=");
  const value = line
    .slice(equals + 1)
    .replace(/[,[\]\\]/g, "\\$&")
    .replaceAll('"', '\\"');
  return `${line.slice(0, equals)}="${value}"`;
}

function vmJson(vm: VirtualMachine): unknown {
  const { state, lcm } = phases[vm.phase];
  const nics = vectorsOf(vm.attributes, "NIC").map((nic) =>
    Object.fromEntries(["IP", "MAC", "NAME", "NETWORK"].map((name) => [name, nic.get(name)])),
  );
  return {
    NAME: vm.name,
    ID: String(vm.id),
    STATE: String(state),
    LCM_STATE: String(lcm),
    USER_TEMPLATE: attributesJson(vm.userTemplate),
    TEMPLATE: { NIC: nics, NIC_ALIAS: [] },
  };
}

function reply(status: number, body: string): Answer {
  return {
    status,
    headers: {
      "Content-Type": "application/json;charset=utf-8",
      "Content-Length": String(Buffer.byteLength(body)),
      "X-Content-Type-Options": "nosniff",
      Server: "thin",
    },
    body,
  };
}
