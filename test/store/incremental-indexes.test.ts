/** Indexes that follow each change, held against walking over everything there is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type FederationId, slug, type ZoneName } from "../../src/federation/model/identity.ts";
import type { Federation } from "../../src/federation/model/state.ts";
import { entryOf, FederationIndex, type IndexEntry } from "../../src/store/federation-index.ts";
import { TakenAddresses } from "../../src/store/taken-addresses.ts";
import { zone, zoneNames } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";
import { idOf } from "./stores.ts";

const POSITION = { seq: 1, hash: "", start: 0, end: 1 };
const ZONES = zoneNames(3);
const NAMES = ["one", "two", "three"].map((name) => slug.parse(name));
const ADDRESSES = [null, "10.0.0.1", "10.0.0.2"] as const;

const { federation: PATTERN } = aFederation();
const ENDED = { cause: "cancelled", by: null, at: PATTERN.requestedAt } as const;

/** What a step makes of one of a few federations. */
interface Step {
  readonly nth: number;
  readonly name: number;
  readonly coordinator: number;
  readonly address: number;
  readonly ended: boolean;
  readonly settled: boolean;
}

const steps = fc.array(
  fc.record({
    nth: fc.nat(4),
    name: fc.nat(NAMES.length - 1),
    coordinator: fc.nat(ZONES.length - 1),
    address: fc.nat(ADDRESSES.length - 1),
    ended: fc.boolean(),
    settled: fc.boolean(),
  }),
  { maxLength: 30 },
);

/** A federation keeps its name and its zones; one that has ended stays so. */
function federationAfter(before: Federation | null, { nth, name, coordinator, address, ended }: Step): Federation {
  const [pattern] = [...PATTERN.sites.values()];
  assert(pattern !== undefined);
  const at = ZONES[coordinator] ?? zone("alpha");
  return {
    ...PATTERN,
    id: idOf(nth),
    name: before?.name ?? NAMES[name] ?? PATTERN.name,
    requestedAt: `2026-01-0${nth + 1}T00:00:00.000Z`,
    sites: before?.sites ?? new Map([[at, { ...pattern, zone: at, role: "coordinator" }]]),
    address: ADDRESSES[address] ?? null,
    ended: before?.ended ?? (ended ? ENDED : null),
  };
}

const sorted = (ids: Iterable<FederationId>): readonly FederationId[] => [...ids].sort();

describe("after any changes", () => {
  test("names are found, taken and free as a walk over all federations says", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const index = new FederationIndex();
        const known = new Map<FederationId, IndexEntry>();
        const states = new Map<number, Federation>();
        for (const step of all) {
          const federation = federationAfter(states.get(step.nth) ?? null, step);
          states.set(step.nth, federation);
          const settled = federation.ended !== null && (known.get(federation.id)?.settled || step.settled);
          const entry = entryOf(federation, POSITION, settled);
          known.set(entry.id, entry);
          index.put(entry);
          const entries = [...known.values()];
          for (const name of NAMES) {
            const named = entries.filter((one) => one.name === name);
            assert.deepEqual(sorted(index.named(name).map(({ id }) => id)), sorted(named.map(({ id }) => id)));
            const living = named.filter(({ endedAt }) => endedAt === null);
            assert.equal(index.isTaken(name), living.length > 0);
            const order = index.named(name).map(({ endedAt, requestedAt }) => [endedAt !== null, requestedAt]);
            assert.deepEqual(
              order,
              order.toSorted(
                ([onePast, oneAt], [otherPast, otherAt]) =>
                  Number(onePast) - Number(otherPast) || String(otherAt).localeCompare(String(oneAt)),
              ),
            );
          }
          for (const at of ZONES) {
            const there = entries.filter(({ settled, zones }) => !settled && zones.includes(at));
            assert.deepEqual(sorted(index.inZone(at)), sorted(there.map(({ id }) => id)));
          }
          assert.deepEqual([...index.all()], entries);
        }
      }),
    );
  });

  test("addresses are taken as a walk over all federations says", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const addresses = new TakenAddresses();
        const states = new Map<number, Federation>();
        for (const step of all) {
          const before = states.get(step.nth) ?? null;
          const after = federationAfter(before, step);
          states.set(step.nth, after);
          addresses.change(before, after);
          for (const own of [undefined, ...states.values()]) {
            for (const at of ZONES) {
              const taken = addresses.but(own).get(at) ?? new Set();
              assert.deepEqual([...taken].sort(), walked(states.values(), own, at));
            }
          }
        }
      }),
    );
  });
});

function walked(all: Iterable<Federation>, own: Federation | undefined, at: ZoneName): readonly string[] {
  const taken = new Set<string>();
  for (const { id, ended, address, sites } of all) {
    if (id !== own?.id && ended === null && address !== null && [...sites.values()].some(({ zone }) => zone === at))
      taken.add(address);
  }
  return [...taken].sort();
}
