import type { AppSeed, ChannelSeed, PersonSeed, WorkspaceSeed, WorldSeed } from "./seed.ts";

export type Workspace = WorkspaceSeed;
export type Person = PersonSeed;
export type Channel = ChannelSeed;

/** Who exists and who is where. Channels change while the stand-in runs; people and workspaces do not. */
export interface World {
  readonly app: AppSeed;
  /** The workspace that installed the app. */
  readonly home: Workspace;
  readonly workspace: (id: string) => Workspace | undefined;
  readonly person: (id: string) => Person | undefined;
  readonly channel: (id: string) => Channel | undefined;
  readonly channels: () => readonly Channel[];
  readonly addChannel: (channel: Channel) => void;
  readonly removeChannel: (id: string) => void;
}

export function createWorld(seed: WorldSeed): World {
  const workspaces = new Map(seed.workspaces.map((each) => [each.id, each]));
  const people = new Map(seed.people.map((each) => [each.id, each]));
  const channels = new Map(structuredClone(seed.channels).map((each) => [each.id, each]));
  const home = workspaces.get(seed.app.workspace);
  if (home === undefined) {
    throw new Error(`the app is installed in ${seed.app.workspace}, which the seed does not have`);
  }
  return {
    app: seed.app,
    home,
    workspace: (id) => workspaces.get(id),
    person: (id) => people.get(id),
    channel: (id) => channels.get(id),
    channels: () => [...channels.values()],
    addChannel: (channel) => {
      channels.set(channel.id, channel);
    },
    removeChannel: (id) => {
      channels.delete(id);
    },
  };
}

/** All workspaces that are in a channel, the host first. */
export function teamsOf(channel: Channel): string[] {
  return [channel.host, ...channel.connected];
}

export function isShared(channel: Channel): boolean {
  return channel.connected.length > 0;
}

/** Whether the app's token can know of a channel at all: private ones only as a member. */
export function isKnownToApp(world: World, channel: Channel): boolean {
  if (!teamsOf(channel).includes(world.home.id)) return false;
  return channel.botIsMember || !(channel.isPrivate || channel.isDirect);
}
