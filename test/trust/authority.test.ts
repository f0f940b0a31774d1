import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { isIP } from "node:net";
import { describe, test } from "node:test";
import { checkServerIdentity, connect, createServer } from "node:tls";
import { inspect } from "node:util";
import type { Host } from "../../src/guest-protocol/address.ts";
import { type Authority, createAuthority, signRequest } from "../../src/trust/authority.ts";
import { certificateText, guestRequest, newRsaKey, strictVerify } from "./openssl.ts";

const DAY = 24 * 60 * 60 * 1000;
const now = new Date().toISOString();
const ip = (value: string): Host => ({ kind: "ip", value });
const dns = (value: string): Host => ({ kind: "dns", value });

const newAuthority = (dnsNames: readonly string[] = []): Promise<Authority> =>
  createAuthority({ federationId: "f00000000001", commonName: "florist heart-study", now, life: 365 * DAY, dnsNames });

const signed = async (authority: Authority, csrPem: string, dialled: Host, others: readonly Host[] = []) => {
  const signing = await signRequest({
    authority,
    csrPem,
    rules: { allowed: [dialled, ...others], required: [dialled] },
    now,
    life: 30 * DAY,
  });
  assert(signing.ok, inspect(signing));
  return signing.certificate;
};

/**
 * Resolves to "ok", or to the code with which a TLS client that trusts only the authority gives up. Nobody can bind a
 * documentation address here: the connection goes to loopback, and the name is verified as it would be dialled.
 */
const dial = async (authorityPem: string, certificatePem: string, keyPem: string, name: string): Promise<string> => {
  const server = createServer({ cert: certificatePem, key: keyPem });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(address !== null && typeof address === "object");
  const socket = connect({
    host: "127.0.0.1",
    port: address.port,
    ca: authorityPem,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_dialled, certificate) => checkServerIdentity(name, certificate),
  });
  try {
    return await new Promise<string>((resolve) => {
      socket.once("secureConnect", () => resolve("ok"));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    socket.destroy();
    server.close();
  }
};

describe("a federation's authority", () => {
  test("is made of a 3072 bit key, may sign leaves only, and shows its key to nobody", async () => {
    const authority = await newAuthority();
    const certificate = new X509Certificate(authority.certificatePem);
    assert.equal(certificate.ca, true);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
    assert.equal(certificate.fingerprint256, authority.fingerprint);
    assert.match(authority.fingerprint, /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/);
    assert(certificate.checkPrivateKey(createPrivateKey(authority.key.reveal())));
    assert.equal(Date.parse(authority.expiresAt), Math.floor((Date.parse(now) + 365 * DAY) / 1000) * 1000);
    assert.equal(Date.parse(certificate.validFrom), Math.floor((Date.parse(now) - 5 * 60 * 1000) / 1000) * 1000);
    for (const shown of [inspect(authority), JSON.stringify(authority), `${authority.key}`]) {
      assert.match(shown, /\[secret\]/);
      assert.doesNotMatch(shown, /PRIVATE KEY/);
    }
    const printed = await certificateText(authority.certificatePem);
    assert.match(printed, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    assert.match(printed, /Key Usage: critical\s+Certificate Sign\n/);
    assert.match(printed, /Name Constraints: critical\s+Permitted:\s+DNS:localhost\n/);
  });

  test("gives every certificate another positive serial number", async () => {
    const authority = await newAuthority();
    const guest = await guestRequest("IP:203.0.113.20");
    const serials = new Set<string>();
    for (let count = 0; count < 8; count += 1)
      serials.add((await signed(authority, guest.csrPem, ip("203.0.113.20"))).serial);
    assert.equal(serials.size, 8);
    for (const serial of serials) assert.match(serial, /^[4-7][0-9a-f]{31}$/);
  });

  test("signs what openssl verifies strictly, for the address and the names asked for and no other", async () => {
    const authority = await newAuthority(["fl.example.org"]);
    const guest = await guestRequest(
      "DNS:fl.example.org,IP:203.0.113.20,IP:10.10.10.77,DNS:localhost,IP:127.0.0.1,IP:::1",
    );
    const { certificatePem } = await signed(authority, guest.csrPem, dns("fl.example.org"), [
      ip("203.0.113.20"),
      ip("10.10.10.77"),
    ]);
    const verify = (...check: string[]) => strictVerify(authority.certificatePem, certificatePem, check);
    for (const name of ["fl.example.org", "localhost"])
      assert.equal(await verify("-verify_hostname", name), "certificate: OK");
    for (const address of ["203.0.113.20", "10.10.10.77", "127.0.0.1", "::1"])
      assert.equal(await verify("-verify_ip", address), "certificate: OK");
    assert.match(await verify("-verify_ip", "203.0.113.21"), /IP address mismatch/i);
    assert.match(await verify("-verify_hostname", "evil.example.org"), /hostname mismatch/);
  });

  test("cannot vouch for a DNS name outside its constraint, whatever is signed with its key", async () => {
    const authority = await newAuthority(["fl.example.org"]);
    const guest = await guestRequest("DNS:bank.example.com");
    const { certificatePem } = await signed(authority, guest.csrPem, dns("bank.example.com"));
    assert.match(await strictVerify(authority.certificatePem, certificatePem, []), /permitted subtree violation/);
  });

  test("gives certificates that end with the authority at the latest", async () => {
    const authority = await createAuthority({
      federationId: "f00000000001",
      commonName: "short",
      now,
      life: 7 * DAY,
      dnsNames: [],
    });
    const guest = await guestRequest("IP:203.0.113.20");
    assert.equal((await signed(authority, guest.csrPem, ip("203.0.113.20"))).expiresAt, authority.expiresAt);
  });

  test("refuses to sign what does not pass the checks", async () => {
    const guest = await guestRequest("IP:198.51.100.1");
    const signing = await signRequest({
      authority: await newAuthority(),
      csrPem: guest.csrPem,
      rules: { allowed: [ip("203.0.113.20")], required: [ip("203.0.113.20")] },
      now,
      life: 30 * DAY,
    });
    assert(!signing.ok);
    assert.equal(signing.reason, "csr-foreign-name");
    assert.equal(signing.code, "request-foreign-name");
  });
});

describe("a SuperLink's certificate", () => {
  test("holds in a TLS handshake for the dialled address and the dialled name", async () => {
    const authority = await newAuthority(["fl.example.org"]);
    const guest = await guestRequest("DNS:fl.example.org,IP:203.0.113.20,DNS:localhost,IP:127.0.0.1");
    const { certificatePem } = await signed(authority, guest.csrPem, ip("203.0.113.20"), [dns("fl.example.org")]);
    const ask = (name: string) => dial(authority.certificatePem, certificatePem, guest.keyPem, name);
    for (const name of ["203.0.113.20", "fl.example.org", "localhost", "127.0.0.1"])
      assert.equal(await ask(name), "ok");
    assert.equal(await ask("203.0.113.21"), "ERR_TLS_CERT_ALTNAME_INVALID");
    assert.equal(await ask("other.example.org"), "ERR_TLS_CERT_ALTNAME_INVALID");
  });

  test("does not hold for those who trust another federation's authority", async () => {
    const [authority, other] = await Promise.all([newAuthority(), newAuthority()]);
    const guest = await guestRequest("IP:203.0.113.20");
    const { certificatePem } = await signed(authority, guest.csrPem, ip("203.0.113.20"));
    const outcome = await dial(other.certificatePem, certificatePem, guest.keyPem, "203.0.113.20");
    assert.match(outcome, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/);
  });
});

/** The longest time in milliseconds for which the event loop stood still while `work` ran. */
const longestStandstill = async (work: () => Promise<unknown>): Promise<number> => {
  let longest = 0;
  let last = performance.now();
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const watching = setInterval(look, 1);
  await work();
  clearInterval(watching);
  look();
  return longest;
};

test("making an authority and signing hold the event loop up for less than 50 ms", async () => {
  const guest = await guestRequest("IP:203.0.113.20", [], newRsaKey(4096));
  const authority = await newAuthority();
  const sign = async (): Promise<void> => {
    for (let count = 0; count < 5; count += 1) await signed(authority, guest.csrPem, ip("203.0.113.20"));
  };
  for (const work of [() => newAuthority(), sign]) {
    const standstills: number[] = [];
    // A busy machine can stop any process for a while, but not in every round; what blocks blocks in every round.
    while (standstills.length < 40 && !standstills.some((time) => time < 50)) {
      standstills.push(await longestStandstill(work));
    }
    assert(Math.min(...standstills) < 50, `the loop stood still for ${standstills.join(", ")} ms`);
  }
});
