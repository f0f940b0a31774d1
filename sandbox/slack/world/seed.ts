import { z } from "zod";

const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}[A-Z0-9]{2,}$`));

const workspace = z.strictObject({ id: id("T"), name: z.string().min(1), domain: z.string().regex(/^[a-z0-9-]+$/) });
const person = z.strictObject({
  id: id("[UW]"),
  workspace: id("T"),
  name: z.string().min(1),
  /** On Enterprise Grid: what a person does in a message or a modal comes from the organisation, not from a workspace. */
  organisation: z.strictObject({ id: id("E"), workspaces: z.array(id("T")) }).optional(),
});
const channel = z.strictObject({
  id: id("[CGD]"),
  name: z.string().min(1),
  host: id("T"),
  /** The other workspaces that are in this channel, through Slack Connect. */
  connected: z.array(id("T")).default([]),
  /** Workspaces that were invited and have not accepted yet. */
  pending: z.array(id("T")).default([]),
  members: z.array(id("[UW]")).default([]),
  botIsMember: z.boolean().default(true),
  isPrivate: z.boolean().default(false),
  isArchived: z.boolean().default(false),
  /** A direct message between one person and the bot. */
  isDirect: z.boolean().default(false),
});

const app = z.strictObject({
  id: id("A"),
  name: z.string().min(1),
  /** The workspace that installed the app: the only one whose members have its slash command. */
  workspace: id("T"),
  botId: id("B"),
  botUserId: id("[UW]"),
  command: z.string().regex(/^\/[a-z0-9_-]{1,32}$/),
});

/** Who exists and what is connected to what. Read from `--seed FILE`, or built by `defaultSeed`. */
export const worldSeed = z
  .strictObject({
    app,
    workspaces: z.array(workspace).min(1),
    people: z.array(person),
    channels: z.array(channel),
  })
  .superRefine((seed, context) => {
    for (const message of danglingIds(seed)) context.addIssue({ code: "custom", message });
  });

export type WorldSeed = z.infer<typeof worldSeed>;
export type WorkspaceSeed = z.infer<typeof workspace>;
export type PersonSeed = z.infer<typeof person>;
export type ChannelSeed = z.infer<typeof channel>;
export type AppSeed = z.infer<typeof app>;

interface Links {
  readonly app: AppSeed;
  readonly workspaces: readonly WorkspaceSeed[];
  readonly people: readonly PersonSeed[];
  readonly channels: readonly ChannelSeed[];
}

function danglingIds({ app, workspaces, people, channels }: Links): string[] {
  const teams = new Set(workspaces.map((each) => each.id));
  const persons = new Map(people.map((each) => [each.id, each.workspace]));
  const named = [...workspaces, ...people, ...channels].map((each) => each.id);
  const uses = [
    { where: "the app", teams: [app.workspace] },
    ...people.map((each) => ({ where: each.id, teams: [each.workspace] })),
    ...channels.map((each) => ({ where: each.id, teams: [each.host, ...each.connected, ...each.pending] })),
  ];
  const strangers = channels.flatMap((channel) =>
    channel.members
      .filter((member) => ![channel.host, ...channel.connected].includes(persons.get(member) ?? ""))
      .map((member) => `${channel.id} has the member ${member}, whose workspace is not in the channel`),
  );
  return [
    ...named.filter((each, index) => named.indexOf(each) !== index).map((each) => `${each} is named twice`),
    ...uses.flatMap(({ where, teams: used }) =>
      used.filter((team) => !teams.has(team)).map((team) => `${where} names the unknown workspace ${team}`),
    ),
    ...strangers,
  ];
}
