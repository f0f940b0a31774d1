import type { FrontEnd } from "../front-end.ts";
import { type Attributes, merged, type Vector } from "../oned/attributes.ts";
import { releaseAddress, takeLease } from "../oned/leases.ts";
import type { Image } from "../oned/objects.ts";
import { OneError } from "../oned/one-error.ts";
import { parseTemplateText } from "../oned/template-text.ts";
import type { VirtualMachine } from "../oned/virtual-machine.ts";
import { vmActions } from "../oned/vm-actions.ts";
import type { Zone } from "../oned/zone.ts";
import { CommandRefused } from "./command-refused.ts";
import type { Command, CommandResult } from "./commands.ts";
import { addServiceDocument, giveVm, userCalled } from "./ownership.ts";

const administrator = { uid: 0, gid: 0 };
const ON_HOLD = -1;

export async function carryOut(frontEnd: FrontEnd, command: Command): Promise<CommandResult> {
  const { zone } = frontEnd;
  switch (command.do) {
    case "update-template": {
      const template = found(zone.templates.get(command.template), "VM template", command.template);
      const given = parseTemplateText(command.text);
      template.attributes = command.replace ? given : merged(template.attributes, given);
      return {};
    }
    case "add-template": {
      const ownership = { owner: "oneadmin", group: "flower", permissions: "640" };
      return { id: zone.addTemplate(ownership, command.name, parseTemplateText(command.text)).id };
    }
    case "delete-template":
      found(zone.templates.get(command.template), "VM template", command.template);
      zone.templates.remove(command.template);
      return {};
    case "remake-image":
      return { id: remakeImage(zone, found(zone.images.get(command.image), "image", command.image), command.repoint) };
    case "delete-image":
      found(zone.images.get(command.image), "image", command.image);
      zone.images.remove(command.image);
      return {};
    case "set-image-state":
      found(zone.images.get(command.image), "image", command.image).state = command.state;
      return {};
    case "take-lease": {
      const network = found(zone.networks.get(command.network), "network", command.network);
      if (takeLease(network, ON_HOLD, command.ip) === undefined) throw new CommandRefused(`${command.ip} is not free`);
      return {};
    }
    case "free-lease":
      releaseAddress(found(zone.networks.get(command.network), "network", command.network), command.ip);
      return {};
    case "set-quota":
      setQuota(zone, command);
      return {};
    default:
      return carryOutOnVms(frontEnd, command);
  }
}

async function carryOutOnVms(frontEnd: FrontEnd, command: Command): Promise<CommandResult> {
  const { zone } = frontEnd;
  const vm = (id: number) => found(zone.vms.get(id), "VM", id);
  switch (command.do) {
    case "vm-action":
      act(zone, vm(command.vm), command.action);
      return {};
    case "update-vm":
      zone.updateVm(vm(command.vm), command.text, true);
      return {};
    case "guest-shutdown":
      zone.lifecycle.guestShutDown(vm(command.vm));
      return {};
    case "host-lost":
      zone.lifecycle.hostLost(vm(command.vm), command.guest);
      return {};
    case "host-back":
      zone.lifecycle.hostBack(vm(command.vm));
      return {};
    case "fail-boots":
      zone.lifecycle.failBoots(command.times);
      return {};
    case "slow-boots":
      zone.lifecycle.slowBoots(command.times, command.ms);
      return {};
    case "give-vm":
      giveVm(zone, vm(command.vm), command.to);
      return {};
    default:
      return carryOutOnAccounts(frontEnd, command);
  }
}

async function carryOutOnAccounts(frontEnd: FrontEnd, command: Command): Promise<CommandResult> {
  const { zone } = frontEnd;
  switch (command.do) {
    case "remake-user":
      return { id: zone.accounts.remake(userCalled(zone, command.user)).id };
    case "promote-user":
      zone.accounts.promote(userCalled(zone, command.user), command.administrator);
      return {};
    case "end-tokens":
      zone.accounts.endTokens(userCalled(zone, command.user));
      return {};
    case "list-zone":
      zone.listed = command.listed;
      zone.listedAt = command.at;
      return {};
    case "list-others":
      zone.others = Array.from({ length: command.count }, (_, index) => otherZone(FIRST_OTHER + index));
      return {};
    case "add-service-document":
      return { id: addServiceDocument(zone, userCalled(zone, command.owner), command.body) };
    default:
      return carryOutOnDaemons(frontEnd, command);
  }
}

const FIRST_OTHER = 1000;
const otherZone = (id: number) => ({ id, name: `Other zone ${id}`, endpoint: `https://zone-${id}.example:2633/RPC2` });

async function carryOutOnDaemons(frontEnd: FrontEnd, command: Command): Promise<CommandResult> {
  const { zone } = frontEnd;
  switch (command.do) {
    case "stall-networks":
      frontEnd.services.stallNetworks(command.times);
      return {};
    case "hold-cooldowns":
      frontEnd.services.holdCooldowns(command.held);
      return {};
    case "enable-zone":
      zone.enabled = command.enabled;
      return {};
    case "miss-ready":
      frontEnd.services.missEvents(command.times);
      return {};
    case "delete-service":
      deleteService(zone, command.service, command.vms);
      return {};
    case "delete-service-template":
      found(zone.documents.get(command.template), "service template", command.template);
      zone.documents.remove(command.template);
      return {};
    case "fault":
      frontEnd.faults.plan(command.fault);
      return {};
    case "clear-faults":
      frontEnd.faults.clear(command.kind);
      return {};
    case "down":
      await frontEnd.down(command.part);
      return {};
    case "up":
      await frontEnd.up();
      return {};
    default:
      throw new CommandRefused(`${command.do} is not known`);
  }
}

function found<Thing>(thing: Thing | undefined, kind: string, id: number): Thing {
  if (thing === undefined) throw new CommandRefused(`there is no ${kind} ${id}`);
  return thing;
}

function act(zone: Zone, vm: VirtualMachine, wanted: string): void {
  const action = vmActions.find((known) => known === wanted);
  if (action === undefined) throw new CommandRefused(`${wanted} is none of ${vmActions.join(", ")}`);
  try {
    zone.lifecycle.act(vm, action, administrator);
  } catch (error) {
    throw error instanceof OneError ? new CommandRefused(error.message) : error;
  }
}

function remakeImage(zone: Zone, old: Image, repoint: boolean): number {
  zone.images.remove(old.id);
  const ownership = { owner: old.uname, group: old.gname, permissions: old.permissions };
  const { id } = zone.addImage(ownership, old);
  if (repoint) {
    for (const template of zone.templates.newestFirst()) repointDisks(template.attributes, old.id, id);
  }
  return id;
}

function repointDisks(attributes: Attributes, from: number, to: number): void {
  const disks = attributes.get("DISK");
  if (disks === undefined) return;
  const names = (disk: Vector) => disk.get("IMAGE_ID") === String(from);
  attributes.set(
    "DISK",
    disks.map((disk) =>
      typeof disk !== "string" && names(disk) ? new Map([...disk, ["IMAGE_ID", String(to)]]) : disk,
    ),
  );
}

function setQuota(zone: Zone, { of, vm, leases }: Extract<Command, { do: "set-quota" }>): void {
  const owners = "user" in of ? zone.accounts.users : zone.accounts.groups;
  const name = "user" in of ? of.user : of.group;
  const owner = owners.find((candidate) => candidate.name === name);
  if (owner === undefined) throw new CommandRefused(`there is nobody called ${name}`);
  for (const [resource, limit] of Object.entries(vm)) owner.quotas.vm.set(resource, limit);
  for (const [network, limit] of Object.entries(leases)) owner.quotas.leases.set(Number(network), limit);
}

function deleteService(zone: Zone, id: number, vms: "end" | "leave"): void {
  found(zone.documents.get(id), "service", id);
  zone.documents.remove(id);
  if (vms === "leave") return;
  for (const vm of zone.vmsOfService(id)) zone.lifecycle.recover(vm, "delete");
}
