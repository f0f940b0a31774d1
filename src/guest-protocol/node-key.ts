import { createHash } from "node:crypto";
import { accepted, checkAttribute, type Decoded, refused } from "./decoded.ts";

/**
 * A SuperNode's public identity key as one OpenSSH line without a comment: `ecdsa-sha2-nistp384 AAAA…`. That is what
 * `ssh-keygen` writes and `flwr supernode register` reads, it fits into one attribute, and with one curve and the
 * uncompressed point a key has exactly one spelling, so equal keys are equal texts.
 */
export type NodeKey = {
  readonly line: string;
  /** `SHA256:` and 43 characters of unpadded base64, exactly as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
};

const TYPE = "ecdsa-sha2-nistp384";
const CURVE = "nistp384";
const POINT_BYTES = 97;
const UNCOMPRESSED = 0x04;
/** DER of SubjectPublicKeyInfo {id-ecPublicKey, secp384r1} up to the point itself (RFC 5480). */
const SPKI_PREFIX = Buffer.from("3076301006072a8648ce3d020106052b81040022036200", "hex");

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** Reads `FL_NODE_KEY` or one key of `FL_ADMIT`. That the point lies on the curve is for the signature check to find. */
export function parseNodeKey(line: string): Decoded<NodeKey> {
  const checked = checkAttribute(line);
  if (!checked.ok) {
    return checked;
  }
  const blob = blobOf(line);
  if (`${TYPE} ${blob.toString("base64")}` !== line || !blob.equals(blobAround(pointOf(blob)))) {
    return refused("shape");
  }
  return pointOf(blob)[0] === UNCOMPRESSED ? accepted({ line, fingerprint: fingerprintOf(blob) }) : refused("shape");
}

/** The SPKI PEM of a key, as `node:crypto` and Flower's database have it. */
export function nodeKeyPem(key: NodeKey): string {
  const base64 = Buffer.concat([SPKI_PREFIX, pointOf(blobOf(key.line))]).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join("\n")}\n-----END PUBLIC KEY-----\n`;
}

/** From the SPKI DER of a P-384 key, which ends with the uncompressed point. */
export function nodeKeyFromSpki(der: Buffer): Decoded<NodeKey> {
  const point = der.subarray(SPKI_PREFIX.length);
  if (point.length !== POINT_BYTES || !der.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)) {
    return refused("shape");
  }
  return parseNodeKey(`${TYPE} ${blobAround(point).toString("base64")}`);
}

/** Whether a text has the form of a key's fingerprint, as in `FL_NODES` and `FL_ADMITTED`. */
export function isNodeKeyFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

function blobOf(line: string): Buffer {
  return Buffer.from(line.slice(TYPE.length + 1), "base64");
}

function pointOf(blob: Buffer): Buffer {
  return blob.subarray(-POINT_BYTES);
}

/** The wire form of RFC 5656: three strings, each after its length. */
function blobAround(point: Buffer): Buffer {
  return Buffer.concat([Buffer.from(TYPE), Buffer.from(CURVE), point].flatMap((part) => [lengthOf(part), part]));
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}

function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
