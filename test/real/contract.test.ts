/**
 * Holds quick guests and real ones to the same protocol: one script, played by both, each told the same and expected to
 * say the same: attributes, their order, which of them travel together, and the answers to wrong values.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { encodeBase64Text } from "../../src/guest-protocol/decoded.ts";
import { CONTEXT } from "../../src/guest-protocol/names.ts";
import { readGuestScript } from "../../src/manifests/guest-script.ts";
import { makeTlsKey } from "../../src/sandbox/guests/tls-identity.ts";
import { TestAuthority } from "../sandbox/guests/test-authority.ts";
import { Play, type Wanted } from "./contract-play.ts";
import { leftOut } from "./left-out.ts";

const skip = await leftOut();

const HOST = "203.0.113.20";
const DIALLED = `${HOST}:9092`;
const LINK = { zone: "zone-a", vmId: 11 };
const NODE = { zone: "zone-b", vmId: 21 };

let plays: readonly Play[] = [];
let script = "";
let stranger: TestAuthority;
/** Whether every step so far went as it should: the next ones build on them. */
let holds = true;

before(async () => {
  if (skip) return;
  script = (await readGuestScript(join(process.cwd(), "manifests", "guest"))).base64;
  stranger = await TestAuthority.create();
  plays = [await Play.open("quick"), await Play.open("real")];
});
after(async () => {
  await Promise.all(plays.map((play) => play.close()));
});

/** One step of the script: what is done to both kinds, what it leads to, and that both say the same of it. */
function step(title: string, act: (play: Play) => void | Promise<void>, ...wanted: readonly Wanted[]): void {
  test(title, { skip }, async () => {
    assert.ok(holds, "A step before this one failed.");
    holds = false;
    const [quick, real] = await Promise.all(plays.map((play) => play.perform(() => act(play), wanted)));
    assert.deepEqual(quick, real);
    holds = true;
  });
}

const network = (ip: string, gateway: string) => ({ ETH0_IP: ip, ETH0_MASK: "255.255.255.0", ETH0_GATEWAY: gateway });

function linkContext(): Record<string, string> {
  return {
    [CONTEXT.startScript]: script,
    [CONTEXT.role]: "superlink",
    [CONTEXT.dialledAddress]: DIALLED,
    [CONTEXT.extraSan]: "DNS:fl.example.org",
    ...network(HOST, "203.0.113.1"),
  };
}

function nodeContext(play: Play, ip = "10.20.0.21"): Record<string, string> {
  return {
    [CONTEXT.startScript]: script,
    [CONTEXT.role]: "supernode",
    [CONTEXT.superlinkAddress]: DIALLED,
    [CONTEXT.caCertificate]: play.authority.encoded,
    [CONTEXT.nodeConfig]: encodeBase64Text("org='b'"),
    ...network(ip, "10.20.0.1"),
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

const WRONG_CERTIFICATES: Readonly<Record<string, (play: Play) => string | Promise<string>>> = {
  "certificate-malformed": () => encodeBase64Text("$(reboot)"),
  "certificate-untrusted": (play) => stranger.sign(play.said(LINK, "FL_TLS_CSR")),
  "certificate-key-mismatch": async (play) =>
    encodePem([play.authority.issueForNewKey(await makeTlsKey(2048), [HOST, "127.0.0.1"])]),
  "certificate-name-missing": (play) =>
    play.sign(LINK, "without the dialled name", { names: ["127.0.0.1", "localhost"] }),
  "certificate-expired": (play) => play.sign(LINK, "expired", { days: -1 }),
};
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

test("every attribute appears in the same order, and the same ones travel together", { skip }, () => {
  const [quick, real] = plays.map((play) => play.order());
  assert.deepEqual(quick, real);
});
