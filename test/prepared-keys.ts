/**
 * Loaded by Node before everything else in a quick run. To find an RSA key is half a second of work, and the bot needs
 * one for each federation, a stand-in's SuperLink one for itself: the first process that asks makes it, and whichever
 * asks later is given it. A process is given one again only after all the others.
 */
import crypto, { type KeyObject } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";

/** Where keys are kept for as long as the run lasts. */
const FOLDER = process.env["PREPARED_KEYS"] ?? "";
/** Bits that are asked for again and again; every other key is made. */
const PREPARED: ReadonlySet<number> = new Set([2048, 3072]);
/** More than a story has of one kind at the same time. */
const KEYS = 6;

interface Wish {
  readonly modulusLength: number;
  readonly publicExponent?: number;
  readonly publicKeyEncoding?: crypto.KeyExportOptions<"pem">;
  readonly privateKeyEncoding?: crypto.KeyExportOptions<"pem">;
}

const make = promisify(crypto.generateKeyPair);
const taken = new Map<number, number>();

function kept(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Whoever comes second takes what the first has put there. */
function keep(path: string, pem: string): string {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, pem, { mode: 0o600 });
  try {
    linkSync(unfinished, path);
  } catch {
    return kept(path) ?? pem;
  } finally {
    rmSync(unfinished);
  }
  return pem;
}

async function prepared(bits: number): Promise<KeyObject> {
  const number = taken.get(bits) ?? 0;
  taken.set(bits, (number + 1) % KEYS);
  const path = join(FOLDER, `rsa-${bits}-${number}.pem`);
  const pem = kept(path);
  if (pem !== undefined) return crypto.createPrivateKey(pem);
  const { privateKey } = await make("rsa", { modulusLength: bits });
  return crypto.createPrivateKey(keep(path, privateKey.export({ type: "pkcs8", format: "pem" }).toString()));
}

const written = (key: KeyObject, encoding: crypto.KeyExportOptions<"pem"> | undefined): KeyObject | string =>
  encoding === undefined ? key : key.export(encoding).toString();

async function pair({ modulusLength, publicKeyEncoding, privateKeyEncoding }: Wish) {
  const key = await prepared(modulusLength);
  return {
    publicKey: written(crypto.createPublicKey(key), publicKeyEncoding),
    privateKey: written(key, privateKeyEncoding),
  };
}

const isPrepared = (type: string, { modulusLength, publicExponent = 65_537 }: Wish): boolean =>
  type === "rsa" && PREPARED.has(modulusLength) && publicExponent === 65_537;

const unprepared = crypto.generateKeyPair;

/** In the place of node's own, as everybody here calls it: made to return a promise. */
function generateKeyPair(...given: Parameters<typeof unprepared>): void {
  unprepared(...given);
}
Object.assign(generateKeyPair, {
  [promisify.custom]: (type: "rsa", wish: Wish) => (isPrepared(type, wish) ? pair(wish) : make(type, wish)),
});

if (FOLDER !== "") {
  Object.assign(crypto, { generateKeyPair });
  syncBuiltinESMExports();
}
