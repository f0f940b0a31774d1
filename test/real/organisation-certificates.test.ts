import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FlowerRun } from "../../sandbox/hypervisor/real/flower-run.ts";
import { IssuingOrganisation } from "../../sandbox/story/issuing-organisation.ts";
import { leftOut } from "./left-out.ts";
import { RealFederation } from "./real-federation.ts";

const RUN_MS = 180_000;

describe("with real Flower, a federation under the CA of the coordinator's organisation", {
  skip: await leftOut(),
}, () => {
  const aster = new IssuingOrganisation("Aster");
  let federation: RealFederation;

  before(async () => {
    federation = await RealFederation.deploy("aster", {
      zones: 2,
      fields: { "Certificates by": "organisation", "SuperNodes in Hospital B": "2" },
      issuer: aster,
    });
  });
  after(async () => {
    await federation?.end();
    aster.end();
  });

  test("every SuperNode trusts the organisation's root and nothing else", async () => {
    const nodes = await federation.supernodes();
    assert.equal(nodes.length, 2);
    for (const node of nodes) {
      const { FL_SSL_CA_CERTFILE: trusted = "" } = await federation.context(node);
      assert.equal(Buffer.from(trusted, "base64").toString().trim(), aster.root.trim());
      assert.equal((await federation.attributes(node))["FL_LINK"], "ok");
    }
  });

  test("a run completes over the chain that the organisation issued", async () => {
    const run = await FlowerRun.start(await federation.superlink(), { nodes: 2, answers: 2 });
    assert.equal(await run.ended(RUN_MS), "finished:completed");
  });
});
