import { createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";

/** What stands before the 32 bytes of an X25519 key in its SPKI. */
const SPKI_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** An end's own key: X25519, as WireGuard has it. */
export class TunnelKey {
  /** As `WG_PUBLIC_KEY` says it. */
  readonly publicKey: string;
  /** PKCS#8, for the disk. */
  readonly pem: string;

  private constructor(pem: string) {
    this.pem = pem;
    const spki = createPublicKey(pem).export({ type: "spki", format: "der" });
    this.publicKey = spki.subarray(SPKI_PREFIX.length).toString("base64");
  }

  static make(): TunnelKey {
    const { privateKey } = generateKeyPairSync("x25519");
    return new TunnelKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  }

  static fromPem(pem: string): TunnelKey {
    return new TunnelKey(pem);
  }

  /**
   * What only the holders of both private keys can say with these words; undefined for a public key with which nobody
   * can agree on anything.
   */
  proof(publicKey: string, words: string): string | undefined {
    try {
      const key = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, "base64")]);
      const secret = diffieHellman({
        privateKey: createPrivateKey(this.pem),
        publicKey: createPublicKey({ key, type: "spki", format: "der" }),
      });
      return createHmac("sha256", secret).update(words, "utf8").digest("base64");
    } catch {
      // A point of low order.
      return undefined;
    }
  }
}
