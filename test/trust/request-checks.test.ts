import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Host } from "../../src/guest-protocol/address.ts";
import { checkRequest, type RequestRefusal } from "../../src/trust/request-checks.ts";
import { guestRequest, newRsaKey } from "./openssl.ts";

const DIALLED: Host = { kind: "ip", value: "203.0.113.20" };
const NAME: Host = { kind: "dns", value: "fl.example.org" };
const rules = { allowed: [DIALLED, NAME], required: [DIALLED] };

const refusal = (pem: string): { reason: RequestRefusal; detail: string } => {
  const checked = checkRequest(pem, rules);
  assert(!checked.ok, "the request was taken");
  return { reason: checked.reason, detail: checked.detail };
};

/** The request with its DER changed, under an unchanged PEM frame. */
const altered = (pem: string, change: (der: Buffer) => void): string => {
  const der = Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
  change(der);
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
};

describe("a certificate request is taken", () => {
  for (const bits of [2048, 3072, 4096])
    test(`with an RSA key of ${bits} bits`, async () => {
      const { csrPem } = await guestRequest("IP:203.0.113.20", [], newRsaKey(bits));
      assert(checkRequest(csrPem, rules).ok);
    });

  for (const digest of ["sha256", "sha384", "sha512"])
    test(`signed over ${digest}`, async () => {
      const { csrPem } = await guestRequest("IP:203.0.113.20", [`-${digest}`]);
      assert(checkRequest(csrPem, rules).ok);
    });

  test("with the plan's names and localhost's, each counted once, whatever their case", async () => {
    const { csrPem } = await guestRequest(
      "DNS:FL.Example.org,DNS:fl.example.org,IP:203.0.113.20,DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1",
    );
    const checked = checkRequest(csrPem, rules);
    assert(checked.ok);
    assert.deepEqual(checked.names, [
      NAME,
      DIALLED,
      { kind: "dns", value: "localhost" },
      { kind: "ip", value: "127.0.0.1" },
      { kind: "ip", value: "::1" },
    ]);
    assert.equal(checked.publicKey.asymmetricKeyType, "rsa");
  });
});

describe("a certificate request is refused", () => {
  const names: [string, string][] = [
    ["another address", "IP:203.0.113.21,IP:203.0.113.20"],
    ["another DNS name", "IP:203.0.113.20,DNS:bank.example.com"],
    ["a name below an allowed one", "IP:203.0.113.20,DNS:a.fl.example.org"],
    ["a wildcard", "IP:203.0.113.20,DNS:*.example.org"],
    ["an allowed address in a DNS name's place", "IP:203.0.113.20,DNS:203.0.113.20"],
    ["an allowed address mapped into IPv6", "IP:203.0.113.20,IP:::ffff:203.0.113.20"],
    ["an e-mail address", "IP:203.0.113.20,email:a@example.org"],
    ["a URI", "IP:203.0.113.20,URI:spiffe://example.org/x"],
    ["a directory name", "IP:203.0.113.20,otherName:1.2.3.4;UTF8:x"],
  ];
  for (const [what, san] of names)
    test(`when it asks for ${what}`, async () => {
      const { csrPem } = await guestRequest(san);
      assert.equal(refusal(csrPem).reason, "csr-foreign-name");
    });

  test("when it asks for a foreign name, without letting the name mention anybody", async () => {
    const { csrPem } = await guestRequest("IP:203.0.113.20,DNS:<!channel>.example.org");
    assert.deepEqual(refusal(csrPem), {
      reason: "csr-foreign-name",
      detail: "It asks for ??channel?.example.org, which is not a name of this SuperLink.",
    });
  });

  test("when it asks for no name", async () => {
    assert.equal(refusal((await guestRequest(null)).csrPem).reason, "csr-no-names");
  });

  test("when it leaves out the address that sites dial", async () => {
    const { csrPem } = await guestRequest("DNS:localhost,DNS:fl.example.org");
    assert.deepEqual(refusal(csrPem), {
      reason: "csr-missing-name",
      detail: "It does not ask for 203.0.113.20, the name that sites dial.",
    });
  });

  for (const [what, extension] of [
    ["to be an authority", "basicConstraints=critical,CA:TRUE"],
    ["for key usages of its own", "keyUsage=keyCertSign"],
    ["for an unknown extension", "1.2.3.4=ASN1:UTF8String:x"],
  ] as const)
    test(`when it asks ${what}`, async () => {
      const { csrPem } = await guestRequest("IP:203.0.113.20", ["-addext", extension]);
      assert.equal(refusal(csrPem).reason, "csr-foreign-extension");
    });

  for (const [what, key] of [
    ["an elliptic curve", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]],
    ["Ed25519", ["-algorithm", "ED25519"]],
    ["RSA-PSS", ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ] as const)
    test(`when its key is ${what}`, async () => {
      assert.equal(refusal((await guestRequest("IP:203.0.113.20", [], [...key])).csrPem).reason, "csr-key-type");
    });

  for (const bits of [1024, 2040, 4104])
    test(`when its key has ${bits} bits`, async () => {
      assert.equal(refusal((await guestRequest("IP:203.0.113.20", [], newRsaKey(bits))).csrPem).reason, "csr-key-size");
    });

  for (const exponent of [3, 17, 65539])
    test(`when its key's exponent is ${exponent}`, async () => {
      const { csrPem } = await guestRequest("IP:203.0.113.20", [], newRsaKey(2048, exponent));
      assert.equal(refusal(csrPem).reason, "csr-key-exponent");
    });

  test("when its signature is over SHA-1", async () => {
    assert.equal(refusal((await guestRequest("IP:203.0.113.20", ["-sha1"])).csrPem).reason, "csr-signature");
  });

  test("when its signature was made by another key", async () => {
    const [one, other] = await Promise.all([
      guestRequest("IP:203.0.113.20"),
      guestRequest("IP:203.0.113.20", [], newRsaKey(2048)),
    ]);
    const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
    const mixed = altered(one.csrPem, (der) => derOf(other.csrPem).copy(der, der.length - 256, der.length - 256));
    assert.equal(refusal(mixed).reason, "csr-signature");
  });

  test("when a name was changed after it was signed", async () => {
    const { csrPem } = await guestRequest("IP:203.0.113.21");
    const changed = altered(csrPem, (der) => {
      der[der.indexOf(Buffer.from([203, 0, 113, 21])) + 3] = 20;
    });
    assert.equal(refusal(changed).reason, "csr-signature");
  });

  test("when it is larger than 16 kB", () => {
    assert.equal(refusal("A".repeat(16 * 1024 + 1)).reason, "csr-too-large");
  });

  test("when it is two requests, or has something around it", async () => {
    const { csrPem } = await guestRequest("IP:203.0.113.20");
    for (const pem of [csrPem + csrPem, `hello\n${csrPem}`, csrPem.replaceAll(" REQUEST", "")])
      assert.equal(refusal(pem).reason, "csr-malformed");
  });

  test("without an exception and at once, whatever the text is", () => {
    const before = process.cpuUsage();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        const frame = `-----BEGIN CERTIFICATE REQUEST-----\n${text}\n-----END CERTIFICATE REQUEST-----\n`;
        for (const pem of [text, frame]) assert.equal(refusal(pem).reason, "csr-malformed");
      }),
    );
    for (const piece of ["-----BEGIN CERTIFICATE REQUEST-----\n", "\n", " ", "A"])
      assert.equal(refusal(piece.repeat(16 * 1024).slice(0, 16 * 1024)).reason, "csr-malformed");
    assert(process.cpuUsage(before).user < 5_000_000);
  });
});

test("no change of one byte in a certificate request brings an exception, another key or another name", async () => {
  const { csrPem } = await guestRequest("IP:203.0.113.20,DNS:fl.example.org");
  const whole = checkRequest(csrPem, rules);
  assert(whole.ok);
  const length = Buffer.from(csrPem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64").length;
  let refusals = 0;
  for (let index = 0; index < length; index += 1) {
    const checked = checkRequest(
      altered(csrPem, (der) => {
        der[index] = (der[index] ?? 0) ^ 0x15;
      }),
      rules,
    );
    if (!checked.ok) refusals += 1;
    else assert(checked.publicKey.equals(whole.publicKey) && checked.names.length === whole.names.length);
  }
  // The one byte that may change is in the signature algorithm's parameters, which say nothing and are not signed.
  assert(refusals >= length - 1, `${length - refusals} of ${length} changes were taken`);
});
