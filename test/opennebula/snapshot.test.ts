import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serialize } from "node:v8";
import { type Asked, failure, type Reply, success } from "./daemons.ts";
import { recordedValue } from "./recording.ts";
import { asked, methods, recorded, refusedWith, type Script, zoneThatSays } from "./scripted-zone.ts";

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

const whose: Script = {
  "one.user.info": recorded("xmlrpc.user.info-self"),
  "one.group.info": recorded("xmlrpc.group.info-own"),
};

/** However VMs are asked for, by page or by number, these are there and `answer` tells them. */
function vmsTold(vmIds: readonly number[], answer: (ids: readonly number[]) => Reply): Script {
  const newestFirst = vmIds.toSorted((one, other) => other - one);
  return {
    "one.vmpool.info": paged(
      "VM_POOL",
      vmIds.map((id) => ({ id, xml: `<VM><ID>${id}</ID></VM>` })),
    ),
    "one.vmpool.infoextended": ({ parameters }) => {
      const offset = Number(parameters[2]);
      return answer(newestFirst.slice(offset, offset - Number(parameters[3])));
    },
    "one.vmpool.infoset": ({ parameters }) => answer((parameters[1] ?? "").split(",").map(Number)),
  };
}

const pool = (vms: readonly string[]): Reply => success(`<VM_POOL>${vms.join("")}</VM_POOL>`);

function holding(vmIds: readonly number[], serviceIds: readonly number[], padding = ""): Script {
  return {
    ...whose,
    ...vmsTold(vmIds, (ids) => pool(ids.map((id) => vmXml(id, padding)))),
    "one.documentpool.info": paged(
      "DOCUMENT_POOL",
      serviceIds.map((id) => ({ id, xml: serviceXml(id) })),
    ),
  };
}

const MANY = `<USER_TEMPLATE>${Array.from({ length: 20_000 }, (_, nth) => `<A${nth}><![CDATA[]]></A${nth}>`).join("")}`;

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

  it("says whose it is", async () => {
    const zone = await zoneThatSays(holding([], []));
    assert.deepEqual((await zone.snapshot()).account, { id: 2, name: "flbot", administrator: false });
  });

  it("of an empty zone costs two calls, and one or more for whose it is", async () => {
    const zone = await zoneThatSays(holding([], []));
    const { services, vms } = await zone.snapshot();
    assert.deepEqual([services, vms], [[], []]);
    const expected = ["one.documentpool.info", "one.group.info", "one.user.info", "one.vmpool.infoextended"];
    assert.deepEqual([...methods()].sort(), expected);
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
    const zone = await zoneThatSays({
      ...holding([], []),
      ...vmsTold(range(60), (ids) => {
        const reply = pool(ids.map((id) => vmXml(id, "x".repeat(60_000))));
        largest = Math.max(largest, reply.body.length);
        return reply;
      }),
    });
    assert.equal((await zone.snapshot()).vms.length, 60);
    // The first batch is sized by a guess; later ones by what came.
    assert.ok(largest < 1.2 * 1024 * 1024, `${largest}`);
  });

  it("asks for fewer when an answer was too large", async () => {
    const sizes: number[] = [];
    const zone = await zoneThatSays({
      ...holding([], []),
      ...vmsTold(range(17), (ids) => {
        sizes.push(ids.length);
        return ids.length > 8 ? success("x".repeat(8.5 * 1024 * 1024)) : pool(ids.map((id) => vmXml(id)));
      }),
    });
    assert.equal((await zone.snapshot()).vms.length, 17);
    assert.deepEqual(sizes.slice(0, 3), [16, 16, 8], "a page, as many by number, half of them");
  });

  it("fails when a pool's pages bring the same for ever", async () => {
    const page = (first: number): Reply => {
      const members = Array.from({ length: 16 }, (_one, index) => serviceXml(first + index));
      return success(`<DOCUMENT_POOL>${members.join("")}</DOCUMENT_POOL>`);
    };
    const zone = await zoneThatSays({
      ...whose,
      ...vmsTold([], () => page(0)),
      "one.documentpool.info": () => page(0),
    });
    await assert.rejects(zone.snapshot(), refusedWith("unreadable"));
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

  /** Of these VMs the first cannot be fetched: alone or among others it makes the answer `spoilt`. */
  function withOneSpoilt(count: number, spoilt: () => Reply) {
    const fetched: string[] = [];
    const script: Script = {
      ...holding([], []),
      ...vmsTold(range(count), (ids) => {
        fetched.push(ids.join(","));
        return ids.includes(1) ? spoilt() : pool(ids.map((id) => vmXml(id)));
      }),
    };
    return { fetched, script };
  }

  for (const [what, spoilt] of [
    ["has 10 MB of attributes", () => success("x".repeat(10 * 1024 * 1024))],
    ["has 3 MB of attributes", () => success(`<VM_POOL>${vmXml(1, "x".repeat(3 * 1024 * 1024))}</VM_POOL>`)],
    ["has 20,000 attributes", () => success(`<VM_POOL>${vmXml(1).replace("<USER_TEMPLATE>", MANY)}</VM_POOL>`)],
    ["no parser takes", () => success("<VM_POOL><VM></VM_POOL")],
  ] as const) {
    it(`shows all other VMs when one ${what}, and tries that one ever more seldom`, async () => {
      const { fetched, script } = withOneSpoilt(9, spoilt);
      const zone = await zoneThatSays(script);
      for (let look = 0; look < 7; look += 1) {
        fetched.splice(0);
        const { vms, unreadable } = await zone.snapshot();
        assert.deepEqual(
          vms.map(({ id }) => id),
          range(9).slice(1),
        );
        assert.deepEqual(
          unreadable.map(({ kind, id }) => [kind, id]),
          [["vm", 1]],
        );
        const tried = fetched.some((ids) => ids.split(",").includes("1"));
        assert.equal(tried, [0, 2, 6].includes(look), `look ${look}: ${fetched.join(" | ")}`);
        if (look > 0 && tried) assert.ok(fetched.includes("1"), "alone, and not again among others");
      }
    });
  }

  it("shows a VM again once it can be read", async () => {
    let odd = true;
    const large = success("x".repeat(9 * 1024 * 1024));
    const zone = await zoneThatSays({
      ...holding([], []),
      ...vmsTold(range(3), (ids) => (odd && ids.includes(1) ? large : pool(ids.map((id) => vmXml(id))))),
    });
    assert.equal((await zone.snapshot()).unreadable.length, 1);
    odd = false;
    await zone.snapshot();
    const { vms, unreadable } = await zone.snapshot();
    assert.deepEqual([vms.length, unreadable.length], [3, 0]);
  });

  it("fails when a proxy answers in the zone's place, however few VMs there are", async () => {
    for (const count of [1, 2, 40]) {
      let calls = 0;
      const page = (): Reply => ({ status: 502, body: "<html>Bad Gateway</html>" });
      const script = holding(range(count), []);
      const zone = await zoneThatSays({
        ...script,
        "one.vmpool.info": (one) => (calls++ === 0 ? script["one.vmpool.info"]?.(one) : page()) ?? page(),
        "one.vmpool.infoextended": page,
        "one.vmpool.infoset": page,
      });
      await assert.rejects(zone.snapshot(), refusedWith("rubbish"));
      assert.ok(methods().length < 15, `${methods().length} calls`);
    }
  });

  it("names a VM and a service of an odd shape, and shows all others", async () => {
    const oddVm = vmXml(2).replace(/<MEMORY>.*?<\/MEMORY>/, "");
    const oddService = serviceXml(71).replace('"state":2', '"state":16');
    const zone = await zoneThatSays({
      ...holding([], [70]),
      ...vmsTold([1, 2], () => pool([oddVm, vmXml(1)])),
      "one.documentpool.info": () => success(`<DOCUMENT_POOL>${oddService}${serviceXml(70)}</DOCUMENT_POOL>`),
    });
    const { vms, services, unreadable } = await zone.snapshot();
    assert.deepEqual([vms.map(({ id }) => id), services.map(({ id }) => id)], [[1], [70]]);
    assert.deepEqual(
      unreadable.map(({ kind, id }) => [kind, id]),
      [
        ["service", 71],
        ["vm", 2],
      ],
    );
  });

  it("shows every service around one that is too large, which is told without its number", async () => {
    const all = range(20);
    const script = holding([], all);
    for (const large of [1, 6]) {
      const zone = await zoneThatSays({
        ...script,
        "one.documentpool.info": (one) => {
          const reply = script["one.documentpool.info"]?.(one) ?? failure(2048, "");
          return reply.body.includes(`&gt;${large}&lt;`) ? success("x".repeat(9 * 1024 * 1024)) : reply;
        },
      });
      const { services, unreadable } = await zone.snapshot();
      assert.deepEqual(
        services.map(({ id }) => id).sort((one, other) => one - other),
        all.filter((id) => id !== large),
      );
      assert.deepEqual(
        unreadable.map(({ kind, id }) => [kind, id]),
        [["service", null]],
      );
    }
  });

  it("of thousands of VMs stays small: what they have in common is kept once", async () => {
    const agent = "A".repeat(40_000);
    const crowd = vmXml(1).replace("<CONTEXT>", `<CONTEXT><START_SCRIPT_BASE64>${agent}</START_SCRIPT_BASE64>`);
    const zone = await zoneThatSays({
      ...holding([], []),
      ...vmsTold(range(400), (ids) => pool(ids.map((id) => crowd.replace("<ID>1<", `<ID>${id}<`)))),
    });
    const { vms } = await zone.snapshot();
    assert.equal(vms.length, 400);
    assert.ok(vms.every(({ context }) => context["START_SCRIPT_BASE64"] === agent));
    assert.ok(serialize(vms.map(({ context: _common, ...own }) => own)).length / 400 < 4096);
  });

  it("fails rather than show half a zone", async () => {
    const zone = await zoneThatSays({ ...holding([1], []), "one.documentpool.info": () => success("<DOCUMENT_POOL>") });
    await assert.rejects(zone.snapshot(), refusedWith("unreadable"));
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
