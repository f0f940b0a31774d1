import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { federationEvent } from "../../../src/federation/model/events.ts";
import { EVENTS_SCHEMA, upcast } from "../../../src/federation/model/schema.ts";
import { askTeardown, writeOff } from "../../builders/commands.ts";
import { aFederation } from "../../builders/federation.ts";

/** An event as the fourth vocabulary said it. */
function inFourthWords(event: object): object {
  const { type, purpose: _, until: __, because: ___, issuer: ____, ...rest }: Record<string, unknown> = Object(event);
  return type === "federation-requested" || type === "teardown-asked" ? { type, ...rest } : event;
}

/** An event as the first vocabulary said it. */
function inFirstWords(event: object): object {
  const { type, crossing, range: _, observation, ...rest }: Record<string, unknown> = Object(inFourthWords(event));
  switch (type) {
    case "federation-requested":
      return { type, ...rest, address: Object(crossing).address };
    case "endpoint-chosen":
      return { type, ...rest };
    case "vm-observed": {
      const { tunnelKey: _key, ...seen } = Object(observation);
      return { type, ...rest, observation: seen };
    }
    default:
      return inFourthWords(event);
  }
}

describe("a journal of before there were tunnels", () => {
  const past = aFederation({ purpose: "" })
    .running()
    .recorded.map(({ event }) => event);

  it("reads as what it said: traffic crosses to a public address, and no VM has a tunnel key", () => {
    for (const event of past) assert.deepEqual(federationEvent.parse(upcast(inFirstWords(event), 1)), event);
  });

  it("says three things in other words, and would not be read without bringing them to today's", () => {
    const unread = past.filter((event) => !federationEvent.safeParse(inFirstWords(event)).success);
    assert.deepEqual([...new Set(unread.map(({ type }) => type))].toSorted(), [
      "endpoint-chosen",
      "federation-requested",
      "vm-observed",
    ]);
  });
});

describe("a journal of before a federation said what it is for", () => {
  const past = aFederation({ purpose: "" })
    .running()
    .does(askTeardown())
    .does(writeOff("beta"))
    .recorded.map(({ event }) => event);

  it("reads as what it said: for nothing that was asked, without a last day, and who asked for its teardown", () => {
    for (const event of past) assert.deepEqual(federationEvent.parse(upcast(inFourthWords(event), 4)), event);
  });

  it("knows a teardown that nobody asked for as the operator's", () => {
    const told = upcast({ type: "teardown-asked", by: null, cards: {} }, 4);
    assert.deepEqual(told, { type: "teardown-asked", by: null, because: "written-off", cards: {} });
  });

  it("is of one of four vocabularies before today's", () => {
    assert.equal(EVENTS_SCHEMA, 5);
    assert.throws(() => upcast({ type: "site-up" }, 0), /never been a vocabulary 0/);
    assert.throws(() => upcast({ type: "site-up" }, EVENTS_SCHEMA), /never been a vocabulary 5/);
  });
});

it("A journal of before tunnel keys were changed reads as one in which no end was told a next key", () => {
  const hub = { host: "198.51.100.7", port: 51820 };
  const past = aFederation({ crossing: { kind: "wireguard", hub, range: null } }).running().recorded;
  const told = past.map(({ event }) => event).filter(({ type }) => type === "tunnel-peers-intended");
  assert.notEqual(told.length, 0);
  for (const event of told) {
    const { successors: _, ...before } = Object(event);
    assert.ok(!federationEvent.safeParse(before).success);
    assert.deepEqual(federationEvent.parse(upcast(before, 2)), event);
  }
});
