/** Builds X.509 certificates with node-forge and signs them with node's own crypto, off the event loop. */
import { type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import forge from "node-forge";

/** A signed certificate as the rest of the bot knows it. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  /** SHA-256 of the DER: 32 upper-case pairs joined by `:`, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** ISO time in UTC, whole seconds. */
  readonly expiresAt: string;
}

/** What a certificate says, before it is signed. */
interface CertificateContent {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** In the form that forge's `setExtensions` takes. */
  readonly extensions: readonly object[];
}

const signNatively = promisify(sign);

/** At most 64 characters (X.520) of those a PrintableString holds. */
const COMMON_NAME = /^[A-Za-z0-9 '()+,./:=?-]{1,64}$/;

const nameOf = (commonName: string): forge.pki.CertificateField[] => {
  if (!COMMON_NAME.test(commonName)) throw new RangeError(`${JSON.stringify(commonName)} cannot name a certificate.`);
  return [{ name: "commonName", value: commonName }];
};

/** 128 random bits, positive, and never shorter than they look (RFC 5280, 4.1.2.2). */
const newSerial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
};

/**
 * forge signs on the event loop, 0.2 s for RSA-3072. It is given a key that signs nothing, which makes it lay out the
 * bytes to be signed; the signature over them is then filled in.
 */
const layOut = (certificate: forge.pki.Certificate): string => {
  const zero = new forge.jsbn.BigInteger("0");
  const blank = forge.pki.rsa.setPrivateKey(zero, zero, zero, zero, zero, zero, zero, zero);
  blank.sign = () => "";
  certificate.sign(blank, forge.md.sha256.create());
  return forge.asn1.toDer(certificate.tbsCertificate).getBytes();
};

/** The form of a public key that forge works with. */
export const forgeKey = (key: KeyObject): forge.pki.rsa.PublicKey =>
  forge.pki.publicKeyFromPem(key.export({ type: "spki", format: "pem" }).toString());

export const signCertificate = async (
  content: CertificateContent,
  issuerKey: KeyObject,
): Promise<IssuedCertificate> => {
  const certificate = forge.pki.createCertificate();
  certificate.serialNumber = newSerial();
  certificate.validity.notBefore = content.notBefore;
  certificate.validity.notAfter = content.notAfter;
  certificate.publicKey = forgeKey(content.publicKey);
  certificate.setSubject(nameOf(content.subject));
  certificate.setIssuer(nameOf(content.issuer));
  certificate.setExtensions([...content.extensions]);
  const bytes = Buffer.from(layOut(certificate), "latin1");
  certificate.signature = (await signNatively("sha256", bytes, issuerKey)).toString("latin1");
  return describe(forge.pki.certificateToPem(certificate));
};

/** Reads a certificate back with node's own parser, so that what is told of it is what others will see. */
export const describe = (pem: string): IssuedCertificate => {
  const certificate = new X509Certificate(pem);
  return {
    certificatePem: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    serial: certificate.serialNumber.toLowerCase(),
    expiresAt: new Date(certificate.validTo).toISOString(),
  };
};
