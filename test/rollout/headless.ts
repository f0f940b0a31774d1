/** The bot without Slack before stand-in zones with quick guests: decisions come from the test. */
import { createSecretKey } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { GuestsClient } from "../../sandbox/hypervisor/client.ts";
import { startProgram } from "../../sandbox/program.ts";
import { ZonesControl } from "../../sandbox/zones/client.ts";
import type { DeploymentKind } from "../../src/federation/model/deployment-reference.ts";
import { channelId, siteOfZone, slug, teamId, userId, zoneName, zoneOf } from "../../src/federation/model/identity.ts";
import { libraryOf, serviceTemplate } from "../../src/federation/model/manifests.ts";
import type { Policy, SiteProfile } from "../../src/federation/model/policy.ts";
import type { Log } from "../../src/federation/ports.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import type { Pace as LookPace } from "../../src/opennebula/poll-interval.ts";
import { newFederationId, openRuntime } from "../../src/runtime.ts";
import { Secret } from "../../src/secret.ts";

const standInsReady = z.object({
  guests: z.string(),
  control: z.string(),
  zones: z.array(z.object({ name: zoneName, xmlrpc: z.string(), oneflow: z.string() })),
});

const seconds = (count: number): number => count * 1000;

export const OWNER = { team: teamId.parse("T0ASTER"), user: userId.parse("U0OWNER") };
export const REQUESTER = { team: teamId.parse("T0ASTER"), user: userId.parse("U0ASKER") };

const policy: Policy = {
  installingTeams: [OWNER.team],
  requesters: { people: [REQUESTER], channels: [] },
  requesterMayApproveAlone: false,
  durations: {
    approvalExpiry: seconds(600),
    approvalReminder: seconds(300),
    boot: seconds(20),
    serve: seconds(20),
    settle: seconds(1),
    silence: seconds(5),
    removal: seconds(10),
    certificateLife: seconds(3600),
    authorityLife: seconds(86_400),
    warning: seconds(1),
    endNotice: seconds(1200),
    endAnswer: seconds(600),
    endExtension: seconds(86_400),
    raise: 300,
    clear: 300,
    flapWindow: seconds(60),
    calm: seconds(30),
  },
};

function profileOf(name: SiteProfile["name"], deploy: DeploymentKind): SiteProfile {
  return {
    name,
    zone: zoneOf(name),
    title: `Organisation of ${name}`,
    channel: null,
    owners: [OWNER],
    quorum: 1,
    templates: { superlink: "Flower SuperLink 1.31.0", supernode: { none: "Flower SuperNode 1.31.0" }, gateway: null },
    network: "public",
    deploy,
    tunnelWay: "own",
    alternatives: { templates: [], networks: ["private"] },
    sshKeys: [],
    nodeConfig: {},
  };
}

export interface HeadlessOptions {
  readonly log?: Log;
  /** Zones where VMs are made that no service holds. */
  readonly withoutServices?: readonly string[];
  /** Milliseconds between looks at a zone. */
  readonly looking?: LookPace;
  /** Where the bot reaches the zone, if not where it is. */
  readonly way?: (zone: WayTo) => WayTo | Promise<WayTo>;
}
type WayTo = z.output<typeof standInsReady>["zones"][number];

export const passwordOf = (zone: string): string => `florist-of-${zone}`;

export async function openHeadless(
  zoneCount: number,
  {
    log = quiet,
    way = (zone) => zone,
    withoutServices = [],
    looking = { fastest: 50, slowest: 1000 },
  }: HeadlessOptions = {},
) {
  const directory = await mkdtemp(join(tmpdir(), "florist-test-"));
  const standIns = await startProgram({
    entry: "sandbox/stand-ins.js",
    args: ["--zones", String(zoneCount), "--speed", "20"],
    ready: standInsReady,
  });
  const { ready } = standIns;
  const names = ready.zones.map(({ name }) => siteOfZone(name));
  const ways = await Promise.all(ready.zones.map(way));
  const runtime = await openRuntime({
    dataDirectory: join(directory, "data"),
    storeKey: createSecretKey(Buffer.alloc(32)),
    policy,
    sites: new Map(names.map((name) => [name, profileOf(name, withoutServices.includes(name) ? "vms" : "oneflow")])),
    access: new Map(
      ways.map(({ name, xmlrpc, oneflow }) => [
        name,
        {
          xmlrpc,
          oneflow,
          user: "florist",
          password: new Secret(passwordOf(name)),
          deadlines: { xmlrpc: seconds(5), oneflow: seconds(10) },
          inFlight: { xmlrpc: 4, oneflow: 2 },
        },
      ]),
    ),
    writtenOff: [],
    manifests: libraryOf({ coordinator: await shipped("coordinator"), training: await shipped("training-site") }),
    looking,
    pace: { retryFirst: 50, retryMost: 1000 },
    checkpoint: () => undefined,
    log,
  });
  await runtime.start();
  return {
    runtime,
    zones: new ZonesControl(ready.control),
    guests: new GuestsClient({ url: ready.guests }),
    names,
    async stop() {
      await runtime.stop();
      await standIns.stop();
      await rm(directory, { recursive: true });
    },
  };
}

const shipped = async (name: string) => ({
  template: serviceTemplate.parse(JSON.parse(await readFile(`manifests/${name}.json`, "utf8"))),
  agent: await readGuestScript("manifests/guest"),
});

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function requestFor(names: readonly SiteProfile["name"][], superNodes = 2) {
  const [coordinator, ...training] = names;
  if (coordinator === undefined) throw new Error("A federation needs a coordinator's zone.");
  return {
    federation: newFederationId(),
    name: slug.parse("hospital"),
    homeChannel: channelId.parse("C0HOME"),
    requester: REQUESTER,
    settings: { flowerVersion: "1.31.0", framework: "none" as const, keepaliveTime: 60, keepaliveTimeout: 20 },
    crossing: {
      kind: "public-address" as const,
      address: { kind: "picked" as const, port: 9092, privateIsReachable: false },
    },
    sites: [
      { site: coordinator, role: "coordinator" as const, superNodes: 0 },
      ...training.map((site) => ({ site, role: "training" as const, superNodes })),
    ],
    minimumTrainingSites: 1,
    purpose: "Trying the rollout.",
    issuer: "florist" as const,
    until: null,
  };
}
