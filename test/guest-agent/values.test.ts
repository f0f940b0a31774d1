/** Quick guests and the agent read the same values: what one takes the other takes, and what one refuses both refuse. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { readContext } from "../../sandbox/hypervisor/context.ts";
import { GuestFailure } from "../../sandbox/hypervisor/guest-failure.ts";
import { areAuthorities, makeTlsKey } from "../../sandbox/hypervisor/tls-identity.ts";
import { decodePem, encodePem } from "../../src/guest-protocol/certificates.ts";
import { encodeBase64Text, encodeStructured } from "../../src/guest-protocol/decoded.ts";
import { decodeKeyList, encodeKeyList } from "../../src/guest-protocol/key-list.ts";
import { GIVEN } from "../../src/guest-protocol/names.ts";
import { decodeTrust } from "../../src/guest-protocol/trust.ts";
import { decodeTunnelPeers } from "../../src/guest-protocol/tunnel.ts";
import { aNodeKey } from "../builders/node-key.ts";
import { TestAuthority } from "../sandbox/hypervisor/test-authority.ts";

const SOURCES = join(process.cwd(), "manifests", "guest");
const [KEY, OTHER] = [aNodeKey("one"), aNodeKey("other")];
const authority = await TestAuthority.create();
const leaf = authority.issueForNewKey(await makeTlsKey(2048), ["127.0.0.1"]);

/** What an expression of the agent's own language over `value` gives for each value. */
function agentSays(expression: string, values: readonly unknown[]): readonly unknown[] {
  const program = `
import json, re, sys, wire
from context import Failure, parse_context
from supernode import PAIRS
def context(values):
    try:
        found = parse_context(values)
    except Failure as failure:
        return failure.reason
    pairs = found.get("FL_NODE_CONFIG", "")
    well = pairs == "" or re.fullmatch(PAIRS, wire.decode_text(pairs) or "=")
    well = well and ("FL_SSL_CA_CERTFILE" not in found or authorities(found["FL_SSL_CA_CERTFILE"]))
    return "taken" if well else "context-invalid"
def authorities(value):
    return wire.certificates(wire.decode_text(value), of_authorities=True) is not None
print(json.dumps([${expression} for value in json.load(sys.stdin)]))`;
  const environment = { ...process.env, PYTHONPATH: SOURCES, PYTHONDONTWRITEBYTECODE: "1" };
  const input = JSON.stringify(values);
  const done = spawnSync("python3", ["-c", program], { encoding: "utf8", env: environment, input });
  assert.equal(done.status, 0, done.stderr);
  return z.array(z.unknown()).parse(JSON.parse(done.stdout));
}

/** The values on which the two differ, shortened, with what the agent says of them. */
function differences(
  values: readonly unknown[],
  agent: readonly unknown[],
  quick: readonly unknown[],
): readonly string[] {
  return values.flatMap((value, index) =>
    agent[index] === quick[index]
      ? []
      : [`${JSON.stringify(value).slice(0, 3000)}: ${agent[index]}, not ${quick[index]}`],
  );
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Base64 whose last bits, which carry nothing, are not nought. */
function otherSpelling(text: string): string {
  const whole = Buffer.from(text + "\n".repeat((4 - (Buffer.byteLength(text) % 3)) % 3)).toString("base64");
  return whole.replace(/.==$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}==`);
}

/** What can happen to any structured or PEM value on its way. */
function damaged(value: string): readonly string[] {
  const text = Buffer.from(value, "base64").toString("utf8");
  return [
    value.slice(0, -4),
    value.slice(4),
    `${value} `,
    ` ${value}`,
    `${value}=`,
    value.replace(/=+$/, ""),
    value.replaceAll("A", "-"),
    `${value.slice(0, 76)}\n${value.slice(76)}`,
    text,
    encodeBase64Text(`${text}\n`),
    encodeBase64Text(` ${text}`),
    encodeBase64Text(`${text}x`),
    encodeBase64Text(text.slice(0, -1)),
    encodeBase64Text(text.replaceAll("\n", "\r\n")),
    encodeBase64Text(`\ufeff${text}`),
    Buffer.concat([Buffer.from(text), Buffer.from([0xff])]).toString("base64"),
    otherSpelling(text),
  ];
}

const HOSTILE = [
  "",
  " ",
  "=",
  "QQ==",
  "QR==",
  "$(reboot)",
  "null",
  encodeBase64Text("null"),
  encodeBase64Text("[]"),
  encodeBase64Text("{}"),
  encodeBase64Text("[".repeat(30_000)),
  encodeBase64Text(`{"schema":${"9".repeat(5000)}}`),
];

test("both take the same lists of keys", () => {
  const digest = (sequence: unknown, keys: readonly unknown[]) =>
    sha256([GIVEN.admit, sequence, ...keys].map((line) => `${line}\n`).join(""));
  const list = (sequence: unknown, keys: readonly unknown[], more: object = {}) =>
    encodeStructured({ sequence, digest: digest(sequence, keys), keys, ...more });
  const whole = encodeKeyList(GIVEN.admit, { sequence: 3, keys: [KEY, OTHER] });
  const values = [
    whole,
    list(1, []),
    list(999_999_999, [KEY.line]),
    encodeKeyList(GIVEN.revoke, { sequence: 3, keys: [KEY] }),
    list(0, [KEY.line]),
    list(-1, [KEY.line]),
    list(1.5, [KEY.line]),
    list("3", [KEY.line]),
    list(true, [KEY.line]),
    list(3, [KEY.line, KEY.line]),
    list(3, [`${KEY.line} comment`]),
    list(3, [`${KEY.line}\n`]),
    list(3, [KEY.line.slice(0, -4)]),
    list(3, [KEY.line.replace("384", "256")]),
    list(3, ["ssh-rsa AAAA"]),
    list(3, [7]),
    list(3, [null]),
    list(3, [[KEY.line]]),
    list(3, ["\ud800"]),
    list(3, [KEY.line], { schema: 2 }),
    list(3, [KEY.line], { schema: "1" }),
    list(3, [KEY.line], { schema: true }),
    list(3, [KEY.line], { more: 1 }),
    list(3, [KEY.line], { digest: digest(3, [KEY.line]).toUpperCase() }),
    list(3, [KEY.line], { keys: { 0: KEY.line } }),
    ...damaged(whole),
    ...HOSTILE,
  ];
  const quick = values.map((value) => decodeKeyList(GIVEN.admit, value).ok);
  assert.deepEqual(differences(values, agentSays(`wire.key_list("FL_ADMIT", value) is not None`, values), quick), []);
  assert.deepEqual([quick.indexOf(true), quick.includes(false)], [0, true]);
});

const THROUGH = { WG_KIND: "gateway", WG_MTU: "1420" };
const AS_HUB = { ...THROUGH, WG_ADDRESS: "10.99.0.0/31", WG_PORT: "51820", WG_SUPERLINK: "10.1.0.12" };
/** What CONTEXT may give a gateway, of a training zone and before a SuperLink. */
const GATEWAYS: readonly Readonly<Record<string, string>>[] = [
  THROUGH,
  AS_HUB,
  { ...THROUGH, WG_KIND: "own" },
  { ...AS_HUB, WG_KIND: "own" },
  { ...AS_HUB, WG_SUPERLINK: "superlink.example" },
  { ...AS_HUB, WG_SUPERLINK: "2001:db8::20" },
  { ...AS_HUB, WG_SUPERLINK: "10.1.0.12; id" },
  { ...AS_HUB, WG_ADDRESS: "10.99.0.0" },
  { ...AS_HUB, WG_PORT: "0" },
  { ...AS_HUB, WG_SUPERLINK: "" },
];
const ADDRESSES = [
  "203.0.113.20:9092",
  "sl.example.org:1",
  "SL.Example.ORG:65535",
  "localhost:9092",
  "a-b.c1:443",
  "203.0.113.20",
  "203.0.113.20:",
  ":9092",
  "203.0.113.20:0",
  "203.0.113.20:65536",
  "203.0.113.20:09092",
  "203.0.113.20:+90",
  "203.0.113.256:9092",
  "203.0.113:9092",
  "203.0.113.020:9092",
  "sl.example.7:9092",
  "7:9092",
  "a..b:9092",
  ".a:9092",
  "a.:9092",
  "-a.b:9092",
  "a-.b:9092",
  "a_b:9092",
  "a b:9092",
  "::1:9092",
  "[::1]:9092",
  "2001:db8::20:9092",
  "2001:0DB8:0:0::20:9092",
  "2001:db8::1",
  "2001:db8:1:2:3:4:5:6:9092",
  "2001:db8:1:2:3:4:5:6:7:9092",
  "2001:db8::1::2:9092",
  "2001:db8::12345:9092",
  "::ffff:203.0.113.20:9092",
  "::ffff:cb00:7114:9092",
  "::ffff:0:cb00:7114:9092",
  "::203.0.113.20:9092",
  "fe80::1%eth0:9092",
  ":::9092",
  "http://a:9092",
  `${"a".repeat(63)}.org:9092`,
  `${"a".repeat(64)}.org:9092`,
  `${"a.".repeat(126)}a:9092`,
  `${"a.".repeat(127)}a:9092`,
  "203.0.113.20:9092\n",
  "203.0.113.20:９０９２",
];

test("both take the same trusts", () => {
  const trust = (address: unknown, ca: unknown, sequence: unknown = 2, more: object = {}) =>
    encodeStructured({ sequence, digest: sha256(`FL_TRUST\n${sequence}\n${address}\n${ca}`), address, ca, ...more });
  const [address] = ADDRESSES;
  const whole = trust(address, authority.pem);
  const values = [
    whole,
    ...ADDRESSES.map((one) => trust(one, authority.pem)),
    trust(address, `${authority.pem}${authority.pem}`),
    trust(address, ""),
    trust(address, "\ud800"),
    trust(address, `text\n${authority.pem}`),
    trust(address, authority.pem.replaceAll("CERTIFICATE", "X509 CRL")),
    trust(address, 7),
    trust(7, authority.pem),
    trust(address, authority.pem, 0),
    trust(address, authority.pem, 2, { keys: [] }),
    ...damaged(whole),
    ...HOSTILE,
  ];
  const quick = values.map((value) => {
    const decoded = decodeTrust(value);
    return decoded.ok && areAuthorities(decoded.value.authorities);
  });
  assert.deepEqual(differences(values, agentSays("wire.trust(value) is not None", values), quick), []);
  assert.deepEqual([quick.indexOf(true), quick.includes(false)], [0, true]);
});

test("both take the same ends of a tunnel", () => {
  type Shown = Readonly<Record<string, unknown>>;
  const [key, other] = [1, 2].map((number) => Buffer.alloc(32, number).toString("base64"));
  const whole = (allowed: readonly unknown[] = ["10.99.0.1/32"], more: Shown = {}): Shown => ({
    ...{ key, endpoint: null, allowed, replaces: null },
    ...more,
  });
  const value = (peers: readonly unknown[], own: readonly unknown[] = ["10.99.0.0/31"], more: Shown = {}) => {
    const text = (peer: unknown) => {
      const { key: of, endpoint, allowed, replaces } = Object(peer);
      return `${of} ${endpoint ?? "-"} ${Array.isArray(allowed) ? allowed.join(",") || "-" : allowed} ${replaces ?? "-"}`;
    };
    const lines = ["WG_PEERS", 2, ["own", ...own].join(" "), ...peers.map(text)];
    const digest = sha256(lines.map((line) => `${line}\n`).join(""));
    return encodeStructured({ sequence: 2, digest, own, peers, ...more });
  };
  const several = value([whole(), { ...whole([]), key: other, endpoint: "hub.example.org:51820", replaces: key }]);
  const values = [
    several,
    value([]),
    value([whole(["10.99.0.1/32", "10.30.0.0/24"])]),
    ...ADDRESSES.map((endpoint) => value([whole([], { endpoint })])),
    ...[
      "10.99.0.1",
      "10.99.0.1/0",
      "10.99.0.1/33",
      "10.99.0.1/024",
      "10.99.0.01/32",
      "0.0.0.0/1",
      "::1/32",
      "",
      7,
      null,
      [],
    ].flatMap((text) => [value([whole([text])]), value([whole()], [text])]),
    ...[
      "",
      "AAAA",
      `${key} `,
      key?.replace("=", ""),
      `${"A".repeat(43)}=`,
      `${"A".repeat(42)}B=`,
      other,
      7,
      null,
    ].flatMap((text) => [value([whole([], { key: text })]), value([whole([], { replaces: text })])]),
    value([whole(), whole(["10.99.0.3/32"])]),
    value([whole(), whole(["10.99.0.1/32"], { key: other })]),
    value([whole([], { more: 1 })]),
    value([{ key }]),
    value([7]),
    value([null]),
    value([whole("10.99.0.1/32".split("").slice(0, 0), { allowed: "10.99.0.1/32" })]),
    value([whole()], [], { sequence: 3 }),
    value([whole()], [], { peers: {} }),
    value([whole()], [], { more: 1 }),
    ...damaged(several),
    ...HOSTILE,
  ];
  const quick = values.map((one) => decodeTunnelPeers(one).ok);
  assert.deepEqual(differences(values, agentSays("wire.tunnel_peers(value) is not None", values), quick), []);
  assert.deepEqual([quick.indexOf(true), quick.includes(false)], [0, true]);
});

test("both take the same texts of authorities", () => {
  const garbage = "-----BEGIN CERTIFICATE-----\nQUFBQQ==\n-----END CERTIFICATE-----\n";
  const whole = authority.encoded;
  const texts = [[authority.pem, authority.pem], [leaf], [authority.pem, leaf], [garbage], [authority.pem, garbage]];
  const values = [whole, ...texts.map((text) => encodePem(text)), ...damaged(whole), ...HOSTILE];
  const quick = values.map((value) => {
    const decoded = decodePem(value, "CERTIFICATE");
    return decoded.ok && areAuthorities(decoded.value);
  });
  assert.deepEqual(differences(values, agentSays("authorities(value)", values), quick), []);
  assert.deepEqual([quick.indexOf(true), quick.includes(false)], [0, true]);
});

test("both take the same values of CONTEXT, and refuse the others for the same reason", () => {
  const shared = {
    FL_PROTOCOL: "1",
    FL_FEDERATION: "fed-1",
    FL_SITE: "beta",
    FL_ATTEMPT: "fed-1/beta/0123456789ab/1",
    FLOWER_VERSION: "1.31.0",
    FL_TLS_ENABLED: "YES",
  };
  const link = { ...shared, FL_ROLE: "superlink", FL_DIALLED_ADDRESS: "203.0.113.20:9092" };
  const node = {
    ...shared,
    FL_ROLE: "supernode",
    FL_SUPERLINK_ADDRESS: "203.0.113.20:9092",
    FL_SSL_CA_CERTFILE: authority.encoded,
  };
  const each = (name: string, values: readonly string[]) => values.map((value) => ({ ...node, [name]: value }));
  const texts = [
    "",
    " ",
    "a b",
    "$(reboot)",
    "`id`",
    "../../etc",
    "--help",
    "x".repeat(64),
    "x".repeat(63),
    "ä",
    "a\nb",
  ];
  const values: readonly Readonly<Record<string, string>>[] = [
    node,
    link,
    {},
    ...Object.keys(node).flatMap((name) => each(name, texts)),
    ...each("FL_SUPERLINK_ADDRESS", ADDRESSES),
    ...ADDRESSES.map((address) => ({ ...link, FL_DIALLED_ADDRESS: address })),
    ...[
      "",
      "DNS:a",
      "IP:203.0.113.20",
      "IP:203.0.113.20,DNS:fl.example.org",
      "DNS:203.0.113.20",
      "IP:a",
      "a",
      "DNS:",
      "DNS:a,",
      "email:a",
      "DNS:a,DNS:$(id)",
      "IP:::1",
      "dns:a",
    ].map((names) => ({ ...link, FL_CERT_EXTRA_SAN: names })),
    ...each("FL_ROLE", ["superlink", "gateway", "Supernode"]),
    ...GATEWAYS.map((own) => ({ ...node, FL_ROLE: "gateway", ...own })),
    ...each("FL_ATTEMPT", [
      "fed-1/beta/0123456789ab/0",
      "fed-1/beta/0123456789AB/1",
      "fed-1/beta/0123456789ab/1/2",
      "a/b/0123456789ab/999999999",
      "a/b/0123456789ab/1000000000",
    ]),
    ...each("FLOWER_VERSION", ["1.31", "1.31.0.dev1", "10000.1.1", "latest"]),
    ...each("ML_FRAMEWORK", ["", "none", "pytorch", "jax"]),
    ...each("FL_NODE_CONFIG", [
      "a=1",
      ...[
        "",
        "a=1",
        "a='b c' d=2",
        'a="x"',
        "a=1,b=2",
        "a='x' --insecure",
        "a='x'; id",
        "a",
        "=1",
        "a=",
        "a='x\\'",
        "a='x\ny'",
        "a=1  b=2 ",
      ].map((pairs) => Buffer.from(pairs).toString("base64")),
    ]),
    ...each("FL_DATA", [
      "",
      "/srv/scans",
      "/srv/scans 2",
      "disk",
      "disks",
      "/disk",
      "/srv/.hidden/a..b/...",
      "srv",
      "/",
      "/srv/",
      "//srv",
      "/srv/../root",
      "/srv/.",
      "/srv\n",
      "/proc",
      "/proc/1",
      "/process",
      "/var/lib/florist/keys",
      "/var/lib/florists",
      "/dev",
      "/srv/$(id)",
      `/${"a".repeat(255)}`,
      `/${"a".repeat(256)}`,
      "/a".repeat(32),
      "/a".repeat(33),
    ]),
    ...["9", "10", "7200", "7201", "060", "6e1", "-60", "60.5", "", "x"].flatMap((time) =>
      ["1", "9", "20", "0", "60", "-1", ""].map((timeout) => ({
        ...node,
        FL_GRPC_KEEPALIVE_TIME: time,
        FL_GRPC_KEEPALIVE_TIMEOUT: timeout,
      })),
    ),
  ];
  const quick = values.map((value) => {
    try {
      return readContext(value).role && "taken";
    } catch (error) {
      return error instanceof GuestFailure ? error.reason : String(error);
    }
  });
  assert.deepEqual(differences(values, agentSays("context(value)", values), quick), []);
  assert.deepEqual([...new Set(quick)].sort(), ["context-invalid", "keepalive-invalid", "taken"]);
});
