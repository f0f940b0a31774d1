/** Keeps each federation's authority on disk, its private key encrypted, from the plan to the end of the federation. */
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { Concurrency } from "../concurrency.ts";
import { makePrivateDirectory, syncDirectory } from "../durable-directory.ts";
import { Secret } from "../secret.ts";
import { type Authority, type AuthorityRequest, createAuthority } from "./authority.ts";
import { describe } from "./certificate.ts";
import { keyCheckOf, seal, sealedShape, unseal } from "./sealing.ts";

export type KeyStoreErrorCode = "key-store-wrong-key" | "key-store-damaged" | "key-store-missing" | "key-store-id";

/** What went wrong with the key store: a code for programs, a sentence for people, the original error as `cause`. */
export class KeyStoreError extends Error {
  readonly code: KeyStoreErrorCode;

  constructor(code: KeyStoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "KeyStoreError";
    this.code = code;
  }
}

const STORE_KEY_BYTES = 32;
const HEX_KEY = /^[0-9a-fA-F]{64}$/;
const BASE64_KEY = /^[A-Za-z0-9+/]{43}=?$/;

/** The store's key from its text: 32 bytes as 64 hexadecimal digits or as base64; undefined if it is neither. */
export const parseStoreKey = (text: Secret): KeyObject | undefined => {
  const value = text.reveal().trim();
  const encoding = HEX_KEY.test(value) ? "hex" : BASE64_KEY.test(value) ? "base64" : undefined;
  const bytes = Buffer.from(value, encoding);
  return encoding !== undefined && bytes.length === STORE_KEY_BYTES ? createSecretKey(bytes) : undefined;
};

const SUFFIX = ".authority.json";
const UNFINISHED = ".unfinished";
/** Says which key this store is sealed with, also while it holds no authority. */
const CHECK_FILE = "store-key.json";
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

const recordShape = z.strictObject({
  schema: z.literal(1),
  federation: z.string(),
  certificate: z.string(),
  /** Tells a wrong key from a damaged file without helping to find the key. */
  keyCheck: z.string(),
  ...sealedShape,
});
type KeyRecord = z.infer<typeof recordShape>;

const checkShape = z.strictObject({ schema: z.literal(1), ...sealedShape });
const CHECK_BOUND_TO = "florist key store 1";
const CHECK_TEXT = "This store is sealed with this key.";

/** Making a key keeps a thread busy of the four that writing journals needs too. */
const MADE_AT_ONCE = 2;

/** Binds the sealed key to its federation and certificate: a file moved or edited does not open. */
const boundTo = (federation: string, certificate: string): string =>
  `florist authority 1\n${federation}\n${certificate}`;

const recordOf = ({ federationId, certificatePem, key: secret }: Authority, key: KeyObject): KeyRecord => ({
  schema: 1,
  federation: federationId,
  certificate: certificatePem,
  keyCheck: keyCheckOf(key),
  ...seal(secret.reveal(), boundTo(federationId, certificatePem), key),
});

const authorityOf = (record: KeyRecord, federationId: string, key: KeyObject): Authority => {
  const pem = unseal(record, boundTo(federationId, record.certificate), key);
  const { fingerprint, expiresAt } = describe(record.certificate);
  return { federationId, certificatePem: record.certificate, fingerprint, expiresAt, key: new Secret(pem) };
};

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

type MakeAuthority = (request: AuthorityRequest) => Promise<Authority>;

/** One file per federation, 0600. One process at a time, which the journal's lock on the data directory sees to. */
export class KeyStore {
  readonly #directory: string;
  readonly #key: KeyObject;
  readonly #make: MakeAuthority;
  readonly #making = new Map<string, Promise<Authority>>();
  readonly #makers = new Concurrency(MADE_AT_ONCE);

  constructor(directory: string, key: KeyObject, make: MakeAuthority = createAuthority) {
    this.#directory = directory;
    this.#key = key;
    this.#make = make;
  }

  /**
   * The federation's authority, made if there is none yet. Asked again, also after a crash, it gives the same one: it is
   * on disk before this returns.
   */
  ensureAuthority(request: AuthorityRequest): Promise<Authority> {
    const id = request.federationId;
    const under = this.#making.get(id) ?? this.#loadOrMake(request).finally(() => this.#making.delete(id));
    this.#making.set(id, under);
    return under;
  }

  /** Throws `KeyStoreError`: `key-store-missing` when there is none or no more. */
  async load(federationId: string): Promise<Authority> {
    const authority = await this.#find(federationId);
    if (authority !== undefined) return authority;
    throw new KeyStoreError("key-store-missing", `There is no authority of ${federationId} in the key store.`);
  }

  /**
   * Ends an authority for ever; fine if it is gone already. The file is overwritten first, which reaches the old bytes
   * only where the disk writes in place; that the key was encrypted is what counts.
   */
  async destroy(federationId: string): Promise<void> {
    const path = this.#pathOf(federationId);
    try {
      await overwrite(path);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await rm(path, { force: true });
    await syncDirectory(this.#directory);
  }

  async #loadOrMake(request: AuthorityRequest): Promise<Authority> {
    const found = await this.#find(request.federationId);
    if (found !== undefined) return found;
    const made = await this.#makers.run(() => this.#make(request));
    await this.#store(made);
    return made;
  }

  async #find(federationId: string): Promise<Authority | undefined> {
    const path = this.#pathOf(federationId);
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    return this.#read(path, text, federationId);
  }

  #read(path: string, text: string, federationId: string): Authority {
    try {
      const record = recordShape.parse(JSON.parse(text));
      if (record.keyCheck !== keyCheckOf(this.#key))
        throw new KeyStoreError(
          "key-store-wrong-key",
          `${path} was sealed with another key: start florist with the key it had when ${federationId} was made.`,
        );
      return authorityOf(record, federationId, this.#key);
    } catch (error) {
      if (error instanceof KeyStoreError) throw error;
      throw new KeyStoreError("key-store-damaged", `${path} is damaged: put back the last good copy.`, error);
    }
  }

  async #store(authority: Authority): Promise<void> {
    await replaceFile(this.#pathOf(authority.federationId), recordOf(authority, this.#key));
  }

  #pathOf(federationId: string): string {
    if (!ID.test(federationId))
      throw new KeyStoreError("key-store-id", `${JSON.stringify(federationId)} cannot name a file in the key store.`);
    return join(this.#directory, `${federationId}${SUFFIX}`);
  }
}

const overwrite = async (path: string): Promise<void> => {
  const handle = await open(path, "r+");
  try {
    const { size } = await handle.stat();
    await handle.write(randomBytes(size), 0, size, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const replaceFile = async (path: string, content: object): Promise<void> => {
  const unfinished = `${path}${UNFINISHED}`;
  const handle = await open(unfinished, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, path);
  await syncDirectory(dirname(path));
};

/** Of a file of this store; undefined when it is missing or is no such file. */
const parsedFile = async <T>(path: string, shape: z.ZodType<T>): Promise<T | undefined> => {
  try {
    return shape.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** Whether the key is the store's, by its check file or, where that is missing or damaged, by an authority. */
const isStoreKey = async (directory: string, key: KeyObject, authorities: readonly string[]): Promise<boolean> => {
  const check = await parsedFile(join(directory, CHECK_FILE), checkShape);
  if (check !== undefined && opensCheck(check, key)) return true;
  for (const name of authorities) {
    const record = await parsedFile(join(directory, name), recordShape);
    if (record !== undefined) return record.keyCheck === keyCheckOf(key);
  }
  return check === undefined;
};

const opensCheck = (check: z.infer<typeof checkShape>, key: KeyObject): boolean => {
  try {
    return unseal(check, CHECK_BOUND_TO, key) === CHECK_TEXT;
  } catch {
    return false;
  }
};

/** What a look at a store shows that changes nothing in it. */
export interface KeyStoreLook {
  /** Whether it is sealed with the key. */
  readonly isStoreKey: boolean;
  readonly authorities: number;
  /** Those that do not open, and why. */
  readonly unopened: readonly { readonly federation: string; readonly code: KeyStoreErrorCode }[];
}

/** null: there is none yet. */
export const lookAtKeyStore = async (directory: string, key: KeyObject): Promise<KeyStoreLook | null> => {
  const names = await namesIn(directory);
  if (names === null) return null;
  const authorities = names.filter((name) => name.endsWith(SUFFIX)).sort();
  if (!(await isStoreKey(directory, key, authorities))) {
    return { isStoreKey: false, authorities: authorities.length, unopened: [] };
  }
  const store = new KeyStore(directory, key);
  const unopened: { readonly federation: string; readonly code: KeyStoreErrorCode }[] = [];
  for (const name of authorities) {
    const federation = name.slice(0, -SUFFIX.length);
    await store.load(federation).catch((error: unknown) => {
      if (!(error instanceof KeyStoreError)) throw error;
      // A federation that has ended meanwhile took its authority with it.
      if (error.code !== "key-store-missing") unopened.push({ federation, code: error.code });
    });
  }
  return { isStoreKey: true, authorities: authorities.length, unopened };
};

const namesIn = async (directory: string): Promise<readonly string[] | null> => {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

/**
 * Opens the store, making its directory if it is missing. Removes what a crash left unfinished. Throws `KeyStoreError`:
 * `key-store-wrong-key` when the store is sealed with another key.
 */
export const openKeyStore = async (directory: string, key: KeyObject, make?: MakeAuthority): Promise<KeyStore> => {
  await makePrivateDirectory(directory);
  const names = await readdir(directory);
  for (const name of names.filter((one) => one.endsWith(UNFINISHED))) await rm(join(directory, name), { force: true });
  const authorities = names.filter((name) => name.endsWith(SUFFIX)).sort();
  if (!(await isStoreKey(directory, key, authorities)))
    throw new KeyStoreError(
      "key-store-wrong-key",
      `FLORIST_KEY is not the key that the CA keys in ${directory} are sealed with: start florist with the key it had before.`,
    );
  await replaceFile(join(directory, CHECK_FILE), { schema: 1, ...seal(CHECK_TEXT, CHECK_BOUND_TO, key) });
  return new KeyStore(directory, key, make);
};
