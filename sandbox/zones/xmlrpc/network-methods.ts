import { granted, notAuthorized } from "../oned/access.ts";
import { textOf, type Vector, vectorsOf } from "../oned/attributes.ts";
import { releaseHold, takeLease } from "../oned/leases.ts";
import { nameFault } from "../oned/names.ts";
import type { Network } from "../oned/objects.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import type { Caller, Method } from "./method.ts";
import type { Parameters } from "./parameters.ts";

const ON_HOLD = -1;

/** Addresses held back, and networks made of another's addresses. */
export const networkMethods = {
  "one.vn.hold": (caller, parameters) => {
    const { network, ip } = lease(caller, parameters);
    if (ip === undefined || takeLease(network, ON_HOLD, ip) === undefined) {
      throw new OneError(errorCode.internal, "Address is not part of the address range or in use.");
    }
    return network.id;
  },

  "one.vn.release": (caller, parameters) => {
    const { network, ip } = lease(caller, parameters);
    if (ip !== undefined) releaseHold(network, ip);
    return network.id;
  },

  "one.vn.reserve": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const given = parseTemplateText(parameters.string());
    parameters.end();
    const refuse = (what: string) => new OneError(errorCode.action, what);
    const size = Number(textOf(given, "SIZE") ?? 0);
    const name = textOf(given, "NAME") ?? "";
    if (!(size > 0)) throw refuse("Reservation SIZE must be a greater than 0");
    if (name === "") throw refuse("NAME for reservation has to be set");
    const parent = zone.networks.get(id);
    if (parent === undefined) throw new OneError(errorCode.noSuchObject, `Error getting virtual network [${id}].`, id);
    if (parent.parent !== undefined) throw refuse("Cannot reserve addresses from a reserved VNET");
    if (!zone.mayUseNetwork(user, parent)) throw notAuthorized(user, `USE NET [${id}]`);
    const fault = nameFault(name);
    if (fault !== undefined) throw new OneError(errorCode.internal, fault);
    return zone.reserve(user, parent, name, size).id;
  },

  "one.vn.delete": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    const network = granted(user, "MANAGE", "NET", id, zone.networks);
    if (network.leases.size > 0) {
      throw new OneError(errorCode.action, "Can not remove a virtual network with leases in use");
    }
    zone.removeNetwork(network);
    return id;
  },
} satisfies Record<string, Method>;

/** Network and address that a hold or a release means. */
function lease({ zone, user }: Caller, parameters: Parameters): { network: Network; ip: string | undefined } {
  const id = parameters.integer();
  const text = parameters.string();
  parameters.end();
  const network = granted(user, "MANAGE", "NET", id, zone.networks);
  const [wish] = vectorsOf(parseTemplateText(text), "LEASES");
  return { network, ip: addressOf(wish) };
}

/** A MAC is 02:00 and the four bytes of the address. */
function addressOf(wish: Vector | undefined): string | undefined {
  if (wish === undefined) throw new OneError(errorCode.internal, "Empty lease description.");
  const [ip, mac] = [wish.get("IP"), wish.get("MAC")];
  if (ip !== undefined && mac !== undefined) {
    throw new OneError(errorCode.internal, "Only one attribute MAC, IP or IP6 can be set.");
  }
  if (ip === undefined && mac === undefined) throw new OneError(errorCode.internal, "Missing MAC, IP or IP6.");
  if (ip !== undefined) return ip;
  const bytes = (mac ?? "").split(":").slice(2);
  return bytes.length === 4 ? bytes.map((byte) => Number.parseInt(byte, 16)).join(".") : undefined;
}
