import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channelsFor, channelsOfViewers, organisationsTrusted } from "../../../src/federation/deciding/visibility.ts";
import { messagesOf } from "../../../src/slack/projection/projection.ts";
import {
  aDecisionContext,
  aZone,
  channelOf,
  HOME_CHANNEL,
  zone,
  zoneNames,
  zonesOf,
} from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";

describe("what is known of a federation", () => {
  const partly = aFederation().planned().approvedBy("alpha").approvedBy("beta");

  it("goes to the home channel as far as everybody may know it", () => {
    assert.deepEqual(channelsFor(partly.federation, partly.context, { kind: "federation" }), [HOME_CHANNEL]);
  });

  it("goes to a zone's own channel as far as it is the zone's", () => {
    assert.deepEqual(channelsFor(partly.federation, partly.context, { kind: "zone", zone: zone("beta") }), [
      channelOf("beta"),
    ]);
  });

  it("goes to no channel if it is the zone's and the zone has none", () => {
    const context = aDecisionContext({ zones: zonesOf(zoneNames(3).map((name) => aZone(name, { channel: null }))) });
    assert.deepEqual(channelsFor(partly.federation, context, { kind: "zone", zone: zone("beta") }), []);
  });

  it("is trusted to the home channel and to the channels of approved sites", () => {
    assert.deepEqual(channelsFor(partly.federation, partly.context, { kind: "trust" }), [
      HOME_CHANNEL,
      channelOf("alpha"),
      channelOf("beta"),
    ]);
  });

  it("is trusted to the organisations of approved sites and to the one that installed the app", () => {
    assert.deepEqual(organisationsTrusted(partly.federation, partly.context), ["THOST", "TALPHA", "TBETA"]);
  });

  it("tells how to start a run in the coordinator's channel only, and not before it is approved", () => {
    const asked = aFederation().planned();
    assert.deepEqual(channelsFor(asked.federation, asked.context, { kind: "run-access" }), []);
    assert.deepEqual(channelsFor(partly.federation, partly.context, { kind: "run-access" }), [channelOf("alpha")]);
  });

  it("is shown in a status to members of the home channel and of the sites' channels", () => {
    assert.deepEqual(channelsOfViewers(partly.federation, partly.context), [
      HOME_CHANNEL,
      channelOf("alpha"),
      channelOf("beta"),
      channelOf("gamma"),
    ]);
  });
});

describe("two federations in overlapping zones", () => {
  it("have no message in a channel that is not theirs, and no zone's part in another's channel", () => {
    const context = aDecisionContext({ zones: zonesOf(zoneNames(4).map((name) => aZone(name))) });
    const one = aFederation({ context, zones: ["alpha", "beta"] }).running();
    const other = aFederation({ context, zones: ["beta", "gamma"] }).running();
    for (const [story, theirs] of [
      [one, ["alpha", "beta"]],
      [other, ["beta", "gamma"]],
    ] as const) {
      const messages = messagesOf(story.federation, { directory: context, planBlock: true });
      const allowed = new Set([HOME_CHANNEL, ...theirs.map(channelOf)]);
      assert.deepEqual(
        messages.filter(({ channel }) => !allowed.has(channel)),
        [],
      );
      for (const name of theirs) {
        const own = messages.filter(
          ({ key }) => key.startsWith(`approval/${name}/`) || key.startsWith(`detail/${name}/`),
        );
        assert.ok(own.length > 0);
        assert.ok(own.every(({ channel }) => channel === channelOf(name)));
      }
    }
  });
});
