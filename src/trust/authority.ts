/** One certificate authority per federation: it signs the SuperLink's certificate and nothing else. */
import { createPrivateKey, generateKeyPair, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import forge from "node-forge";
import type { Host } from "../guest-protocol/address.ts";
import { Secret } from "../secret.ts";
import { forgeKey, type IssuedCertificate, signCertificate } from "./certificate.ts";
import { checkRequest, type RefusedRequest, type RequestRules } from "./request-checks.ts";

/** A federation's authority. Everything but the key may be shown. */
export interface Authority {
  readonly federationId: string;
  readonly certificatePem: string;
  /** SHA-256 of the DER: 32 upper-case pairs joined by `:`. */
  readonly fingerprint: string;
  /** ISO time in UTC. */
  readonly expiresAt: string;
  /** PKCS#8 PEM. */
  readonly key: Secret;
}

export interface AuthorityRequest {
  readonly federationId: string;
  readonly commonName: string;
  /** ISO time in UTC. */
  readonly now: string;
  /** Milliseconds. */
  readonly life: number;
  /** DNS names that may ever be certified; localhost is added, everything else is out of this authority's reach. */
  readonly dnsNames: readonly string[];
}

export interface SigningRequest {
  readonly authority: Authority;
  /** PKCS#10 as the guest published it. */
  readonly csrPem: string;
  readonly rules: RequestRules;
  /** ISO time in UTC. */
  readonly now: string;
  /** Milliseconds; cut short where the authority itself ends earlier. */
  readonly life: number;
}

export type Signing = { readonly ok: true; readonly certificate: IssuedCertificate } | RefusedRequest;

const KEY_BITS = 3072;
/** Clocks of zones differ; a certificate must not be from the future for any of them. */
const BACKDATED_MS = 5 * 60 * 1000;
const SUPERLINK_SUBJECT = "Flower SuperLink";

const generate = promisify(generateKeyPair);

/** `NameConstraints` is not among the extensions that forge can write by name. */
const NAME_CONSTRAINTS = "2.5.29.30";

/**
 * Permits the given DNS names and those below them. There is no constraint on addresses: gRPC's TLS library refuses any
 * chain whose authority has one.
 */
const dnsConstraint = (names: readonly string[]): object => {
  const { asn1 } = forge;
  const sequence = (parts: forge.asn1.Asn1[]) => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts);
  const subtrees = names.map((name) => sequence([asn1.create(asn1.Class.CONTEXT_SPECIFIC, 2, false, name)]));
  const value = sequence([asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, subtrees)]);
  return { id: NAME_CONSTRAINTS, critical: true, value };
};

/** Makes a new authority with a key of its own. */
export const createAuthority = async (request: AuthorityRequest): Promise<Authority> => {
  const { publicKey, privateKey } = await generate("rsa", { modulusLength: KEY_BITS });
  const now = Date.parse(request.now);
  const permitted = [...new Set(["localhost", ...request.dnsNames.map((name) => name.toLowerCase())])];
  const issued = await signCertificate(
    {
      subject: request.commonName,
      issuer: request.commonName,
      publicKey,
      notBefore: new Date(now - BACKDATED_MS),
      notAfter: new Date(now + request.life),
      extensions: [
        { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
        { name: "keyUsage", keyCertSign: true, critical: true },
        { name: "subjectKeyIdentifier" },
        dnsConstraint(permitted),
      ],
    },
    privateKey,
  );
  return {
    federationId: request.federationId,
    certificatePem: issued.certificatePem,
    fingerprint: issued.fingerprint,
    expiresAt: issued.expiresAt,
    key: new Secret(privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
  };
};

const altName = (host: Host): object =>
  host.kind === "ip" ? { type: 7, ip: host.value } : { type: 2, value: host.value };

/** Checks a guest's request and signs it if every check holds; nothing can be signed without them. */
export const signRequest = async ({ authority, csrPem, rules, now, life }: SigningRequest): Promise<Signing> => {
  const request = checkRequest(csrPem, rules);
  if (!request.ok) return request;
  const issuer = new X509Certificate(authority.certificatePem);
  const certificate = await signCertificate(
    {
      subject: SUPERLINK_SUBJECT,
      issuer: commonNameOf(issuer),
      publicKey: request.publicKey,
      notBefore: new Date(Date.parse(now) - BACKDATED_MS),
      notAfter: new Date(Math.min(Date.parse(now) + life, Date.parse(issuer.validTo))),
      extensions: [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
        { name: "extKeyUsage", serverAuth: true },
        { name: "subjectAltName", altNames: request.names.map(altName) },
        { name: "subjectKeyIdentifier" },
        { name: "authorityKeyIdentifier", keyIdentifier: keyIdentifierOf(issuer) },
      ],
    },
    createPrivateKey(authority.key.reveal()),
  );
  return { ok: true, certificate };
};

/** Our authorities have one name part only. */
const commonNameOf = (certificate: X509Certificate): string => certificate.subject.replace(/^CN=/, "");

/** The same bytes that forge puts into the authority's own subject key identifier. */
const keyIdentifierOf = (certificate: X509Certificate): string =>
  forge.pki
    .getPublicKeyFingerprint(forgeKey(certificate.publicKey), { type: "RSAPublicKey", md: forge.md.sha1.create() })
    .getBytes();
