/** What the page and its server say to each other: the server pushes what is so, the page sends what somebody does. */
import { z } from "zod";
import {
  clickRequest,
  closeRequest,
  commandRequest,
  experience,
  fillRequest,
  homeRequest,
  messageRequest,
  newsScreen,
  submitRequest,
  worldScreen,
} from "../slack/control/control-api.ts";

const vmAddress = { zone: z.string(), vmId: z.int().min(0) };
const zone = { zone: z.string() };

/** Each fault that the page can switch on and off. */
const zoneFault = z.enum(["slow", "refuse", "down", "template"]);
const vmFault = z.enum(["cut", "flap", "kill"]);
export type ZoneFault = z.infer<typeof zoneFault>;
export type VmFault = z.infer<typeof vmFault>;

export const SPEEDS = [1, 2, 5, 10, 20] as const;

export const gesture = z.discriminatedUnion("do", [
  z.object({ do: z.literal("command"), what: commandRequest }),
  z.object({ do: z.literal("message"), what: messageRequest }),
  z.object({ do: z.literal("mention"), what: messageRequest }),
  z.object({ do: z.literal("click"), what: clickRequest }),
  z.object({ do: z.literal("fill"), what: fillRequest }),
  z.object({ do: z.literal("submit"), what: submitRequest }),
  z.object({ do: z.literal("close"), what: closeRequest }),
  z.object({ do: z.literal("home"), what: homeRequest }),
  z.object({ do: z.literal("zone-fault"), ...zone, fault: zoneFault, on: z.boolean() }),
  z.object({ do: z.literal("vm-fault"), ...vmAddress, fault: vmFault, on: z.boolean() }),
  z.object({ do: z.literal("train"), ...vmAddress }),
  z.object({ do: z.literal("speed"), speed: z.literal(SPEEDS) }),
]);
export type Gesture = z.infer<typeof gesture>;

/** What came of a gesture: what the person experienced, or why nobody could do that. */
export const outcome = z.union([
  z.object({ ok: z.literal(true), experience: experience.nullable() }),
  z.object({ ok: z.literal(false), why: z.string() }),
]);
export type Outcome = z.infer<typeof outcome>;

const shownVm = z.object({
  id: z.number(),
  name: z.string(),
  /** OpenNebula's word for the state. */
  word: z.string(),
  serviceId: z.number().nullable(),
  addresses: z.array(z.string()),
  cpu: z.number(),
  memoryMb: z.number(),
  context: z.record(z.string(), z.string()),
  attributes: z.record(z.string(), z.string()),
  faults: z.array(vmFault),
});
export type ShownVm = z.infer<typeof shownVm>;

const shownZone = z.object({
  name: z.string(),
  title: z.string(),
  /** Its channel in Slack, and one of its owners. */
  answering: z.boolean(),
  faults: z.array(zoneFault),
  /** Calls of the bot in each of the last thirty spans of two seconds, the newest last. */
  calls: z.array(z.number()),
  callsPerMinute: z.number(),
  services: z.array(z.object({ id: z.number(), name: z.string(), word: z.string() })),
  vms: z.array(shownVm),
  templates: z.array(z.object({ id: z.number(), name: z.string(), memoryMb: z.number() })),
});
export type ShownZone = z.infer<typeof shownZone>;

const machinery = z.object({
  speed: z.number(),
  real: z.boolean(),
  /** Whether the bot runs: it is started again when the speed changes. */
  bot: z.enum(["running", "starting", "ended"]),
});
export type Machinery = z.infer<typeof machinery>;

const training = z.object({
  ...vmAddress,
  state: z.enum(["starting", "running", "completed", "failed"]),
  /** How many rounds it is to have. */
  of: z.number(),
  /** What has ended: how many SuperNodes answered, and the loss that they told together. */
  rounds: z.array(z.object({ round: z.number(), nodes: z.number(), loss: z.number().nullable() })),
  /** Why it failed. */
  why: z.string(),
});
export type ShownTraining = z.infer<typeof training>;

export type Message = z.infer<typeof newsScreen>["messages"][number];
export type Channel = z.infer<typeof newsScreen>["channels"][number];
export type View = z.infer<typeof newsScreen>["views"][string][number];
export type Homes = z.infer<typeof newsScreen>["homes"];
export type World = z.infer<typeof worldScreen>;

/** Pushed to the page: everything at first, then only what is different. */
export const push = z.object({
  /** Present at the beginning: what is not in this push is not there. */
  world: worldScreen.optional(),
  messages: newsScreen.shape.messages.optional(),
  gone: newsScreen.shape.gone.optional(),
  channels: newsScreen.shape.channels.optional(),
  views: newsScreen.shape.views.optional(),
  homes: newsScreen.shape.homes.optional(),
  zones: z.array(shownZone).optional(),
  machinery: machinery.optional(),
  training: training.optional(),
});
export type Push = z.infer<typeof push>;
