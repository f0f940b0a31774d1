/**
 * Certificates that a coordinator's organisation issues: its CA, and the chain for a SuperLink's request. Held to what
 * OpenSSL's strict check and gRPC's TLS take, so that nothing reaches a guest that it would refuse.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import forge from "node-forge";
import type { ChainMistake } from "../federation/model/chain-mistakes.ts";
import type { Host } from "../guest-protocol/address.ts";
import type { IssuedCertificate } from "./certificate.ts";
import {
  mayIssue,
  maySign,
  nameConstraints,
  OID,
  pathLength,
  type ReadCertificate,
  readCertificate,
} from "./certificate-reading.ts";

export type Checked =
  | { readonly ok: true; readonly certificate: IssuedCertificate }
  | {
      readonly ok: false;
      readonly mistake: ChainMistake;
      /** Which certificate or name, fit to be shown; empty where the sentence says it all. */
      readonly detail: string;
    };
type Refused = Extract<Checked, { ok: false }>;

const MOST_BYTES = 64 * 1024;
const MOST_CERTIFICATES = 8;
const DAY_MS = 24 * 60 * 60_000;
/** A CA that ends sooner would end its federation. */
const AUTHORITY_LEFT_MS = 30 * DAY_MS;
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

const SIGNATURES: ReadonlySet<string> = new Set([
  // sha256/384/512WithRSAEncryption
  "1.2.840.113549.1.1.11",
  "1.2.840.113549.1.1.12",
  "1.2.840.113549.1.1.13",
  // ecdsa-with-SHA256/384/512
  "1.2.840.10045.4.3.2",
  "1.2.840.10045.4.3.3",
  "1.2.840.10045.4.3.4",
]);

const refuse = (mistake: ChainMistake, detail = ""): Refused => ({ ok: false, mistake, detail });

/** Names within a sentence hold what others wrote: a few harmless characters of it. */
const shown = (text: string): string => text.replaceAll(/[^A-Za-z0-9 .:=,_-]+/g, " ").slice(0, 100);

/** `now`: ISO 8601. */
export function checkAuthority(text: string, now: string): Checked {
  const given = readGiven(text);
  if ("mistake" in given) return given;
  const [authority, ...more] = given;
  if (authority === undefined || more.length > 0) return refuse("authority-several");
  const { x509, signatureOid, extensions } = authority;
  const detail = shown(x509.subject);
  if (x509.subject !== x509.issuer) return refuse("authority-not-root", detail);
  if (!mayIssue(authority)) return refuse("authority-no-ca", detail);
  if (!extensions.has(OID.subjectKeyIdentifier)) return refuse("authority-no-key-id", detail);
  if (!isTaken(x509.publicKey)) return refuse("authority-key", detail);
  if (!SIGNATURES.has(signatureOid) || !x509.verify(x509.publicKey)) return refuse("authority-signature", detail);
  if (nameConstraints(authority).addresses) return refuse("authority-constrains-addresses", detail);
  const [from, to] = [Date.parse(x509.validFrom), Date.parse(x509.validTo)];
  const moment = Date.parse(now);
  if (to <= moment) return refuse("authority-over", detail);
  if (from > moment) return refuse("authority-early", detail);
  if (to <= moment + AUTHORITY_LEFT_MS) return refuse("authority-ends-soon", detail);
  return { ok: true, certificate: issued([authority], to) };
}

export interface ChainRules {
  /** PEM. */
  readonly authority: string;
  /** The request that was to be signed, PEM. */
  readonly request: string;
  /** What sites dial. */
  readonly required: readonly Host[];
  readonly now: string;
}

/** The chain as the guest is to get it: the SuperLink's certificate first, without the CA's own. */
export function checkChain(text: string, rules: ChainRules): Checked {
  const given = readGiven(text);
  if ("mistake" in given) return given;
  const authority = readCertificate(rules.authority);
  const key = requestedKey(rules.request);
  if (authority === null || key === null) throw new Error("A journalled authority or request cannot be read.");
  const others = given.filter(({ x509 }) => x509.fingerprint256 !== authority.x509.fingerprint256);
  const leaf = others.find(({ x509 }) => x509.publicKey.equals(key));
  if (leaf === undefined) return refuse("key-differs");
  const wrong = checkLeaf(leaf, rules);
  if (wrong !== null) return wrong;
  const path = pathFrom(leaf, others, authority);
  if ("mistake" in path) return path;
  const broken = checkPath(path, authority, Date.parse(rules.now));
  if (broken !== null) return broken;
  const surplus = others.find((one) => !path.includes(one));
  if (surplus !== undefined) return refuse("more-than-the-chain", shown(surplus.x509.subject));
  const end = Math.min(...[...path, authority].map(({ x509 }) => Date.parse(x509.validTo)));
  return { ok: true, certificate: issued(path, end) };
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----[A-Za-z0-9+/=\s]{1,20000}-----END \1-----/g;

function readGiven(text: string): readonly ReadCertificate[] | Refused {
  if (text.length > MOST_BYTES) return refuse("too-much-given");
  const blocks = [...text.matchAll(PEM_BLOCK)];
  if (/PRIVATE KEY-----/.test(text)) return refuse("private-key-given");
  const certificates = blocks.filter(([, label]) => label === "CERTIFICATE").map(([block]) => block);
  if (certificates.length === 0) {
    return refuse(text.includes("-----BEGIN CERTIFICATE-----") ? "not-readable" : "nothing-given");
  }
  if (certificates.length > MOST_CERTIFICATES) return refuse("too-much-given");
  const read: ReadCertificate[] = [];
  for (const pem of new Set(certificates)) {
    const certificate = readCertificate(pem);
    if (certificate === null) return refuse("not-readable");
    if (!read.some(({ x509 }) => x509.fingerprint256 === certificate.x509.fingerprint256)) read.push(certificate);
  }
  return read;
}

function requestedKey(csrPem: string): KeyObject | null {
  try {
    const tree = forge.asn1.fromDer(
      Buffer.from(csrPem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64").toString("latin1"),
    );
    const body = Array.isArray(tree.value) ? tree.value[0] : undefined;
    const info = Array.isArray(body?.value) ? body.value[2] : undefined;
    if (info === undefined) return null;
    const der = Buffer.from(forge.asn1.toDer(info).getBytes(), "latin1");
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return null;
  }
}

const isTaken = ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean =>
  (type === "rsa" && (details?.modulusLength ?? 0) >= 2048) || (type === "ec" && details?.namedCurve === "prime256v1");

function checkLeaf(leaf: ReadCertificate, { required, now }: ChainRules): Refused | null {
  const { x509 } = leaf;
  if (x509.ca) return refuse("leaf-is-ca", shown(x509.subject));
  const moment = Date.parse(now);
  const [from, to] = [Date.parse(x509.validFrom), Date.parse(x509.validTo)];
  if (to <= moment) return refuse("leaf-over", shown(x509.validTo));
  if (from > moment) return refuse("leaf-early", shown(x509.validFrom));
  if (to <= moment + DAY_MS) return refuse("leaf-ends-soon", shown(x509.validTo));
  // What node calls keyUsage is the extended one.
  if (x509.keyUsage?.includes(SERVER_AUTH) === false || x509.keyUsage === undefined) return refuse("leaf-purpose");
  if (!maySign(leaf)) return refuse("leaf-usage");
  const missing = required.find((host) => !covers(leaf, host));
  if (missing !== undefined) return refuse("name-missing", shown(missing.value));
  return covers(leaf, { kind: "ip", value: "127.0.0.1" }) ? null : refuse("loopback-missing");
}

const covers = ({ x509 }: ReadCertificate, host: Host): boolean =>
  (host.kind === "ip" ? x509.checkIP(host.value) : x509.checkHost(host.value, { subject: "never" })) !== undefined;

/** The leaf and every intermediate up to the CA, in that order. */
function pathFrom(
  leaf: ReadCertificate,
  others: readonly ReadCertificate[],
  authority: ReadCertificate,
): readonly ReadCertificate[] | Refused {
  const path = [leaf];
  for (let last = leaf; path.length <= MOST_CERTIFICATES; ) {
    if (last.x509.issuer === authority.x509.subject) {
      return last.x509.verify(authority.x509.publicKey) ? path : notSigned(last, others, authority);
    }
    const named = others.filter((one) => !path.includes(one) && one.x509.subject === last.x509.issuer);
    const issuer = named.find((one) => last.x509.verify(one.x509.publicKey));
    if (issuer === undefined) {
      return named.length > 0 ? refuse("signature-wrong", shown(last.x509.subject)) : notReached(last);
    }
    path.push(issuer);
    last = issuer;
  }
  return refuse("issuer-missing");
}

/** A CA of the same name with another key is another CA. */
const notSigned = (last: ReadCertificate, others: readonly ReadCertificate[], { x509 }: ReadCertificate): Refused =>
  others.some((one) => one.x509.subject === x509.subject && last.x509.verify(one.x509.publicKey))
    ? refuse("other-authority", shown(x509.subject))
    : refuse("signature-wrong", shown(last.x509.subject));

const notReached = ({ x509 }: ReadCertificate): Refused =>
  x509.issuer === x509.subject
    ? refuse("other-authority", shown(x509.subject))
    : refuse("issuer-missing", shown(x509.issuer));

function checkPath(path: readonly ReadCertificate[], authority: ReadCertificate, moment: number): Refused | null {
  const [leaf, ...intermediates] = path;
  if (leaf === undefined) return refuse("key-differs");
  const issuers = [...intermediates, authority];
  return (
    first(path, checkLink) ??
    first(intermediates, (one) => checkIntermediate(one, moment)) ??
    first(path, (one, nth) => checkNamedKey(one, issuers[nth])) ??
    first(issuers, (one, nth) => checkLimits(one, nth, leaf))
  );
}

function first(
  certificates: readonly ReadCertificate[],
  mistakeOf: (certificate: ReadCertificate, nth: number) => ChainMistake | null,
): Refused | null {
  for (const [nth, certificate] of certificates.entries()) {
    const mistake = mistakeOf(certificate, nth);
    if (mistake !== null) return refuse(mistake, shown(certificate.x509.subject));
  }
  return null;
}

function checkLink({ signatureOid, extensions }: ReadCertificate): ChainMistake | null {
  if (!SIGNATURES.has(signatureOid)) return "signature-weak";
  return extensions.has(OID.authorityKeyIdentifier) ? null : "link-no-key-id";
}

function checkIntermediate(certificate: ReadCertificate, moment: number): ChainMistake | null {
  const { x509, extensions } = certificate;
  if (!mayIssue(certificate) || !extensions.has(OID.subjectKeyIdentifier)) return "issuer-no-ca";
  if (!isTaken(x509.publicKey)) return "issuer-key";
  if (Date.parse(x509.validTo) <= moment) return "issuer-over";
  if (Date.parse(x509.validFrom) > moment) return "issuer-early";
  return nameConstraints(certificate).addresses ? "constrains-addresses" : null;
}

const checkNamedKey = ({ x509 }: ReadCertificate, issuer: ReadCertificate | undefined): ChainMistake | null =>
  issuer === undefined || x509.checkIssued(issuer.x509) ? null : "link-other-key-id";

/** `below`: CAs between this one and the SuperLink's certificate. */
function checkLimits(issuer: ReadCertificate, below: number, leaf: ReadCertificate): ChainMistake | null {
  const most = pathLength(issuer);
  if (most !== null && below > most) return "path-too-long";
  return permits(issuer, leaf) ? null : "name-not-permitted";
}

function permits(issuer: ReadCertificate, { x509 }: ReadCertificate): boolean {
  const { permitted, excluded } = nameConstraints(issuer);
  const isWithin = (name: string, base: string): boolean =>
    base === "" || name === base || name.endsWith(`.${base.replace(/^\./, "")}`);
  const names = (x509.subjectAltName ?? "")
    .split(", ")
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice(4).toLowerCase());
  return names.every(
    (name) =>
      (permitted === null || permitted.some((base) => isWithin(name, base))) &&
      !excluded.some((base) => isWithin(name, base)),
  );
}

/** Expires when the first of its path does. */
function issued(path: readonly ReadCertificate[], end: number): IssuedCertificate {
  const [leaf] = path;
  if (leaf === undefined) throw new Error("A path has a certificate.");
  return {
    certificatePem: path.map(({ x509 }) => `${x509.toString().trim()}\n`).join(""),
    fingerprint: leaf.x509.fingerprint256,
    serial: leaf.x509.serialNumber.toLowerCase(),
    expiresAt: new Date(end).toISOString(),
  };
}
