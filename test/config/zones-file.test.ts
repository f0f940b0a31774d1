import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { loadConfiguration } from "../../src/config/load-configuration.ts";
import type { Mistake } from "../../src/config/mistake.ts";
import { zoneName } from "../../src/federation/model/identity.ts";
import { ENVIRONMENT, FILES, filesOf, ZONES_FILE } from "./sample.ts";

type Edit = readonly [text: string, replacement: string];

/** The sample with texts replaced, each of which must be in it. */
function edited(...edits: readonly Edit[]): string {
  return edits.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `the sample does not hold ${from}`);
    return text.replace(from, to);
  }, ZONES_FILE);
}

async function mistakesOf(zonesFile: string, files: Parameters<typeof filesOf>[0] = {}): Promise<readonly Mistake[]> {
  const loaded = await loadConfiguration({
    environment: ENVIRONMENT,
    readFile: filesOf({ ...FILES, "zones.yml": zonesFile, ...files }),
  });
  return loaded.ok ? [] : loaded.mistakes;
}

interface Case {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** After the file's name. */
  readonly where: string;
  readonly problem: RegExp;
  readonly remedy: RegExp;
}

const ADDRESS = "https://one.aster.example:2633/RPC2";
const OWNERS_A = "owners:\n      - {team: T0ASTER001, user: U0OWNERA01}";
const SUPERLINK = "template: Flower SuperLink 1.31.0";
const sshKeys = (key: string): Edit => [SUPERLINK, `${SUPERLINK}\n      sshKeys: [${JSON.stringify(key)}]`];
const nodeConfig = (yaml: string): Edit => ["network: public", `network: public\n    nodeConfig: ${yaml}`];
const policy = (yaml: string): Edit => ["requesters:", `policy: ${yaml}\nrequesters:`];

const TEMPLATES_B = "templates: {none: 7}";

const CASES: readonly Case[] = [
  {
    name: "sites of a zone that name no site",
    edits: [[TEMPLATES_B, `${TEMPLATES_B}\n      sites: {}`]],
    where: ":28: zones.zone-b.train.sites",
    problem: /names no site/,
    remedy: /radiology/,
  },
  {
    name: "more sites of a zone than a form lists",
    edits: [
      [
        TEMPLATES_B,
        `${TEMPLATES_B}\n      sites: {${Array.from({ length: 21 }, (_, nth) => `s${nth}: {}`).join(", ")}}`,
      ],
    ],
    where: ":28: zones.zone-b.train.sites",
    problem: /too many sites/,
    remedy: /at most 20/,
  },
  {
    name: "a site with a name that guests cannot carry",
    edits: [[TEMPLATES_B, `${TEMPLATES_B}\n      sites: {X-rays: {}}`]],
    where: ":28: zones.zone-b.train.sites.X-rays",
    problem: /"X-rays" and must be 1 to 31/,
    remedy: /radiology/,
  },
  {
    name: "a site that is called as its zone is",
    edits: [[TEMPLATES_B, `${TEMPLATES_B}\n      sites: {zone-b: {}}`]],
    where: ":28: zones.zone-b.train.sites.zone-b",
    problem: /called as its zone/,
    remedy: /another name/,
  },
  {
    name: "sites without templates in a zone that names none",
    edits: [[TEMPLATES_B, "sites: {hearts: {templates: {none: 7}}, pictures: {}}"]],
    where: ":27: zones.zone-b.train.sites.pictures.templates",
    problem: /is missing/,
    remedy: /each of its `sites`/,
  },
  {
    name: "a site whose quorum its zone's owners cannot reach",
    edits: [[TEMPLATES_B, `${TEMPLATES_B}\n      sites: {hearts: {quorum: 2}}`]],
    where: ":28: zones.zone-b.train.sites.hearts.quorum",
    problem: /asks for 2 owners, and only 1/,
    remedy: /lower the quorum/,
  },
  {
    name: "a site with the channel of another zone",
    edits: [[TEMPLATES_B, `${TEMPLATES_B}\n      sites: {hearts: {channel: C0ZONEA001}}`]],
    where: ":28: zones.zone-b.train.sites.hearts.channel",
    problem: /is also the channel of zone-a/,
    remedy: /channel of its own/,
  },
  {
    name: "a site with a gateway in a zone that names no template for one",
    edits: [[TEMPLATES_B, `${TEMPLATES_B}\n      sites: {hearts: {tunnel: gateway}}`]],
    where: ":28: zones.zone-b.train.sites.hearts.tunnel",
    problem: /asks for a gateway/,
    remedy: /tunnel: own/,
  },
  {
    name: "what no site has",
    edits: [[TEMPLATES_B, `${TEMPLATES_B}\n      sites: {hearts: {user: other}}`]],
    where: ":28: zones.zone-b.train.sites.hearts.user",
    problem: /is not known/,
    remedy: /owners/,
  },
  {
    name: "an owner's team that is no team id",
    edits: [["T0ASTER001", "aster"]],
    where: ":11: zones.zone-a.owners[0].team",
    problem: /"aster" and must be a Slack team id/,
    remedy: /whoami/,
  },
  {
    name: "an owner without a user",
    edits: [["{team: T0ASTER001, user: U0OWNERA01}", "{team: T0ASTER001}"]],
    where: ":11: zones.zone-a.owners[0].user",
    problem: /is missing/,
    remedy: /U0123ABCD/,
  },
  {
    name: "an owner given by name",
    edits: [["{team: T0ASTER001, user: U0OWNERA01}", "anna"]],
    where: ":11: zones.zone-a.owners[0]",
    problem: /is text/,
    remedy: /\{team: T0123ABCD, user: U0123ABCD\}/,
  },
  {
    name: "a zone without owners",
    edits: [[OWNERS_A, "owners: []"]],
    where: ":10: zones.zone-a.owners",
    problem: /is empty/,
    remedy: /at least one person/,
  },
  {
    name: "an owner listed twice",
    edits: [[OWNERS_A, `${OWNERS_A}\n      - {team: T0ASTER001, user: U0OWNERA01}`]],
    where: ":12: zones.zone-a.owners[1]",
    problem: /a second time/,
    remedy: /one vote/,
  },
  {
    name: "a quorum that the owners cannot reach",
    edits: [[OWNERS_A, `${OWNERS_A}\n    quorum: 2`]],
    where: ":12: zones.zone-a.quorum",
    problem: /asks for 2 owners, and only 1/,
    remedy: /lower the quorum/,
  },
  {
    name: "a quorum of none",
    edits: [[OWNERS_A, `${OWNERS_A}\n    quorum: 0`]],
    where: ":12: zones.zone-a.quorum",
    problem: /too small/,
    remedy: /at least 1/,
  },
  {
    name: "an endpoint without TLS",
    edits: [[ADDRESS, "http://one.aster.example:2633/RPC2"]],
    where: ":5: zones.zone-a.xmlrpc",
    problem: /without TLS/,
    remedy: /https/,
  },
  {
    name: "an endpoint on a host that only begins like loopback",
    edits: [[ADDRESS, "http://127.0.0.1.example.org:2633/RPC2"]],
    where: ":5: zones.zone-a.xmlrpc",
    problem: /without TLS/,
    remedy: /https/,
  },
  {
    name: "an endpoint that is no address",
    edits: [[ADDRESS, "one.aster.example"]],
    where: ":5: zones.zone-a.xmlrpc",
    problem: /not an address/,
    remedy: /https:\/\/one\.example\.org:2633\/RPC2/,
  },
  {
    name: "an endpoint with a password in it",
    edits: [[ADDRESS, "https://florist:hunter2@one.aster.example:2633/RPC2"]],
    where: ":5: zones.zone-a.xmlrpc",
    problem: /holds a user or a password/,
    remedy: /Take them out/,
  },
  {
    name: "a password in the zones file itself",
    edits: [["{environment: ZONE_A_PASSWORD}", "hunter2"]],
    where: ":8: zones.zone-a.password",
    problem: /stands in the zones file itself/,
    remedy: /environment: NAME.*Change the password/,
  },
  {
    name: "a password from nowhere",
    edits: [["{environment: ZONE_A_PASSWORD}", "{vault: aster}"]],
    where: ":8: zones.zone-a.password",
    problem: /does not say where/,
    remedy: /file: path/,
  },
  {
    name: "no password at all",
    edits: [["    password: {environment: ZONE_A_PASSWORD}\n", ""]],
    where: ":3: zones.zone-a.password",
    problem: /is missing/,
    remedy: /environment: NAME/,
  },
  {
    name: "a password variable that is not set",
    edits: [["ZONE_A_PASSWORD", "ZONE_X_PASSWORD"]],
    where: ":8: zones.zone-a.password",
    problem: /ZONE_X_PASSWORD, which is not set/,
    remedy: /Set ZONE_X_PASSWORD/,
  },
  {
    name: "a password file that is not there",
    edits: [["{file: birch-password}", "{file: cedar-password}"]],
    where: ":22: zones.zone-b.password",
    problem: /cedar-password, which cannot be read/,
    remedy: /mode 600/,
  },
  {
    name: "a user name with a colon",
    edits: [["user: florist", 'user: "florist:x"']],
    where: ":7: zones.zone-a.user",
    problem: /wrong form/,
    remedy: /without colon/,
  },
  {
    name: "a misspelt key",
    edits: [["user: florist", "usr: florist"]],
    where: ":7: zones.zone-a.usr",
    problem: /is not known/,
    remedy: /Did you mean `user`\?/,
  },
  {
    name: "a key in another style",
    edits: [[SUPERLINK, `${SUPERLINK}\n      ssh_keys: []`]],
    where: ":14: zones.zone-a.coordinate.ssh_keys",
    problem: /is not known/,
    remedy: /`sshKeys`/,
  },
  {
    name: "a key that is near to none",
    edits: [["network: public", "network: public\n    colour: blue"]],
    where: ":17: zones.zone-a.colour",
    problem: /is not known/,
    remedy: /Remove it\. Known here: title, xmlrpc/,
  },
  {
    name: "a zone that offers neither role",
    edits: [["    train:\n      templates: {none: 7}\n", ""]],
    where: ":17: zones.zone-b",
    problem: /neither role/,
    remedy: /`coordinate`.*`train`/,
  },
  {
    name: "training without a template",
    edits: [["templates: {none: 7}", "templates: {}"]],
    where: ":27: zones.zone-b.train.templates",
    problem: /names no template/,
    remedy: /none, pytorch, tensorflow, sklearn/,
  },
  {
    name: "a framework that florist does not know",
    edits: [["templates: {none: 7}", "templates: {none: 7, pytorhc: 8}"]],
    where: ":27: zones.zone-b.train.templates.pytorhc",
    problem: /is not known/,
    remedy: /`pytorch`/,
  },
  {
    name: "a template that is neither a number nor a name",
    edits: [["templates: {none: 7}", "templates: {none: true}"]],
    where: ":27: zones.zone-b.train.templates.none",
    problem: /truth value true/,
    remedy: /number in OpenNebula, or its name/,
  },
  {
    name: "a network that is missing",
    edits: [["    network: 3\n", ""]],
    where: ":17: zones.zone-b.network",
    problem: /is missing/,
    remedy: /number in OpenNebula, or its name/,
  },
  {
    name: "a zone name that nobody could write into a VM",
    edits: [["zone-b:", "Zone B:"]],
    where: ":17: zones.Zone B",
    problem: /"Zone B" and must be/,
    remedy: /zone-a/,
  },
  {
    name: "the same zone twice",
    edits: [["  zone-b:", "  zone-a:"]],
    where: ":17",
    problem: /same key twice/,
    remedy: /another name/,
  },
  {
    name: "two zones with the same channel",
    edits: [["C0ZONEB001", "C0ZONEA001"]],
    where: ":23: zones.zone-b.channel",
    problem: /also the channel of zone-a/,
    remedy: /channel of its own/,
  },
  {
    name: "a channel that is a DM",
    edits: [["C0ZONEB001", "D0ZONEB001"]],
    where: ":23: zones.zone-b.channel",
    problem: /Slack channel id/,
    remedy: /A DM is none/,
  },
  {
    name: "two zones that share an account",
    edits: [["https://one.birch.example:2633/RPC2", ADDRESS]],
    where: ":21: zones.zone-b.user",
    problem: /the account that zone-a names/,
    remedy: /its own account/,
  },
  {
    name: "a private ssh key",
    edits: [sshKeys("-----BEGIN OPENSSH PRIVATE KEY----- AAAA")],
    where: ":14: zones.zone-a.coordinate.sshKeys[0]",
    problem: /is a private key/,
    remedy: /ends in \.pub/,
  },
  {
    name: "an ssh key of a type that cannot enter CONTEXT",
    edits: [sshKeys("sk-ssh-ed25519@openssh.com AAAA")],
    where: ":14: zones.zone-a.coordinate.sshKeys[0]",
    problem: /type of key/,
    remedy: /ssh-ed25519/,
  },
  {
    name: "an ssh key that is cut off",
    edits: [sshKeys("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5")],
    where: ":14: zones.zone-a.coordinate.sshKeys[0]",
    problem: /cut off or altered/,
    remedy: /\.pub file/,
  },
  {
    name: "an ssh key with a command in it",
    edits: [sshKeys('ssh-ed25519 $(reboot) anna"')],
    where: ":14: zones.zone-a.coordinate.sshKeys[0]",
    problem: /cut off or altered/,
    remedy: /\.pub file/,
  },
  {
    name: "a node configuration that a shell would read otherwise",
    edits: [nodeConfig("{data-path: $(reboot)}")],
    where: ":17: zones.zone-a.nodeConfig.data-path",
    problem: /character that is not allowed/,
    remedy: /reaches a shell/,
  },
  {
    name: "a name in the node configuration with a space",
    edits: [nodeConfig("{data path: /srv}")],
    where: ":17: zones.zone-a.nodeConfig.data path",
    problem: /wrong form/,
    remedy: /without spaces/,
  },
  {
    name: "nobody who may ask",
    edits: [["  channels: [C0FEDERATE]", "  channels: []"]],
    where: ":29: requesters",
    problem: /names nobody/,
    remedy: /Name people, or channels/,
  },
  {
    name: "no requesters at all",
    edits: [["requesters:\n  channels: [C0FEDERATE]\n", ""]],
    where: ": requesters",
    problem: /is missing/,
    remedy: /Name people and channels/,
  },
  {
    name: "a zone whose only owner asks and may not approve alone",
    edits: [
      [
        "requesters:\n",
        "requesterMayApproveAlone: false\nrequesters:\n  people: [{team: T0ASTER001, user: U0OWNERA01}]\n",
      ],
    ],
    where: ":10: zones.zone-a.owners",
    problem: /only somebody who may also ask/,
    remedy: /second owner/,
  },
  {
    name: "a switch that is neither true nor false",
    edits: [["requesters:", 'requesterMayApproveAlone: "no"\nrequesters:']],
    where: ":29: requesterMayApproveAlone",
    problem: /is text/,
    remedy: /true or false/,
  },
  {
    name: "a duration without a unit",
    edits: [policy("{boot: 15}")],
    where: ":29: policy.boot",
    problem: /the number 15/,
    remedy: /`15 min`/,
  },
  {
    name: "a duration in a unit that is not known",
    edits: [policy("{boot: 2 fortnights}")],
    where: ":29: policy.boot",
    problem: /"2 fortnights", which is not a duration/,
    remedy: /ms, s, min, h, days/,
  },
  {
    name: "a duration of nothing",
    edits: [policy("{boot: 0 s}")],
    where: ":29: policy.boot",
    problem: /no time at all/,
    remedy: /`15 min`/,
  },
  {
    name: "a wait that no timer can hold",
    edits: [policy("{polling: {slowest: 30 days}}")],
    where: ":29: policy.polling.slowest",
    problem: /too long/,
    remedy: /at most 1 day/,
  },
  {
    name: "a reminder after the end",
    edits: [policy("{approvalReminder: 8 days}")],
    where: ":29: policy.approvalReminder",
    problem: /not shorter than `approvalExpiry`/,
    remedy: /helps nobody/,
  },
  {
    name: "looks at a zone that are rarer than its guests are given up",
    edits: [policy("{silence: 20 s}")],
    where: ":29: policy.polling.slowest",
    problem: /not shorter than `silence`/,
    remedy: /seem silent/,
  },
  {
    name: "a slowest look before the fastest",
    edits: [policy("{polling: {fastest: 1 min}}")],
    where: ":29: policy.polling.fastest",
    problem: /not shorter than `slowest`/,
    remedy: /between the two/,
  },
  {
    name: "a call that may outlast the wait for what it creates",
    edits: [policy("{settle: 30 s}")],
    where: ":29: policy.calls.oneflowDeadline",
    problem: /not shorter than `settle`/,
    remedy: /created twice/,
  },
  {
    name: "a call that may outlast the wait for the VM that it creates",
    edits: [
      ["    oneflow: https://one.birch.example:2474\n", ""],
      policy("{settle: 30 s, calls: {xmlrpcDeadline: 40 s, oneflowDeadline: 20 s}}"),
    ],
    where: ":28: policy.calls.xmlrpcDeadline",
    problem: /not shorter than `settle`/,
    remedy: /created twice/,
  },
  {
    name: "services without OneFlow",
    edits: [["    oneflow: https://one.birch.example:2474", "    deploy: oneflow"]],
    where: ":20: zones.zone-b.deploy",
    problem: /names none/,
    remedy: /`deploy: vms`/,
  },
  {
    name: "a kind of deployment that there is not",
    edits: [["    network: 3", "    network: 3\n    deploy: containers"]],
    where: ":29: zones.zone-b.deploy",
    problem: /"containers"/,
    remedy: /oneflow is usual/,
  },
  {
    name: "a certificate that would outlive its CA",
    edits: [policy("{authorityLife: 10 days}")],
    where: ":29: policy.certificateLife",
    problem: /not shorter than `authorityLife`/,
    remedy: /after its CA/,
  },
  {
    name: "retries that shrink",
    edits: [policy("{retries: {first: 10 min}, slack: {firstRetry: 10 min}}")],
    where: ":29: policy.slack.firstRetry",
    problem: /not shorter than `longestRetry`/,
    remedy: /longer than the one before/,
  },
  {
    name: "more calls at once than oned serves",
    edits: [policy("{calls: {xmlrpcInFlight: 40}}")],
    where: ":29: policy.calls.xmlrpcInFlight",
    problem: /too large/,
    remedy: /fifteen calls/,
  },
];

suite("A mistake in the zones file is told at its place, with what to do:", () => {
  for (const { name, edits, where, problem, remedy } of CASES) {
    test(name, async () => {
      const mistakes = await mistakesOf(edited(...edits));
      const found = mistakes.find((mistake) => mistake.where === `zones.yml${where}`);
      assert.ok(found, `nothing at ${where}, but ${JSON.stringify(mistakes, null, 2)}`);
      assert.match(found.problem, problem);
      assert.match(found.remedy, remedy);
    });
  }
});

suite("The zones file", () => {
  test("loads as the sample that all mistakes are made in", async () => {
    assert.deepEqual(await mistakesOf(ZONES_FILE), []);
  });

  test("has all its mistakes told at once, those between its parts too", async () => {
    const mistakes = await mistakesOf(
      edited(
        [OWNERS_A, `${OWNERS_A}\n    quorum: 3`],
        [ADDRESS, "http://one.aster.example:2633/RPC2"],
        ["C0ZONEB001", "C0ZONEA001"],
        ["birch-password", "cedar-password"],
        ["channels: [C0FEDERATE]", "people: [rosa]"],
        policy("{boot: soon, approvalReminder: 9 days}"),
      ),
    );
    assert.deepEqual(mistakes.map(({ where }) => where.replace(/^zones\.yml:\d+: /, "")).sort(), [
      "policy.approvalReminder",
      "policy.boot",
      "requesters.people[0]",
      "zones.zone-a.quorum",
      "zones.zone-a.xmlrpc",
      "zones.zone-b.channel",
      "zones.zone-b.password",
    ]);
  });

  test("has one mistake told once", async () => {
    for (const { name, edits } of CASES) {
      const mistakes = await mistakesOf(edited(...edits));
      const places = mistakes.map(({ where, problem }) => `${where} ${problem}`);
      assert.deepEqual(places, [...new Set(places)], name);
    }
  });

  test("never has a secret repeated in what is said about it", async () => {
    const secrets: readonly Edit[] = [
      ["{environment: ZONE_A_PASSWORD}", "hunter2"],
      [ADDRESS, "https://florist:hunter2@one.aster.example:2633/RPC2"],
      sshKeys("-----BEGIN OPENSSH PRIVATE KEY----- hunter2"),
    ];
    const mistakes = await mistakesOf(edited(...secrets));
    assert.equal(mistakes.length, 3);
    assert.doesNotMatch(JSON.stringify(mistakes), /hunter2/);
  });

  test("is refused with its line when it is no YAML", async () => {
    const [mistake] = await mistakesOf(edited(["user: florist", 'user: "florist']));
    assert.match(mistake?.where ?? "", /^zones\.yml:\d+$/);
    assert.match(mistake?.problem ?? "", /is not YAML/);
  });

  test("is refused, and the bot does not fall over, when an alias in it leads nowhere", async () => {
    const [mistake, ...others] = await mistakesOf(edited(["network: public", "network: *lab"]));
    assert.match(mistake?.problem ?? "", /is not YAML.*lab/);
    assert.match(mistake?.remedy ?? "", /Write values out/);
    assert.deepEqual(others, []);
  });

  test("is refused when it is empty, a list, or not there", async () => {
    for (const [text, problem] of [
      ["", /is empty/],
      ["- zones", /is a list/],
    ] as const) {
      const [mistake, ...others] = await mistakesOf(text);
      assert.match(mistake?.problem ?? "", problem);
      assert.match(mistake?.remedy ?? "", /zones\.example\.yml/);
      assert.deepEqual(others, []);
    }
    const loaded = await loadConfiguration({ environment: ENVIRONMENT, readFile: filesOf({}) });
    assert.match(loaded.ok ? "" : (loaded.mistakes[0]?.problem ?? ""), /cannot be read/);
  });

  test("names no zone at its peril", async () => {
    const mistakes = await mistakesOf("zones: {}\nrequesters: {channels: [C0FEDERATE]}\n");
    assert.deepEqual(mistakes, [
      { where: "zones.yml:1: zones", problem: "names no zone", remedy: "Add a zone; zones.example.yml shows how." },
    ]);
  });

  test("may give an unencrypted endpoint on this machine", async () => {
    for (const host of ["127.0.0.1", "localhost", "[::1]", "127.1.2.3"]) {
      assert.deepEqual(await mistakesOf(edited([ADDRESS, `http://${host}:2633/RPC2`])), []);
    }
  });
});

suite("Files that the zones file names", () => {
  test("must be closed to others when they hold a password", async () => {
    const [mistake] = await mistakesOf(ZONES_FILE, { "birch-password": { text: "secret", openToOthers: true } });
    assert.equal(mistake?.where, "zones.yml:22: zones.zone-b.password");
    assert.match(mistake.problem, /others can read/);
    assert.match(mistake.remedy, /chmod 600 .*birch-password/);
  });

  test("must hold a password of one line", async () => {
    for (const [text, problem] of [
      ["", /is empty/],
      ["one\ntwo\n", /more than one line/],
    ] as const) {
      const [mistake] = await mistakesOf(ZONES_FILE, { "birch-password": text });
      assert.match(mistake?.problem ?? "", problem);
    }
  });

  test("may begin with a byte order mark and end with a line's end, of either kind, which are no part of the password", async () => {
    for (const text of ["hunter2", "hunter2\n", "hunter2\r\n", "\uFEFFhunter2", "\uFEFFhunter2\r\n"]) {
      const loaded = await loadConfiguration({
        environment: ENVIRONMENT,
        readFile: filesOf({ ...FILES, "birch-password": text }),
      });
      assert.ok(loaded.ok, JSON.stringify(text));
      assert.equal(loaded.configuration.zoneAccess.get(zoneName.parse("zone-b"))?.password.reveal(), "hunter2");
    }
  });

  test("must hold a password that was typed, and nothing that only came along, which is told without the password", async () => {
    for (const [text, problem] of [
      ["hunter2\u200b\n", /holds an invisible character/],
      ["hunter2\u00a0\n", /holds an invisible character/],
      ["hun\u00adter2", /holds an invisible character/],
      ["hunter2\u2028", /holds an invisible character/],
      ["hunter2\uffff\n", /holds a character that XML cannot carry/],
      ["hun\ufffeter2", /holds a character that XML cannot carry/],
      ["hunter2\ud800", /holds a character that XML cannot carry/],
      ["hunter2\u0000", /holds more than one line or a control character/],
      ["hun\ufffdter2", /was damaged by another encoding/],
      [" hunter2", /begins or ends with a blank/],
      ["hunter2 \r\n", /begins or ends with a blank/],
      ["hunter2".repeat(200), /longer than 1024 characters/],
    ] as const) {
      const [mistake, ...others] = await mistakesOf(ZONES_FILE, { "birch-password": text });
      assert.match(mistake?.problem ?? "", problem, JSON.stringify(text));
      assert.equal(mistake?.where, "zones.yml:22: zones.zone-b.password");
      assert.doesNotMatch(JSON.stringify([mistake, others]), /hun|ter2/);
      assert.deepEqual(others, []);
    }
    for (const fine of ["gr\u00fcn&<>\"'", "\u5bc6\u7801", "with a blank"]) {
      assert.deepEqual(await mistakesOf(ZONES_FILE, { "birch-password": `${fine}\n` }), []);
    }
  });

  test("must hold certificates, and no private key, where a CA is asked for", async () => {
    const withCa = edited(["user: florist", "user: florist\n    ca: aster.pem"]);
    for (const [text, problem] of [
      ["nothing", /no certificate that can be read/],
      ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", /no certificate that can be read/],
      ["-----BEGIN PRIVATE KEY-----\n", /holds a private key/],
    ] as const) {
      const [mistake] = await mistakesOf(withCa, { "aster.pem": text });
      assert.equal(mistake?.where, "zones.yml:8: zones.zone-a.ca");
      assert.match(mistake.problem, problem);
    }
  });
});
