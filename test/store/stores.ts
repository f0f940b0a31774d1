/** The store, whole, on a directory of its own, and federations to put into it. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { type Decision, decided } from "../../src/federation/model/decision.ts";
import { type FederationEvent, federationEvent } from "../../src/federation/model/events.ts";
import { type FederationId, federationId, slug } from "../../src/federation/model/identity.ts";
import { type Federation, isSettled } from "../../src/federation/model/state.ts";
import type { Log } from "../../src/federation/ports.ts";
import type { Request } from "../../src/federation/proposing/request.ts";
import type { FederationStore } from "../../src/store/federation-store.ts";
import { type OpenStoreOptions, openStore, type Store } from "../../src/store/open-store.ts";
import { SETTINGS } from "../builders/chronicle.ts";
import { aDecisionContext, HOME_CHANNEL, REQUESTER, zone } from "../builders/decision-context.ts";

export interface LogLine {
  readonly level: "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

export function listeningLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine["level"]) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, info: at("info"), warn: at("warn"), error: at("error") };
}

const VOCABULARY = { schema: 1, upcast: (stored: unknown) => stored, parse: federationEvent.parse };

export const openStoreIn = (directory: string, changes: Partial<OpenStoreOptions> = {}): Promise<Store> => {
  const { policy, sites: zones, manifests, newCard } = aDecisionContext();
  return openStore({
    directory,
    events: VOCABULARY,
    stateSchema: 1,
    context: { policy, sites: zones, manifests, newCard },
    now: () => new Date().toISOString(),
    isSettled,
    checkpoint: () => undefined,
    log: listeningLog(),
    // Longer than any test: what is written in between is what a test asks for.
    cacheDelay: 3_600_000,
    ...changes,
  });
};

/** A store for as long as `work` takes. */
export async function withStore<T>(
  directory: string,
  work: (store: FederationStore) => Promise<T>,
  changes: Partial<OpenStoreOptions> = {},
): Promise<T> {
  const store = await openStoreIn(directory, changes);
  try {
    return await work(store.federations);
  } finally {
    await store.close();
  }
}

export const idOf = (nth: number): FederationId => federationId.parse(`f${String(nth).padStart(11, "0")}`);

export const requestOf = (nth: number, changes: Partial<Request> = {}): Request => ({
  federation: idOf(nth),
  name: slug.parse(`study-${nth}`),
  homeChannel: HOME_CHANNEL,
  requester: REQUESTER,
  settings: SETTINGS,
  crossing: { kind: "public-address", address: { kind: "picked", port: 9092, privateIsReachable: false } },
  sites: [
    { site: zone("alpha"), role: "coordinator", superNodes: 0 },
    { site: zone("beta"), role: "training", superNodes: 2 },
  ],
  minimumTrainingSites: 1,
  purpose: "Does a tumour grow?",
  issuer: "florist",
  until: null,
  ...changes,
});

export const ENDED: FederationEvent = { type: "federation-ended", cause: "cancelled", by: REQUESTER };
export const ASKED_AGAIN: FederationEvent = { type: "preflight-asked-again", by: REQUESTER };

export const happens = (
  store: FederationStore,
  nth: number,
  ...events: readonly FederationEvent[]
): Promise<Decision> => store.update(idOf(nth), () => decided(...events));

/** Asked for and, with `events`, further on. */
export async function create(store: FederationStore, nth: number, ...events: readonly FederationEvent[]) {
  assert.equal((await store.create(requestOf(nth))).ok, true);
  if (events.length > 0) assert.equal((await happens(store, nth, ...events)).ok, true);
}

export const idsOf = (federations: Iterable<Pick<Federation, "id">>): readonly FederationId[] =>
  [...federations].map(({ id }) => id).sort();

/** Changes one byte, so that the text stays as long as it is. */
export async function flipByte(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
