import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import { type NodeKey, nodeKeyFromSpki } from "../../src/guest-protocol/node-key.ts";
import type { Disk } from "./disk.ts";

const FILE = "identity-key.pem";

const generate = promisify(generateKeyPair);

/** A SuperNode's identity: an ECDSA P-384 key that is made once and stays on its disk. */
export class NodeIdentity {
  readonly key: NodeKey;
  readonly #privateKey: KeyObject;

  private constructor(key: NodeKey, privateKey: KeyObject) {
    this.key = key;
    this.#privateKey = privateKey;
  }

  static async load(disk: Disk): Promise<NodeIdentity> {
    const kept = await disk.read(FILE);
    const pem = kept ?? (await newKeyPem());
    if (kept === undefined) {
      await disk.write(FILE, pem);
    }
    const privateKey = createPrivateKey(pem);
    const key = nodeKeyFromSpki(createPublicKey(privateKey).export({ type: "spki", format: "der" }));
    if (!key.ok) {
      throw new Error("The identity key on the disk is not a P-384 key.");
    }
    return new NodeIdentity(key.value, privateKey);
  }

  /** ECDSA over SHA-384, in DER. */
  sign(bytes: Buffer): Buffer {
    return sign("sha384", bytes, this.#privateKey);
  }
}

async function newKeyPem(): Promise<string> {
  const { privateKey } = await generate("ec", {
    namedCurve: "P-384",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return privateKey;
}
