/** When a task is carried out again: at once after it was done, later after it failed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { judgeKey } from "../../src/federation/running/admission.ts";
import { Scheduler } from "../../src/rollout/scheduler.ts";
import { aFederation } from "../builders/federation.ts";
import { QUIET } from "../builders/memory-log.ts";
import { until } from "../waiting.ts";
import { before } from "./scripted-task.ts";

/** Whoever waited for it would not see the end of the test. */
const AN_HOUR = { retryFirst: 3_600_000, retryMost: 3_600_000 };

describe("A task that was done", () => {
  it("is done again at once when it is due again, as where a second key is to be told", async () => {
    const story = aFederation({ zones: ["alpha", "beta"] })
      .trusted()
      .deployed("beta");
    const told: Readonly<Record<string, string>>[] = [];
    const stage = await before(story, { publish: async (_vm, attributes) => void told.push(attributes) });
    const scheduler = new Scheduler({ ...stage.context, live: () => story.live }, AN_HOUR);
    scheduler.start();
    for (const nth of [0, 1]) {
      const { federation } = stage.job();
      await stage.store.update(federation.id, (newest) => ({
        ok: true,
        events: judgeKey(newest, story.claim("beta", nth)),
      }));
      await until(`key ${nth} told`, async () => told.length === nth + 1);
    }
    await scheduler.stop();
  });
});

describe("A federation of which nothing is due", () => {
  it("is attended to once at the start, and then not before the hour is over in which calendars may be set", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const story = aFederation({ zones: ["alpha", "beta"] }).running();
    const stage = await before(story, {});
    let attended = 0;
    const live = () => {
      attended += 1;
      return story.live;
    };
    const scheduler = new Scheduler({ ...stage.context, live }, AN_HOUR);
    scheduler.start();
    await until("attended to", async () => attended > 0);
    for (let minute = 1; minute < 60; minute += 1) t.mock.timers.tick(60_000);
    assert.equal(attended, 1);
    t.mock.timers.tick(60_000);
    assert.equal(attended, 2);
    await scheduler.stop();
  });
});

describe("A task that does not work", () => {
  it("is told once, however often it is tried", async () => {
    const story = aFederation({ zones: ["alpha", "beta"] })
      .trusted()
      .deployed("beta");
    story
      .publishes("beta", 0, "key")
      .observes("beta")
      .judges(story.claim("beta", 0, "key"));
    let tries = 0;
    const stage = await before(story, {
      async publish() {
        tries += 1;
        throw new ZoneError("timeout", "No answer.");
      },
    });
    const told: string[] = [];
    const scheduler = new Scheduler(
      {
        ...stage.context,
        live: () => story.live,
        log: { ...QUIET, warn: (_, message) => void told.push(message) },
      },
      { retryFirst: 1, retryMost: 2 },
    );
    scheduler.start();
    await until("some tries", () => tries > 4);
    await scheduler.stop();
    assert.deepEqual(told, ["a task did not work; it is tried again until it does"]);
  });
});

describe("A federation of which nobody can say what is due", () => {
  it("is told in the log, and ends nothing", async () => {
    const story = aFederation({ zones: ["alpha", "beta"] });
    const stage = await before(story, {});
    const told: string[] = [];
    const scheduler = new Scheduler(
      {
        ...stage.context,
        live: () => {
          throw new TypeError("a state that nobody thought of");
        },
        log: { ...QUIET, error: (_fields, message) => void told.push(message) },
      },
      AN_HOUR,
    );
    scheduler.start();
    await until("told", async () => told.length > 0);
    await scheduler.stop();
    assert.deepEqual(new Set(told), new Set(["what is due of a federation could not be worked out"]));
  });
});
