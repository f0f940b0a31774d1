import { createPublicKey } from "node:crypto";
import { z } from "zod";
import { decodePem, encodePem } from "../../src/guest-protocol/certificates.ts";
import { GIVEN, type Reason } from "../../src/guest-protocol/names.ts";
import type { Disk } from "./disk.ts";
import type { Attributes } from "./distortion.ts";
import { type Credentials, certificateRequest, checkCredentials, makeTlsKey } from "./tls-identity.ts";

const KEY_FILE = "tls-key.pem";
const CREDENTIALS_FILE = "certificate.json";

const keptCredentials = z.strictObject({ chain: z.array(z.string()), authorities: z.array(z.string()) });

/** What was handed over: certificates to serve with, or the reason against them. */
export type Handed =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly reason: Reason };

/** A SuperLink's TLS key and the certificate it was given, both on its disk; nothing is taken that does not hold. */
export class CertificateIntake {
  readonly keyPem: string;
  readonly #disk: Disk;
  readonly #dialledHost: string;
  /** What was handed over and has been looked at already, good or bad. */
  #considered = "";

  private constructor(keyPem: string, disk: Disk, dialledHost: string) {
    this.keyPem = keyPem;
    this.#disk = disk;
    this.#dialledHost = dialledHost;
  }

  /** Makes the key unless there is one. */
  static async open(parts: { disk: Disk; dialledHost: string; keyBits: number }): Promise<CertificateIntake> {
    const kept = await parts.disk.read(KEY_FILE);
    const keyPem = kept ?? (await makeTlsKey(parts.keyBits));
    if (kept === undefined) {
      await parts.disk.write(KEY_FILE, keyPem);
    }
    return new CertificateIntake(keyPem, parts.disk, parts.dialledHost);
  }

  /** As `FL_TLS_CSR` carries it. */
  request(names: readonly string[]): string {
    return encodePem([certificateRequest(this.keyPem, names)]);
  }

  /** The certificate of an earlier life, if it still holds. */
  async kept(): Promise<Credentials | undefined> {
    const text = await this.#disk.read(CREDENTIALS_FILE);
    const credentials = text === undefined ? undefined : keptCredentials.parse(JSON.parse(text));
    return credentials !== undefined && this.#judge(credentials).ok ? credentials : undefined;
  }

  async keep(credentials: Credentials): Promise<void> {
    await this.#disk.write(CREDENTIALS_FILE, JSON.stringify(credentials));
  }

  /** Looks at what was handed over since the last look; undefined when nothing is new. */
  consider(given: Attributes): Handed | undefined {
    const certificate = given.get(GIVEN.certificate);
    const authority = given.get(GIVEN.certificateAuthority);
    const handed = `${certificate} ${authority}`;
    if (certificate === undefined || authority === undefined || handed === this.#considered) {
      return undefined;
    }
    this.#considered = handed;
    const chain = decodePem(certificate, "CERTIFICATE");
    const authorities = decodePem(authority, "CERTIFICATE");
    return chain.ok && authorities.ok
      ? this.#judge({ chain: chain.value, authorities: authorities.value })
      : { ok: false, reason: "certificate-malformed" };
  }

  #judge(credentials: Credentials): Handed {
    const keyPublicPem = createPublicKey(this.keyPem).export({ type: "spki", format: "pem" }).toString();
    const names = [this.#dialledHost, "127.0.0.1"];
    const check = checkCredentials(credentials, { keyPublicPem, names, now: new Date() });
    return check.ok ? { ok: true, credentials } : check;
  }
}
