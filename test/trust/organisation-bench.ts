/** A coordinator's organisation with a CA of its own, and every way in which it can get a certificate wrong. */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import forge from "node-forge";

const DAY = 24 * 60 * 60_000;
export const NOW = "2026-06-01T12:00:00.000Z";
export const inDays = (days: number): Date => new Date(Date.parse(NOW) + days * DAY);

export interface Pair {
  readonly publicKey: forge.pki.rsa.PublicKey;
  readonly privateKey: forge.pki.rsa.PrivateKey;
}

export interface Issuer {
  readonly pem: string;
  readonly certificate: forge.pki.Certificate;
  readonly pair: Pair;
}

export function newPair(bits = 2048): Pair {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const key = forge.pki.privateKeyFromPem(pem);
  return { privateKey: key, publicKey: forge.pki.setRsaPublicKey(key.n, key.e) };
}

export interface Wish {
  readonly subject: string;
  /** Itself where there is none. */
  readonly issuer?: Issuer;
  readonly pair: Pair;
  readonly from?: Date;
  readonly to?: Date;
  readonly extensions: readonly object[];
  readonly digest?: forge.md.MessageDigest;
  /** Whose key signs; the issuer's own unless said. */
  readonly signer?: Pair;
}

const named = (commonName: string): forge.pki.CertificateField[] => [{ name: "commonName", value: commonName }];

export function made(wish: Wish): Issuer {
  const { subject, issuer, pair, from = inDays(-1), to = inDays(90), extensions, digest, signer } = wish;
  const certificate = forge.pki.createCertificate();
  certificate.serialNumber = `4${forge.util.bytesToHex(forge.random.getBytesSync(8))}1`;
  certificate.validity.notBefore = from;
  certificate.validity.notAfter = to;
  certificate.publicKey = pair.publicKey;
  certificate.setSubject(named(subject));
  certificate.setIssuer(issuer?.certificate.subject.attributes ?? named(subject));
  const withIssuer = extensions.map((extension) =>
    // forge writes into what it is given.
    extension === NAMES_ISSUER ? keyIdOf(issuer?.certificate ?? certificate) : { ...extension },
  );
  certificate.setExtensions(withIssuer);
  certificate.sign((signer ?? issuer?.pair ?? pair).privateKey, digest ?? forge.md.sha256.create());
  return { pem: forge.pki.certificateToPem(certificate), certificate, pair };
}

/** Stands for the extension that names the issuer's key. */
export const NAMES_ISSUER = { name: "names its issuer's key" };
const keyIdOf = (issuer: forge.pki.Certificate): object => ({
  name: "authorityKeyIdentifier",
  keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes(),
});

export const isAuthority = (pathLenConstraint?: number): object => ({
  name: "basicConstraints",
  cA: true,
  critical: true,
  ...(pathLenConstraint === undefined ? {} : { pathLenConstraint }),
});
export const SIGNS_CERTIFICATES = { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true };
export const HAS_KEY_ID = { name: "subjectKeyIdentifier" };
export const OF_AUTHORITY: readonly object[] = [isAuthority(), SIGNS_CERTIFICATES, HAS_KEY_ID];

const IS_SERVER = { name: "extKeyUsage", serverAuth: true };
const SIGNS = { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true };
export const namesOf = (...names: readonly string[]): object => ({
  name: "subjectAltName",
  altNames: names.map((name) => (/^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name })),
});
export const LEAF = {
  basic: { name: "basicConstraints", cA: false, critical: true },
  usage: SIGNS,
  purpose: IS_SERVER,
  names: namesOf("localhost", "127.0.0.1", "fl.example.org", "10.99.0.1"),
  keyId: HAS_KEY_ID,
  issuer: NAMES_ISSUER,
} as const;

/** A constraint to addresses, or to DNS names; forge has none by name. */
export function constrainedTo(kind: "addresses" | "names", base: string): object {
  const { asn1 } = forge;
  const sequence = (parts: forge.asn1.Asn1[]) => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts);
  const general = asn1.create(asn1.Class.CONTEXT_SPECIFIC, kind === "names" ? 2 : 7, false, base);
  const value = sequence([asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, [sequence([general])])]);
  return { id: "2.5.29.30", critical: true, value };
}

export function requestFor(pair: Pair): string {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = pair.publicKey;
  request.setSubject(named("Flower SuperLink"));
  request.sign(pair.privateKey, forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request);
}

const OPENSSL = "openssl";

/** What `openssl` prints. */
export const openssl = (args: readonly string[]): string =>
  execFileSync(OPENSSL, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
