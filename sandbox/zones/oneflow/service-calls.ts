import type { Answer } from "../daemon.ts";
import { may } from "../oned/access.ts";
import { type VmAction, vmActions } from "../oned/vm-actions.ts";
import type { Zone } from "../oned/zone.ts";
import { documentReply, noContent, poolReply } from "./answers.ts";
import { isRole, type Role, type ServiceDocument } from "./bodies.ts";
import {
  type Action,
  type Call,
  type Calls,
  commonAction,
  requiredAction,
  requiredDocument,
  requiredJson,
} from "./call.ts";
import { FlowError, UncaughtFlowError } from "./flow-error.ts";
import { parsedJson } from "./json.ts";
import { updatedService } from "./service-update.ts";
import type { Services } from "./services.ts";
import { checkedRole } from "./template-check.ts";

/** What stands in the server's configuration for actions on roles. */
const usual = { period: 60, number: 1 };

/** `/service`: what runs. */
export function serviceCalls(zone: Zone, services: Services): Calls {
  return (operation, call) => {
    const service = () => requiredDocument(zone, call, "USE", 100);
    switch (operation) {
      case "GET list":
        return poolReply(
          zone.documents
            .newestFirst()
            .filter((document) => document.type === 100 && may(call.user, "USE", "DOCUMENT", document)),
        );
      case "GET show":
        return documentReply(200, service());
      case "PUT show":
        changes(zone, requiredDocument(zone, call, "MANAGE", 100), (document) => {
          document.body = updatedService(document.body, requiredJson(call.body));
        });
        return documentReply(200, service());
      case "DELETE show":
        changes(zone, service(), (document) => services.remove(document, call.user, false));
        return noContent();
      case "POST action":
        return act(zone, services, call, service);
      case "POST scale": {
        const given = requiredJson(call.body);
        changes(zone, service(), (document) =>
          services.scale(document, given["role_name"], given["cardinality"], given["force"]),
        );
        return noContent();
      }
      case "POST role_action":
        return changeRoles(services, call, service());
      case "POST role":
        return call.rest[2] === "action" ? actOnRole(services, call, service()) : undefined;
      default:
        return undefined;
    }
  };
}

function changes(zone: Zone, service: ServiceDocument, change: (service: ServiceDocument) => void): void {
  if (!zone.enabled) throw new FlowError(500, "[one.document.update] Cannot process request, zone disabled");
  change(service);
}

function act(zone: Zone, services: Services, call: Call, service: () => ServiceDocument): Answer {
  const action = requiredAction(call.body);
  const scheduled = vmActions.find((known) => known === action.perform);
  if (action.perform === "recover") {
    changes(zone, service(), (document) => {
      if (action.params["delete"]) services.remove(document, call.user, true);
      else services.recover(document, call.user);
    });
  } else if (action.perform === "release") {
    changes(zone, service(), (document) => services.release(document));
  } else if (scheduled !== undefined) {
    const document = service();
    for (const role of document.body.roles) schedule(services, document, role, scheduled, action);
  } else {
    const document = service();
    if (commonAction(zone, document, action) === undefined) {
      throw new FlowError(500, `Action ${action.perform} not supported`);
    }
  }
  return noContent();
}

function actOnRole(services: Services, call: Call, service: ServiceDocument): Answer {
  const action = requiredAction(call.body);
  requireParams(action);
  const [, name = ""] = call.rest;
  const role = service.body.roles.find((other) => other.name === decodeURIComponent(name));
  if (role === undefined) throw new FlowError(500, `Role '${name}' not found`);
  const known = vmActions.find((other) => other === action.perform);
  if (known !== undefined) schedule(services, service, role, known, action);
  return noContent();
}

function schedule(services: Services, service: ServiceDocument, role: Role, perform: VmAction, action: Action): void {
  requireParams(action);
  const { period, number } = { ...usual, ...action.params };
  services.schedule(service, role, perform, Number(period), Number(number));
}

function requireParams({ hasParams }: Action): void {
  if (hasParams) return;
  throw new UncaughtFlowError(
    "undefined method `[]' for nil:NilClass\n\n    opts['period'] ||= conf[:action_period]\n        ^^^^^^^^^^",
  );
}

function changeRoles(services: Services, call: Call, service: ServiceDocument): Answer {
  const { perform, params } = requiredAction(call.body);
  const given = params["role"];
  switch (perform) {
    case "add_role": {
      const role = { ...checkedRole(typeof given === "string" ? parsedJson(given)?.value : given), state: 0 };
      if (!isRole(role)) throw new FlowError(400, "KEY: 'role' must be an Object;");
      services.addRole(service, role);
      return noContent();
    }
    case "remove_role":
      services.removeRole(service, String(given), call.user);
      return noContent();
    default:
      throw new FlowError(500, `Action ${perform} not supported`);
  }
}
