import { granted, requireCreate } from "../oned/access.ts";
import { primaryGroup } from "../oned/accounts.ts";
import { textOf } from "../oned/attributes.ts";
import { nameFault } from "../oned/names.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { networkTemplateXml } from "../oned/pool-xml.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import { element } from "../xml.ts";
import type { Method } from "./method.ts";
import { poolPart } from "./pool-methods.ts";

/** Templates of networks, of which OneFlow makes a service's own. */
export const networkTemplateMethods = {
  "one.vntemplate.allocate": ({ zone, user }, parameters) => {
    const attributes = parseTemplateText(parameters.string());
    parameters.end();
    requireCreate(user, "VNTEMPLATE");
    const name = textOf(attributes, "NAME") ?? "";
    const fault = nameFault(name);
    if (fault !== undefined) throw new OneError(errorCode.internal, fault);
    const ownership = { owner: user.name, group: primaryGroup(user).name, permissions: "600" };
    return zone.addNetworkTemplate(ownership, name, attributes).id;
  },

  "one.vntemplate.info": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    return networkTemplateXml(granted(user, "USE", "VNTEMPLATE", id, zone.networkTemplates));
  },

  "one.vntemplatepool.info": (caller, parameters) => {
    const templates = poolPart(caller, parameters, "VNTEMPLATE", caller.zone.networkTemplates.newestFirst());
    parameters.end();
    return element("VNTEMPLATE_POOL", ...templates.map(networkTemplateXml));
  },

  "one.vntemplate.instantiate": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const name = parameters.string();
    const extra = parseTemplateText(parameters.optionalString());
    parameters.end();
    return zone.makeNetwork(user, id, name, extra).id;
  },

  "one.vntemplate.delete": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.end();
    granted(user, "MANAGE", "VNTEMPLATE", id, zone.networkTemplates);
    zone.networkTemplates.remove(id);
    return id;
  },
} satisfies Record<string, Method>;
