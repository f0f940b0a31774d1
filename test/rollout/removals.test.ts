import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Removals } from "../../src/rollout/removals.ts";
import { retire } from "../builders/commands.ts";
import { zone } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";
import { before, EMPTY } from "./scripted-task.ts";

const BETA = zone("beta");
const SUPERNODES = 5;
const TRIES = 20;

/** What a removal asks of a zone in so many tries; what is not among the answers must not be asked, a whole look above all. */
async function callsOf(services: "running" | "gone", latest: "as before" | "empty") {
  const story = aFederation({ zones: ["alpha", "beta"], superNodes: SUPERNODES })
    .running()
    .does(retire("beta"));
  const [removal] = story.site("beta").removals;
  assert.ok(removal !== undefined);
  const calls = new Map<string, number>();
  const count = (call: string): void => void calls.set(call, (calls.get(call) ?? 0) + 1);
  const stage = await before(
    story,
    {
      async service(id) {
        count("service");
        return services === "gone" ? "gone" : { id, name: "s", state: services, vmIds: [], log: [], errors: [] };
      },
      removeService: async () => count("removeService"),
      terminateVm: async () => count("terminateVm"),
      async vmState() {
        count("vmState");
        return "done";
      },
    },
    latest === "empty" ? EMPTY : story.passes(1000).zone("beta").snapshot(story.context.now),
  );
  const removals = new Removals();
  for (let nth = 0; nth < TRIES; nth += 1) await removals.remove(stage.context, stage.job(), BETA, removal.key);
  return { calls: Object.fromEntries(calls), left: stage.state().sites.get(BETA)?.removals.length };
}

describe("Ending a service", () => {
  it("is asked for once while the zone's looks still show it, however often it is tried", async () => {
    const { calls, left } = await callsOf("running", "as before");
    assert.deepEqual([calls, left], [{ service: 1, removeService: 1 }, 1]);
  });

  it("asks for a proof of each VM once, and reads nothing else of the zone", async () => {
    const { calls, left } = await callsOf("gone", "empty");
    assert.deepEqual([calls, left], [{ service: 1, vmState: SUPERNODES }, 0]);
  });
});
