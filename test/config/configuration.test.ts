import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import type { Configuration } from "../../src/config/configuration.ts";
import { readFileFromDisk } from "../../src/config/file-reader.ts";
import { describeMistakes, loadConfiguration } from "../../src/config/load-configuration.ts";
import { siteOfZone, zoneName } from "../../src/federation/model/identity.ts";
import { packageRoot } from "../../src/package-root.ts";
import { createAuthority } from "../../src/trust/authority.ts";
import { ENVIRONMENT, FILES, filesOf, ZONES_FILE } from "./sample.ts";

async function loaded(
  environment: Readonly<Record<string, string>>,
  readFile = filesOf(FILES),
): Promise<Configuration> {
  const outcome = await loadConfiguration({ environment, readFile });
  assert.ok(outcome.ok, outcome.ok ? "" : describeMistakes(outcome.mistakes));
  return outcome.configuration;
}

const ZONE_A = zoneName.parse("zone-a");
const ZONE_B = zoneName.parse("zone-b");

suite("A configuration that loads", () => {
  test("has the usual values for everything that is left out", async () => {
    const configuration = await loaded(ENVIRONMENT);
    assert.equal(configuration.slack.delivery.kind, "socket");
    const { delivery } = (
      await loaded({ ...ENVIRONMENT, FLORIST_TRANSPORT: "http", SLACK_SIGNING_SECRET: "signing-secret-sample" })
    ).slack;
    assert.deepEqual(delivery, { ...delivery, kind: "http", host: "127.0.0.1", port: 3000 });
    assert.equal(configuration.slack.apiUrl, "https://slack.com/api/");
    assert.equal(configuration.slack.command, "/flower");
    assert.equal(configuration.dataDirectory, "data");
    assert.equal(configuration.logLevel, "info");
    assert.equal(configuration.policy.requesterMayApproveAlone, true);
    assert.equal(configuration.policy.durations.approvalExpiry, 7 * 24 * 3600 * 1000);
  });

  test("says of each zone what the core decides with, and apart from it how to get in", async () => {
    const configuration = await loaded(ENVIRONMENT);
    assert.deepEqual(configuration.sites.get(siteOfZone(ZONE_B)), {
      name: "zone-b",
      zone: "zone-b",
      title: "Birch",
      channel: "C0ZONEB001",
      owners: [{ team: "T0BIRCH001", user: "U0OWNERB01" }],
      quorum: 1,
      templates: { superlink: null, supernode: { none: 7 }, gateway: null },
      network: 3,
      deploy: "oneflow",
      alternatives: { templates: [], networks: [] },
      sshKeys: [],
      nodeConfig: {},
      tunnelWay: "own",
    });
    const passwords = [ZONE_A, ZONE_B].map((zone) => configuration.zoneAccess.get(zone)?.password.reveal());
    assert.deepEqual(passwords, ["password of zone a", "password of zone b"]);
  });

  test("prints no secret, however it is printed", async () => {
    const { zoneAccess, slack } = await loaded(ENVIRONMENT);
    const printed = `${JSON.stringify([...zoneAccess.values()])}${JSON.stringify(slack)}${inspect(slack)}`;
    for (const secret of ["password of zone", "xoxb-sample", "xapp-sample"]) {
      assert.ok(!printed.includes(secret), secret);
    }
  });

  test("takes numbers and truth values into the node configuration as they are written", async () => {
    const zones = ZONES_FILE.replace(
      "network: 3",
      "network: 3\n    nodeConfig: {partition-id: 2, gpu: true, path: /a b}",
    );
    const configuration = await loaded(ENVIRONMENT, filesOf({ ...FILES, "zones.yml": zones }));
    assert.deepEqual(configuration.sites.get(siteOfZone(ZONE_B))?.nodeConfig, {
      "partition-id": "2",
      gpu: "true",
      path: "/a b",
    });
  });

  test("makes VMs that no service holds in a zone without OneFlow, and where the zone says so", async () => {
    const without = ZONES_FILE.replace("    oneflow: https://one.birch.example:2474\n", "");
    const chosen = ZONES_FILE.replace("network: 3", "network: 3\n    deploy: vms");
    for (const [zones, address] of [
      [without, undefined],
      [chosen, "https://one.birch.example:2474/"],
    ] as const) {
      const configuration = await loaded(ENVIRONMENT, filesOf({ ...FILES, "zones.yml": zones }));
      assert.equal(configuration.sites.get(siteOfZone(ZONE_B))?.deploy, "vms");
      assert.equal(configuration.zoneAccess.get(ZONE_B)?.oneflow, address);
    }
  });

  test("reads a zone's CA beside the zones file", async () => {
    const authority = await createAuthority({
      federationId: "fconfigtest",
      commonName: "A zone's CA",
      now: new Date().toISOString(),
      life: 24 * 3600 * 1000,
      dnsNames: [],
    });
    const zones = ZONES_FILE.replace("user: florist", "user: florist\n    ca: aster.pem");
    const read = filesOf({ ...FILES, "zones.yml": zones, "aster.pem": `Aster's CA\n${authority.certificatePem}` });
    const paths: string[] = [];
    const configuration = await loaded({ ...ENVIRONMENT, FLORIST_ZONES_FILE: "/etc/florist/zones.yml" }, (path) => {
      paths.push(path);
      return read(path);
    });
    assert.equal(configuration.zoneAccess.get(ZONE_A)?.ca, authority.certificatePem.trim());
    assert.ok(paths.includes("/etc/florist/aster.pem"), paths.join(", "));
    assert.ok(paths.includes("/etc/florist/birch-password"), paths.join(", "));
  });
});

suite("zones.example.yml", () => {
  const environment = {
    ...ENVIRONMENT,
    ZONE_B_PASSWORD: "password of zone b",
    FLORIST_ZONES_FILE: join(packageRoot(), "zones.example.yml"),
  };

  test("loads, with its passwords in the environment", async () => {
    const configuration = await loaded(environment, readFileFromDisk);
    assert.deepEqual([...configuration.sites.keys()], ["zone-a", "zone-a/training", "zone-b"]);
    assert.doesNotMatch(configuration.sites.get(siteOfZone(ZONE_A))?.sshKeys[0] ?? "@", /@/);
  });

  test("shows the usual value of every duration and limit", async () => {
    const shown = await loaded(environment, readFileFromDisk);
    const usual = await loaded(ENVIRONMENT);
    assert.deepEqual(shown.policy.durations, usual.policy.durations);
    assert.deepEqual(shown.polling, usual.polling);
    assert.deepEqual(shown.retries, usual.retries);
    assert.deepEqual(shown.slackPace, usual.slackPace);
    const calls = ({ zoneAccess }: Configuration) => {
      const access = zoneAccess.get(ZONE_A);
      return [access?.deadlines, access?.inFlight];
    };
    assert.deepEqual(calls(shown), calls(usual));
  });
});
