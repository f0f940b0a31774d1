/**
 * Holds quick guests and real ones to the same protocol: one script, played by both, each told the same and expected to
 * say the same: attributes, their order, which of them travel together, and the answers to wrong values.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeTlsKey } from "../../sandbox/hypervisor/tls-identity.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { encodeBase64Text, encodeStructured } from "../../src/guest-protocol/decoded.ts";
import { encodeKeyList, type KeyListName } from "../../src/guest-protocol/key-list.ts";
import { CONTEXT, GIVEN } from "../../src/guest-protocol/names.ts";
import type { NodeKey } from "../../src/guest-protocol/node-key.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { aNodeKey } from "../builders/node-key.ts";
import { TestAuthority } from "../sandbox/hypervisor/test-authority.ts";
import { Play, type Wanted } from "./contract-play.ts";
import { leftOut } from "./left-out.ts";

const skip = await leftOut();

const HOST = "203.0.113.20";
const DIALLED = `${HOST}:9092`;
const LINK = { zone: "zone-a", vmId: 11 };
const NODE = { zone: "zone-b", vmId: 21 };
/** As plays name it: the first key that is met. */
const KEY = "key 1";
const NOBODY = "203.0.113.99:9092";
const NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQUFBQQ==\n-----END CERTIFICATE-----\n";

const plays: Play[] = [];
let script = "";
let stranger: TestAuthority;
/** Whether every step so far went as it should: the next ones build on them. */
let holds = true;

before(async () => {
  if (skip) return;
  script = (await readGuestScript(join(process.cwd(), "manifests", "guest"))).base64;
  stranger = await TestAuthority.create();
  for (const kind of ["quick", "real"] as const) plays.push(await Play.open(kind));
});
after(async () => {
  await Promise.all(plays.map((play) => play.close()));
});

/** One step of the script: what is done to both kinds, what it leads to, and that these guests say the same of it. */
function step(title: string, act: (play: Play) => void | Promise<void>, ...wanted: readonly Wanted[]): void {
  test(title, { skip }, async (t) => {
    if (!holds) return t.skip("a step before this one failed");
    holds = false;
    const [quick, real] = await Promise.all(plays.map((play) => play.perform(() => act(play), wanted)));
    assert.deepEqual(quick, real);
    holds = true;
  });
}

/** Whatever container engine this machine may have, real guests here use the virtual environment. */
const agent = () => ({ [CONTEXT.startScript]: script, FL_LAUNCHER: "venv" });
const network = (ip: string, gateway: string) => ({ ETH0_IP: ip, ETH0_MASK: "255.255.255.0", ETH0_GATEWAY: gateway });

function linkContext(): Record<string, string> {
  return {
    ...agent(),
    [CONTEXT.role]: "superlink",
    [CONTEXT.dialledAddress]: DIALLED,
    [CONTEXT.extraSan]: "DNS:fl.example.org",
    ...network(HOST, "203.0.113.1"),
  };
}

function nodeContext(play: Play, ip = "10.20.0.21", gateway = "10.20.0.1"): Record<string, string> {
  return {
    ...agent(),
    [CONTEXT.role]: "supernode",
    [CONTEXT.superlinkAddress]: DIALLED,
    [CONTEXT.caCertificate]: play.authority.encoded,
    [CONTEXT.nodeConfig]: encodeBase64Text("org='b'"),
    ...network(ip, gateway),
  };
}

step(
  "a SuperLink asks for a certificate and says nothing yet that makes sites come",
  (play) => play.boot(LINK, linkContext()),
  {
    vm: LINK,
    stage: "awaiting-certificate none",
  },
);

const WRONG_CERTIFICATES = {
  "certificate-malformed": () => encodeBase64Text("$(reboot)"),
  "certificate-untrusted": (play) => stranger.sign(play.said(LINK, "FL_TLS_CSR")),
  "certificate-key-mismatch": async (play) =>
    encodePem([play.authority.issueForNewKey(await makeTlsKey(2048), [HOST, "127.0.0.1"])]),
  "certificate-name-missing": (play) =>
    play.sign(LINK, "without the dialled name", { names: ["127.0.0.1", "localhost"] }),
  "certificate-expired": (play) => play.sign(LINK, "expired", { days: -1 }),
  clock: (play) => play.sign(LINK, "not valid yet", { fromDays: 1 }),
} satisfies Readonly<Record<string, (play: Play) => string | Promise<string>>>;
for (const [reason, make] of Object.entries(WRONG_CERTIFICATES)) {
  step(
    `a first certificate that is wrong is refused as ${reason}`,
    async (play) => play.certify(LINK, await make(play)),
    {
      vm: LINK,
      stage: `awaiting-certificate ${reason}`,
    },
  );
}

step(
  "with its certificate a SuperLink serves, and what makes sites come travels together",
  (play) => play.certify(LINK, play.sign(LINK, "the first")),
  {
    vm: LINK,
    stage: "serving none",
    certificate: "the first",
    nodes: [],
  },
);

step(
  "a SuperNode shows its key and its proof, finds its way clear, and waits to be admitted",
  (play) => play.boot(NODE, nodeContext(play)),
  {
    vm: NODE,
    stage: "awaiting-admission none",
    link: "ok",
  },
);

for (const reason of ["certificate-untrusted", "certificate-malformed"] as const) {
  step(
    `a SuperLink that serves goes on with its certificate when another one comes that is ${reason}`,
    async (play) => play.certify(LINK, await WRONG_CERTIFICATES[reason](play)),
    { vm: LINK, stage: `serving ${reason}`, certificate: "the first" },
  );
}

step(
  "a renewed certificate is announced, and all is well again",
  (play) => play.certify(LINK, play.sign(LINK, "the renewed")),
  { vm: LINK, stage: "serving none", certificate: "the renewed" },
);

const UNKNOWN_KEY = aNodeKey("a node that nobody published");

/** What can be wrong with a list of keys. */
const WRONG_LISTS: Readonly<Record<string, string>> = {
  "that is cut short": encodeKeyList(GIVEN.admit, { sequence: 9, keys: [UNKNOWN_KEY] }).slice(0, 200),
  "that says a text UTF-8 cannot hold": encodeStructured({ sequence: 9, digest: "0".repeat(64), keys: ["\ud800"] }),
  "that is nested without end": encodeBase64Text("[".repeat(30_000)),
};
for (const [what, value] of Object.entries(WRONG_LISTS)) {
  step(`FL_ADMIT ${what} changes nothing and is said`, (play) => play.give(LINK, { [GIVEN.admit]: value }), {
    vm: LINK,
    stage: "serving admission-malformed",
    looks: true,
    nodes: [],
  });
}
step("a whole FL_ADMIT ends that", (play) => giveKeys(play, GIVEN.admit, 1, []), { vm: LINK, stage: "serving none" });
step(
  "FL_REVOKE that was made as FL_ADMIT changes nothing and is said",
  (play) => play.give(LINK, { [GIVEN.revoke]: encodeKeyList(GIVEN.admit, { sequence: 1, keys: [] }) }),
  { vm: LINK, stage: "serving admission-malformed", nodes: [] },
);
step("a whole FL_REVOKE ends that", (play) => giveKeys(play, GIVEN.revoke, 1, []), { vm: LINK, stage: "serving none" });

step(
  "an admitted key is registered; the SuperNode waits until it is told",
  (play) => giveKeys(play, GIVEN.admit, 3, [play.keyOf(NODE)]),
  { vm: LINK, stage: "serving none", nodes: [`${KEY} registered`] },
  { vm: NODE, stage: "awaiting-admission none", looks: true },
);
step(
  "a list that is older than the one taken changes nothing",
  (play) => giveKeys(play, GIVEN.admit, 2, [play.keyOf(NODE), UNKNOWN_KEY]),
  { vm: LINK, stage: "serving none", nodes: [`${KEY} registered`], looks: true },
);
step(
  "a SuperNode that is told of another key goes on waiting",
  (play) => play.give(NODE, { [GIVEN.admitted]: UNKNOWN_KEY.fingerprint }),
  { vm: NODE, stage: "awaiting-admission none", looks: true },
);
step(
  "a SuperNode that is told of its own key starts and serves",
  (play) => play.give(NODE, { [GIVEN.admitted]: play.keyOf(NODE).fingerprint }),
  { vm: NODE, stage: "serving none", link: "ok" },
  { vm: LINK, stage: "serving none", nodes: [`${KEY} online`] },
);

const WRONG_TRUSTS: Readonly<Record<string, (play: Play) => string>> = {
  "that is cut short": (play) => trustOf(play, 1).slice(0, 200),
  "whose certificate is none": (play) => trustOf(play, 1, { ca: NO_CERTIFICATE }),
};
for (const [what, make] of Object.entries(WRONG_TRUSTS)) {
  step(`FL_TRUST ${what} changes nothing and is said`, (play) => play.give(NODE, { [GIVEN.trust]: make(play) }), {
    vm: NODE,
    stage: "serving trust-malformed",
    looks: true,
  });
}
step(
  "FL_TRUST with two authorities is taken, and the SuperNode serves with both",
  (play) => play.give(NODE, { [GIVEN.trust]: trustOf(play, 2, { ca: play.authority.pem + stranger.pem }) }),
  { vm: NODE, stage: "serving none", link: "ok", passes: "starting" },
);
step(
  "an older FL_TRUST changes nothing",
  (play) => play.give(NODE, { [GIVEN.trust]: trustOf(play, 1, { address: NOBODY }) }),
  { vm: NODE, stage: "serving none", link: "ok", looks: true },
);
step(
  "FL_TRUST with an address where nobody is leads there",
  (play) => play.give(NODE, { [GIVEN.trust]: trustOf(play, 3, { address: NOBODY }) }),
  { vm: NODE, stage: "starting link-down", link: "unreachable" },
);
step("a SuperNode that is rebooted goes by the last FL_TRUST", (play) => play.client.reboot(NODE), {
  vm: NODE,
  stage: "starting link-down",
  link: "unreachable",
  passes: "booting",
});
step(
  "FL_TRUST with the right address brings it back",
  (play) => play.give(NODE, { [GIVEN.trust]: trustOf(play, 4) }),
  { vm: NODE, stage: "serving none", link: "ok" },
  { vm: LINK, stage: "serving none", nodes: [`${KEY} online`] },
);
step(
  "FL_TRUST with another authority cuts it off",
  (play) => play.give(NODE, { [GIVEN.trust]: trustOf(play, 5, { ca: stranger.pem }) }),
  { vm: NODE, stage: "starting link-down", link: "untrusted-ca" },
);
step("FL_TRUST with the right one heals that", (play) => play.give(NODE, { [GIVEN.trust]: trustOf(play, 6) }), {
  vm: NODE,
  stage: "serving none",
  link: "ok",
});

step(
  "a SuperLink that is rebooted serves again with the same certificate, and its SuperNode returns",
  (play) => play.client.reboot(LINK),
  { vm: LINK, stage: "serving none", certificate: "the renewed", nodes: [`${KEY} online`], passes: "booting" },
);

/** What SuperNodes were told wrong at their creation, and how their way ends. */
const LOST: readonly { readonly told: (play: Play) => Record<string, string>; readonly link: string }[] = [
  { told: () => ({ [CONTEXT.superlinkAddress]: NOBODY }), link: "unreachable" },
  { told: () => ({ [CONTEXT.superlinkAddress]: `${HOST}:9999` }), link: "refused" },
  { told: () => ({ [CONTEXT.caCertificate]: stranger.encoded }), link: "untrusted-ca" },
];
const lost = (index: number) => ({ zone: "zone-c", vmId: 31 + index });
step(
  "a SuperNode that was created with a wrong address or CA says how its way ends",
  async (play) => {
    for (const [index, { told }] of LOST.entries()) {
      await play.boot(lost(index), { ...nodeContext(play, `10.30.0.${31 + index}`, "10.30.0.1"), ...told(play) });
    }
  },
  ...LOST.map(({ link }, index) => ({ vm: lost(index), stage: "awaiting-admission link-down", link })),
);

/** Values that no guest may go on with: one of each kind, for test/guest-agent/values.test.ts compares many more. */
const HOSTILE: readonly { readonly told: Record<string, string>; readonly reason: string }[] = [
  { told: { FL_PROTOCOL: "2" }, reason: "context-invalid" },
  { told: { FL_ROLE: "gateway" }, reason: "context-invalid" },
  { told: { FL_SUPERLINK_ADDRESS: "203.0.113.256:9092" }, reason: "context-invalid" },
  { told: { FL_SSL_CA_CERTFILE: encodeBase64Text(NO_CERTIFICATE) }, reason: "context-invalid" },
  { told: { FL_NODE_CONFIG: encodeBase64Text("a='b' --insecure") }, reason: "context-invalid" },
  { told: { FL_ROLE: "superlink", FL_DIALLED_ADDRESS: "-x:9092" }, reason: "context-invalid" },
  { told: { FL_GRPC_KEEPALIVE_TIME: "20", FL_GRPC_KEEPALIVE_TIMEOUT: "20" }, reason: "keepalive-invalid" },
];
const hostile = (index: number) => ({ zone: "zone-d", vmId: 100 + index });
step(
  "a value in CONTEXT that is not of its form ends in a failure that is said",
  async (play) => {
    for (const [index, { told }] of HOSTILE.entries()) {
      await play.boot(hostile(index), { ...nodeContext(play, `10.40.0.${100 + index}`, "10.40.0.1"), ...told });
    }
  },
  ...HOSTILE.map(({ reason }, index) => ({ vm: hostile(index), stage: `failed ${reason}` })),
);

step(
  "a revoked key is gone from the SuperLink, and its SuperNode says that it is not admitted",
  (play) => giveKeys(play, GIVEN.revoke, 2, [play.keyOf(NODE)]),
  { vm: LINK, stage: "serving none", nodes: [] },
  // An unregistered SuperNode is told why, or ends without a word and learns it when it comes back.
  { vm: NODE, stage: "awaiting-admission not-admitted", link: "ok", mayPass: "starting none" },
);

test("every attribute appears in the same order, and the same ones travel together", { skip }, () => {
  const [quick, real] = plays.map((play) => play.order());
  assert.deepEqual(quick, real);
});

function giveKeys(play: Play, name: KeyListName, sequence: number, keys: readonly NodeKey[]): void {
  play.give(LINK, { [name]: encodeKeyList(name, { sequence, keys }) });
}

/** `FL_TRUST` as the bot writes it, or with what no bot would put into it. */
function trustOf(play: Play, sequence: number, { address = DIALLED, ca = play.authority.pem } = {}): string {
  const digest = createHash("sha256").update(`FL_TRUST\n${sequence}\n${address}\n${ca}`).digest("hex");
  return encodeStructured({ sequence, digest, address, ca });
}
