import { granted, type Kind, may, notAuthorized, passesFilter, range, requireFilter } from "../oned/access.ts";
import { isAdministrator } from "../oned/accounts.ts";
import type { Lease, Owned } from "../oned/objects.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { imageXml, networkXml } from "../oned/pool-xml.ts";
import { element } from "../xml.ts";
import type { Caller, Method } from "./method.ts";
import type { Parameters } from "./parameters.ts";

/** Filter, start and end of every pool call, applied. */
export function poolPart<Member extends Owned>(
  { user }: Caller,
  parameters: Parameters,
  kind: Kind,
  members: readonly Member[],
  passes: (filter: number, member: Member) => boolean = (filter, member) => passesFilter(user, filter, kind, member),
): Member[] {
  const filter = parameters.integer();
  const start = parameters.integer();
  const end = parameters.integer();
  requireFilter(filter);
  return range(
    members.filter((member) => passes(filter, member)),
    start,
    end,
  );
}

export const poolMethods = {
  "one.image.info": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    const image = granted(user, "USE", "IMAGE", id, zone.images);
    return imageXml(image, zone.vmsOfImage(image));
  },

  "one.imagepool.info": (caller, parameters) => {
    const images = poolPart(caller, parameters, "IMAGE", caller.zone.images.newestFirst());
    parameters.end();
    return element("IMAGE_POOL", ...images.map((image) => imageXml(image, caller.zone.vmsOfImage(image))));
  },

  "one.vn.info": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    const network = zone.networks.get(id);
    if (network === undefined) throw new OneError(errorCode.noSuchObject, `Error getting virtual network [${id}].`, id);
    if (!zone.mayUseNetwork(user, network)) throw notAuthorized(user, `USE NET [${id}]`);
    const shows = ({ vmId }: Lease): boolean => {
      const vm = zone.vms.get(vmId);
      return vm === undefined ? isAdministrator(user) : may(user, "USE", "VM", vm);
    };
    return networkXml(network, { shows });
  },

  "one.vnpool.info": (caller, parameters) => {
    const { zone, user } = caller;
    const usable = poolPart(caller, parameters, "NET", zone.networks.newestFirst(), (filter, network) =>
      filter === -2 ? zone.mayUseNetwork(user, network) : passesFilter(user, filter, "NET", network),
    );
    parameters.end();
    return element("VNET_POOL", ...usable.map((network) => networkXml(network, "pool")));
  },
} satisfies Record<string, Method>;
