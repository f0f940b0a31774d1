import { z } from "zod";

/** How a call of the app can go wrong: refused, broken, never answered, or done with the answer lost. */
const failure = z.strictObject({
  /** A Web API method, or `response_url`, or `upload`. */
  method: z.string().min(1),
  times: z.int().min(1).default(1),
  how: z.enum(["429", "500", "hang", "lost-answer"]),
  /** Seconds in the `Retry-After` of a 429. */
  retryAfterS: z.int().min(1).default(1),
});

const disturbance = z.strictObject({
  /** `ack-lost`: the app has acknowledged, and Slack did not hear it. */
  when: z.enum(["before-delivery", "after-delivery", "ack-lost", "after-ack"]),
  /** A connection that breaks, or one that the app is asked to replace. */
  how: z.enum(["cut", "refresh"]),
  times: z.int().min(1).default(1),
});

/** What can be changed while the stand-in runs; each field left out stays as it is. */
export const settingsChange = z.strictObject({
  /** Every delivery arrives twice, the second after the first was acknowledged. */
  twice: z.boolean().optional(),
  /** Block types that the workspace refuses from now on. */
  refuseBlocks: z.array(z.string()).optional(),
  fail: failure.optional(),
  /** What happens in Socket Mode to the connection that carries the next deliveries, one after the other. */
  disturb: disturbance.optional(),
  /** Tokens that have been revoked: the app's calls are refused. */
  revoked: z.array(z.enum(["bot", "app"])).optional(),
  /** Milliseconds from `files.completeUploadExternal` to the share, before `--speed`; `never` for no share at all. */
  fileShare: z.union([z.int().min(0), z.literal("never")]).optional(),
  connect: z
    .strictObject({ channel: z.string(), workspace: z.string(), pending: z.boolean().default(false) })
    .optional(),
  disconnect: z.strictObject({ channel: z.string(), workspace: z.string() }).optional(),
  /** Puts a person or the bot (its user id) into a channel or takes them out. */
  membership: z.strictObject({ channel: z.string(), person: z.string(), member: z.boolean() }).optional(),
  /** Slack can give a channel a new id when it is shared. */
  channelId: z.strictObject({ from: z.string(), to: z.string().regex(/^C[A-Z0-9]{2,}$/) }).optional(),
  /** By another name; ids stay. */
  rename: z.strictObject({ channel: z.string(), name: z.string().regex(/^[a-z0-9_-]{1,80}$/) }).optional(),
  archive: z.strictObject({ channel: z.string(), archived: z.boolean() }).optional(),
  /** Divides the waiting times of Slack from now on. */
  speed: z.number().positive().optional(),
});

export type SettingsChange = z.infer<typeof settingsChange>;
type Failure = z.infer<typeof failure>;
export type Disturbance = Omit<z.infer<typeof disturbance>, "times">;

export interface Settings {
  speed: number;
  twice: boolean;
  refusedBlocks: ReadonlySet<string>;
  fileShare: number | "never";
  readonly failures: (Omit<Failure, "times"> & { left: number })[];
  readonly disturbances: Disturbance[];
  revoked: ReadonlySet<"bot" | "app">;
}

/** Slack takes a second or two to share a file. */
const FILE_SHARE_MS = 1500;

export function createSettings(refusedBlocks: readonly string[], speed: number): Settings {
  return {
    speed,
    twice: false,
    refusedBlocks: new Set(refusedBlocks),
    fileShare: FILE_SHARE_MS,
    failures: [],
    disturbances: [],
    revoked: new Set(),
  };
}

/** What is to happen around the next delivery in Socket Mode, used up by it. */
export const nextDisturbance = ({ disturbances }: Settings): Disturbance | undefined => disturbances.shift();

/** The failure that the next call of a method meets, used up by one. */
export function nextFailure(settings: Settings, method: string): Omit<Failure, "times"> | undefined {
  const index = settings.failures.findIndex((each) => each.method === method);
  const found = settings.failures[index];
  if (found === undefined) return undefined;
  found.left -= 1;
  if (found.left === 0) settings.failures.splice(index, 1);
  return found;
}
