import { flowState, isServiceBody, type ServiceBody, stateWord } from "./bodies.ts";
import { FlowError } from "./flow-error.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** What an update leaves alone, of the service and of each role: the first that is another is named. */
const OF_SERVICE = ["deployment", "log", "name", "registration_time", "start_time", "state"] as const;
const OF_ROLE = ["cardinality", "last_vmname", "nodes", "parents", "state", "template_id"] as const;

const updatable: readonly number[] = [flowState.running, flowState.warning, flowState.hold];

/**
 * `PUT /service/:id`: the whole body anew, in which only what does not touch VMs may be another: descriptions, limits,
 * policies. Throws FlowErrors in the words of OneFlow's source; no recording has them.
 */
export function updatedService(before: ServiceBody, given: JsonObject): ServiceBody {
  if (!updatable.includes(before.state)) {
    throw new FlowError(500, `Service cannot be updated in state: ${stateWord(before.state)}`);
  }
  const roles = Array.isArray(given["roles"]) ? given["roles"].filter(isJsonObject) : [];
  if (roles.length !== before.roles.length) throw immutable("service/roles size");
  const changed = changedIn(before, given, OF_SERVICE);
  if (changed === "name") throw new FlowError(500, "To change `service/name` use rename operation");
  if (changed !== undefined) throw immutable(`service/${changed}`);
  for (const [index, role] of before.roles.entries()) {
    const other = changedIn(role, roles[index] ?? {}, OF_ROLE);
    if (other !== undefined) throw immutable(`role/${other}`);
  }
  if (!isServiceBody(given)) throw new FlowError(500, "The service's body cannot be read");
  return given;
}

const changedIn = <Name extends string>(
  before: Readonly<Record<string, unknown>>,
  given: JsonObject,
  names: readonly Name[],
): Name | undefined => names.find((name) => JSON.stringify(before[name]) !== JSON.stringify(given[name]));

const immutable = (what: string): FlowError => new FlowError(500, `Immutable value: \`${what}\` can not be changed`);
