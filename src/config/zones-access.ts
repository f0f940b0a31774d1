/** What stands outside the zones file and belongs to it: passwords and CA certificates of zones and of the zone pool. */
import { X509Certificate } from "node:crypto";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { Secret } from "../secret.ts";
import type { ReadFile } from "./file-reader.ts";
import type { Finding } from "./mistake.ts";
import { type Environment, secretFromFile, secretFromVariable } from "./secret-source.ts";
import type { Reading } from "./shape.ts";
import type { SecretSource } from "./zone-entry.ts";
import { pooledEntry, zonepoolSection } from "./zonepool-entry.ts";

export interface Opened {
  readonly password: Secret;
  readonly ca?: string;
}

export interface Access {
  readonly opened: ReadonlyMap<string, Opened>;
  /** The account that all zones of the pool share. */
  readonly shared: Opened | null;
  readonly findings: readonly Finding[];
  /** Those that are named for passwords; null when it cannot be told which these are. */
  readonly variables: ReadonlySet<string> | null;
}

interface Places {
  /** Of the zones file. */
  readonly path: string;
  readonly environment: Environment;
  readonly readFile: ReadFile;
}

interface Sources {
  readonly password?: SecretSource | undefined;
  readonly ca?: string | undefined;
}

const accessShape = z.object({
  xmlrpc: z.unknown().optional(),
  password: pooledEntry.shape.password,
  ca: pooledEntry.shape.ca.catch(undefined),
});
const entries = z.object({ zones: z.record(z.string(), z.unknown()) });
const pooled = z.object({ zonepool: z.object({ password: zonepoolSection.shape.password, ca: accessShape.shape.ca }) });

/** Reads passwords and certificates of every zone that says where they are, whatever else is wrong with it. */
export function readAccess(value: unknown, places: Places): Access {
  const opening = new Opening(places);
  const pool = pooled.safeParse(value);
  const shared = pool.success ? opening.open(["zonepool"], pool.data.zonepool, null) : null;
  const file = entries.safeParse(value);
  const opened = new Map<string, Opened>();
  let isWhole = file.success;
  for (const [name, entry] of file.success ? Object.entries(file.data.zones) : []) {
    const zone = accessShape.safeParse(entry);
    if (!zone.success || (zone.data.password === undefined && !pool.success)) {
      isWhole = false;
      continue;
    }
    const inherited = zone.data.xmlrpc === undefined ? shared : withoutCa(shared);
    const own = opening.open(["zones", name], zone.data, inherited);
    if (own !== null) opened.set(name, own);
  }
  return { opened, shared, findings: opening.findings, variables: isWhole ? opening.variables : null };
}

/** Where the file itself names the address, the pool's CA has nothing to do with it. */
const withoutCa = (shared: Opened | null): Opened | null => (shared === null ? null : { password: shared.password });

class Opening {
  readonly findings: Finding[] = [];
  readonly variables = new Set<string>();
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  /** What is not named is inherited. null: there is no password, or it cannot be read. */
  open(path: readonly string[], { password, ca }: Sources, inherited: Opened | null): Opened | null {
    if (password !== undefined && "environment" in password) this.variables.add(password.environment);
    const secret =
      password === undefined
        ? inherited?.password
        : this.#noted([...path, "password"], openPassword(password, this.#places));
    const trusted = ca === undefined ? inherited?.ca : this.#noted([...path, "ca"], openCa(ca, this.#places));
    return secret === undefined ? null : { password: secret, ...(trusted === undefined ? {} : { ca: trusted }) };
  }

  #noted<T>(path: readonly string[], reading: Reading<T>): T | undefined {
    if (reading.ok) return reading.value;
    this.findings.push({ path, problem: reading.problem, remedy: reading.remedy ?? "" });
    return undefined;
  }
}

/** Paths in the zones file are relative to the file itself. */
const besideFile = (places: Places, path: string): string => resolve(dirname(places.path), path);

const openPassword = (where: SecretSource, places: Places): Reading<Secret> =>
  "environment" in where
    ? secretFromVariable(places.environment, where.environment)
    : secretFromFile(places.readFile, besideFile(places, where.file));

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const CA_REMEDY = "Give a file with one or more CA certificates in PEM, as the zone's administrator hands it out.";

function openCa(written: string, places: Places): Reading<string> {
  const file = places.readFile(besideFile(places, written));
  const subject = `names the file ${written}, which`;
  if (!file.ok) return { ok: false, problem: `${subject} ${file.problem}`, remedy: CA_REMEDY };
  if (file.text.includes("PRIVATE KEY")) {
    return {
      ok: false,
      problem: `${subject} holds a private key`,
      remedy: `${CA_REMEDY} Move the private key to where only its owner can read it.`,
    };
  }
  const certificates = file.text.match(CERTIFICATE) ?? [];
  return certificates.length > 0 && certificates.every(isCertificate)
    ? { ok: true, value: certificates.join("\n") }
    : { ok: false, problem: `${subject} holds no certificate that can be read`, remedy: CA_REMEDY };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== "";
  } catch {
    return false;
  }
}
