import { granted, requireCreate } from "../oned/access.ts";
import { primaryGroup } from "../oned/accounts.ts";
import { type Attributes, merged, textOf, vectorsOf } from "../oned/attributes.ts";
import { extendedDisk } from "../oned/disks.ts";
import { instantiate } from "../oned/instantiation.ts";
import { nameFault } from "../oned/names.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { templateXml } from "../oned/pool-xml.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import { element } from "../xml.ts";
import type { Method } from "./method.ts";
import { appends } from "./parameters.ts";
import { poolPart } from "./pool-methods.ts";

export const templateMethods = {
  "one.template.info": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const extended = parameters.optionalBoolean();
    parameters.optionalBoolean();
    parameters.end();
    const template = granted(user, "USE", "TEMPLATE", id, zone.templates);
    if (!extended) return templateXml(template);
    const attributes: Attributes = new Map(template.attributes);
    const disks = vectorsOf(attributes, "DISK").map((disk, index) => extendedDisk(zone, user, disk, index));
    if (disks.length > 0) attributes.set("DISK", disks);
    return templateXml({ ...template, attributes });
  },

  "one.templatepool.info": (caller, parameters) => {
    const templates = poolPart(caller, parameters, "TEMPLATE", caller.zone.templates.newestFirst());
    parameters.end();
    return element("VMTEMPLATE_POOL", ...templates.map(templateXml));
  },

  "one.template.instantiate": ({ zone, user }, parameters) => {
    const templateId = parameters.integer();
    const name = parameters.string();
    const hold = parameters.boolean();
    const extra = parseTemplateText(parameters.string());
    parameters.optionalBoolean();
    parameters.end();
    return instantiate(zone, user, { templateId, name, hold, extra, context: "replaced" }).id;
  },

  "one.template.allocate": ({ zone, user }, parameters) => {
    const attributes = parsedForAllocation(parameters.string());
    parameters.end();
    requireCreate(user, "TEMPLATE");
    const name = textOf(attributes, "NAME") ?? "";
    const fault = nameFault(name);
    if (fault !== undefined) throw new OneError(errorCode.internal, fault);
    const namesake = zone.templates.newestFirst().find((other) => other.name === name && other.uid === user.id);
    if (namesake !== undefined) {
      throw new OneError(errorCode.internal, `NAME is already taken by TEMPLATE ${namesake.id}.`);
    }
    const ownership = { owner: user.name, group: primaryGroup(user).name, permissions: "600" };
    return zone.addTemplate(ownership, name, attributes).id;
  },

  "one.template.update": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    const given = parseTemplateText(parameters.string());
    const append = appends(parameters);
    parameters.end();
    const template = granted(user, "MANAGE", "TEMPLATE", id, zone.templates);
    template.attributes = append ? merged(template.attributes, given) : given;
    return id;
  },

  "one.template.delete": ({ zone, user }, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    granted(user, "MANAGE", "TEMPLATE", id, zone.templates);
    zone.templates.remove(id);
    return id;
  },
} satisfies Record<string, Method>;

/** In an allocation a parse error has another code than in an update. */
function parsedForAllocation(text: string): Attributes {
  try {
    return parseTemplateText(text);
  } catch (error) {
    if (error instanceof OneError) throw new OneError(errorCode.internal, error.message);
    throw error;
  }
}
