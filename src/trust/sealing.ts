/** Text encrypted with the store's key, so that only that key opens it, and only where it belongs. */
import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomBytes } from "node:crypto";
import { z } from "zod";

const CIPHER = "aes-256-gcm";
/** Bytes; what GCM is specified for. */
const NONCE_BYTES = 12;

export const sealedShape = { nonce: z.base64(), sealed: z.base64(), tag: z.base64() };

interface Sealed {
  readonly nonce: string;
  readonly sealed: string;
  readonly tag: string;
}

/** Tells a wrong key from a damaged file without helping to find the key. */
export const keyCheckOf = (key: KeyObject): string =>
  createHmac("sha256", key).update("florist key store check").digest("base64").slice(0, 16);

/** `boundTo`: what the text belongs to; it opens nowhere else. */
export const seal = (text: string, boundTo: string, key: KeyObject): Sealed => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(boundTo, "utf8"));
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return {
    nonce: nonce.toString("base64"),
    sealed: sealed.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
  };
};

/** Throws when the key, the content or what it is bound to is another one. */
export const unseal = ({ nonce, sealed, tag }: Sealed, boundTo: string, key: KeyObject): string => {
  const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, "base64"), { authTagLength: 16 })
    .setAAD(Buffer.from(boundTo, "utf8"))
    .setAuthTag(Buffer.from(tag, "base64"));
  return Buffer.concat([decipher.update(Buffer.from(sealed, "base64")), decipher.final()]).toString("utf8");
};
