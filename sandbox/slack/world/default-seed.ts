import type { ChannelSeed, PersonSeed, WorldSeed } from "./seed.ts";

const ASTER = "T0ASTER001";
const BIRCH = "T0BIRCH001";
const REQUESTER = "U0REQUEST1";
const STRANGER_OF_ASTER = "U0STRANGE1";
const STRANGER_OF_BIRCH = "U0STRANGE2";
const OUTSIDER = "U0OUTSIDE1";

/**
 * The world of README.md: Aster installed the bot, Birch is connected to it; one channel and two owners per zone,
 * whose letter is in their ids (zone-b: channel `C0ZONEB001`, owners `U0OWNERB01` and `U0OWNERB02`).
 * @param zones how many zones, 1 to 26: zone-a, zone-b, …
 * @param command the slash command of the app
 */
export function defaultSeed(zones: number, command: string): WorldSeed {
  const letters = Array.from({ length: zones }, (_, index) => String.fromCharCode(65 + index));
  const owners = letters.flatMap((letter, index) => ownersOf(letter, index));
  const both = [REQUESTER, STRANGER_OF_ASTER, STRANGER_OF_BIRCH];
  return {
    app: {
      id: "A0FLORIST1",
      name: "florist",
      workspace: ASTER,
      botId: "B0FLORIST1",
      botUserId: "U0FLORIST1",
      command,
    },
    workspaces: [
      { id: ASTER, name: "Aster", domain: "aster" },
      { id: BIRCH, name: "Birch", domain: "birch" },
    ],
    people: [
      { id: REQUESTER, workspace: ASTER, name: "rosa" },
      { id: STRANGER_OF_ASTER, workspace: ASTER, name: "stan" },
      { id: STRANGER_OF_BIRCH, workspace: BIRCH, name: "stella" },
      { id: OUTSIDER, workspace: ASTER, name: "otto" },
      ...owners,
    ],
    channels: [
      channel("C0FEDERATE", "federation", [BIRCH], [...both, ...owners.map(({ id }) => id)]),
      ...letters.map((letter) => zoneChannel(letter, owners)),
      { ...channel("C0RANDOM01", "random", [], [REQUESTER, STRANGER_OF_ASTER, OUTSIDER]), botIsMember: false },
      { ...channel("D0REQUEST1", "directmessage", [], [REQUESTER]), isDirect: true, isPrivate: true },
    ],
  };
}

/** Owners of zone-a, zone-c, … belong to Aster, those of zone-b, zone-d, … to Birch. */
function ownersOf(letter: string, index: number): PersonSeed[] {
  const workspace = index % 2 === 0 ? ASTER : BIRCH;
  const small = letter.toLowerCase();
  return [
    { id: `U0OWNER${letter}01`, workspace, name: `owner-${small}` },
    { id: `U0OWNER${letter}02`, workspace, name: `second-owner-${small}` },
  ];
}

/** The channel of zone-a is Aster's own; every other one is shared with Birch. */
function zoneChannel(letter: string, owners: readonly PersonSeed[]): ChannelSeed {
  const own = owners.filter(({ id }) => id.startsWith(`U0OWNER${letter}`)).map(({ id }) => id);
  const name = `zone-${letter.toLowerCase()}`;
  if (letter === "A") return channel("C0ZONEA001", name, [], [...own, STRANGER_OF_ASTER]);
  return channel(`C0ZONE${letter}001`, name, [BIRCH], [...own, STRANGER_OF_ASTER, STRANGER_OF_BIRCH]);
}

function channel(id: string, name: string, connected: string[], members: string[]): ChannelSeed {
  return {
    id,
    name,
    host: ASTER,
    connected,
    pending: [],
    members,
    botIsMember: true,
    isPrivate: false,
    isArchived: false,
    isDirect: false,
  };
}
