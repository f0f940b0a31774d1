import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WebClient } from "@slack/web-api";
import { channelId, federationId } from "../../../src/federation/model/identity.ts";
import type { Federation } from "../../../src/federation/model/state.ts";
import { createMembership } from "../../../src/slack/inbound/membership.ts";
import { aDecisionContext, HOME_CHANNEL, REQUESTER, SECOND } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";

/** Slack that says of each channel who is in it, and counts what it was asked. */
class Channels extends WebClient {
  readonly asked: string[] = [];
  most = 0;
  #open = 0;
  readonly #members: ReadonlyMap<string, readonly string[]>;

  constructor(members: Readonly<Record<string, readonly string[]>>) {
    super();
    this.#members = new Map(Object.entries(members));
  }

  override async apiCall(method: string, options: Record<string, unknown> = {}) {
    assert.equal(method, "conversations.members");
    const channel = String(options["channel"]);
    this.asked.push(channel);
    this.#open += 1;
    this.most = Math.max(this.most, this.#open);
    await new Promise((resolve) => setImmediate(resolve));
    this.#open -= 1;
    return { ok: true, members: [...(this.#members.get(channel) ?? [])], response_metadata: { scopes: [] } };
  }
}

const membership = (slack: WebClient, now = () => 0) => createMembership(slack, aDecisionContext(), now);

/** Federations of as many channels, newest last. */
const federations = (count: number): readonly Federation[] =>
  Array.from({ length: count }, (_, nth) => ({
    ...aFederation().federation,
    id: federationId.parse(`f${String(nth).padStart(11, "0")}`),
    homeChannel: channelId.parse(`CHOME${nth}`),
    sites: new Map(),
  }));

describe("who may know of a federation", () => {
  it("is asked of its own channels, and of no more once one has the person", async () => {
    const slack = new Channels({ [HOME_CHANNEL]: [REQUESTER.user] });
    assert.equal(await membership(slack).sees(REQUESTER, aFederation().federation), true);
    assert.ok(slack.asked.length <= 3, slack.asked.join());
  });

  it("is believed for a few seconds and then asked anew", async () => {
    const slack = new Channels({ [HOME_CHANNEL]: [REQUESTER.user] });
    let now = 0;
    const asked = membership(slack, () => now);
    for (let time = 0; time < 20; time += 1) await asked.isMember(HOME_CHANNEL, REQUESTER);
    assert.equal(slack.asked.length, 1);
    now += 60 * SECOND;
    await asked.isMember(HOME_CHANNEL, REQUESTER);
    assert.equal(slack.asked.length, 2);
  });

  it("is asked about few channels at a time and of few in all, however many there are, and that is said", async () => {
    const slack = new Channels({ CHOME7: [REQUESTER.user] });
    const seen = await membership(slack).seenBy(REQUESTER, federations(300));
    assert.deepEqual(
      seen.federations.map(({ homeChannel }) => homeChannel),
      ["CHOME7"],
    );
    assert.equal(seen.isComplete, false);
    assert.ok(slack.asked.length <= 40, `${slack.asked.length} questions`);
    assert.ok(slack.most <= 3, `${slack.most} at a time`);
  });
});
