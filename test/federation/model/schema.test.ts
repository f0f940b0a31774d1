import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { federationEvent } from "../../../src/federation/model/events.ts";
import { EVENTS_SCHEMA, upcast } from "../../../src/federation/model/schema.ts";
import { aFederation } from "../../builders/federation.ts";

/** An event as the first vocabulary said it. */
function inFirstWords(event: object): object {
  const { type, crossing, range: _, observation, ...rest }: Record<string, unknown> = Object(event);
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
      return event;
  }
}

describe("a journal of before there were tunnels", () => {
  const past = aFederation()
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

  it("has three vocabularies before today's", () => {
    assert.equal(EVENTS_SCHEMA, 4);
    assert.throws(() => upcast({ type: "site-up" }, 0), /never been a vocabulary 0/);
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
