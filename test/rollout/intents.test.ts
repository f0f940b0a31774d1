import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decide } from "../../src/federation/deciding/decide.ts";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { nextTag } from "../../src/federation/observing/observation.ts";
import { proveGone } from "../../src/rollout/admissions.ts";
import { Removals } from "../../src/rollout/removals.ts";
import { createService as create } from "../../src/rollout/services.ts";
import { retire } from "../builders/commands.ts";
import { MINUTE, zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { before, EMPTY } from "./scripted-task.ts";

const BETA = zone("beta");

/** The answer to beta's create was lost, and what it may still bring has had its time. */
function withLostCreate(): Story {
  const story = aFederation({ zones: ["alpha", "beta"] })
    .trusted()
    .begins("beta");
  const { sequence, tag } = nextTag(story.federation, story.site("beta"), story.deployment("beta"));
  return story
    .happens(
      { type: "template-intended", site: BETA, name: "template" },
      { type: "template-registered", site: BETA, templateId: 5 },
      { type: "deployment-intended", site: BETA, sequence, tag },
    )
    .passes(10 * MINUTE);
}

describe("Creating a service", () => {
  test("is left undone when its site is retired while the zone is looked at", async () => {
    const story = withLostCreate();
    const stage: Awaited<ReturnType<typeof before>> = await before(story, {
      async snapshot() {
        await stage.store.update(story.federation.id, (state, context) =>
          decide(state, retire("beta")(story), context),
        );
        return EMPTY;
      },
    });
    assert.equal(await create(stage.context, stage.job(), BETA), "done");
    const site = stage.state().sites.get(BETA);
    assert.deepEqual([site?.deployment, site?.approvalState], [null, "excluded"]);
    assert.equal(site?.sequences, 1, "no second intent was journalled");
  });

  test("that the zone clearly refuses for now is tried again without waiting for what it cannot bring", async () => {
    const story = aFederation({ zones: ["alpha", "beta"] })
      .trusted()
      .begins("beta");
    story.happens(
      { type: "template-intended", site: BETA, name: "template" },
      { type: "template-registered", site: BETA, templateId: 5 },
    );
    let refusals = 1;
    const stage = await before(story, {
      async instantiate() {
        refusals -= 1;
        if (refusals >= 0) throw new ZoneError("zone-disabled", "The zone is disabled.");
        return 77;
      },
    });
    await assert.rejects(create(stage.context, stage.job(), BETA), /disabled/);
    assert.equal(stage.state().sites.get(BETA)?.deployment?.postponed, true);
    assert.equal(await create(stage.context, stage.job(), BETA), "done");
    assert.deepEqual(stage.state().sites.get(BETA)?.deployment?.ref, { kind: "oneflow", id: 77 });
  });

  test("whose answer is lost waits, and adopts what that answer would have told of", async () => {
    const story = aFederation({ zones: ["alpha", "beta"] })
      .trusted()
      .begins("beta");
    story.happens(
      { type: "template-intended", site: BETA, name: "template" },
      { type: "template-registered", site: BETA, templateId: 5 },
    );
    let services = EMPTY.services;
    const stage = await before(story, {
      async instantiate() {
        throw new ZoneError("timeout", "No answer.", { ambiguous: true });
      },
      snapshot: async () => ({ ...EMPTY, services }),
    });
    await assert.rejects(create(stage.context, stage.job(), BETA), /No answer/);
    assert.equal(await create(stage.context, stage.job(), BETA), "later");
    const attempt = stage.state().sites.get(BETA)?.deployment?.tag ?? "";
    services = [{ id: 9, name: "late", state: "deploying", vmIds: [], log: [], errors: [], attempt }];
    assert.equal(await create(stage.context, stage.job(), BETA), "done");
    assert.deepEqual(stage.state().sites.get(BETA)?.deployment?.ref, { kind: "oneflow", id: 9 });
  });
});

describe("A zone that answers for another account", () => {
  for (const [who, account] of [
    ["another account", { id: 99, name: "somebody", administrator: false }],
    ["an administrator", { id: 4, name: "florist", administrator: true }],
  ] as const) {
    test(`such as ${who} gets nothing created: it shows nothing of what the first one created`, async () => {
      const lost = await before(withLostCreate(), { snapshot: async () => ({ ...EMPTY, account }) });
      assert.equal(await create(lost.context, lost.job(), BETA), "later");
      assert.equal(lost.state().sites.get(BETA)?.sequences, 1);
      const fresh = aFederation({ zones: ["alpha", "beta"] })
        .trusted()
        .begins("beta")
        .happens({ type: "template-registered", site: BETA, templateId: 5 });
      const stage = await before(fresh, {}, { ...EMPTY, account });
      assert.equal(await create(stage.context, stage.job(), BETA), "later");
    });

    test(`such as ${who} proves no removal: neither that of a service nor of what a lost answer may bring`, async () => {
      const story = aFederation({ zones: ["alpha", "beta"] })
        .running()
        .does(retire("beta"));
      const [removal] = story.site("beta").removals;
      assert.ok(removal !== undefined);
      const gone = { service: async () => "gone" as const, vmState: async () => "unproven" as const };
      const stage = await before(story, gone, { ...EMPTY, account });
      assert.equal(await new Removals().remove(stage.context, stage.job(), BETA, removal.key), "later");

      const lost = withLostCreate().does(retire("beta"));
      const [awaited] = lost.site("beta").removals;
      assert.ok(awaited !== undefined);
      const other = await before(lost, { snapshot: async () => ({ ...EMPTY, account }) });
      assert.equal(await new Removals().remove(other.context, other.job(), BETA, awaited.key), "later");
    });
  }
});

describe("What stands in the way of a create", () => {
  const failing = async (error: ZoneError, after = 0) => {
    const story = aFederation({ zones: ["alpha", "beta"] })
      .trusted()
      .begins("beta")
      .happens({ type: "template-registered", site: BETA, templateId: 5 })
      .passes(after);
    let fails = true;
    const stage = await before(story, {
      async instantiate() {
        if (fails) throw error;
        return 77;
      },
      snapshot: async () => EMPTY,
    });
    await assert.rejects(create(stage.context, stage.job(), BETA));
    const problems = () =>
      stage
        .state()
        .sites.get(BETA)
        ?.problems.map(({ code }) => code);
    return {
      stage,
      problems,
      mend: (): void => {
        fails = false;
      },
    };
  };

  test("is told at once where it is a disabled zone, once, and is over with what is created then", async () => {
    const { stage, problems, mend } = await failing(new ZoneError("zone-disabled", "The zone is disabled."));
    assert.deepEqual(problems(), ["zone-disabled"]);
    const { seq } = stage.state();
    await assert.rejects(create(stage.context, stage.job(), BETA));
    const news = (await stage.store.history(stage.state().id)).filter((one) => one.seq > seq);
    assert.ok(news.every(({ event }) => event.type !== "preflight-failed"));
    mend();
    assert.equal(await create(stage.context, stage.job(), BETA), "done");
    assert.deepEqual(problems(), []);
  });

  test("is told once it has lasted where it may pass: OneFlow away, or a proxy before it", async () => {
    for (const code of ["unreachable", "timeout", "rubbish"] as const) {
      const error = new ZoneError(code, "no answer", { ambiguous: code !== "unreachable" });
      assert.deepEqual((await failing(error)).problems(), [], code);
      assert.equal((await failing(error, MINUTE)).problems()?.length, 1, code);
    }
  });
});

describe("Ending what a lost answer may still bring", () => {
  test("waits for it, ends it when it comes, and is over only when it cannot come any more", async () => {
    const story = withLostCreate();
    story.does(retire("beta"));
    const [removal] = story.site("beta").removals;
    assert.ok(removal !== undefined && removal.ref === null);
    const attempt = removal.tag ?? "";
    const late = { id: 9, name: "late", state: "running" as const, vmIds: [], log: [], errors: [], attempt };
    const stage = await before(story, { snapshot: async () => ({ ...EMPTY, services: [late] }) });
    const removals = new Removals();
    assert.equal(await removals.remove(stage.context, stage.job(), BETA, removal.key), "done");
    assert.deepEqual(
      stage
        .state()
        .sites.get(BETA)
        ?.removals.map(({ ref }) => ref),
      [{ kind: "oneflow", id: 9 }],
    );

    const nothing = await before(story, { snapshot: async () => EMPTY });
    assert.equal(await removals.remove(nothing.context, nothing.job(), BETA, removal.key), "done");
    assert.deepEqual(nothing.state().sites.get(BETA)?.removals, []);
  });
});

describe("A VM that looks do not show any more", () => {
  const lost = (): Story => aFederation({ zones: ["alpha", "beta"] }).running();

  test("keeps its key while the zone does not say that it is done", async () => {
    for (const proof of ["present", "unproven"] as const) {
      const story = lost();
      const { vmId } = story.vm("beta");
      const stage = await before(story, { vmState: async () => proof });
      assert.equal(await proveGone(stage.context, stage.job(), BETA, vmId), "later");
      assert.equal(
        [...stage.state().keys.values()].some(({ revoked }) => revoked),
        false,
      );
    }
  });

  test("loses its key, and only its own, once the zone says so", async () => {
    const story = lost();
    const { vmId, acceptedKey } = story.vm("beta");
    const stage = await before(story, { vmState: async () => "done" });
    assert.equal(await proveGone(stage.context, stage.job(), BETA, vmId), "done");
    const revoked = [...stage.state().keys.values()].filter((key) => key.revoked).map(({ key }) => key);
    assert.deepEqual(revoked, [acceptedKey]);
    assert.equal(stage.state().sites.get(BETA)?.deployment?.vms.get(vmId)?.gone, true);
  });
});
