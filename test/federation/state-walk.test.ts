import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { DeploymentKind } from "../../src/federation/model/deployment-reference.ts";
import { federationEvent } from "../../src/federation/model/events.ts";
import { evolve } from "../../src/federation/model/evolve.ts";
import { NOTHING_SEEN } from "../../src/federation/observing/live.ts";
import type { Asked } from "../builders/chronicle.ts";
import { aFederation } from "../builders/federation.ts";
import { times } from "../thoroughness.ts";
import type { Mover } from "./walk/moves.ts";
import { begun, Exits, spread, storyOf, type Visited, wander } from "./walk/states.ts";

/** One coordinator and one training site with one SuperNode unless it is said otherwise, just asked for. */
function requested(asked: Asked, deploy: DeploymentKind): Visited {
  const [request] = aFederation({ zones: ["alpha", "beta"], superNodes: 1, ...asked }).recorded;
  assert.ok(request !== undefined);
  const fares = { places: new Map(), healths: new Map(), live: NOTHING_SEEN };
  return begun({ federation: evolve(null, request), now: request.at, ...fares, deploy });
}

/** Numbers that look like chance and are the same each time. */
function numbers(seed: number): (most: number) => number {
  let state = seed * 7919;
  return (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(state / 2 ** 16) % most;
  };
}

/** The states nearest to a request, with one thing amiss at a time, and those that long walks with two come to. */
function statesOf(start: Visited, most: number): readonly Visited[] {
  const found = new Map<string, Visited>();
  for (const near of spread(start, { mishaps: 1, joining: false }, times(most))) found.set(near.essence, near);
  for (let walk = 1; walk <= times(most / 33); walk += 1) {
    for (const far of wander(start, { mishaps: 2, joining: true }, 80, numbers(walk))) found.set(far.essence, far);
  }
  return [...found.values()];
}

const ORGANISED: Asked = { until: "2026-04-01", issuer: "organisation" };
const TUNNELS: Asked = {
  crossing: { kind: "wireguard", hub: { host: "198.51.100.7", port: 51820 }, range: null },
};

const COORDINATES_AND_TRAINS: Asked = { zones: ["alpha", "alpha/hearts"] };
const TWO_SITES: Asked = { zones: ["alpha", "beta/hearts", "beta/lungs"] };

for (const { what, asked, deploy, most } of [
  { what: "a federation", asked: {}, deploy: "oneflow", most: 1000 },
  { what: "a federation with tunnels", asked: TUNNELS, deploy: "oneflow", most: 1000 },
  { what: "a federation of VMs that no service holds", asked: { superNodes: 2 }, deploy: "vms", most: 500 },
  {
    what: "a federation with a last day and its organisation's certificates",
    asked: ORGANISED,
    deploy: "oneflow",
    most: 700,
  },
  {
    what: "a federation in one zone, which coordinates and trains,",
    asked: COORDINATES_AND_TRAINS,
    deploy: "vms",
    most: 250,
  },
  { what: "a federation with two sites in one zone", asked: TWO_SITES, deploy: "oneflow", most: 250 },
] as const) {
  describe(`every state that ${what} can come to`, () => {
    let states: readonly Visited[] = [];
    before(() => {
      states = statesOf(requested(asked, deploy), most);
      console.log(`${states.length} states of a federation were looked at`);
    });

    const withoutExit = (movers: readonly Mover[], among: readonly Visited[]): string => {
      const exits = new Exits(movers);
      return among
        .filter((state) => !exits.has(state))
        .map(storyOf)
        .join("\n\n");
    };

    it("has an exit by people, by time or by the operator, also while a zone is gone for good", () => {
      assert.equal(withoutExit(["people", "bot", "time", "operator"], states), "");
    });

    it("needs the operator only when a zone has left the zones file", () => {
      const inFile = states.filter(({ world }) => [...world.places.values()].every((place) => place.inFile));
      assert.equal(withoutExit(["people", "bot", "time", "recovery"], inFile), "");
    });

    it("tells only what can be written and read again", () => {
      for (const { world } of states) {
        for (const { event } of world.federation.timeline) federationEvent.parse(JSON.parse(JSON.stringify(event)));
      }
    });

    it("leaves no coordinator out that has run, but for one that was written off", () => {
      for (const { world } of states) {
        for (const { role, attempts, excluded } of world.federation.sites.values()) {
          if (role === "coordinator" && attempts > 0) assert.ok(excluded === null || excluded === "written-off");
        }
      }
    });

    it("runs nothing but what its owners have approved at some time", () => {
      for (const { world } of states) {
        for (const { deployment, consents } of world.federation.sites.values()) {
          assert.ok(deployment === null || consents.some(({ digest }) => digest === deployment.digest));
        }
      }
    });
  });
}
