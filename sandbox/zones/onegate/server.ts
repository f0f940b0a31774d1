import type { Answer, Request } from "../daemon.ts";
import { attributesJson, vectorsOf } from "../oned/attributes.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { phases, serviceIdOf, type VirtualMachine } from "../oned/virtual-machine.ts";
import type { Zone } from "../oned/zone.ts";
import { templateTextOf } from "./template-text.ts";

const paths: readonly string[] = ["/", "/vm", "/service"];

/** What a guest may not say of itself. */
const forbidden: readonly string[] = ["SERVICE_ID", "ROLE_NAME"];

/** OneGate: the only daemon that guests talk to. A VM is known by its id and the token it was started with. */
export class OneGateServer {
  readonly #zone: Zone;

  constructor(zone: Zone) {
    this.#zone = zone;
  }

  answer(request: Request): Answer {
    const [path = ""] = request.path.split("?");
    if (!paths.includes(path)) return reply(400, "Bad Request");
    const vm = this.#vm(request);
    if (vm === undefined) return reply(401, "Not authorized");
    switch (`${request.method} ${path}`) {
      case "GET /":
        return reply(200, JSON.stringify({ vm_info: this.#url("/vm"), service_info: this.#url("/service") }));
      case "GET /vm":
        return reply(200, JSON.stringify({ VM: vmJson(vm) }));
      case "PUT /vm":
        return this.#put(vm, request);
      case "GET /service":
        return this.#service(vm);
      default:
        return reply(400, "Bad Request");
    }
  }

  #put(vm: VirtualMachine, { body, isUtf8 }: Request): Answer {
    if (!isUtf8) return reply(500, "invalid byte sequence in UTF-8");
    const text = templateTextOf(body);
    const names = text.split("\n").map((line) => line.split("=")[0] ?? "");
    const refused = names.find((name) => forbidden.includes(name.toUpperCase()));
    if (refused !== undefined) return reply(403, `Attribute (${refused}) cannot be modified`);
    try {
      this.#zone.updateVm(vm, text, true);
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
    if (id === undefined) return reply(400, "Empty or invalid SERVICE_ID");
    if (document === undefined || document.type !== 100) return reply(404, `Service ${id} not found`);
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
    const known = vm !== undefined && request.headers["x-onegate-token"] === vm.oneGateToken;
    return known ? vm : undefined;
  }

  #url(path: string): string {
    return `${this.#zone.endpoints.oneGate}${path}`;
  }
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
