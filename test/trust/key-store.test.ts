import assert from "node:assert/strict";
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Secret } from "../../src/secret.ts";
import { createAuthority } from "../../src/trust/authority.ts";
import { KeyStoreError, type KeyStoreErrorCode, openKeyStore, parseStoreKey } from "../../src/trust/key-store.ts";

const DAY = 24 * 60 * 60 * 1000;
const requestFor = (federationId: string) => ({
  federationId,
  commonName: `florist ${federationId}`,
  now: "2026-11-24T05:00:00.000Z",
  life: 365 * DAY,
  dnsNames: [],
});

const failsWith = (code: KeyStoreErrorCode, message: RegExp) => (error: unknown) => {
  assert(error instanceof KeyStoreError);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

let directory = "";
let key: KeyObject = createSecretKey(randomBytes(32));
const fileOf = (id: string): string => join(directory, `${id}.authority.json`);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "florist-keys-"));
  key = createSecretKey(randomBytes(32));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("the key store", () => {
  test("makes a federation's authority once, and gives the same one ever after", async () => {
    const store = await openKeyStore(directory, key);
    const [one, other] = await Promise.all([
      store.ensureAuthority(requestFor("fed-a")),
      store.ensureAuthority(requestFor("fed-a")),
    ]);
    assert.equal(other.fingerprint, one.fingerprint);
    const again = await openKeyStore(directory, key);
    const ensured = await again.ensureAuthority({ ...requestFor("fed-a"), life: DAY });
    const loaded = await again.load("fed-a");
    for (const authority of [ensured, loaded]) {
      assert.deepEqual({ ...authority, key: null }, { ...one, key: null });
      assert.equal(authority.key.reveal(), one.key.reveal());
    }
  });

  test("keeps the private key encrypted, in a file and a directory that nobody else can read", async () => {
    const store = await openKeyStore(directory, key);
    const { key: secret } = await store.ensureAuthority(requestFor("fed-a"));
    const text = await readFile(fileOf("fed-a"), "utf8");
    const body = secret.reveal().split("\n").slice(1, -2);
    for (const line of body) assert(!text.includes(line));
    assert.doesNotMatch(text, /PRIVATE/);
    assert.equal((await stat(fileOf("fed-a"))).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(directory), ["fed-a.authority.json", "store-key.json"]);
  });

  test("opens a federation's authority only with the key that it was sealed with", async () => {
    const store = await openKeyStore(directory, key);
    const elsewhere = await mkdtemp(join(tmpdir(), "florist-keys-"));
    try {
      await (await openKeyStore(elsewhere, createSecretKey(randomBytes(32)))).ensureAuthority(requestFor("fed-a"));
      await copyFile(join(elsewhere, "fed-a.authority.json"), fileOf("fed-a"));
    } finally {
      await rm(elsewhere, { recursive: true });
    }
    await assert.rejects(store.load("fed-a"), failsWith("key-store-wrong-key", /sealed with another key/));
    await assert.rejects(store.ensureAuthority(requestFor("fed-a")), failsWith("key-store-wrong-key", /another key/));
  });

  test("makes many authorities that are asked for at once, each whole", async () => {
    const store = await openKeyStore(directory, key);
    const ids = ["fed-a", "fed-b", "fed-c"];
    const made = await Promise.all(ids.map((id) => store.ensureAuthority(requestFor(id))));
    assert.equal(new Set(made.map(({ fingerprint }) => fingerprint)).size, ids.length);
  });

  test("makes two authorities at a time: of Node's four threads two are left to whoever writes a journal", async () => {
    let [underWay, most] = [0, 0];
    const store = await openKeyStore(directory, key, async (request) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const made = await createAuthority(request);
      underWay -= 1;
      return made;
    });
    await Promise.all(Array.from({ length: 6 }, (_, nth) => store.ensureAuthority(requestFor(`fed-${nth}`))));
    assert.ok(most <= 2, `${most} at a time`);
  });

  test("does not take one federation's file for another's", async () => {
    const store = await openKeyStore(directory, key);
    await store.ensureAuthority(requestFor("fed-a"));
    await copyFile(fileOf("fed-a"), fileOf("fed-b"));
    await assert.rejects(store.load("fed-b"), failsWith("key-store-damaged", /fed-b\.authority\.json/));
  });

  test("does not take a file whose certificate was exchanged, or that is cut", async () => {
    const store = await openKeyStore(directory, key);
    const [one, other] = [
      await store.ensureAuthority(requestFor("fed-a")),
      await store.ensureAuthority(requestFor("fed-b")),
    ];
    const text = await readFile(fileOf("fed-a"), "utf8");
    const certificateIn = (pem: string): string => JSON.stringify(pem);
    await writeFile(
      fileOf("fed-a"),
      text.replace(certificateIn(one.certificatePem), certificateIn(other.certificatePem)),
    );
    await assert.rejects(store.load("fed-a"), failsWith("key-store-damaged", /put back the last good copy/));
    await writeFile(fileOf("fed-a"), text.slice(0, -20));
    await assert.rejects(store.load("fed-a"), failsWith("key-store-damaged", /put back the last good copy/));
  });

  test("forgets an authority for ever, also when asked twice or after dying half way", async () => {
    const store = await openKeyStore(directory, key);
    await store.ensureAuthority(requestFor("fed-a"));
    await store.destroy("fed-a");
    await store.destroy("fed-a");
    await assert.rejects(store.load("fed-a"), failsWith("key-store-missing", /no authority of fed-a/));
    await writeFile(fileOf("fed-b"), randomBytes(3000));
    await store.destroy("fed-b");
    assert.deepEqual(await readdir(directory), ["store-key.json"]);
  });

  test("removes what a crash left unfinished, and makes a whole one", async () => {
    await writeFile(`${fileOf("fed-a")}.unfinished`, '{"schema":1,"fede');
    const store = await openKeyStore(directory, key);
    await store.ensureAuthority(requestFor("fed-a"));
    assert.deepEqual(await readdir(directory), ["fed-a.authority.json", "store-key.json"]);
  });

  test("refuses a name that would leave its directory", async () => {
    const store = await openKeyStore(directory, key);
    for (const id of ["../fed", "", "a/b"])
      await assert.rejects(store.load(id), failsWith("key-store-id", /cannot name/));
  });
});

describe("a start with another key than the store's", () => {
  const otherKey = createSecretKey(randomBytes(32));
  const isRefused = () =>
    assert.rejects(
      openKeyStore(directory, otherKey),
      failsWith("key-store-wrong-key", /^FLORIST_KEY is not the key .* start florist with the key it had before\.$/),
    );

  test("is refused, also while the store holds no authority yet, and changes nothing", async () => {
    await openKeyStore(directory, key);
    const before = await readFile(join(directory, "store-key.json"), "utf8");
    await isRefused();
    assert.equal(await readFile(join(directory, "store-key.json"), "utf8"), before);
    await (await openKeyStore(directory, key)).ensureAuthority(requestFor("fed-a"));
    await isRefused();
  });

  test("is refused where only authorities say which key it was", async () => {
    await (await openKeyStore(directory, key)).ensureAuthority(requestFor("fed-a"));
    await writeFile(fileOf("fed-0"), "a damaged one says nothing");
    await rm(join(directory, "store-key.json"));
    await isRefused();
    await (await openKeyStore(directory, key)).load("fed-a");
    await isRefused();
  });

  test("is told from a check file that is damaged or was put back from elsewhere", async () => {
    await (await openKeyStore(directory, key)).ensureAuthority(requestFor("fed-a"));
    const path = join(directory, "store-key.json");
    const text = await readFile(path, "utf8");
    for (const damaged of [text.slice(0, -10), text.replace(/"sealed": "..../, '"sealed": "AAAA'), ""]) {
      await writeFile(path, damaged);
      await isRefused();
      await (await openKeyStore(directory, key)).load("fed-a");
    }
  });
});

describe("the key store's own key", () => {
  const bytes = randomBytes(32);

  test("is 32 bytes as hexadecimal digits or base64", () => {
    for (const text of [bytes.toString("hex"), bytes.toString("base64"), ` ${bytes.toString("hex").toUpperCase()}\n`])
      assert.deepEqual(parseStoreKey(new Secret(text))?.export(), bytes);
  });

  test("is nothing else", () => {
    for (const text of [
      "",
      "secret",
      bytes.toString("hex").slice(1),
      randomBytes(31).toString("base64"),
      "g".repeat(64),
    ])
      assert.equal(parseStoreKey(new Secret(text)), undefined);
  });
});
