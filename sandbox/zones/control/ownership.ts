import { primaryGroup, type User } from "../oned/accounts.ts";
import type { VirtualMachine } from "../oned/virtual-machine.ts";
import type { Zone } from "../oned/zone.ts";
import { isServiceBody } from "../oneflow/bodies.ts";
import { CommandRefused } from "./command-refused.ts";

export function userCalled(zone: Zone, name: string): User {
  const user = zone.accounts.users.find((candidate) => candidate.name === name);
  if (user === undefined) throw new CommandRefused(`there is nobody called ${name}`);
  return user;
}

export function giveVm(zone: Zone, vm: VirtualMachine, to: string): void {
  Object.assign(vm, belongingTo(userCalled(zone, to)));
}

/** What the body leaves out is that of an empty service; a state that no OneFlow knows is taken. */
export function addServiceDocument(zone: Zone, owner: User, given: Readonly<Record<string, unknown>>): number {
  const now = zone.clock.seconds();
  const empty = {
    name: "odd",
    deployment: "none",
    description: "",
    roles: [],
    registration_time: now,
    start_time: now,
  };
  const body = { ...empty, state: 99, ...given };
  if (!isServiceBody(body)) throw new CommandRefused("the stand-in cannot keep such a body");
  const added = zone.documents.add((id) => ({
    ...belongingTo(owner),
    id,
    name: body.name,
    permissions: "600",
    type: 100,
    body,
  }));
  return added.id;
}

function belongingTo(user: User) {
  const group = primaryGroup(user);
  return { uid: user.id, uname: user.name, gid: group.id, gname: group.name };
}
