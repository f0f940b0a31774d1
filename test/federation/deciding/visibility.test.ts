import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channelsFor, channelsOfViewers, organisationsTrusted } from "../../../src/federation/deciding/visibility.ts";
import { teamId } from "../../../src/federation/model/identity.ts";
import {
  aDecisionContext,
  aZone,
  channelOf,
  HOME_CHANNEL,
  sitesOf,
  zone,
  zoneNames,
} from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";

describe("what is known of a federation", () => {
  const partly = aFederation().planned().approvedBy("alpha").approvedBy("beta");

  it("goes to the home channel as far as everybody may know it", () => {
    assert.deepEqual(channelsFor(partly.federation, partly.context, { kind: "federation" }), [HOME_CHANNEL]);
  });

  it("goes to a zone's own channel as far as it is the zone's", () => {
    assert.deepEqual(channelsFor(partly.federation, partly.context, { kind: "site", site: zone("beta") }), [
      channelOf("beta"),
    ]);
  });

  it("goes to no channel if it is the zone's and the zone has none", () => {
    const context = aDecisionContext({ sites: sitesOf(zoneNames(3).map((name) => aZone(name, { channel: null }))) });
    assert.deepEqual(channelsFor(partly.federation, context, { kind: "site", site: zone("beta") }), []);
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

  it("is trusted to the organisation that the installing workspace belongs to", () => {
    const installingTeams = [teamId.parse("THOST"), teamId.parse("EHOST")];
    const context = { ...partly.context, policy: { ...partly.context.policy, installingTeams } };
    assert.deepEqual(organisationsTrusted(partly.federation, context), ["THOST", "EHOST", "TALPHA", "TBETA"]);
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
