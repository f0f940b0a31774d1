import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nodeKeyFromSpki } from "../../src/guest-protocol/node-key.ts";
import { encodeNodeProof, nodeProofBytes } from "../../src/guest-protocol/node-proof.ts";
import { checkNodeProof } from "../../src/trust/node-proof.ts";

const subject = { federation: "f00000000001", site: "zone-b", attempt: "f00000000001/zone-b/0123456789ab/1", vmId: 42 };

const newKey = (): { line: string; privateKey: KeyObject } => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const key = nodeKeyFromSpki(publicKey.export({ type: "spki", format: "der" }));
  assert(key.ok);
  return { line: key.value.line, privateKey };
};

const proofBy = (privateKey: KeyObject, about = subject): string =>
  encodeNodeProof(sign("sha384", nodeProofBytes(about), privateKey));

const refusal = (key: string, proof: string, about = subject): string => {
  const check = checkNodeProof(key, proof, about);
  assert(!check.ok, "the proof was taken");
  return check.reason;
};

describe("a SuperNode's proof", () => {
  test("holds for the key that made it and for the VM it is about", () => {
    const { line, privateKey } = newKey();
    const check = checkNodeProof(line, proofBy(privateKey), subject);
    assert(check.ok);
    assert.equal(check.key.line, line);
  });

  for (const [part, other] of [
    ["federation", { ...subject, federation: "f00000000002" }],
    ["site", { ...subject, site: "zone-c" }],
    ["attempt", { ...subject, attempt: "f00000000001/zone-b/0123456789ab/2" }],
    ["VM", { ...subject, vmId: 43 }],
  ] as const)
    test(`does not hold for another ${part}`, () => {
      const { line, privateKey } = newKey();
      assert.equal(refusal(line, proofBy(privateKey), other), "key-proof");
    });

  test("does not hold for another key", () => {
    assert.equal(refusal(newKey().line, proofBy(newKey().privateKey)), "key-proof");
  });

  test("does not hold over another digest", () => {
    const { line, privateKey } = newKey();
    assert.equal(refusal(line, encodeNodeProof(sign("sha256", nodeProofBytes(subject), privateKey))), "key-proof");
  });

  test("is refused without an exception when key or proof is any other text", () => {
    const { line, privateKey } = newKey();
    const proof = proofBy(privateKey);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String({ maxLength: 140 })), (text) => {
        assert.equal(refusal(text, proof), "key-malformed");
        assert.equal(refusal(line, text), "key-proof");
      }),
    );
  });

  test("is refused when the key is a point off the curve", () => {
    const { line, privateKey } = newKey();
    const [type = "", blob = ""] = line.split(" ");
    const bytes = Buffer.from(blob, "base64");
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    assert.equal(refusal(`${type} ${bytes.toString("base64")}`, proofBy(privateKey)), "key-malformed");
  });
});
