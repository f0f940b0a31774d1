/** The zones file of the sandbox: an ordinary one, with short durations. */
export interface ZoneAddresses {
  readonly name: string;
  readonly xmlrpc: string;
  /** null: it has none. */
  readonly oneflow: string | null;
}

/** People and channels of the stand-in for Slack, as its README lists them. */
const HOME_CHANNEL = "C0FEDERATE";
const TEAMS = ["T0ASTER001", "T0BIRCH001"] as const;

/** A public key whose private half was thrown away: enough to see where it goes. */
const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAdZ22xxnzZ9yiTcGRAxgcu9O0VwNt5Pb0akgIZGeKAc";

/** Where tunnels of federations that zone-a coordinates are reached from outside: an address of that zone's router. */
export const SANDBOX_HUB = { zone: "zone-a", ip: "203.0.113.9", port: 51820 } as const;

const letterOf = (zone: string): string => zone.slice(-1).toUpperCase();
const isOdd = (zone: string): boolean => (zone.charCodeAt(zone.length - 1) - "a".charCodeAt(0)) % 2 === 1;

export const zoneChannel = (zone: string): string => `C0ZONE${letterOf(zone)}001`;
export const zoneOwner = (zone: string, number: 1 | 2): string => `U0OWNER${letterOf(zone)}0${number}`;
/** Who decides first in a channel of owners; there is one of a department that has no zone of its letter, too. */
export function firstOwnerIn(channel: string): string | null {
  const letter = /^C0ZONE(.)001$/.exec(channel)?.[1];
  return letter === undefined ? null : zoneOwner(`zone-${letter.toLowerCase()}`, 1);
}
/** What the zone is called in front of people. */
export const hospitalOf = (zone: string): string => `Hospital ${letterOf(zone)}`;
export const homeChannel = HOME_CHANNEL;

/** What a zone's entry has where one of its VMs may have the tunnel for the others. */
export const SANDBOX_GATEWAY = { gateway: { template: "Flower gateway" } } as const;

/** The name of the environment variable that holds the bot's password in a zone. */
export const passwordVariable = (zone: string): string => `FLORIST_PASSWORD_${letterOf(zone)}`;
/** The stand-in's built-in seed gives the bot's account this password. */
export const sandboxPassword = (zone: string): string => `florist-of-${zone}`;

/**
 * `speed` divides every duration, as it divides the stand-ins' waits. Real guests boot, report and go at their own pace:
 * what waits for them is not divided.
 */
export function sandboxZonesFile(zones: readonly ZoneAddresses[], speed: number, realGuests = false) {
  return {
    zones: Object.fromEntries(zones.map((zone) => [zone.name, entryOf(zone)])),
    requesters: { channels: [HOME_CHANNEL] },
    policy: { ...durations(speed), ...(realGuests ? waitsForGuests(1) : {}) },
  };
}
export type SandboxZonesFile = ReturnType<typeof sandboxZonesFile>;

/** The two owners of that letter. */
export function ownersOf(zone: string) {
  const team = TEAMS[isOdd(zone) ? 1 : 0];
  return [
    { team, user: zoneOwner(zone, 1) },
    { team, user: zoneOwner(zone, 2) },
  ];
}

/** The zones file in which a gateway has the tunnels of each zone. */
export const withGateways = (usual: SandboxZonesFile) => ({
  ...usual,
  zones: Object.fromEntries(
    Object.entries(usual.zones).map(([name, entry]) => [
      name,
      { ...entry, ...SANDBOX_GATEWAY, tunnel: "gateway" as const },
    ]),
  ),
});

function entryOf({ name, xmlrpc, oneflow }: ZoneAddresses) {
  return {
    title: hospitalOf(name),
    xmlrpc,
    ...(oneflow === null ? {} : { oneflow }),
    user: "florist",
    password: { environment: passwordVariable(name) },
    channel: zoneChannel(name),
    owners: ownersOf(name),
    quorum: 1,
    coordinate: { template: "Flower SuperLink 1.31.0", sshKeys: [SSH_KEY] },
    train: { templates: { none: "Flower SuperNode 1.31.0" } },
    network: name === "zone-a" ? "public" : "private",
    alternatives: { networks: ["public", "private"] },
    nodeConfig: { organisation: hospitalOf(name) },
  };
}

/**
 * A real zone boots in minutes and the stand-ins in seconds; these are the usual durations, divided accordingly. What
 * bounds work instead of waiting keeps enough for a busy machine, on which a call or a guest is slow and nothing is wrong.
 */
function durations(speed: number) {
  const ms = divided(speed);
  return {
    ...waitsForGuests(speed),
    settle: ms(90_000, 6_000),
    calls: { xmlrpcDeadline: ms(20_000, 5_000), oneflowDeadline: ms(50_000, 2_500) },
    removal: ms(300_000, 5_000),
    conditions: {
      raise: ms(5_000, 300),
      clear: ms(5_000, 300),
      flapWindow: ms(3_600_000, 60_000),
      calm: ms(1_800_000, 30_000),
    },
    stopWarning: ms(60_000, 2_000),
    polling: { fastest: ms(1_000, 150), slowest: ms(10_000, 1_000) },
    retries: { first: ms(1_000, 100), longest: ms(30_000, 1_000) },
    slack: {
      perChannel: ms(1_000, 50),
      coalescing: ms(1_000, 150),
      firstRetry: ms(1_000, 100),
      longestRetry: ms(30_000, 1_000),
      fileLook: ms(1_000, 50),
    },
  };
}

function waitsForGuests(speed: number) {
  const ms = divided(speed);
  return { boot: ms(900_000, 30_000), serve: ms(600_000, 30_000), silence: ms(60_000, 20_000) };
}

const divided =
  (speed: number) =>
  (milliseconds: number, min: number): string =>
    `${Math.max(min, Math.round(milliseconds / speed))} ms`;
