import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { ZoneError } from "../../../src/federation/model/zone-facts.ts";
import {
  type ParsedDocument,
  parseDocument,
  parseDocuments,
  serviceFacts,
} from "../../../src/opennebula/parse/document.ts";
import { readable } from "../../../src/opennebula/parse/xml.ts";
import { recordedValue, recording } from "../recording.ts";

const factsOf = (document: ParsedDocument) => serviceFacts(document, (text) => text);

const shownService = z.object({
  DOCUMENT: z.object({
    ID: z.string(),
    NAME: z.string(),
    TEMPLATE: z.object({ BODY: z.record(z.string(), z.unknown()) }),
  }),
});

const unreadable = (error: unknown): boolean => error instanceof ZoneError && error.code === "unreadable";

describe("a service", () => {
  const documents = parseDocuments(recordedValue("xmlrpc.documentpool.info-services"));

  it("is read from oned's documents", () => {
    assert.deepEqual(readable(documents).map(factsOf), [
      {
        id: 2,
        name: "fl-coord-1",
        state: "running",
        vmIds: [1],
        log: ["New state: DEPLOYING_NETS", "New state: DEPLOYING", "New state: RUNNING"],
        errors: [],
      },
    ]);
  });

  const shown = (name: string) => {
    const { body } = recording(`oneflow.service.show-${name}`).response;
    const { DOCUMENT } = shownService.parse(JSON.parse(body));
    return factsOf({ id: Number(DOCUMENT.ID), name: DOCUMENT.NAME, body: DOCUMENT.TEMPLATE.BODY });
  };

  for (const [name, state, vms] of [
    ["just-after-instantiate", "deploying-nets", 0],
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

  it("tells why it failed in the errors of its log, and not in what its log ends with", () => {
    const { errors, log } = shown("FAILED_DEPLOYING-quota");
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", /limit of 1 reached for VMS quota in VM\.$/);
    assert.equal(log.at(-1), "New state: FAILED_DEPLOYING");
    assert.deepEqual(shown("RUNNING").errors, []);
  });

  it("that logs errors for ever shows the last three", () => {
    const log = Array.from({ length: 500 }, (_line, index) => ({ severity: "E", message: `error ${index}` }));
    const { errors } = factsOf({ id: 1, name: "x", body: { state: 7, roles: [], log } });
    assert.deepEqual(errors, ["error 497", "error 498", "error 499"]);
  });

  it("of ours is known by the attempt in its role's CONTEXT", () => {
    const roles = [{ template_contents: { CONTEXT: { FL_ATTEMPT: "f1:zone-a:0123:1" } } }];
    const facts = factsOf({ id: 1, name: "x", body: { state: 0, roles } });
    assert.deepEqual([facts.state, facts.attempt, facts.vmIds], ["pending", "f1:zone-a:0123:1", []]);
  });

  it("that somebody made by hand of our template is none of ours", () => {
    const roles = [{ template_contents: { CONTEXT: { FL_ATTEMPT: "" } } }];
    assert.equal("attempt" in factsOf({ id: 1, name: "x", body: { state: 0, roles } }), false);
  });

  it("of an older format is none of ours, but no obstacle", () => {
    const roles = [{ vm_template: 1, vm_template_contents: "CONTEXT=[A=1]", template_contents: "X=1", nodes: null }];
    assert.equal(factsOf({ id: 1, name: "x", body: { state: 15, roles } }).state, "hold");
  });

  for (const [what, body] of [
    ["a VM without its data", { state: 9, roles: [{ nodes: [{ deploy_id: 4, vm_info: null }] }] }],
    ["null for its roles", { state: 2, roles: null }],
    ["a line of its log without text", { state: 2, roles: [], log: [{ message: null }, { message: "fine" }] }],
    ["an error for a VM's number", { state: 7, roles: [{ nodes: [{ deploy_id: "[one.template.instantiate] no" }] }] }],
    ["an odd template", { state: 2, roles: [{ template_contents: { CONTEXT: { FL_ATTEMPT: null } } }] }],
  ] as const) {
    it(`with ${what} is read all the same`, () => {
      assert.equal(factsOf({ id: 1, name: "x", body }).id, 1);
    });
  }

  it("has no VM whose number is none", () => {
    const numbers = [null, true, "", [], -1, 1.5, 1e300, "9".repeat(400), "x"];
    const nodes = [...numbers, 4, "5"].map((deploy_id) => ({ deploy_id }));
    assert.deepEqual(factsOf({ id: 1, name: "x", body: { state: "2", roles: [{ nodes }] } }).vmIds, [4, 5]);
    for (const state of [null, true, "", [], "x"]) {
      assert.throws(() => factsOf({ id: 1, name: "x", body: { state, roles: [] } }), unreadable);
    }
  });

  it("without a state that exists is unreadable", () => {
    assert.throws(() => factsOf({ id: 1, name: "x", body: { state: 16, roles: [] } }), unreadable);
    assert.throws(() => factsOf({ id: 1, name: "x", body: {} }), unreadable);
  });

  it("is read alone, with what kind of document it is", () => {
    const { id, type } = parseDocument(recordedValue("xmlrpc.document.info-service"));
    assert.deepEqual([id, type], [2, 100]);
    assert.equal(parseDocument(recordedValue("xmlrpc.document.info-service-template")).type, 101);
  });

  it("whose body is no JSON hides none of the others, and its words are not repeated", () => {
    const xml = recordedValue("xmlrpc.documentpool.info-services");
    const other = "<DOCUMENT><ID>7</ID><NAME>x</NAME><TEMPLATE><BODY>hunter2 {</BODY></TEMPLATE></DOCUMENT>";
    const members = parseDocuments(xml.replace("</DOCUMENT_POOL>", `${other}</DOCUMENT_POOL>`));
    assert.deepEqual(
      members.map((member) => [member.id, "why" in member ? member.why : "read"]),
      [
        [2, "read"],
        [7, "TEMPLATE/BODY: no JSON object"],
      ],
    );
  });
});
