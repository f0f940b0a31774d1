import { generateKeyPair, X509Certificate } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { checkServerIdentity } from "node:tls";
import { promisify } from "node:util";
import forge from "node-forge";
import type { Reason } from "../../src/guest-protocol/names.ts";

/** A SuperLink's certificate as the bot hands it over: PEM blocks, its own certificate first. */
export type Credentials = { readonly chain: readonly string[]; readonly authorities: readonly string[] };

export type CertificateCheck = { readonly ok: true } | { readonly ok: false; readonly reason: Reason };

const generate = promisify(generateKeyPair);

const SUBJECT_ALT_NAME = { dns: 2, ip: 7 };

/** @returns the key as PKCS#8 PEM. */
export async function makeTlsKey(bits: number): Promise<string> {
  const { privateKey } = await generate("rsa", {
    modulusLength: bits,
    publicExponent: 65537,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return privateKey;
}

/** A PKCS#10 request for these names, as PEM. */
export function certificateRequest(keyPem: string, names: readonly string[]): string {
  const privateKey = forge.pki.privateKeyFromPem(keyPem);
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.rsa.setPublicKey(privateKey.n, privateKey.e);
  request.setSubject([{ name: "commonName", value: "florist superlink" }]);
  const altNames = names.map(altName);
  request.setAttributes([{ name: "extensionRequest", extensions: [{ name: "subjectAltName", altNames }] }]);
  request.sign(privateKey, forge.md.sha256.create());
  return forge.pki.certificationRequestToPem(request);
}

/** Whether a SuperLink may serve with what it was handed: its own key, a chain up to the CA, and every name it is dialled by. */
export function checkCredentials(
  credentials: Credentials,
  own: { readonly keyPublicPem: string; readonly names: readonly string[]; readonly now: Date },
): CertificateCheck {
  const chain = parseAll(credentials.chain);
  const authorities = parseAll(credentials.authorities);
  const leaf = chain?.[0];
  if (chain === undefined || authorities === undefined || leaf === undefined) {
    return { ok: false, reason: "certificate-malformed" };
  }
  if (leaf.publicKey.export({ type: "spki", format: "pem" }) !== own.keyPublicPem) {
    return { ok: false, reason: "certificate-key-mismatch" };
  }
  if (!isChained(chain, authorities)) {
    return { ok: false, reason: "certificate-untrusted" };
  }
  const all = [...chain, ...authorities];
  if (all.some(({ validFrom }) => own.now < new Date(validFrom))) {
    return { ok: false, reason: "clock" };
  }
  if (all.some(({ validTo }) => own.now > new Date(validTo))) {
    return { ok: false, reason: "certificate-expired" };
  }
  const covered = own.names.every((name) => checkServerIdentity(name, leaf.toLegacyObject()) === undefined);
  return covered ? { ok: true } : { ok: false, reason: "certificate-name-missing" };
}

/** The fingerprint that `FL_TLS_FINGERPRINT` carries. */
export function fingerprintOf(certificatePem: string): string {
  return new X509Certificate(certificatePem).fingerprint256;
}

/** Whether all of these PEM blocks are certificates of an authority. */
export function areAuthorities(blocks: readonly string[]): boolean {
  return parseAll(blocks)?.every((certificate) => certificate.ca) ?? false;
}

function altName(name: string) {
  const isAddress = isIPv4(name) || isIPv6(name);
  return isAddress ? { type: SUBJECT_ALT_NAME.ip, ip: name } : { type: SUBJECT_ALT_NAME.dns, value: name };
}

function parseAll(blocks: readonly string[]): readonly X509Certificate[] | undefined {
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** Each certificate signed by the next one, the last by an authority. */
function isChained(chain: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  return chain.every((certificate, index) => {
    const next = chain[index + 1];
    const issuers = next === undefined ? authorities : [next];
    return issuers.some(
      (issuer) => issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
    );
  });
}
