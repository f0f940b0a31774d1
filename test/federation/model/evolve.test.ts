import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { refuseConsent, withdrawConsent } from "../../../src/federation/deciding/approval.ts";
import {
  agreeTeardown,
  askTeardown,
  concludeTeardown,
  retireSite,
  retrySite,
} from "../../../src/federation/deciding/lifecycle.ts";
import { federationEvent } from "../../../src/federation/model/events.ts";
import { evolve, type Recorded } from "../../../src/federation/model/evolve.ts";
import type { Federation } from "../../../src/federation/model/state.ts";
import { adjustProposal } from "../../../src/federation/proposing/proposal.ts";
import { dueTasks } from "../../../src/federation/running/due-tasks.ts";
import { ownerOf, REQUESTER, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const replay = (recorded: readonly Recorded[], from: Federation | null = null): Federation | null =>
  recorded.reduce<Federation | null>((state, entry) => evolve(state, entry), from);

function removeAll(story: Story): Story {
  for (const site of story.federation.sites.values()) {
    for (const { serviceId } of site.removals) {
      story.zone(site.zone).removeService(serviceId);
      story.happens({ type: "service-removed", site: site.zone, serviceId });
    }
  }
  return story;
}

/** Nearly everything that can happen to a federation, from the request to its end. */
function aLongStory(): Story {
  const story = aFederation({ zones: ["alpha", "beta", "gamma"] }).planned();
  story.takes(
    adjustProposal(story.federation, story.context, story.ballot("beta"), { superNodes: 1 }, story.look("beta")),
  );
  story
    .takes(withdrawConsent(story.federation, story.context, story.ballot("beta")))
    .approved()
    .running();
  story.zone("gamma").removeVm(story.guest("gamma").vmId);
  story.observes("gamma").takes(retrySite(story.federation, story.context, zone("gamma"), ownerOf("gamma")));
  removeAll(story).joins("gamma");
  story.takes(retireSite(story.federation, story.context, zone("beta"), ownerOf("beta")));
  removeAll(story).tellsSuperLink();
  story.takes(askTeardown(story.federation, story.context, REQUESTER));
  for (const name of ["alpha", "gamma"]) {
    const card = story.site(name).teardown?.card ?? story.proposal(name).card;
    story.takes(agreeTeardown(story.federation, story.context, { card, by: ownerOf(name), decision: name }));
  }
  removeAll(story).takes(concludeTeardown(story.federation, story.context));
  removeAll(story).takes(concludeTeardown(story.federation, story.context));
  return story.happens({ type: "authority-destroyed" });
}

function aRefusedStory(): Story {
  const story = aFederation().planned().approvedBy("beta");
  return story.takes(
    refuseConsent(story.federation, story.context, { ...story.ballot("alpha"), because: "not with us" }),
  );
}

const STORIES = [aLongStory(), aRefusedStory()] as const;

describe("a federation's state", () => {
  it("is what its events make of it: replayed from any point on they give the same", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STORIES),
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ recorded, federation }, share) => {
          const cut = Math.max(1, Math.floor(share * recorded.length));
          const before = replay(recorded.slice(0, cut));
          assert.deepEqual(replay(recorded.slice(cut), before), federation);
          assert.equal(before?.seq, cut);
        },
      ),
    );
  });

  it("can be asked what is due after every one of its events", () => {
    for (const story of STORIES) {
      let state: Federation | null = null;
      for (const entry of story.recorded) {
        state = evolve(state, entry);
        dueTasks(state, { ...story.context, now: entry.at });
      }
    }
  });

  it("is never changed in place: an older state stays as it was", () => {
    for (const { recorded } of STORIES) {
      const states = recorded.map((_, nth) => replay(recorded.slice(0, nth + 1)));
      const copies = states.map((state) => structuredClone(state));
      replay(recorded);
      assert.deepEqual(states, copies);
    }
  });

  it("comes from events that the journal can hold and read again", () => {
    for (const { recorded } of STORIES) {
      for (const { event } of recorded) {
        assert.deepEqual(federationEvent.parse(JSON.parse(JSON.stringify(event))), event);
      }
    }
  });

  it("begins with a request, and only once", () => {
    const [request, next] = aFederation().recorded;
    assert.ok(request !== undefined && next !== undefined);
    assert.throws(() => evolve(null, next), /begins with a request/);
    assert.throws(() => evolve(replay([request]), request), /requested once/);
  });

  it("keeps the story that people are told, in order, without what only the bot needs", () => {
    const [{ federation, recorded }] = STORIES;
    const numbers = federation.story.map(({ seq }) => seq);
    assert.deepEqual(
      numbers,
      numbers.toSorted((one, other) => one - other),
    );
    const told = new Set(federation.story.map(({ event }) => event.type));
    const quiet = new Set(recorded.map(({ event }) => event.type).filter((type) => !told.has(type)));
    assert.deepEqual([...quiet].toSorted(), [
      "admissions-delivered",
      "certificate-delivered",
      "guest-told-admitted",
      "guests-verified",
      "service-intended",
      "template-intended",
    ]);
  });
});
