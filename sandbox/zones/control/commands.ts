import { z } from "zod";
import { FAULT_KINDS, fault } from "../faults.ts";

const id = z.number().int().nonnegative();
const times = z.number().int().nonnegative();

/** What an administrator, a host or bad luck does to a zone. */
export const command = z.discriminatedUnion("do", [
  /** Template text; appended by name, or instead of all there was. */
  z.object({ do: z.literal("update-template"), template: id, text: z.string(), replace: z.boolean().default(false) }),
  z.object({ do: z.literal("add-template"), name: z.string(), text: z.string() }),
  z.object({ do: z.literal("delete-template"), template: id }),
  /** Deleted and made anew under the same name; templates that named it by id name the new one unless told otherwise. */
  z.object({ do: z.literal("remake-image"), image: id, repoint: z.boolean().default(true) }),
  z.object({ do: z.literal("delete-image"), image: id }),
  z.object({ do: z.literal("set-image-state"), image: id, state: z.enum(["ready", "disabled", "locked", "error"]) }),
  z.object({ do: z.literal("take-lease"), network: id, ip: z.ipv4() }),
  z.object({ do: z.literal("free-lease"), network: id, ip: z.ipv4() }),
  z.object({
    do: z.literal("set-quota"),
    of: z.union([z.object({ user: z.string() }), z.object({ group: z.string() })]),
    vm: z.record(z.string(), z.number()).default({}),
    leases: z.record(z.string(), z.number()).default({}),
  }),
  /** As an administrator with `one.vm.action`. */
  z.object({ do: z.literal("vm-action"), vm: id, action: z.string() }),
  z.object({ do: z.literal("update-vm"), vm: id, text: z.string() }),
  z.object({ do: z.literal("guest-shutdown"), vm: id }),
  /** Into other hands: its former owner sees it no more. */
  z.object({ do: z.literal("give-vm"), vm: id, to: z.string() }),
  /** A user is deleted and made anew: same name and password, another number, and nothing that was theirs is. */
  z.object({ do: z.literal("remake-user"), user: z.string() }),
  /** Makes a user an administrator, or a plain one again. */
  z.object({ do: z.literal("promote-user"), user: z.string(), administrator: z.boolean().default(true) }),
  /** A service document that nobody's OneFlow wrote, owned by that user. */
  z.object({ do: z.literal("add-service-document"), owner: z.string(), body: z.record(z.string(), z.unknown()) }),
  z.object({ do: z.literal("host-lost"), vm: id, guest: z.enum(["runs", "dies"]).default("runs") }),
  z.object({ do: z.literal("host-back"), vm: id }),
  z.object({ do: z.literal("fail-boots"), times }),
  /** Milliseconds of a real front-end, beyond what a boot takes anyhow. */
  z.object({ do: z.literal("slow-boots"), times, ms: z.number().nonnegative() }),
  /** OneFlow makes no VM for the next so many services: they stay in DEPLOYING_NETS. */
  z.object({ do: z.literal("stall-networks"), times }),
  /** While they are held, a service stays in COOLDOWN, for whoever wants to look at it there. */
  z.object({ do: z.literal("hold-cooldowns"), held: z.boolean() }),
  z.object({ do: z.literal("enable-zone"), enabled: z.boolean() }),
  /** How the federation's pool has the zone: whether at all, and at which address; null is its own. */
  z.object({ do: z.literal("list-zone"), listed: z.boolean().default(true), at: z.string().nullable().default(null) }),
  /** So many further zones in the federation's pool, numbered on from 1000, which nobody stands in for. */
  z.object({ do: z.literal("list-others"), count: z.number().int().min(0).max(10_000) }),
  /** Login tokens of that user end now. */
  z.object({ do: z.literal("end-tokens"), user: z.string() }),
  z.object({ do: z.literal("miss-ready"), times }),
  /** Behind everybody's back: with its VMs, or the document alone. */
  z.object({ do: z.literal("delete-service"), service: id, vms: z.enum(["end", "leave"]).default("end") }),
  z.object({ do: z.literal("delete-service-template"), template: id }),
  z.object({ do: z.literal("fault"), fault }),
  /** All of them, or those of one kind. */
  z.object({ do: z.literal("clear-faults"), kind: z.enum(FAULT_KINDS).optional() }),
  z.object({ do: z.literal("down"), part: z.enum(["all", "oned"]).default("all") }),
  z.object({ do: z.literal("up") }),
]);

export type Command = z.infer<typeof command>;
export type CommandWish = z.input<typeof command>;

/** What a command made, where it made something. */
export const commandResult = z.object({ id: z.number().optional() });
export type CommandResult = z.infer<typeof commandResult>;
