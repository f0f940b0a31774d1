import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import forge from "node-forge";
import { CHAIN_MISTAKES, type ChainMistake } from "../../src/federation/model/chain-mistakes.ts";
import type { Host } from "../../src/guest-protocol/address.ts";
import { checkAuthority, checkChain } from "../../src/trust/organisation.ts";
import {
  constrainedTo,
  HAS_KEY_ID,
  inDays,
  isAuthority,
  LEAF,
  made,
  NAMES_ISSUER,
  NOW,
  namesOf,
  newPair,
  OF_AUTHORITY,
  openssl,
  requestFor,
  SIGNS_CERTIFICATES,
  type Wish,
} from "./organisation-bench.ts";

const KEYS = { root: newPair(), middle: newPair(), superLink: newPair(), other: newPair() };
const rootWish: Wish = { subject: "Aster Root CA", pair: KEYS.root, to: inDays(3650), extensions: OF_AUTHORITY };
const root = made(rootWish);
const middleWish: Wish = {
  subject: "Aster Issuing CA",
  issuer: root,
  pair: KEYS.middle,
  to: inDays(900),
  extensions: [...OF_AUTHORITY, NAMES_ISSUER],
};
const middle = made(middleWish);
const leafWish: Wish = {
  subject: "fl.example.org",
  issuer: middle,
  pair: KEYS.superLink,
  extensions: Object.values(LEAF),
};
const leaf = made(leafWish);
const { issuer: _, ...selfSigned } = leafWish;
const request = requestFor(KEYS.superLink);
const required: readonly Host[] = [
  { kind: "dns", value: "fl.example.org" },
  { kind: "ip", value: "10.99.0.1" },
];

const rules = { authority: root.pem, request, required, now: NOW };
const chainOf = (...certificates: readonly { readonly pem: string }[]): string =>
  certificates.map(({ pem }) => pem).join("");
const leafBut = (changes: Partial<Wish>) => made({ ...leafWish, ...changes });
const leafWithout = (...names: readonly (keyof typeof LEAF)[]) =>
  leafBut({
    extensions: Object.entries(LEAF).flatMap(([name, one]) => (names.some((each) => each === name) ? [] : [one])),
  });
const leafWith = (changes: Partial<Record<keyof typeof LEAF, object>>) =>
  leafBut({ extensions: Object.values({ ...LEAF, ...changes }) });
/** A chain whose intermediate is another. */
const under = (changes: Partial<Wish>): string => {
  const issuer = made({ ...middleWish, ...changes });
  return chainOf(leafBut({ issuer }), issuer);
};

const folder = mkdtempSync(join(tmpdir(), "florist-organisation-"));
after(() => rmSync(folder, { recursive: true }));
/** What the guest asks OpenSSL before it takes a certificate (`check` in manifests/guest/superlink.py). */
function guestVerifies(chain: string, ca: string): void {
  const [chainFile, caFile] = [join(folder, "chain.pem"), join(folder, "ca.pem")];
  writeFileSync(chainFile, chain);
  writeFileSync(caFile, ca);
  const at = String(Date.parse(NOW) / 1000);
  openssl([
    "verify",
    "-x509_strict",
    "-check_ss_sig",
    "-purpose",
    "sslserver",
    "-no-CApath",
    "-no-CAstore",
    "-attime",
    at,
    "-CAfile",
    caFile,
    "-untrusted",
    chainFile,
    chainFile,
  ]);
}

describe("a chain that an organisation issued for a SuperLink's request", () => {
  const taken: Readonly<Record<string, string>> = {
    "with its intermediate CA": chainOf(leaf, middle),
    "in another order, with the root": chainOf(root, middle, leaf),
    "straight from the root": chainOf(leafBut({ issuer: root })),
    "with what openssl prints around it": `Certificate:\n  Data: …\n${chainOf(leaf)}\n\n# issuing\n${chainOf(middle)}`,
    "with lines that end as on Windows": chainOf(leaf, middle).replaceAll(/\r?\n/g, "\r\n"),
  };
  for (const [what, text] of Object.entries(taken)) {
    it(`is taken ${what}, and so it is by the guest`, () => {
      const checked = checkChain(text, rules);
      assert.ok(checked.ok, JSON.stringify(checked));
      assert.ok(checked.certificate.certificatePem.startsWith("-----BEGIN CERTIFICATE-----"));
      assert.ok(!checked.certificate.certificatePem.includes(root.pem.slice(100, 160)));
      guestVerifies(checked.certificate.certificatePem, root.pem);
    });
  }

  it("expires when the first of its certificates does", () => {
    const issuer = made({ ...middleWish, to: inDays(40) });
    const checked = checkChain(chainOf(leafBut({ issuer }), issuer), rules);
    assert.equal(checked.ok && checked.certificate.expiresAt, inDays(40).toISOString());
  });

  const weak = forge.md.sha1.create();
  const mistakes: readonly (readonly [ChainMistake, string, () => string])[] = [
    ["nothing-given", "a text without a certificate", () => "Dear colleague, please find attached."],
    ["nothing-given", "the request itself", () => request],
    ["not-readable", "a certificate that was cut short", () => `${leaf.pem.slice(0, 400)}\n-----END CERTIFICATE-----`],
    [
      "private-key-given",
      "a private key beside the chain",
      () => chainOf(leaf, middle) + forge.pki.privateKeyToPem(KEYS.other.privateKey),
    ],
    ["too-much-given", "a bundle of many CAs", () => chainOf(...Array.from({ length: 9 }, () => made(rootWish)))],
    ["too-much-given", "a large file", () => "x".repeat(65 * 1024)],
    ["key-differs", "a certificate for another key", () => chainOf(leafBut({ pair: KEYS.other }), middle)],
    ["key-differs", "the CAs alone", () => chainOf(middle)],
    [
      "name-missing",
      "no name that sites dial",
      () => chainOf(leafWith({ names: namesOf("localhost", "127.0.0.1", "10.99.0.1") }), middle),
    ],
    [
      "name-missing",
      "no address in the tunnels",
      () => chainOf(leafWith({ names: namesOf("127.0.0.1", "fl.example.org") }), middle),
    ],
    ["name-missing", "its name as the subject only", () => chainOf(leafWithout("names"), middle)],
    [
      "loopback-missing",
      "no loopback address",
      () => chainOf(leafWith({ names: namesOf("fl.example.org", "10.99.0.1") }), middle),
    ],
    ["leaf-over", "one that has expired", () => chainOf(leafBut({ from: inDays(-9), to: inDays(-1) }), middle)],
    ["leaf-early", "one that is for next week", () => chainOf(leafBut({ from: inDays(7) }), middle)],
    ["leaf-ends-soon", "one for some hours", () => chainOf(leafBut({ to: inDays(0.9) }), middle)],
    [
      "leaf-is-ca",
      "a CA's certificate for the SuperLink's key",
      () => chainOf(leafBut({ extensions: [...OF_AUTHORITY, NAMES_ISSUER] }), middle),
    ],
    [
      "leaf-purpose",
      "one for clients",
      () => chainOf(leafWith({ purpose: { name: "extKeyUsage", clientAuth: true } }), middle),
    ],
    ["leaf-purpose", "one without a purpose", () => chainOf(leafWithout("purpose"), middle)],
    [
      "leaf-usage",
      "a key that may not sign",
      () => chainOf(leafWith({ usage: { name: "keyUsage", keyEncipherment: true, critical: true } }), middle),
    ],
    ["link-no-key-id", "no word of its issuer's key", () => chainOf(leafWithout("issuer"), middle)],
    [
      "link-other-key-id",
      "another key than its issuer's named",
      () =>
        chainOf(
          leafWith({ issuer: { name: "authorityKeyIdentifier", keyIdentifier: "another key".padEnd(20) } }),
          middle,
        ),
    ],
    ["issuer-missing", "no intermediate CA", () => chainOf(leaf)],
    [
      "other-authority",
      "another root of another name",
      () => {
        const foreign = made({ ...rootWish, subject: "Begonia Root CA", pair: KEYS.other });
        return chainOf(leafBut({ issuer: foreign }), foreign);
      },
    ],
    [
      "other-authority",
      "another root of the same name",
      () => {
        const twin = made({ ...rootWish, pair: KEYS.other });
        return chainOf(leafBut({ issuer: twin }), twin);
      },
    ],
    ["other-authority", "a certificate that signed itself", () => chainOf(made(selfSigned))],
    ["signature-wrong", "a signature of somebody else's", () => chainOf(leafBut({ signer: KEYS.other }), middle)],
    ["signature-wrong", "an intermediate CA that the root did not sign", () => under({ signer: KEYS.other })],
    ["signature-weak", "a signature over SHA-1", () => chainOf(leafBut({ digest: weak }), middle)],
    ["signature-weak", "an intermediate CA signed over SHA-1", () => under({ digest: forge.md.sha1.create() })],
    [
      "issuer-no-ca",
      "an intermediate that is no CA",
      () => under({ extensions: [LEAF.basic, HAS_KEY_ID, NAMES_ISSUER] }),
    ],
    [
      "issuer-no-ca",
      "an intermediate CA that may not sign certificates",
      () => under({ extensions: [isAuthority(), LEAF.usage, HAS_KEY_ID, NAMES_ISSUER] }),
    ],
    [
      "issuer-no-ca",
      "an intermediate CA without its key's identifier",
      () => under({ extensions: [isAuthority(), SIGNS_CERTIFICATES, NAMES_ISSUER] }),
    ],
    ["issuer-over", "an intermediate CA that has expired", () => under({ from: inDays(-9), to: inDays(-1) })],
    ["issuer-early", "an intermediate CA that is for next week", () => under({ from: inDays(7) })],
    ["issuer-key", "an intermediate CA with a short key", () => under({ pair: newPair(1024) })],
    [
      "name-not-permitted",
      "an intermediate CA for other names",
      () => under({ extensions: [...OF_AUTHORITY, NAMES_ISSUER, constrainedTo("names", "example.net")] }),
    ],
    [
      "constrains-addresses",
      "an intermediate CA for certain addresses",
      () =>
        under({
          extensions: [...OF_AUTHORITY, NAMES_ISSUER, constrainedTo("addresses", "\x0a\x00\x00\x00\xff\x00\x00\x00")],
        }),
    ],
    [
      "path-too-long",
      "a CA that allows none below it",
      () => {
        const between = made({
          ...middleWish,
          extensions: [isAuthority(0), SIGNS_CERTIFICATES, HAS_KEY_ID, NAMES_ISSUER],
        });
        const last = made({ ...middleWish, subject: "Aster Issuing CA 2", issuer: between, pair: KEYS.other });
        return chainOf(leafBut({ issuer: last }), last, between);
      },
    ],
    [
      "more-than-the-chain",
      "a certificate that belongs elsewhere",
      () => chainOf(leaf, middle, made({ ...rootWish, subject: "Begonia Root CA", pair: KEYS.other })),
    ],
  ];
  for (const [mistake, what, text] of mistakes) {
    it(`is refused with its own sentence: ${what}`, () => {
      const checked = checkChain(text(), rules);
      assert.equal(checked.ok ? "taken" : checked.mistake, mistake);
    });
  }

  it("is refused in a sentence that says what to do, each its own", () => {
    const sentences = Object.values(CHAIN_MISTAKES);
    assert.equal(new Set(sentences).size, sentences.length);
    for (const sentence of sentences) assert.match(sentence, /^[A-Z].+\.$/);
  });

  it("is never the end of the bot, whatever was typed or cut", () => {
    const whole = chainOf(leaf, middle);
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length), fc.string(), (from, length, put) => {
        const checked = checkChain(whole.slice(0, from) + put + whole.slice(from + length), rules);
        if (checked.ok) guestVerifies(checked.certificate.certificatePem, root.pem);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the certificate of an organisation's CA", () => {
  it("is taken with its fingerprint as openssl prints it", () => {
    const checked = checkAuthority(root.pem, NOW);
    assert.ok(checked.ok);
    writeFileSync(join(folder, "root.pem"), root.pem);
    const printed = openssl(["x509", "-in", join(folder, "root.pem"), "-noout", "-fingerprint", "-sha256"]);
    assert.ok(printed.includes(checked.certificate.fingerprint), printed);
  });

  const rootBut = (changes: Partial<Wish>): string => made({ ...rootWish, ...changes }).pem;
  const mistakes: readonly (readonly [ChainMistake, string, () => string])[] = [
    ["nothing-given", "nothing", () => ""],
    ["private-key-given", "its key", () => root.pem + forge.pki.privateKeyToPem(KEYS.root.privateKey)],
    ["authority-several", "a chain", () => chainOf(middle, root)],
    ["authority-not-root", "an intermediate CA's", () => middle.pem],
    ["authority-no-ca", "a server's", () => rootBut({ extensions: Object.values(LEAF) })],
    [
      "authority-no-ca",
      "one whose constraint is not critical",
      () => rootBut({ extensions: [{ name: "basicConstraints", cA: true }, SIGNS_CERTIFICATES, HAS_KEY_ID] }),
    ],
    [
      "authority-no-ca",
      "one that may not sign certificates",
      () => rootBut({ extensions: [isAuthority(), LEAF.usage, HAS_KEY_ID] }),
    ],
    [
      "authority-no-key-id",
      "one without its key's identifier",
      () => rootBut({ extensions: [isAuthority(), SIGNS_CERTIFICATES] }),
    ],
    ["authority-key", "one with a short key", () => rootBut({ pair: newPair(1024) })],
    ["authority-signature", "one that somebody else signed in its name", () => rootBut({ signer: KEYS.other })],
    ["authority-signature", "one signed over SHA-1", () => rootBut({ digest: forge.md.sha1.create() })],
    ["authority-over", "one that has expired", () => rootBut({ from: inDays(-9), to: inDays(-1) })],
    ["authority-early", "one that is for next week", () => rootBut({ from: inDays(7) })],
    ["authority-ends-soon", "one for some weeks more", () => rootBut({ to: inDays(29) })],
    [
      "authority-constrains-addresses",
      "one for certain addresses",
      () => rootBut({ extensions: [...OF_AUTHORITY, constrainedTo("addresses", "\x0a\x00\x00\x00\xff\x00\x00\x00")] }),
    ],
  ];
  for (const [mistake, what, text] of mistakes) {
    it(`is refused with its own sentence: ${what}`, () => {
      const checked = checkAuthority(text(), NOW);
      assert.equal(checked.ok ? "taken" : checked.mistake, mistake);
    });
  }

  for (const { what, key, mistake } of [
    { what: "EC P-256, and the guest takes what it signs", key: ["ec", "prime256v1"], mistake: null },
    { what: "EC P-521", key: ["ec", "secp521r1"], mistake: "authority-key" },
    { what: "Ed25519", key: ["ed25519"], mistake: "authority-key" },
  ] as const) {
    it(`has a key of a kind that gRPC takes or not: ${what}`, () => {
      const [kind, curve = "prime256v1"] = key;
      const { privateKey } =
        kind === "ec" ? generateKeyPairSync("ec", { namedCurve: curve }) : generateKeyPairSync("ed25519");
      const at = (name: string): string => join(folder, name);
      writeFileSync(at("key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
      const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"].flatMap((one) => [
        "-addext",
        one,
      ]);
      openssl([
        "req",
        "-x509",
        "-new",
        "-key",
        at("key.pem"),
        "-subj",
        "/CN=Aster EC CA",
        "-days",
        "3650",
        "-out",
        at("ec.pem"),
        ...extensions,
      ]);
      const ca = openssl(["x509", "-in", at("ec.pem")]);
      const now = new Date(Date.now() + 60_000).toISOString();
      const checked = checkAuthority(ca, now);
      assert.equal(checked.ok ? null : checked.mistake, mistake);
      if (!checked.ok) return;
      writeFileSync(at("request.pem"), request);
      writeFileSync(
        at("leaf.cnf"),
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:fl.example.org,IP:10.99.0.1,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n",
      );
      const signed = openssl([
        "x509",
        "-req",
        "-in",
        at("request.pem"),
        "-CA",
        at("ec.pem"),
        "-CAkey",
        at("key.pem"),
        "-CAcreateserial",
        "-days",
        "60",
        "-extfile",
        at("leaf.cnf"),
      ]);
      const chain = checkChain(signed, { ...rules, authority: ca, now });
      assert.ok(chain.ok, JSON.stringify(chain));
    });
  }
});
