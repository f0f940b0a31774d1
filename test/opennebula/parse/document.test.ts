import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { ZoneError } from "../../../src/federation/model/zone-facts.ts";
import { parseDocuments, serviceFacts } from "../../../src/opennebula/parse/document.ts";
import { recordedValue, recording } from "../recording.ts";

const shownService = z.object({
  DOCUMENT: z.object({
    ID: z.string(),
    NAME: z.string(),
    TEMPLATE: z.object({ BODY: z.record(z.string(), z.unknown()) }),
  }),
});

const rubbish = (error: unknown): boolean => error instanceof ZoneError && error.code === "rubbish";

describe("a service", () => {
  const documents = parseDocuments(recordedValue("xmlrpc.documentpool.info-services"));

  it("is read from oned's documents", () => {
    assert.deepEqual(documents.map(serviceFacts), [
      {
        id: 2,
        name: "fl-coord-1",
        state: "running",
        vmIds: [1],
        log: ["New state: DEPLOYING_NETS", "New state: DEPLOYING", "New state: RUNNING"],
      },
    ]);
  });

  const shown = (name: string) => {
    const { body } = recording(`oneflow.service.show-${name}`).response;
    const { DOCUMENT } = shownService.parse(JSON.parse(body));
    return serviceFacts({ id: Number(DOCUMENT.ID), name: DOCUMENT.NAME, body: DOCUMENT.TEMPLATE.BODY });
  };

  for (const [name, state, vms] of [
    ["just-after-instantiate", "deploying", 0],
    ["DEPLOYING", "deploying", 2],
    ["RUNNING", "running", 2],
    ["WARNING-vm-powered-off", "warning", 2],
    ["SCALING", "scaling", 3],
    ["COOLDOWN", "cooldown", 3],
    ["FAILED_SCALING", "failed-scaling", 3],
    ["FAILED_DEPLOYING-partly", "failed-deploying", 1],
    ["UNDEPLOYING", "undeploying", 2],
  ] as const) {
    it(`shown as ${name} is ${state} with ${vms} VMs`, () => {
      const facts = shown(name);
      assert.deepEqual([facts.state, facts.vmIds.length], [state, vms]);
    });
  }

  it("tells in its log why it failed", () => {
    assert.ok(shown("FAILED_DEPLOYING-quota").log.some((line) => line.includes("limit of 1 reached for VMS quota")));
  });

  it("of ours is known by the attempt in its role's CONTEXT", () => {
    const roles = [{ template_contents: { CONTEXT: { FL_ATTEMPT: "f1:zone-a:0123:1" } } }];
    const facts = serviceFacts({ id: 1, name: "x", body: { state: 0, roles } });
    assert.deepEqual([facts.state, facts.attempt, facts.vmIds], ["pending", "f1:zone-a:0123:1", []]);
  });

  it("that somebody made by hand of our template is none of ours", () => {
    const roles = [{ template_contents: { CONTEXT: { FL_ATTEMPT: "" } } }];
    assert.equal("attempt" in serviceFacts({ id: 1, name: "x", body: { state: 0, roles } }), false);
  });

  it("of an older format is none of ours, but no obstacle", () => {
    const roles = [{ vm_template: 1, vm_template_contents: "CONTEXT=[A=1]", template_contents: "X=1", nodes: null }];
    assert.equal(serviceFacts({ id: 1, name: "x", body: { state: 15, roles } }).state, "hold");
  });

  it("without a state that exists is rubbish", () => {
    assert.throws(() => serviceFacts({ id: 1, name: "x", body: { state: 16, roles: [] } }), rubbish);
    assert.throws(() => serviceFacts({ id: 1, name: "x", body: {} }), rubbish);
  });
});
