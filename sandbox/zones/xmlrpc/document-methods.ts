import { granted, requireCreate } from "../oned/access.ts";
import { primaryGroup } from "../oned/accounts.ts";
import { type Attributes, attributesXml, merged, textOf } from "../oned/attributes.ts";
import { nameFault } from "../oned/names.ts";
import { headXml, type OtherDocument, permissionsXml } from "../oned/objects.ts";
import { errorCode, OneError } from "../oned/one-error.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import { type FlowDocument, isServiceBody, isTemplateBody } from "../oneflow/bodies.ts";
import { parsedJson } from "../oneflow/json.ts";
import { cdataElement, element, textElement } from "../xml.ts";
import type { Caller, Method } from "./method.ts";
import { appends } from "./parameters.ts";
import { poolPart } from "./pool-methods.ts";

/** Documents: OneFlow's, whose BODY is JSON, and anybody's. */
export const documentMethods = {
  "one.document.info": (caller, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    return documentXml(found(caller, "USE", id));
  },

  /** The type comes last and is no optional parameter: 100 services, 101 service templates. */
  "one.documentpool.info": (caller, parameters) => {
    const { documents, otherDocuments } = caller.zone;
    const all = [...documents.newestFirst(), ...otherDocuments.newestFirst()].sort((a, b) => b.id - a.id);
    const seen = poolPart(caller, parameters, "DOCUMENT", all);
    const type = parameters.integer();
    parameters.end();
    return element("DOCUMENT_POOL", ...seen.filter((document) => document.type === type).map(documentXml));
  },

  "one.document.allocate": ({ zone, user }, parameters) => {
    const attributes = parsed(parameters.string());
    const type = parameters.integer();
    parameters.end();
    requireCreate(user, "DOCUMENT");
    const name = textOf(attributes, "NAME") ?? "";
    const fault = nameFault(name);
    if (fault !== undefined) throw new OneError(errorCode.internal, fault);
    const group = primaryGroup(user);
    const id = zone.documents.nextId;
    const owned = { id, uid: user.id, uname: user.name, gid: group.id, gname: group.name, name, permissions: "600" };
    const body = parsedJson(textOf(attributes, "BODY") ?? "")?.value;
    if (type === 100 && isServiceBody(body)) zone.documents.add(() => ({ ...owned, type, body }));
    else if (type === 101 && isTemplateBody(body)) zone.documents.add(() => ({ ...owned, type, body }));
    else {
      zone.otherDocuments.add(() => ({ ...owned, type, attributes: withoutName(attributes) }));
      zone.documents.startAt(id + 1);
    }
    return id;
  },

  "one.document.update": (caller, parameters) => {
    const id = parameters.integer();
    const given = parseTemplateText(parameters.string());
    const append = appends(parameters);
    parameters.end();
    const document = found(caller, "MANAGE", id);
    if ("attributes" in document) {
      document.attributes = append ? merged(document.attributes, given) : given;
      return id;
    }
    const body = parsedJson(textOf(given, "BODY") ?? "")?.value;
    if (document.type === 100 && isServiceBody(body)) document.body = body;
    if (document.type === 101 && isTemplateBody(body)) document.body = body;
    return id;
  },

  "one.document.delete": (caller, parameters) => {
    const id = parameters.integer();
    parameters.optionalBoolean();
    parameters.end();
    found(caller, "MANAGE", id);
    caller.zone.documents.remove(id);
    caller.zone.otherDocuments.remove(id);
    return id;
  },
} satisfies Record<string, Method>;

function found({ zone, user }: Caller, right: "USE" | "MANAGE", id: number): FlowDocument | OtherDocument {
  return granted<FlowDocument | OtherDocument>(user, right, "DOCUMENT", id, {
    get: (wanted) => zone.documents.get(wanted) ?? zone.otherDocuments.get(wanted),
  });
}

function documentXml(document: FlowDocument | OtherDocument): string {
  const inside =
    "attributes" in document ? attributesXml(document.attributes) : cdataElement("BODY", JSON.stringify(document.body));
  return element(
    "DOCUMENT",
    headXml(document),
    textElement("TYPE", document.type),
    permissionsXml(document.permissions),
    element("TEMPLATE", inside),
  );
}

/** In an allocation a parse error has another code than in an update. */
function parsed(text: string): Attributes {
  try {
    return parseTemplateText(text);
  } catch (error) {
    throw error instanceof OneError ? new OneError(errorCode.internal, error.message) : error;
  }
}

function withoutName(attributes: Attributes): Attributes {
  return new Map([...attributes].filter(([name]) => name !== "NAME"));
}
