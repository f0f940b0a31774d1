import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Asked, failure, type Reply, success } from "./daemons.ts";
import { recordedValue } from "./recording.ts";
import { asked, methods, refusedWith, type Script, zoneThatSays } from "./scripted-zone.ts";

/** A pool that pages by offset as oned does, newest first. */
function paged(element: string, members: readonly { id: number; xml: string }[]) {
  return ({ parameters }: Asked): Reply => {
    const offset = Number(parameters[2]);
    const size = -Number(parameters[3]);
    const page = [...members].sort((one, other) => other.id - one.id).slice(offset, offset + size);
    return success(`<${element}>${page.map(({ xml }) => xml).join("")}</${element}>`);
  };
}

const oneVm = recordedValue("xmlrpc.vm.info-running-with-fl-attributes");
const vmXml = (id: number, padding = ""): string =>
  oneVm
    .replace("<ID>2</ID>", `<ID>${id}</ID>`)
    .replace("<USER_TEMPLATE>", `<USER_TEMPLATE><FL_PADDING>${padding}</FL_PADDING>`);

const serviceXml = (id: number): string =>
  `<DOCUMENT><ID>${id}</ID><NAME>s${id}</NAME><TEMPLATE><BODY><![CDATA[${JSON.stringify({
    state: 2,
    roles: [{ template_contents: { CONTEXT: { FL_ATTEMPT: `attempt-${id}` } }, nodes: [{ deploy_id: id }] }],
  })}]]></BODY></TEMPLATE></DOCUMENT>`;

function holding(vmIds: readonly number[], serviceIds: readonly number[], padding = ""): Script {
  const listed = vmIds.map((id) => ({ id, xml: `<VM><ID>${id}</ID></VM>` }));
  return {
    "one.vmpool.info": paged("VM_POOL", listed),
    "one.vmpool.infoset": ({ parameters }) => {
      const wanted = (parameters[1] ?? "").split(",").map(Number);
      return success(`<VM_POOL>${wanted.map((id) => vmXml(id, padding)).join("")}</VM_POOL>`);
    },
    "one.documentpool.info": paged(
      "DOCUMENT_POOL",
      serviceIds.map((id) => ({ id, xml: serviceXml(id) })),
    ),
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_value, index) => index + 1);

describe("a snapshot of a zone", () => {
  it("holds every service and VM of the account", async () => {
    const zone = await zoneThatSays(holding(range(5), [70, 71]));
    const { services, vms } = await zone.snapshot();
    assert.deepEqual(
      services.map(({ id, attempt, vmIds }) => [id, attempt, vmIds]),
      [
        [71, "attempt-71", [71]],
        [70, "attempt-70", [70]],
      ],
    );
    assert.deepEqual(
      vms.map(({ id }) => id),
      range(5),
    );
    assert.equal(vms[0]?.attributes["FL_READY"], "YES");
  });

  it("of an empty zone costs two calls", async () => {
    const zone = await zoneThatSays(holding([], []));
    const { services, vms } = await zone.snapshot();
    assert.deepEqual([services, vms], [[], []]);
    assert.deepEqual([...methods()].sort(), ["one.documentpool.info", "one.vmpool.info"]);
  });

  it("reads many in pieces, and all of them once", async () => {
    const zone = await zoneThatSays(holding(range(300), range(50)));
    const { services, vms } = await zone.snapshot();
    assert.deepEqual(
      vms.map(({ id }) => id),
      range(300),
    );
    assert.equal(services.length, 50);
  });

  it("keeps each answer about VMs below 1 MB, however large they are", async () => {
    let largest = 0;
    const script = holding(range(60), [], "x".repeat(60_000));
    const infoset = script["one.vmpool.infoset"];
    const zone = await zoneThatSays({
      ...script,
      "one.vmpool.infoset": (asked) => {
        const reply = infoset?.(asked) ?? failure(2048, "");
        largest = Math.max(largest, reply.body.length);
        return reply;
      },
    });
    assert.equal((await zone.snapshot()).vms.length, 60);
    // The first batch is sized by a guess; later ones by what came.
    assert.ok(largest < 1.2 * 1024 * 1024, `${largest}`);
  });

  it("asks for fewer when an answer was too large", async () => {
    const sizes: number[] = [];
    const zone = await zoneThatSays({
      ...holding(range(17), []),
      "one.vmpool.infoset": ({ parameters }) => {
        const ids = (parameters[1] ?? "").split(",").map(Number);
        sizes.push(ids.length);
        if (ids.length > 8) return success("x".repeat(8.5 * 1024 * 1024));
        return success(`<VM_POOL>${ids.map((id) => vmXml(id)).join("")}</VM_POOL>`);
      },
    });
    assert.equal((await zone.snapshot()).vms.length, 17);
    assert.deepEqual(sizes.slice(0, 2), [16, 8]);
  });

  it("misses no service when another is removed between two pages", async () => {
    const all = range(40);
    const script = holding([], all);
    let calls = 0;
    const zone = await zoneThatSays({
      ...script,
      "one.documentpool.info": (asked) => {
        calls += 1;
        const left = calls === 1 ? all : all.filter((id) => id !== 38);
        return holding([], left)["one.documentpool.info"]?.(asked) ?? failure(2048, "");
      },
    });
    const { services } = await zone.snapshot();
    assert.deepEqual(
      services.map(({ id }) => id).sort((one, other) => one - other),
      all.filter((id) => id !== 38),
    );
  });

  it("fails rather than show half a zone", async () => {
    const zone = await zoneThatSays({ ...holding([1], []), "one.documentpool.info": () => success("<DOCUMENT_POOL>") });
    await assert.rejects(zone.snapshot(), refusedWith("rubbish"));
  });
});

describe("the account's service templates", () => {
  it("are found by name, without what OneFlow added", async () => {
    const zone = await zoneThatSays({
      "one.documentpool.info": () => success(recordedValue("xmlrpc.documentpool.info-service-templates")),
    });
    const [found, ...others] = await zone.serviceTemplates("Flower Coordinator");
    assert.deepEqual(others, []);
    assert.equal(found?.id, 0);
    assert.deepEqual(found?.body, {
      name: "Flower Coordinator",
      deployment: "straight",
      description: "",
      ready_status_gate: true,
      automatic_deletion: false,
      roles: [{ name: "superlink", type: "vm", cardinality: 1, min_vms: 1, template_id: 0 }],
    });
    assert.equal(asked()[0]?.parameters[1], "-3", "only what the account owns");
  });
});
