import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { z } from "zod";
import { KEEPALIVE, type Settings, sitePlan } from "../../../src/federation/model/plan.ts";
import { SETTINGS } from "../../builders/chronicle.ts";
import { aFederation } from "../../builders/federation.ts";

describe("a plan's keepalive", () => {
  it("has SuperNodes ping no more often than the SuperLink allows", () => {
    assert.equal(refusal({ keepaliveTime: KEEPALIVE.serverMinimum }), undefined);
    const { path, message } = refusal({ keepaliveTime: KEEPALIVE.serverMinimum - 1 }) ?? {};
    assert.deepEqual(path, ["settings", "keepaliveTime"]);
    assert.match(message ?? "", /more often than the SuperLink allows/);
  });

  it("has each answer due before the next ping", () => {
    assert.equal(refusal({ keepaliveTimeout: 59 }), undefined);
    for (const keepaliveTimeout of [0, 60, 61]) {
      assert.deepEqual(refusal({ keepaliveTimeout })?.path, ["settings", "keepaliveTimeout"], String(keepaliveTimeout));
    }
  });
});

/** Why a plan that differs in this is none. */
function refusal(settings: Partial<Settings>): z.core.$ZodIssue | undefined {
  const { plan } = aFederation().planned().proposal("alpha");
  return sitePlan.safeParse({ ...plan, settings: { ...SETTINGS, ...settings } }).error?.issues[0];
}
