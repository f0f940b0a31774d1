/** What `status` costs when many ask and nothing changes: counted in what is walked and awaited, never in time. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { WebClient } from "@slack/web-api";
import { federationId, type SiteName } from "../../src/federation/model/identity.ts";
import type { Federation, Site } from "../../src/federation/model/state.ts";
import { overview } from "../../src/slack/blocks/status.ts";
import { createMembership } from "../../src/slack/inbound/membership.ts";
import { aDecisionContext, REQUESTER } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";

/** Sites that count how often somebody goes through them. */
class WalkedSites extends Map<SiteName, Site> {
  walks = 0;

  override keys() {
    this.walks += 1;
    return super.keys();
  }

  override values() {
    this.walks += 1;
    return super.values();
  }
}

const LIVING = 50;

function population() {
  const { federation } = aFederation().running();
  const sites = new WalkedSites([...federation.sites]);
  const named = (nth: number): Federation => ({
    ...federation,
    id: federationId.parse(`f${String(nth).padStart(11, "0")}`),
    sites,
  });
  return { sites, federations: Array.from({ length: LIVING }, (_, nth) => named(nth)) };
}

/** Slack, in which everybody is everywhere. */
class Everywhere extends WebClient {
  asked = 0;

  override async apiCall() {
    this.asked += 1;
    return { ok: true, members: [REQUESTER.user], response_metadata: { scopes: [] } };
  }
}

suite("What `status` costs", () => {
  test("a line is made once of each state, and again only of what has changed", () => {
    const { sites, federations } = population();
    const first = overview(federations, null, true);
    assert.ok(sites.walks >= LIVING, "the sites are looked at");
    sites.walks = 0;
    assert.deepEqual(overview(federations, null, true), first);
    assert.equal(sites.walks, 0);
    const [changed, ...rest] = federations;
    assert.ok(changed !== undefined);
    overview([{ ...changed, seq: changed.seq + 1 }, ...rest], null, true);
    assert.ok(sites.walks > 0 && sites.walks < LIVING, `${sites.walks} walks`);
  });

  test("who may know of a state is worked out once, and Slack is asked about each channel once", async () => {
    const { sites, federations } = population();
    const slack = new Everywhere();
    const membership = createMembership(slack, aDecisionContext(), () => 0);
    assert.equal((await membership.seenBy(REQUESTER, federations)).federations.length, LIVING);
    const { asked } = slack;
    sites.walks = 0;
    for (let time = 0; time < 20; time += 1) await membership.seenBy(REQUESTER, federations);
    assert.deepEqual([sites.walks, slack.asked], [0, asked]);
  });
});
