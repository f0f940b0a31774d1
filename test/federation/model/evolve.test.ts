import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { concludeTeardown } from "../../../src/federation/deciding/teardown.ts";
import { federationEvent } from "../../../src/federation/model/events.ts";
import { evolve, type Recorded } from "../../../src/federation/model/evolve.ts";
import type { Federation } from "../../../src/federation/model/state.ts";
import { NOTHING_SEEN } from "../../../src/federation/observing/live.ts";
import { dueTasks } from "../../../src/federation/running/due-tasks.ts";
import { adjust, agreeTeardown, askTeardown, reject, retire, retry, withdraw } from "../../builders/commands.ts";
import { ownerOf, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

const replay = (recorded: readonly Recorded[], from: Federation | null = null): Federation | null =>
  recorded.reduce<Federation | null>((state, entry) => evolve(state, entry), from);
const concludes = (story: Story): Story => story.takes(concludeTeardown(story.federation, story.context));

/** Nearly everything that can happen to a federation, from the request to its end. */
function aLongStory(): Story {
  const story = aFederation({ zones: ["alpha", "beta", "gamma"] }).planned();
  story
    .does(adjust("beta", { superNodes: 1 }))
    .does(withdraw("beta"))
    .approved()
    .running();
  story.zone("gamma").changeVm(story.vm("gamma").vmId, (vm) => ({ ...vm, state: "failed" }));
  story.watches("gamma", 40).does(retry("gamma")).joins("gamma").tellsSuperLink().sees("online");
  story.does(retire("beta")).removes("beta").tellsSuperLink().sees("online").does(askTeardown());
  story.does(agreeTeardown("alpha")).does(agreeTeardown("gamma")).removes("gamma");
  return concludes(concludes(story).removes("alpha")).happens({ type: "authority-destroyed" });
}

const aRefusedStory = (): Story => aFederation().planned().approvedBy("beta").does(reject("alpha"));

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
        dueTasks(state, NOTHING_SEEN, { ...story.context, now: entry.at });
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

  it("keeps the timeline that people are told, in order, without what only the bot needs", () => {
    const [{ federation, recorded }] = STORIES;
    const numbers = federation.timeline.map(({ seq }) => seq);
    assert.deepEqual(
      numbers,
      numbers.toSorted((one, other) => one - other),
    );
    const told = new Set(federation.timeline.map(({ event }) => event.type));
    const quiet = new Set(recorded.map(({ event }) => event.type).filter((type) => !told.has(type)));
    assert.deepEqual([...quiet].toSorted(), [
      "account-seen",
      "admissions-delivered",
      "authority-created",
      "authority-destroyed",
      "certificate-delivered",
      "certificate-issued",
      "command-accepted",
      "deployment-created",
      "deployment-intended",
      "deployment-removed",
      "endpoint-chosen",
      "federation-requested",
      "key-accepted",
      "key-revoked",
      "keys-registered",
      "revocations-done",
      "site-stopped",
      "teardown-agreed",
      "template-intended",
      "template-registered",
      "vm-observed",
      "vm-online",
      "vm-told-admitted",
      "vms-verified",
    ]);
  });

  it("keeps the newest of it only, however long the federation lives", () => {
    const story = aFederation().running();
    const raised = story.federation.timeline.length;
    for (let day = 0; day < 400; day += 1) {
      story.happens({ type: "retry-asked", site: zone("beta"), by: ownerOf("beta") });
    }
    assert.ok(raised > 0);
    assert.equal(story.federation.timeline.length, 150);
    assert.equal(story.federation.timeline.at(-1)?.seq, story.federation.seq);
  });
});
