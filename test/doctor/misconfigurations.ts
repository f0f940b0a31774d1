/** Mistakes that operators and zones' administrators make, each with the one sentence that the doctor says of it. */
import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckCode, Verdict } from "../../src/doctor/check.ts";
import { openKeyStore } from "../../src/trust/key-store.ts";
import { type Blueprint, type Plant, type Running, STORE_KEY } from "./clinic.ts";

export interface Misconfiguration extends Plant {
  readonly name: string;
  readonly code: CheckCode;
  readonly verdict?: Verdict;
  /** Of the sentence. */
  readonly says: RegExp;
}

const channel = ({ channels }: Blueprint, id: string) => channels.find((one) => one.id === id) ?? assert.fail(id);
const zone = ({ zones }: Blueprint, index = 0) => zones[index] ?? assert.fail(`zone ${index}`);
const entry = ({ file }: Running, name = "zone-a") => file.zones[name] ?? assert.fail(name);
/** A port that fetch does not refuse by itself, and nothing listens on. */
const NOBODY_LISTENS = "http://127.0.0.1:2";

async function storeAuthority({ dataDirectory }: Running, key = STORE_KEY): Promise<string> {
  const keys = join(dataDirectory, "keys");
  const store = await openKeyStore(keys, createSecretKey(Buffer.from(key, "hex")));
  await store.ensureAuthority({
    federationId: "fabcdefghijk",
    commonName: "florist",
    now: new Date().toISOString(),
    life: 86_400_000,
    dnsNames: [],
  });
  return join(keys, "fabcdefghijk.authority.json");
}

const OF_CONFIGURATION: readonly Misconfiguration[] = [
  {
    name: "a variable is misspelt",
    code: "configuration",
    says: /FLORIST_PROT is not known/,
    running: ({ environment }) => {
      environment["FLORIST_PROT"] = "3000";
    },
  },
  {
    name: "the bot token is an app-level one",
    code: "configuration",
    says: /SLACK_BOT_TOKEN has another form/,
    running: ({ environment }) => {
      environment["SLACK_BOT_TOKEN"] = "xapp-swapped";
    },
  },
  {
    name: "others can read the key's file",
    code: "configuration",
    says: /FLORIST_KEY_FILE names the file florist\.key, which others can read/,
    running: ({ environment, files }) => {
      delete environment["FLORIST_KEY"];
      environment["FLORIST_KEY_FILE"] = "florist.key";
      files["florist.key"] = { text: STORE_KEY, openToOthers: true };
    },
  },
  {
    name: "an owner's id is a name",
    code: "configuration",
    says: /zones\.zone-a\.owners\[0\]\.user is "anna"/,
    running: (running) => {
      entry(running).owners[0] = { team: "T0ASTER001", user: "anna" };
    },
  },
  {
    name: "the zones file is no YAML",
    code: "configuration",
    says: /zones\.yml:1 /,
    running: ({ files }) => {
      files["zones.yml"] = { text: "zones: [", openToOthers: false };
    },
  },
];

const OF_DATA: readonly Misconfiguration[] = [
  {
    name: "the key is not the one that stored authorities are sealed with",
    code: "store-key",
    says: /FLORIST_KEY is not the key that the 1 stored CA keys are sealed with/,
    running: async (running) => void (await storeAuthority(running, "ff".repeat(32))),
  },
  {
    name: "a stored authority is damaged",
    code: "authorities",
    says: /The CA key of fabcdefghijk is damaged/,
    running: async (running) => {
      const path = await storeAuthority(running);
      await writeFile(path, (await readFile(path, "utf8")).slice(0, -40));
    },
  },
  {
    name: "others can look into the data directory",
    code: "data-directory",
    verdict: "warning",
    says: /Others can look into the data directory/,
    running: ({ dataDirectory }) => chmod(dataDirectory, 0o755),
  },
  {
    name: "the data directory is a file",
    code: "data-directory",
    says: /is no folder/,
    running: async ({ dataDirectory, environment }) => {
      environment["FLORIST_DATA_DIRECTORY"] = join(dataDirectory, "data");
      await writeFile(join(dataDirectory, "data"), "");
    },
  },
  {
    name: "the data directory's path is too long for a lock",
    code: "data-directory",
    says: /too long a path/,
    running: ({ environment }) => {
      environment["FLORIST_DATA_DIRECTORY"] = `/tmp/${"d".repeat(100)}`;
    },
  },
  {
    name: "this machine's clock is ten minutes slow",
    code: "clock",
    says: /The clock of this machine is 10 min slow/,
    running: (running) => {
      running.ahead = -600_000;
    },
  },
];

const OF_SLACK: readonly Misconfiguration[] = [
  {
    name: "nobody answers at Slack's address",
    code: "slack-bot-token",
    says: /Slack does not answer at http:\/\/127\.0\.0\.1:2\/api\/ \(ECONNREFUSED\)/,
    running: ({ environment }) => {
      environment["SLACK_API_URL"] = `${NOBODY_LISTENS}/api/`;
    },
  },
  {
    name: "the bot token has been revoked",
    code: "slack-bot-token",
    says: /does not take the bot token \(token_revoked\)/,
    running: ({ slack }) => slack.settings({ revoked: ["bot"] }),
  },
  {
    name: "the bot token is another app's",
    code: "slack-bot-token",
    says: /does not take the bot token \(invalid_auth\)/,
    running: ({ environment }) => {
      environment["SLACK_BOT_TOKEN"] = "xoxb-of-another-app";
    },
  },
  {
    name: "the app-level token has been revoked",
    code: "slack-app-token",
    says: /does not take the app-level token \(token_revoked\)/,
    running: ({ slack }) => slack.settings({ revoked: ["app"] }),
  },
  {
    name: "the app was installed with a scope too few",
    code: "slack-scopes",
    says: /lacks the scope files:read\./,
    before: (blueprint) => {
      blueprint.scopes = blueprint.scopes.filter((scope) => scope !== "files:read");
    },
  },
  {
    name: "the app was installed with scopes that nothing uses",
    code: "slack-scopes",
    verdict: "warning",
    says: /has the scopes channels:history, users:write, which the bot does not use/,
    before: ({ scopes }) => void scopes.push("channels:history", "users:write"),
  },
  {
    name: "a zone's channel does not exist",
    code: "channel",
    says: /cannot post in C0NOWHERE1 \(channel of zone-a\)/,
    running: (running) => {
      entry(running).channel = "C0NOWHERE1";
    },
  },
  {
    name: "the bot was not invited to a zone's channel",
    code: "channel",
    says: /#zone-a \(C0ZONEA001, channel of zone-a\): it is not a member/,
    before: (blueprint) => {
      channel(blueprint, "C0ZONEA001").botIsMember = false;
    },
  },
  {
    name: "a zone's channel is archived",
    code: "channel",
    says: /#zone-b \(C0ZONEB001, channel of zone-b\): it is archived/,
    before: (blueprint) => {
      channel(blueprint, "C0ZONEB001").isArchived = true;
    },
  },
  {
    name: "the bot was not invited to the channel of those who ask",
    code: "channel",
    says: /#federation \(C0FEDERATE, where requesters are\): it is not a member/,
    before: (blueprint) => {
      channel(blueprint, "C0FEDERATE").botIsMember = false;
    },
  },
  {
    name: "an organisation has not accepted the invitation to a channel",
    code: "channel",
    verdict: "warning",
    says: /T0BIRCH001 has been invited to #zone-a .* and has not accepted/,
    before: (blueprint) => {
      channel(blueprint, "C0ZONEA001").pending = ["T0BIRCH001"];
    },
  },
  {
    name: "a zone's channel is not shared with its owners' organisation",
    code: "channel-owners",
    says: /U0OWNERB01, U0OWNERB02 \(owners of zone-b\) cannot read #zone-b .* too few can decide/,
    before: (blueprint) => {
      Object.assign(channel(blueprint, "C0ZONEB001"), { connected: [], members: [] });
    },
  },
  {
    name: "one of several owners is not in the zone's channel",
    code: "channel-owners",
    verdict: "warning",
    says: /U0OWNERA02 \(owners of zone-a\) cannot read #zone-a/,
    before: (blueprint) => {
      channel(blueprint, "C0ZONEA001").members = ["U0OWNERA01"];
    },
  },
  {
    name: "an owner does not exist",
    code: "person",
    says: /no U0NOBODY01 \(owner of zone-a\) \(user_not_found\)/,
    running: (running) => {
      entry(running).owners[1] = { team: "T0ASTER001", user: "U0NOBODY01" };
    },
  },
  {
    name: "an owner is given with another workspace's id",
    code: "person",
    says: /U0OWNERB01 \(owner of zone-b\) belongs to T0BIRCH001, not to T0ASTER001/,
    running: (running) => {
      entry(running, "zone-b").owners[0] = { team: "T0ASTER001", user: "U0OWNERB01" };
    },
  },
  {
    name: "an owner is the bot itself",
    code: "person",
    says: /U0FLORIST1 \(owner of zone-a\) is a bot/,
    running: (running) => {
      entry(running).owners[1] = { team: "T0ASTER001", user: "U0FLORIST1" };
    },
  },
];

const OF_ZONES: readonly Misconfiguration[] = [
  {
    name: "oned's address is wrong",
    code: "zone-reach",
    says: /zone-a \(Hospital A\): No connection to zone zone-a at http:\/\/127\.0\.0\.1:2\/RPC2 \(ECONNREFUSED\)/,
    running: (running) => {
      entry(running).xmlrpc = `${NOBODY_LISTENS}/RPC2`;
    },
  },
  {
    name: "OneFlow does not run",
    code: "zone-reach",
    says: /No connection to zone zone-a at http:\/\/127\.0\.0\.1:2 \(ECONNREFUSED\)/,
    running: (running) => {
      entry(running).oneflow = NOBODY_LISTENS;
    },
  },
  {
    name: "another program answers at oned's address",
    code: "zone-reach",
    says: /answered .* with something that is no answer of OpenNebula .*\(zone-answer\)/,
    running: ({ zones }) => zones.command("zone-a", { do: "fault", fault: { kind: "rubbish" } }).then(() => undefined),
  },
  {
    name: "the zone's certificate is of a CA that nobody named",
    code: "zone-reach",
    says: /No trusted connection to zone zone-a .*\(zone-tls\)/,
    running: async (running) => {
      entry(running).xmlrpc = `${await running.withTls()}/RPC2`;
    },
  },
  {
    name: "the password is wrong",
    code: "zone-account",
    says: /Zone zone-b refused .*\(zone-credentials\)/,
    running: ({ environment }) => {
      environment["FLORIST_PASSWORD_B"] = "wrong";
    },
  },
  {
    name: "the bot's user is an administrator",
    code: "zone-rights",
    says: /The bot's account administers this OpenNebula \(zone-administrator: florist\)/,
    running: ({ zones }) =>
      zones.command("zone-a", { do: "promote-user", user: "florist", administrator: true }).then(() => undefined),
  },
  {
    name: "the zone's OpenNebula is too old",
    code: "zone-version",
    says: /older than 7\.0 \(zone-version: 6\.10\.0\)/,
    before: (blueprint) => {
      zone(blueprint).version = "6.10.0";
    },
  },
  {
    name: "the zone is disabled",
    code: "zone-rules",
    says: /The zone is disabled in its OpenNebula \(zone-disabled\)/,
    running: ({ zones }) => zones.command("zone-a", { do: "enable-zone", enabled: false }).then(() => undefined),
  },
  {
    name: "a VM template is not there",
    code: "zone-templates",
    says: /The VM template is not in the zone \(template-missing: Flower SuperLink 2\.0\)/,
    running: (running) => {
      entry(running).coordinate.template = "Flower SuperLink 2.0";
    },
  },
  {
    name: "the bot's group may not use a VM template",
    code: "zone-templates",
    says: /\(template-(missing|forbidden): Flower SuperLink 1\.31\.0\)/,
    before: (blueprint) => {
      const [first] = zone(blueprint).vmTemplates ?? [];
      if (first !== undefined) first.permissions = "600";
    },
  },
  {
    name: "two VM templates have the name",
    code: "zone-templates",
    says: /Several VM templates have that name \(template-ambiguous: Flower SuperLink 1\.31\.0\)/,
    running: ({ zones }) =>
      zones
        .command("zone-a", { do: "add-template", name: "Flower SuperLink 1.31.0", text: 'CPU="1"\nMEMORY="1"' })
        .then(() => undefined),
  },
  {
    name: "an image has been disabled",
    code: "zone-images",
    says: /An image of the VM template is not ready \(image-not-ready: Flower SuperNode 1\.31\.0\)/,
    running: ({ zones }) =>
      zones.command("zone-a", { do: "set-image-state", image: 1, state: "disabled" }).then(() => undefined),
  },
  {
    name: "an image has been deleted",
    code: "zone-images",
    says: /An image of the VM template is missing \(image-missing: 0\)/,
    running: ({ zones }) => zones.command("zone-a", { do: "delete-image", image: 0 }).then(() => undefined),
  },
  {
    name: "the network is not there",
    code: "zone-network",
    says: /The network is not in the zone \(network-missing: publik\)/,
    running: (running) => {
      entry(running).network = "publik";
    },
  },
  {
    name: "the network has no address left",
    code: "zone-network",
    says: /too few free IPv4 addresses \(no-free-address: public\)/,
    before: (blueprint) => {
      const [network] = zone(blueprint).networks ?? [];
      if (network !== undefined) network.size = 1;
    },
  },
  {
    name: "a network that owners may choose instead is not there",
    code: "zone-alternatives",
    verdict: "warning",
    says: /an owner could not choose the network nix of the alternatives \(network-missing\)/,
    running: (running) => {
      entry(running).alternatives.networks = ["private", "nix"];
    },
  },
  {
    name: "the quota leaves no VM",
    code: "zone-quotas",
    says: /\(quota-vms: 1 needed, 0 left\)/,
    running: ({ zones }) =>
      zones.command("zone-b", { do: "set-quota", of: { user: "florist" }, vm: { VMS: 0 } }).then(() => undefined),
  },
  {
    name: "the group's quota leaves too little memory",
    code: "zone-quotas",
    says: /\(quota-memory: 2048 needed, 1024 left; 4096 needed, 1024 left\)/,
    running: ({ zones }) =>
      zones.command("zone-a", { do: "set-quota", of: { group: "flower" }, vm: { MEMORY: 1024 } }).then(() => undefined),
  },
];

export const MISCONFIGURATIONS: readonly Misconfiguration[] = [
  ...OF_CONFIGURATION,
  ...OF_DATA,
  ...OF_SLACK,
  ...OF_ZONES,
];
