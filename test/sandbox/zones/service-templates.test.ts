import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bench, onBench, role } from "./bench.ts";

const create = (bench: Bench, body: unknown) => bench.flow("POST", "/service_template", body);

const refused: readonly (readonly [string, unknown, number, string | RegExp])[] = [
  [
    "an unknown deployment",
    { name: "x", deployment: "odd", roles: [] },
    400,
    "KEY: 'deployment' must be one of none, straight;",
  ],
  ["a role given twice", { name: "x", roles: [role("a", 1), role("a", 1)] }, 400, "Role name 'a' is repeated"],
  ["roles as an object", { name: "x", roles: { a: 1 } }, 400, "KEY: 'roles' must be an Array;"],
  ["a role that is none", { name: "x", roles: ["a"] }, 400, "KEY: 'roles' must be an Object;"],
  ["a name that is no text", { name: 5, roles: [] }, 400, "KEY: 'name' must be a String;"],
  [
    "a fraction as text",
    { name: "x", roles: [role("a", 1, { min_vms: "1.5" })] },
    400,
    "KEY: 'min_vms' must be an Integer;",
  ],
  [
    "a negative cooldown",
    { name: "x", roles: [role("a", 1, { cooldown: -1 })] },
    400,
    "KEY: 'cooldown' must be greater than or equal to 0;",
  ],
  [
    "an unknown end",
    { name: "x", roles: [role("a", 1, { shutdown_action: "kill" })] },
    400,
    /^KEY: 'shutdown_action' must be one of terminate, /,
  ],
  [
    "a gate that is no yes or no",
    { name: "x", ready_status_gate: "yes", roles: [] },
    400,
    /^KEY: 'ready_status_gate' is not allowed in /,
  ],
  [
    "an elasticity without limits",
    {
      name: "x",
      roles: [role("a", 1, { elasticity_policies: [{ type: "CHANGE", adjust: 1, expression: "CPU > 5" }] })],
    },
    400,
    /must define both 'min_vms' and 'max_vms'$/,
  ],
  [
    "an unknown elasticity",
    { name: "x", roles: [role("a", 1, { elasticity_policies: [{ type: "GROW", adjust: 1, expression: "CPU > 5" }] })] },
    400,
    "KEY: 'type' must be one of CHANGE, CARDINALITY, PERCENTAGE_CHANGE;",
  ],
  ["a list", [], 500, /^\{"message":"Internal server error","reason":"no implicit conversion/],
  [
    "a number that is a list",
    { name: "x", roles: [role("a", 1, { template_id: [1] })] },
    500,
    /can't convert Array into Integer/,
  ],
  [
    "a name with <",
    { name: "a<b", roles: [] },
    500,
    "[one.document.allocate] Invalid NAME, character '<' is not allowed",
  ],
  [
    "a long name",
    { name: "n".repeat(129), roles: [] },
    500,
    "[one.document.allocate] Invalid NAME, max length is 128 chars",
  ],
  ["what would end CDATA", { name: "x", description: "]]>", roles: [] }, 500, /^\[one.document.allocate\]/],
  [
    "characters beyond the first plane",
    { name: "x", description: "\u{1f33c}", roles: [] },
    500,
    /Internal server error/,
  ],
];

test("OneFlow tells what is wrong with a service template in its own words", () =>
  onBench({}, async (bench) => {
    for (const [what, body, status, text] of refused) {
      const answer = await create(bench, body);
      assert.equal(answer.status, status, `${what}: ${answer.body}`);
      if (typeof text === "string") assert.equal(answer.body, text, what);
      else assert.match(answer.body, text, what);
    }
    assert.equal((await create(bench, undefined)).body, "unexpected token at ''");
    assert.equal((await bench.control.zone("zone-a")).serviceTemplates.length, 0);
  }));

test("numbers as text are taken, and a role without cardinality has none", () =>
  onBench({}, async (bench) => {
    const roles = [{ name: "a", type: "vm", template_id: "1" }, role("b", 1, { min_vms: "1" })];
    const answer = await create(bench, { name: "x", roles });
    assert.equal(answer.status, 201);
    assert.match(answer.body, /"template_id": 1,\s+"cardinality": 0/);
    assert.match(answer.body, /"min_vms": 1/);
  }));

test("a service cannot bear a name that oned refuses, and inputs that it cannot keep are an error", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({ name: "x", user_inputs: { A: "M|text|a" }, roles: [role("a", 0)] });
    const instantiate = (name: string, value: string) =>
      bench.flow("POST", `/service_template/${template}/action`, {
        action: { perform: "instantiate", params: { merge_template: { name, user_inputs_values: { A: value } } } },
      });
    assert.equal((await instantiate("a<b", "1")).status, 500);
    assert.equal((await instantiate("ok", "]]>")).status, 500);
    assert.equal((await instantiate("ok", "\u{1f33c}")).status, 500);
    assert.equal((await instantiate("ok", "1")).status, 201);
  }));

test("a document of another kind is OneFlow's error, not oned's", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({ name: "x", roles: [] });
    assert.deepEqual(await bench.flow("GET", `/service/${template}`), {
      status: 500,
      body: `[DocumentInfo] Error getting document [${template}].`,
    });
    assert.equal((await bench.flow("GET", "/service/99")).status, 404);
  }));

test("a template is cloned, updated and renamed", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({ name: "x", roles: [role("a", 1)] });
    const act = (perform: string, params: unknown) =>
      bench.flow("POST", `/service_template/${template}/action`, { action: { perform, params } });
    assert.equal((await act("clone", { name: "y" })).status, 201);
    assert.equal((await act("rename", { name: "z" })).status, 204);
    assert.deepEqual(await act("rename", {}), { status: 500, body: "Action rename: You have to specify a name" });
    const { serviceTemplates } = await bench.control.zone("zone-a");
    assert.deepEqual(serviceTemplates.map(({ name }) => name).sort(), ["y", "z"]);
  }));
