/** All that the bot meets, in this process: Slack, the zones and the guests. */
import { startGuests } from "./hypervisor/guests.ts";
import { startSlack } from "./slack/server.ts";
import { DEFAULT_EVENTS, DEFAULT_SCOPES } from "./slack/world/default-app.ts";
import { defaultSeed } from "./slack/world/default-seed.ts";
import { paceNamed } from "./zones/pace.ts";
import { fileRecorder, noRecord } from "./zones/record.ts";
import { type Addresses, startZones } from "./zones/zones.ts";

const COMMAND = "/flower";

export interface StandInsWish {
  readonly zones: number;
  /** Of Slack, each with two owners. */
  readonly channels: number;
  /** Of the zones; 0 takes free ports. */
  readonly portBase: number;
  readonly speed: number;
  readonly seed: string;
  readonly pace: string;
  readonly withoutOneFlow: readonly string[];
  /** The zones are an OpenNebula federation: users and login tokens of the first are those of all. */
  readonly federated: boolean;
  /** VMs are namespaces in which real Flower runs. */
  readonly real: boolean;
  /** Every exchange at Slack's and the zones' edges is appended to this file. */
  readonly record: string | undefined;
  readonly slack: { readonly botToken: string; readonly appToken: string; readonly signingSecret: string };
  /** Without it whoever reaches the guests' part may use it. */
  readonly guestsToken: string | undefined;
}

export interface ComposedStandIns extends Addresses {
  readonly slack: string;
  readonly guests: string;
  /** Ends each part, the last one first. */
  stop(): Promise<void>;
}

/** Rejects, and leaves nothing running, when a part cannot serve. */
export async function startStandIns(wish: StandInsWish): Promise<ComposedStandIns> {
  const ends: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0)) await end();
  };
  try {
    return { ...(await start(wish, ends)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  {
    zones: count,
    channels,
    portBase,
    speed,
    seed,
    pace,
    withoutOneFlow,
    federated,
    real,
    record,
    ...wish
  }: StandInsWish,
  ends: (() => Promise<void>)[],
): Promise<Omit<ComposedStandIns, "stop">> {
  const { guestsToken: token } = wish;
  const guests = await startGuests({ real, speed, seed, token, port: 0, log: "warn" });
  ends.unshift(guests.close);
  const zones = await startZones({
    zones: count,
    portBase,
    controlPort: 0,
    seed: { zones: [] },
    hypervisor: { url: guests.url, token },
    speed,
    pace: paceNamed(pace),
    withoutOneFlow,
    federated,
    record: record === undefined ? noRecord : fileRecorder(record),
  });
  ends.unshift(zones.stop);
  const slack = await startSlack({
    ...wish.slack,
    seed: defaultSeed(channels, COMMAND),
    scopes: DEFAULT_SCOPES,
    events: DEFAULT_EVENTS,
    refusedBlocks: [],
    rateLimits: true,
    speed,
    recordFile: record,
  });
  ends.unshift(slack.close);
  return { slack: slack.url, guests: guests.url, ...zones.addresses };
}
