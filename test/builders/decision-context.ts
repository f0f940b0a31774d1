/** Zones, people and policy for tests: a fixed clock, card ids that count, the manifests that ship. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  type CardId,
  type ChannelId,
  cardId,
  channelId,
  type Person,
  person,
  type SiteName,
  siteName,
  teamId,
  type ZoneName,
  zoneName,
  zoneOf,
} from "../../src/federation/model/identity.ts";
import {
  libraryOf,
  type Manifest,
  type ManifestLibrary,
  type ShippedManifests,
  serviceTemplate,
} from "../../src/federation/model/manifests.ts";
import type { DecisionContext, Durations, Policy, SiteProfile } from "../../src/federation/model/policy.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** When every story begins. */
const BEGINNING = "2026-03-02T08:00:00.000Z";

const ZONE_NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"] as const;

const bothNames = z.intersection(zoneName, siteName);
/** A zone, and at once the site that bears its name. */
export const zone = (name: string): ZoneName & SiteName => bothNames.parse(name);
export const site = (name: string): SiteName => siteName.parse(name);
export const zoneNames = (count: number): readonly (ZoneName & SiteName)[] => ZONE_NAMES.slice(0, count).map(zone);
const someone = (team: string, user: string): Person => person.parse({ team, user });
/** As Slack's ids go: the zone's name and the site's, where it has one, without what stands between. */
const lettersOf = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, "");
export const ownerOf = (name: string, nth = 1): Person => someone(`T${lettersOf(name)}`, `U${lettersOf(name)}${nth}`);
export const channelOf = (name: string): ChannelId => channelId.parse(`C${lettersOf(name)}`);

export const HOME_CHANNEL = channelId.parse("CHOME");
const INSTALLING_TEAM = teamId.parse("THOST");
export const REQUESTER = someone("THOST", "UREQUESTER");
export const STRANGER = someone("THOST", "USTRANGER");

const DURATIONS: Durations = {
  approvalExpiry: 7 * DAY,
  approvalReminder: 2 * DAY,
  boot: 20 * MINUTE,
  serve: 10 * MINUTE,
  settle: 2 * MINUTE,
  silence: 2 * MINUTE,
  removal: 10 * MINUTE,
  certificateLife: 30 * DAY,
  authorityLife: 365 * DAY,
  warning: HOUR,
  endNotice: 14 * DAY,
  endAnswer: 7 * DAY,
  endExtension: 90 * DAY,
  raise: 30 * SECOND,
  clear: 30 * SECOND,
  flapWindow: 10 * MINUTE,
  calm: 15 * MINUTE,
};

export const POLICY: Policy = {
  installingTeams: [INSTALLING_TEAM],
  requesters: { people: [REQUESTER], channels: [] },
  requesterMayApproveAlone: true,
  durations: DURATIONS,
};

/** A site with a channel of its own and two owners of whom one must agree; it offers everything. */
export function aZone(name: string, changes: Partial<SiteProfile> = {}): SiteProfile {
  return {
    name: site(name),
    zone: zoneOf(site(name)),
    title: `${name.slice(0, 1).toUpperCase()}${name.slice(1)} Institute`,
    channel: channelOf(name),
    owners: [ownerOf(name, 1), ownerOf(name, 2)],
    quorum: 1,
    templates: { superlink: "Flower SuperLink", supernode: { none: "Flower SuperNode", pytorch: 31 }, gateway: null },
    network: "public",
    deploy: "oneflow",
    tunnelWay: "own",
    alternatives: { templates: ["Flower SuperNode large"], networks: ["research"] },
    sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample"],
    nodeConfig: { "data-path": "/data" },
    ...changes,
  };
}

export const sitesOf = (profiles: readonly SiteProfile[]): Map<SiteName, SiteProfile> =>
  new Map(profiles.map((profile) => [profile.name, profile]));

const AGENT = { base64: Buffer.from("#!/bin/sh\n").toString("base64"), sha256: "a".repeat(64) };

/** The service templates that ship, with a small agent. */
export const SHIPPED: ShippedManifests = {
  coordinator: { template: shippedTemplate("coordinator"), agent: AGENT },
  training: { template: shippedTemplate("training-site"), agent: AGENT },
};
export const MANIFESTS: ManifestLibrary = libraryOf(SHIPPED);

const LATER_AGENT = { base64: Buffer.from("#!/bin/sh\n# later\n").toString("base64"), sha256: "b".repeat(64) };
const later = ({ template }: Manifest): Manifest => ({ template, agent: LATER_AGENT });

/** What a later version of the program ships: another agent. */
export const LATER: ShippedManifests = { coordinator: later(SHIPPED.coordinator), training: later(SHIPPED.training) };
/** After an upgrade: what runs keeps the manifests it was made with. */
export const UPGRADED: ManifestLibrary = libraryOf(LATER, [SHIPPED.coordinator, SHIPPED.training]);

export function aDecisionContext(changes: Partial<DecisionContext> = {}): DecisionContext {
  return {
    now: BEGINNING,
    policy: POLICY,
    sites: sitesOf(zoneNames(3).map((name) => aZone(name))),
    manifests: MANIFESTS,
    takenAddresses: new Map(),
    takenTunnels: [],
    newCard: countingCards(),
    ...changes,
  };
}

export const cardNumbered = (number: number): CardId => cardId.parse(`k${String(number).padStart(15, "0")}`);

export function countingCards(): () => CardId {
  let count = 0;
  return () => {
    count += 1;
    return cardNumbered(count);
  };
}

function shippedTemplate(name: string): Manifest["template"] {
  return serviceTemplate.parse(JSON.parse(readFileSync(join(projectRoot(), "manifests", `${name}.json`), "utf8")));
}

function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
