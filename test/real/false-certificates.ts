/** Certificates that a SuperNode must refuse, two of them signed by the federation's own CA. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Host, parseHost } from "../../src/guest-protocol/address.ts";
import { Secret } from "../../src/secret.ts";
import { type Authority, createAuthority, signRequest } from "../../src/trust/authority.ts";
import { openKeyStore, parseStoreKey } from "../../src/trust/key-store.ts";
import { guestRequest } from "../trust/openssl.ts";

const DAY_MS = 24 * 3600 * 1000;

export type Presented = { readonly chain: string; readonly key: string };

/** The CA of the only federation in a bot's data directory. */
export async function authorityOf(dataDirectory: string, storeKey: string): Promise<Authority> {
  const directory = join(dataDirectory, "keys");
  const [file] = await readdir(directory);
  const key = parseStoreKey(new Secret(storeKey));
  assert.ok(file !== undefined && key !== undefined);
  return (await openKeyStore(directory, key)).load(file.slice(0, file.indexOf(".")));
}

export async function strangeAuthority(): Promise<Authority> {
  const now = new Date().toISOString();
  return await createAuthority({ federationId: "other", commonName: "Another CA", now, life: DAY_MS, dnsNames: [] });
}

/** A certificate for that name or address, made so many days ago to last for one. */
export async function presented(authority: Authority, name: string, daysAgo = 0): Promise<Presented> {
  const { csrPem, keyPem } = await guestRequest(subjectAltName(name));
  const now = new Date(Date.now() - daysAgo * DAY_MS).toISOString();
  const host = hostOf(name);
  const signing = await signRequest({
    authority,
    csrPem,
    rules: { allowed: [host], required: [host] },
    now,
    life: DAY_MS,
  });
  assert.ok(signing.ok);
  return { chain: signing.certificate.certificatePem, key: keyPem };
}

function hostOf(name: string): Host {
  const host = parseHost(name);
  assert.ok(host.ok);
  return host.value;
}

const subjectAltName = (name: string): string => `${hostOf(name).kind === "ip" ? "IP" : "DNS"}:${name}`;
