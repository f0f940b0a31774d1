import type { Answer } from "../daemon.ts";
import { may, requireCreate } from "../oned/access.ts";
import { primaryGroup, type User } from "../oned/accounts.ts";
import type { Zone } from "../oned/zone.ts";
import { documentReply, noContent, poolReply, reply } from "./answers.ts";
import type { TemplateBody, TemplateDocument } from "./bodies.ts";
import { type Call, type Calls, commonAction, requiredAction, requiredDocument, requireKeepable } from "./call.ts";
import { FlowError } from "./flow-error.ts";
import { isJsonObject, parsedJson } from "./json.ts";
import type { Services } from "./services.ts";
import { checkedTemplate } from "./template-check.ts";

/** `/service_template`: what services are made from. */
export function templateCalls(zone: Zone, services: Services): Calls {
  const template = (call: Call, right: "USE" | "MANAGE") => requiredDocument(zone, call, right, 101);

  return (operation, call) => {
    switch (operation) {
      case "GET list":
        return poolReply(
          zone.documents
            .newestFirst()
            .filter((document) => document.type === 101 && may(call.user, "USE", "DOCUMENT", document)),
        );
      case "GET show":
        return documentReply(200, template(call, "USE"));
      case "POST list": {
        const body = checkedTemplate(parsed(call.body), zone.clock.seconds());
        return documentReply(201, added(zone, call.user, body));
      }
      case "PUT show": {
        const document = template(call, "MANAGE");
        zone.requireEnabled();
        document.body = checkedTemplate(parsed(call.body), document.body.registration_time);
        return documentReply(200, document);
      }
      case "DELETE show": {
        const { id } = template(call, "MANAGE");
        zone.requireEnabled();
        zone.documents.remove(id);
        return noContent();
      }
      case "POST action":
        return act(zone, services, call, template);
      default:
        return undefined;
    }
  };
}

function act(
  zone: Zone,
  services: Services,
  call: Call,
  template: (call: Call, right: "USE" | "MANAGE") => TemplateDocument,
): Answer {
  const action = requiredAction(call.body);
  const { params } = action;
  switch (action.perform) {
    case "instantiate": {
      const merge = isJsonObject(params["merge_template"]) ? params["merge_template"] : {};
      return documentReply(201, services.instantiate(call.user, template(call, "USE"), merge));
    }
    case "clone": {
      const body = structuredClone(template(call, "USE").body);
      return documentReply(201, added(zone, call.user, { ...body, name: String(params["name"] ?? body.name) }));
    }
    case "update": {
      const document = template(call, "MANAGE");
      const given = parsed(String(params["template_json"] ?? ""));
      const whole = params["append"] === true && isJsonObject(given) ? { ...document.body, ...given } : given;
      document.body = checkedTemplate(whole, document.body.registration_time);
      return noContent();
    }
    default: {
      const document = template(call, "USE");
      return commonAction(zone, document, action) === "done" ? noContent() : reply(200, "");
    }
  }
}

function added(zone: Zone, user: User, body: TemplateBody): TemplateDocument {
  requireCreate(user, "DOCUMENT");
  zone.requireEnabled();
  requireKeepable(body.name, body);
  const group = primaryGroup(user);
  const document: TemplateDocument = {
    id: zone.documents.nextId,
    uid: user.id,
    gid: group.id,
    uname: user.name,
    gname: group.name,
    name: body.name,
    permissions: "600",
    type: 101,
    body,
  };
  zone.documents.add(() => document);
  return document;
}

function parsed(text: string): unknown {
  const given = parsedJson(text);
  if (given === undefined) throw new FlowError(400, `unexpected token at '${text}'`);
  return given.value;
}
