import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decide } from "../../src/federation/deciding/decide.ts";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { nextTag } from "../../src/federation/observing/observation.ts";
import { proveGone } from "../../src/rollout/admissions.ts";
import { create } from "../../src/rollout/deployments.ts";
import { Removals } from "../../src/rollout/removals.ts";
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
