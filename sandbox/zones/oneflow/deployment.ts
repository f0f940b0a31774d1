import type { User } from "../oned/accounts.ts";
import { attributesFromJson, setText, textOf } from "../oned/attributes.ts";
import { instantiate } from "../oned/instantiation.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import type { VirtualMachine } from "../oned/virtual-machine.ts";
import type { Zone } from "../oned/zone.ts";
import type { Node, Role, ServiceBody, ServiceDocument } from "./bodies.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

const DEFAULT_COOLDOWN_SECONDS = 300;

/** Before the networks are there a role has no nodes. */
export function beginRole({ on_hold: all }: Pick<ServiceBody, "on_hold">, role: Role): void {
  role.nodes = [];
  role.on_hold = all === true || role.on_hold === true;
}

/**
 * Fills in `$network` of the role's contents and copies every user input to them and to their CONTEXT, so that it
 * reaches USER_TEMPLATE and CONTEXT of the VMs. An input overwrites an entry of the same name.
 */
export function completeRole(body: ServiceBody, role: Role): void {
  role.cooldown ??= DEFAULT_COOLDOWN_SECONDS;
  const inputs = { ...body.user_inputs_values, ...role.user_inputs_values };
  const contents = withNetworks(role.template_contents ?? {}, networkIds(body));
  const context = isJsonObject(contents["CONTEXT"]) ? contents["CONTEXT"] : {};
  if (Object.keys(inputs).length > 0) {
    const references = Object.keys(inputs).map((name) => [name, `$${name}`]);
    contents["CONTEXT"] = { ...context, ...Object.fromEntries(references) };
  }
  role.template_contents = { ...contents, ...inputs };
}

/** One more VM of the role; undefined when it was made, else oned's refusal. */
export function addNode(zone: Zone, owner: User, service: ServiceDocument, role: Role): string | undefined {
  const number = role.last_vmname ?? 0;
  role.last_vmname = number + 1;
  const extra = attributesFromJson(role.template_contents ?? {});
  setText(extra, "SERVICE_ID", String(service.id));
  setText(extra, "ROLE_NAME", role.name);
  try {
    const vm = instantiate(zone, owner, {
      templateId: role.template_id,
      name: `${role.name}_${number}_(service_${service.id})`,
      hold: role.on_hold === true,
      extra,
      context: "merged",
    });
    role.nodes = [...(role.nodes ?? []), nodeOf(vm)];
    return undefined;
  } catch (error) {
    if (!(error instanceof OneError)) throw error;
    return `[one.template.instantiate] ${error.message}`;
  }
}

/**
 * Which VMs OneFlow terminates when it shuts a role down: all of them, but when there are fewer than its cardinality
 * it takes the difference for the number to end, and the last min(k, n - k) of k of n stay.
 */
export function nodesToEnd(role: Role): Node[] {
  const nodes = role.nodes ?? [];
  return nodes.length === role.cardinality ? nodes : nodes.slice(0, nodes.length - role.cardinality);
}

function nodeOf(vm: VirtualMachine): Node {
  return {
    deploy_id: vm.id,
    vm_info: {
      VM: {
        ID: String(vm.id),
        UID: String(vm.uid),
        GID: String(vm.gid),
        UNAME: vm.uname,
        GNAME: vm.gname,
        NAME: vm.name,
      },
    },
  };
}

/** Networks that the service has of its own are reserved in another, or made of a template; undefined when all are there, else oned's refusal. */
export function makeNetworks(zone: Zone, owner: User, { id, body }: ServiceDocument): string | undefined {
  try {
    for (const [name, value] of (body.networks_values ?? []).flatMap((each) => Object.entries(each))) {
      const own = `${name}-${id}`;
      if (value["reserve_from"] !== undefined) reserveNetwork(zone, owner, own, value);
      else if (value["template_id"] !== undefined) makeNetwork(zone, owner, own, value);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

class Refused extends Error {}

function asked<T>(method: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof OneError ? new Refused(`[${method}] ${error.message}`) : error;
  }
}

function makeNetwork(zone: Zone, owner: User, name: string, value: JsonObject): void {
  const extra = parseTemplateText(String(value["extra"] ?? ""));
  const id = Number(value["template_id"]);
  const made = asked("one.vntemplate.instantiate", () => zone.makeNetwork(owner, id, name, extra));
  Object.assign(value, { id: made.id });
}

function reserveNetwork(zone: Zone, owner: User, name: string, value: JsonObject): void {
  const from = String(value["reserve_from"]);
  const extra = `${String(value["extra"] ?? "")}\nNAME="${name}"\n`;
  const parent = zone.networks.get(Number(from));
  const made = asked("one.vn.reserve", () => {
    if (parent === undefined) throw new OneError(errorCode.noSuchObject, `Error getting virtual network [${from}].`);
    return zone.reserve(owner, parent, name, Number(textOf(parseTemplateText(extra), "SIZE") ?? 0));
  });
  Object.assign(value, { extra, id: made.id });
}

export function removeOwnNetworks(zone: Zone, { body }: ServiceDocument): void {
  for (const value of (body.networks_values ?? []).flatMap((each) => Object.values(each))) {
    const network =
      (value["reserve_from"] ?? value["template_id"]) === undefined
        ? undefined
        : zone.networks.get(Number(value["id"]));
    if (network !== undefined) zone.removeNetwork(network);
  }
}

/** Numbers for what OneFlow has made, text for what it was given. */
function networkIds(body: ServiceBody): ReadonlyMap<string, unknown> {
  const ids = new Map<string, unknown>();
  for (const value of body.networks_values ?? []) {
    for (const [name, { id }] of Object.entries(value)) ids.set(`$${name}`, id);
  }
  return ids;
}

function withNetworks(contents: JsonObject, networks: ReadonlyMap<string, unknown>): JsonObject {
  const replaced = Object.entries(contents).map(([key, value]): [string, unknown] => [
    key,
    replacedIn(value, networks),
  ]);
  return Object.fromEntries(replaced);
}

function replacedIn(value: unknown, networks: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => replacedIn(item, networks));
  if (isJsonObject(value)) return withNetworks(value, networks);
  return typeof value === "string" ? (networks.get(value) ?? value) : value;
}
