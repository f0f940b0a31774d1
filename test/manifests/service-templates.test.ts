import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import { isContextValue } from "../../src/guest-protocol/alphabets.ts";
import { CONTEXT, FRAMEWORKS, GIVEN, PROTOCOL_VERSION, PUBLISHED } from "../../src/guest-protocol/names.ts";

/** The form of OneFlow 7.x; a member it does not list here would go unread, so none is allowed. */
const serviceTemplate = z.strictObject({
  name: z.string(),
  description: z.string(),
  deployment: z.literal("straight"),
  ready_status_gate: z.literal(true),
  automatic_deletion: z.literal(false),
  user_inputs: z.record(
    z.string(),
    z.string().regex(/^[MO]\|(text|text64|boolean|number|list)\|[^|]+(\|[^|]+\|[^|]+)?$/),
  ),
  roles: z.array(
    z.strictObject({
      name: z.string(),
      type: z.literal("vm"),
      cardinality: z.int(),
      min_vms: z.int(),
      max_vms: z.int(),
      template_id: z.literal(0),
      template_contents: z.strictObject({ CONTEXT: z.record(z.string(), z.string()) }),
    }),
  ),
});

function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    folder = dirname(folder);
  }
  return folder;
}

function read(file: string): z.infer<typeof serviceTemplate> {
  return serviceTemplate.parse(JSON.parse(readFileSync(join(projectRoot(), "manifests", file), "utf8")));
}

const sizeOf = ({ name, cardinality, min_vms, max_vms }: z.infer<typeof serviceTemplate>["roles"][number]) => ({
  name,
  cardinality,
  min_vms,
  max_vms,
});

const coordinator = read("coordinator.json");
const trainingSite = read("training-site.json");

describe("the service templates that zones are given", () => {
  const all = [coordinator, trainingSite].flatMap(({ name, user_inputs, roles }) =>
    roles.map((role) => ({ template: { name: `${name}, ${role.name}`, user_inputs }, role })),
  );
  for (const { template, role } of all) {
    const entries = role.template_contents.CONTEXT;
    const inputs = Object.keys(template.user_inputs);

    it(`${template.name}: a name is a user input or a CONTEXT entry, never both`, () => {
      assert.deepEqual(
        inputs.filter((name) => name in entries),
        [],
      );
    });

    it(`${template.name}: every name is one that guests know`, () => {
      const known = new Set<string>(Object.values(CONTEXT));
      assert.deepEqual(
        [...inputs, ...Object.keys(entries)].filter((name) => !known.has(name)),
        [],
      );
    });

    it(`${template.name}: no user input bears the name of an attribute, since OneFlow copies inputs there`, () => {
      const attributes = new Set<string>([...Object.values(PUBLISHED), ...Object.values(GIVEN)]);
      assert.deepEqual(
        inputs.filter((name) => attributes.has(name)),
        [],
      );
    });

    it(`${template.name}: the guest reports ready itself, whatever the VM template says`, () => {
      assert.equal(entries[CONTEXT.reportReady], "NO");
      assert.equal(entries[CONTEXT.token], "YES");
      assert.equal(entries[CONTEXT.protocol], PROTOCOL_VERSION);
      assert.equal(entries[CONTEXT.role], role.name);
    });

    it(`${template.name}: what stands in it may enter CONTEXT`, () => {
      for (const [name, value] of Object.entries(entries)) {
        assert.equal(isContextValue(value), true, name);
      }
    });
  }

  it("a coordinator is one SuperLink and no SuperNode, and one gateway where that is asked for", () => {
    assert.deepEqual(coordinator.roles.map(sizeOf), [
      { name: "gateway", cardinality: 1, min_vms: 1, max_vms: 1 },
      { name: "superlink", cardinality: 1, min_vms: 1, max_vms: 1 },
    ]);
  });

  it("a training site is 1 to 10 SuperNodes, two by default, and one gateway where that is asked for", () => {
    assert.deepEqual(trainingSite.roles.map(sizeOf), [
      { name: "gateway", cardinality: 1, min_vms: 1, max_vms: 1 },
      { name: "supernode", cardinality: 2, min_vms: 1, max_vms: 10 },
    ]);
  });

  it("a training site cannot be instantiated without the SuperLink's address and CA", () => {
    assert.match(trainingSite.user_inputs[CONTEXT.superlinkAddress] ?? "", /^M\|text\|/);
    assert.match(trainingSite.user_inputs[CONTEXT.caCertificate] ?? "", /^M\|text64\|/);
  });

  it("the frameworks offered are those that guests know", () => {
    assert.equal(trainingSite.user_inputs[CONTEXT.framework]?.split("|")[3], FRAMEWORKS.join(","));
  });

  it("both sides keep the same version, TLS and keepalive by default", () => {
    for (const name of [CONTEXT.flowerVersion, CONTEXT.tlsEnabled, CONTEXT.keepaliveTime, CONTEXT.keepaliveTimeout]) {
      assert.equal(coordinator.user_inputs[name], trainingSite.user_inputs[name]);
      assert.ok(coordinator.user_inputs[name]);
    }
  });
});
