import { randomBytes } from "node:crypto";
import forge from "node-forge";
import { makeTlsKey } from "../../../sandbox/hypervisor/tls-identity.ts";
import { decodePem, encodePem } from "../../../src/guest-protocol/certificates.ts";

/** With `fromDays` above nought a certificate that is not valid yet, with `days` below it one that has expired. */
export type Signing = { readonly names?: readonly string[]; readonly days?: number; readonly fromDays?: number };

/** A certificate authority of the tests' own, which signs what it is asked to. */
export class TestAuthority {
  readonly pem: string;
  readonly #key: forge.pki.rsa.PrivateKey;
  readonly #certificate: forge.pki.Certificate;
  #serial = 1;

  private constructor(key: forge.pki.rsa.PrivateKey) {
    this.#key = key;
    // Each has a name of its own, so that nobody takes one for another.
    const name = `test authority ${randomBytes(4).toString("hex")}`;
    this.#certificate = this.#blank(name, forge.pki.rsa.setPublicKey(key.n, key.e), {});
    this.#certificate.setIssuer(this.#certificate.subject.attributes);
    this.#certificate.setExtensions([
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
      { name: "subjectKeyIdentifier" },
    ]);
    this.#certificate.sign(key, forge.md.sha256.create());
    this.pem = forge.pki.certificateToPem(this.#certificate).replaceAll("\r\n", "\n");
  }

  static async create(): Promise<TestAuthority> {
    return new TestAuthority(forge.pki.privateKeyFromPem(await makeTlsKey(2048)));
  }

  /** As `FL_SSL_CA_CERTFILE` and `FL_TLS_CA` carry it. */
  get encoded(): string {
    return encodePem([this.pem]);
  }

  /** Signs a request that came as `FL_TLS_CSR`, for the given names or else the ones it asks for; base64 as `FL_TLS_CERT`. */
  sign(encodedRequest: string, { names, days = 30, fromDays = -10 }: Signing = {}): string {
    const request = readRequest(encodedRequest);
    if (request.publicKey === null) {
      throw new Error("The request has no key.");
    }
    return encodePem([this.issue(request.publicKey, names ?? namesIn(request), days, fromDays)]);
  }

  /** For a key made here; with `fromDays` above nought a certificate that is not valid yet. */
  issueForNewKey(keyPem: string, names: readonly string[], days = 30, fromDays = -10): string {
    const key = forge.pki.privateKeyFromPem(keyPem);
    return this.issue(forge.pki.rsa.setPublicKey(key.n, key.e), names, days, fromDays);
  }

  /** A certificate as PEM; with negative days one that has expired. */
  issue(publicKey: forge.pki.PublicKey, names: readonly string[], days = 30, fromDays = -10): string {
    const certificate = this.#blank("test superlink", publicKey, { days, fromDays });
    certificate.setIssuer(this.#certificate.subject.attributes);
    const altNames = names.map((name) => (/^[0-9.]+$|:/.test(name) ? { type: 7, ip: name } : { type: 2, value: name }));
    // Without the identifier of its authority's key a strict verifier, which the guests' agent is, refuses it.
    const keyIdentifier = this.#certificate.generateSubjectKeyIdentifier().getBytes();
    certificate.setExtensions([
      { name: "subjectAltName", altNames },
      { name: "authorityKeyIdentifier", keyIdentifier },
    ]);
    certificate.sign(this.#key, forge.md.sha256.create());
    return forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
  }

  #blank(
    commonName: string,
    publicKey: forge.pki.PublicKey,
    { days = 365, fromDays = -10 }: { days?: number; fromDays?: number },
  ): forge.pki.Certificate {
    const day = 24 * 60 * 60 * 1000;
    const certificate = forge.pki.createCertificate();
    certificate.publicKey = publicKey;
    certificate.serialNumber = String(this.#serial++).padStart(4, "0");
    certificate.validity.notBefore = new Date(Date.now() + fromDays * day);
    certificate.validity.notAfter = new Date(Date.now() + days * day);
    certificate.setSubject([{ name: "commonName", value: commonName }]);
    return certificate;
  }
}

/** The names a request asks for, and the size of its key. */
export function describeRequest(encodedRequest: string): { names: readonly string[]; bits: number; genuine: boolean } {
  const request = readRequest(encodedRequest);
  const key = request.publicKey;
  const bits = key !== null && "n" in key ? key.n.bitLength() : 0;
  return { names: namesIn(request), bits, genuine: request.verify() };
}

function readRequest(encoded: string) {
  const request = decodePem(encoded, "CERTIFICATE REQUEST");
  if (!request.ok) {
    throw new Error(`The request cannot be read: ${request.reason}.`);
  }
  return forge.pki.certificationRequestFromPem(request.value[0] ?? "");
}

function namesIn(request: ReturnType<typeof readRequest>): string[] {
  const extensions = request.getAttribute({ name: "extensionRequest" })?.extensions ?? [];
  const altNames: { type: number; value: string; ip?: string }[] =
    extensions.find((extension: { name: string }) => extension.name === "subjectAltName")?.altNames ?? [];
  return altNames.map((name) => name.ip ?? name.value);
}
