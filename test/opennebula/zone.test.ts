import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { ZoneError } from "../../src/federation/zone-facts.ts";
import type { Zone } from "../../src/rollout/ports.ts";
import { type Asked, type Daemons, failure, type Reply, startDaemons, success } from "./daemons.ts";
import { recordedValue, recording } from "./recording.ts";

let daemons: Daemons | undefined;
afterEach(async () => {
  await daemons?.close();
  daemons = undefined;
});

/** What oned says to each method; a recording's whole answer, or a value. */
type Script = Readonly<Record<string, (asked: Asked) => Reply>>;

const answer = (name: string) => (): Reply => ({ body: recording(`xmlrpc.${name}`).response.body });

const oneflow = (name: string) => (): Reply => {
  const { status, body } = recording(`oneflow.${name}`).response;
  return { status, body };
};

const usual: Script = {
  "GET /service/2147483647": oneflow("error-404-no-service"),
  "one.system.version": answer("system.version"),
  "one.user.info": answer("user.info-with-vm-and-network-quotas"),
  "one.group.info": answer("group.info-with-quotas"),
  "one.template.info": answer("template.info-superlink"),
  "one.templatepool.info": answer("templatepool.info-usable"),
  "one.image.info": answer("image.info"),
  "one.imagepool.info": answer("imagepool.info-usable"),
  "one.vn.info": answer("vn.info"),
  "one.vnpool.info": answer("vnpool.info-usable"),
};

async function zoneThatSays(script: Script): Promise<Zone> {
  const said = { ...usual, ...script };
  daemons = await startDaemons((asked) => said[asked.what]?.(asked) ?? failure(2048, `unexpected ${asked.what}`));
  return daemons.open();
}

const methods = (): readonly string[] => (daemons?.asked ?? []).map(({ what }) => what);

describe("surveying a zone", () => {
  it("tells version, account, template, images, network and what quotas leave, and changes nothing", async () => {
    const zone = await zoneThatSays({});
    const { template, network, ...rest } = await zone.survey({ template: 0, network: 0 });
    assert.deepEqual(rest, {
      version: "7.4.0",
      account: { id: 2, name: "flbot", administrator: false },
      headroom: { vms: 2, cpu: 3, memory: 5000, leases: 3 },
    });
    assert.ok(template.found && network.found);
    assert.equal(template.name, "Flower SuperLink");
    assert.deepEqual(template.images, [
      { id: 0, name: "flower-os", registeredAt: 1795363335, state: "used", size: 1024 },
    ]);
    assert.deepEqual(network.ranges, [{ first: "10.10.10.10", last: "10.10.10.209" }]);
    const changing = methods().filter((method) => !/\.(info|version)$|^GET /.test(method));
    assert.deepEqual(changing, []);
  });

  it("finds template and network by name", async () => {
    const zone = await zoneThatSays({});
    const { template, network } = await zone.survey({ template: "Flower SuperLink", network: "fl-net" });
    assert.ok(template.found && network.found);
    assert.deepEqual([template.id, network.id], [0, 0]);
  });

  it("does not choose between two objects of one name", async () => {
    const pool = recordedValue("xmlrpc.vnpool.info-usable").replaceAll("<NAME>big-net<", "<NAME>fl-net<");
    const zone = await zoneThatSays({ "one.vnpool.info": () => success(pool) });
    const { network } = await zone.survey({ template: 0, network: "fl-net" });
    assert.deepEqual(network, { found: false, because: "ambiguous", asked: "fl-net" });
  });

  it("tells what is missing from what is forbidden", async () => {
    const zone = await zoneThatSays({
      "one.template.info": answer("error-template.info-not-authorized"),
      "one.vn.info": answer("error-vn-no-exists"),
    });
    const { template, network, headroom } = await zone.survey({ template: 0, network: 999 });
    assert.deepEqual(template, { found: false, because: "forbidden", asked: 0 });
    assert.deepEqual(network, { found: false, because: "missing", asked: 999 });
    assert.equal(headroom.leases, null);
  });

  it("tells that a name belongs to nothing", async () => {
    const zone = await zoneThatSays({});
    const { template } = await zone.survey({ template: "SuperLink of tomorrow", network: 0 });
    assert.deepEqual(template, { found: false, because: "missing", asked: "SuperLink of tomorrow" });
  });

  it("tells which image of a template is gone", async () => {
    const zone = await zoneThatSays({ "one.image.info": answer("error-image-no-exists") });
    const { template } = await zone.survey({ template: 0, network: 0 });
    assert.ok(template.found);
    assert.deepEqual(template.images, [{ found: false, because: "missing", asked: 0 }]);
  });

  for (const name of ["oneadmin", "primary-oneadmin-group", "secondary-oneadmin-group"]) {
    it(`knows an administrator: ${name}`, async () => {
      const zone = await zoneThatSays({ "one.user.info": answer(`user.info-${name}`) });
      assert.equal((await zone.survey({ template: 0, network: 0 })).account.administrator, true);
    });
  }

  it("knows an administrator of the account's group", async () => {
    const zone = await zoneThatSays({
      "one.user.info": answer("user.info-group-admin"),
      "one.group.info": answer("group.info-with-admins"),
    });
    assert.equal((await zone.survey({ template: 0, network: 0 })).account.administrator, true);
  });

  it("fails when OneFlow cannot be reached, and says where", async () => {
    const nobody = await startDaemons(() => undefined);
    await nobody.close();
    await zoneThatSays({});
    const zone = daemons?.open({ oneflow: nobody.url });
    await assert.rejects(
      async () => zone?.survey({ template: 0, network: 0 }),
      (error) => error instanceof ZoneError && error.code === "unreachable" && error.message.includes(nobody.url),
    );
  });

  it("fails when OneFlow refuses what oned takes", async () => {
    const zone = await zoneThatSays({ "GET /service/2147483647": oneflow("error-401-bad-password") });
    await assert.rejects(
      zone.survey({ template: 0, network: 0 }),
      (error) => error instanceof ZoneError && error.code === "authentication",
    );
  });

  it("fails with the credentials that are refused", async () => {
    const zone = await zoneThatSays({ "one.system.version": answer("system.version-with-wrong-password") });
    await assert.rejects(
      zone.survey({ template: 0, network: 0 }),
      (error) => error instanceof ZoneError && error.code === "authentication",
    );
  });
});

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
    await assert.rejects(zone.snapshot(), (error) => error instanceof ZoneError && error.code === "rubbish");
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
    assert.equal(daemons?.asked[0]?.parameters[1], "-3", "only what the account owns");
  });
});

describe("ending a VM", () => {
  const ended = { "one.vm.action": answer("vm.action-terminate") };

  it("asks its guest to shut down", async () => {
    const zone = await zoneThatSays(ended);
    await zone.terminateVm(2);
    assert.deepEqual(daemons?.asked[0]?.parameters.slice(1), ["terminate", "2"]);
  });

  it("is done when there is no such VM", async () => {
    const zone = await zoneThatSays({ "one.vm.action": answer("error-vm.action-no-such-vm") });
    await zone.terminateVm(9999);
  });

  it("is done when it is already ending", async () => {
    const zone = await zoneThatSays({
      "one.vm.action": answer("error-vm.action-wrong-state"),
      "one.vm.info": answer("vm.info-shutting-down"),
    });
    await zone.terminateVm(2);
    assert.deepEqual(methods(), ["one.vm.action", "one.vm.info"]);
  });

  it("does without the guest where the guest cannot be asked", async () => {
    const zone = await zoneThatSays({
      "one.vm.action": ({ parameters }) =>
        parameters[1] === "terminate" ? answer("error-vm.action-wrong-state")() : answer("vm.action-terminate-hard")(),
      "one.vm.info": () => success("<VM><STATE>3</STATE><LCM_STATE>1</LCM_STATE></VM>"),
    });
    await zone.terminateVm(2);
    assert.deepEqual(daemons?.asked.at(-1)?.parameters.slice(1), ["terminate-hard", "2"]);
  });

  it("of somebody else is forbidden", async () => {
    const zone = await zoneThatSays({ "one.vm.action": answer("error-vm.action-not-authorized") });
    await assert.rejects(zone.terminateVm(2), (error) => error instanceof ZoneError && error.code === "forbidden");
  });
});

describe("publishing to a VM", () => {
  it("appends quoted attributes", async () => {
    const zone = await zoneThatSays({ "one.vm.update": answer("vm.update-append") });
    await zone.publish(2, { FL_ADMITTED: "YES", FL_TLS_CERT: "QUJD+/=" });
    assert.deepEqual(daemons?.asked[0]?.parameters.slice(1), ["2", 'FL_ADMITTED="YES"\nFL_TLS_CERT="QUJD+/="\n', "1"]);
  });

  for (const [what, attributes] of [
    ["a quote", { FL_X: 'a"\nREADY="YES' }],
    ["a newline", { FL_X: "a\nb" }],
    ["the end of a CDATA section", { FL_X: "]]>" }],
    ["a control character", { FL_X: "\u0001" }],
    ["a name that would be a parse error", { "fl-x": "a" }],
    ["too much", { FL_X: "x".repeat(70_000) }],
  ] as const) {
    it(`sends nothing when a value holds ${what}`, async () => {
      const zone = await zoneThatSays({});
      await assert.rejects(
        zone.publish(2, attributes),
        (error) => error instanceof ZoneError && error.code === "invalid" && !error.ambiguous,
      );
      assert.deepEqual(methods(), []);
    });
  }
});

describe("everything that changes a zone", () => {
  it("passes a checkpoint before and after", async () => {
    const points: string[] = [];
    daemons = await startDaemons(({ what }) => {
      points.push(what);
      if (what.startsWith("one.")) return success(1);
      if (what.startsWith("DELETE")) return { status: 204, body: "" };
      return { status: 201, body: '{"DOCUMENT": {"ID": "1"}}' };
    });
    const zone = daemons.open({ checkpoint: (point) => void points.push(point) });
    await zone.registerServiceTemplate({});
    const role = { name: "superlink", cardinality: 1, context: {}, nics: [] };
    await zone.instantiate(1, { name: "x", userInputs: {}, role });
    await zone.removeService(1);
    await zone.publish(1, { FL_ADMITTED: "YES" });
    await zone.terminateVm(1);
    assert.deepEqual(points, [
      "zone:before-register-template",
      "POST /service_template",
      "zone:after-register-template",
      "zone:before-instantiate",
      "POST /service_template/1/action",
      "zone:after-instantiate",
      "zone:before-remove-service",
      "DELETE /service/1",
      "zone:after-remove-service",
      "zone:before-publish",
      "one.vm.update",
      "zone:after-publish",
      "zone:before-terminate",
      "one.vm.action",
      "zone:after-terminate",
    ]);
  });

  it("is called off when the zone is closed", async () => {
    daemons = await startDaemons(() => undefined);
    const zone = daemons.open();
    const underWay = zone.publish(1, { FL_ADMITTED: "YES" });
    const refusal = assert.rejects(underWay, (error) => error instanceof ZoneError && error.code === "unreachable");
    await zone.close();
    await refusal;
    await assert.rejects(zone.snapshot(), (error) => error instanceof ZoneError);
  });
});
