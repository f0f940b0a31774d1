import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type SurveyQuery, ZoneError } from "../../src/federation/model/zone-facts.ts";
import { startDaemons, success } from "./daemons.ts";
import { recordedValue } from "./recording.ts";
import { methods, recorded, refusedWith, type Script, zoneThatSays } from "./scripted-zone.ts";

const usual: Script = {
  "GET /service/2147483647": recorded("oneflow.error-404-no-service"),
  "one.system.version": recorded("xmlrpc.system.version"),
  "one.user.info": recorded("xmlrpc.user.info-with-vm-and-network-quotas"),
  "one.group.info": recorded("xmlrpc.group.info-with-quotas"),
  "one.template.info": (asked) =>
    recorded(`xmlrpc.template.info-superlink${asked.parameters[2] === "1" ? "-extended" : ""}`)(),
  "one.system.config": recorded("xmlrpc.system.config"),
  "one.zone.info": recorded("xmlrpc.zone.info"),
  "one.templatepool.info": recorded("xmlrpc.templatepool.info-usable"),
  "one.image.info": recorded("xmlrpc.image.info"),
  "one.imagepool.info": recorded("xmlrpc.imagepool.info-usable"),
  "one.vn.info": recorded("xmlrpc.vn.info"),
  "one.vnpool.info": recorded("xmlrpc.vnpool.info-usable"),
};

/** The first and the last of those that a zone withholds unless somebody configures it otherwise. */
const RESTRICTED = ["CONTEXT/FILES", "TOPOLOGY/HUGEPAGE_SIZE"];

describe("surveying a zone", () => {
  it("tells version, account, template, images, network and what quotas leave, and changes nothing", async () => {
    const zone = await zoneThatSays(usual);
    const { template, network, rules, ...rest } = await zone.survey({ template: 0, network: 0 });
    assert.deepEqual([rules?.restricted.at(0), rules?.restricted.at(-1), rules?.startsOnHold], [...RESTRICTED, false]);
    assert.deepEqual(rest, {
      version: "7.4.0",
      account: { id: 2, name: "flbot", administrator: false },
      headroom: {
        vms: 2,
        cpu: 3,
        memory: 5000,
        leases: 3,
        systemDisk: null,
        datastores: new Map(),
        imageVms: new Map(),
      },
      gateway: null,
      data: null,
      openPorts: null,
      gatewayWays: null,
      gatewayDoors: null,
      disabled: false,
    });
    assert.ok(template.found && network.found);
    assert.equal(template.name, "Flower SuperLink");
    assert.deepEqual(template.images, [
      { id: 0, name: "flower-os", registeredAt: 1795363335, persistent: false, state: "used", size: 1024 },
    ]);
    assert.deepEqual(template.disks, [{ size: 1024, datastore: "system" }]);
    assert.deepEqual(network.ranges, [{ first: "10.10.10.10", last: "10.10.10.209" }]);
    const changing = methods().filter((method) => !/\.(info|version|config)$|^GET /.test(method));
    assert.deepEqual(changing, []);
  });

  it("looks at security groups only when it is asked to and the network's driver applies them", async () => {
    const filtered = recordedValue("xmlrpc.vn.info").replaceAll("[dummy]", "[vxlan]");
    const group = (port: string): string =>
      `<SECURITY_GROUP><ID>0</ID><TEMPLATE><RULE><PROTOCOL>UDP</PROTOCOL><RULE_TYPE>inbound</RULE_TYPE><RANGE>${port}</RANGE></RULE></TEMPLATE></SECURITY_GROUP>`;
    const script = (network: string): Script => ({
      ...usual,
      "one.vn.info": () => success(network),
      "one.secgroup.info": () => success(group("51820")),
    });
    const query = { template: 0, network: 0 };
    const open = async (said: Script, asked: Pick<SurveyQuery, "opens">) =>
      (await (await zoneThatSays(said)).survey({ ...query, ...asked })).openPorts;
    const inbound = { protocol: "udp", direction: "inbound" } as const;
    assert.deepEqual(await open(script(filtered), { opens: inbound }), [{ first: 51_820, last: 51_820 }]);
    assert.deepEqual(await open(script(filtered), { opens: { ...inbound, direction: "outbound" } }), []);
    assert.deepEqual(await open(script(filtered), { opens: { ...inbound, protocol: "tcp" } }), []);
    assert.equal(await open(script(filtered), {}), null);
    assert.equal(await open(script(recordedValue("xmlrpc.vn.info")), { opens: inbound }), null);
    assert.ok(!methods().includes("one.secgroup.info"));
    assert.equal(await open({ ...usual, "one.vn.info": () => success(filtered) }, { opens: inbound }), null);
  });

  it("looks at a gateway's template, and at what lets TCP in at its card", async () => {
    const rule = "<RULE><PROTOCOL>TCP</PROTOCOL><RULE_TYPE>inbound</RULE_TYPE><RANGE>9092</RANGE></RULE>";
    const group = `<SECURITY_GROUP><ID>0</ID><TEMPLATE>${rule}</TEMPLATE></SECURITY_GROUP>`;
    const filtered = recordedValue("xmlrpc.vn.info").replaceAll("[dummy]", "[vxlan]");
    const said = { ...usual, "one.vn.info": () => success(filtered), "one.secgroup.info": () => success(group) };
    const seen = await (await zoneThatSays(said)).survey({ template: 0, network: 0, gateway: 0 });
    assert.ok(seen.gateway?.found);
    assert.deepEqual(seen.gatewayDoors, [{ first: 9092, last: 9092 }]);
    assert.deepEqual(seen.gatewayWays, [], "nothing lets TCP out at the card of who dials it");
    const open = await (await zoneThatSays(usual)).survey({ template: 0, network: 0, gateway: 0 });
    assert.deepEqual([open.gatewayWays, open.gatewayDoors], [null, null]);
  });

  it("finds template and network by name", async () => {
    const zone = await zoneThatSays(usual);
    const { template, network } = await zone.survey({ template: "Flower SuperLink", network: "fl-net" });
    assert.ok(template.found && network.found);
    assert.deepEqual([template.id, network.id], [0, 0]);
  });

  it("knows the addresses that others use, which an ordinary user is not shown with the network", async () => {
    const hidden = recordedValue("xmlrpc.vn.info").replace(/<LEASES>.*<\/LEASES>/, "<LEASES/>");
    const held = recordedValue("xmlrpc.vnpool.info").replace(" 1 68719476737", " 7 73014444031");
    const zone = await zoneThatSays({
      ...usual,
      "one.vn.info": () => success(hidden),
      "one.vnpool.info": () => success(held),
    });
    const { network } = await zone.survey({ template: 0, network: 0 });
    assert.ok(network.found);
    assert.deepEqual([network.leased, network.held], [["10.10.10.10", "10.10.10.17"], ["10.10.10.17"]]);
  });

  it("does not choose between two objects of one name", async () => {
    const pool = recordedValue("xmlrpc.vnpool.info-usable").replaceAll("<NAME>big-net<", "<NAME>fl-net<");
    const zone = await zoneThatSays({ ...usual, "one.vnpool.info": () => success(pool) });
    const { network } = await zone.survey({ template: 0, network: "fl-net" });
    assert.deepEqual(network, { found: false, because: "ambiguous", asked: "fl-net" });
  });

  it("tells what is missing from what is forbidden", async () => {
    const zone = await zoneThatSays({
      ...usual,
      "one.template.info": recorded("xmlrpc.error-template.info-not-authorized"),
      "one.vn.info": recorded("xmlrpc.error-vn-no-exists"),
    });
    const { template, network, headroom } = await zone.survey({ template: 0, network: 999 });
    assert.deepEqual(template, { found: false, because: "forbidden", asked: 0 });
    assert.deepEqual(network, { found: false, because: "missing", asked: 999 });
    assert.equal(headroom.leases, null);
  });

  it("tells that a name belongs to nothing", async () => {
    const zone = await zoneThatSays(usual);
    const { template } = await zone.survey({ template: "SuperLink of tomorrow", network: 0 });
    assert.deepEqual(template, { found: false, because: "missing", asked: "SuperLink of tomorrow" });
  });

  it("tells which image of a template is gone", async () => {
    const zone = await zoneThatSays({ ...usual, "one.image.info": recorded("xmlrpc.error-image-no-exists") });
    const { template } = await zone.survey({ template: 0, network: 0 });
    assert.ok(template.found);
    assert.deepEqual(template.images, [{ found: false, because: "missing", asked: 0 }]);
  });

  it("tells that a zone is disabled, which still answers every look", async () => {
    const disabled = recordedValue("xmlrpc.zone.info").replace("<STATE>0", "<STATE>1");
    const zone = await zoneThatSays({ ...usual, "one.zone.info": () => success(disabled) });
    assert.equal((await zone.survey({ template: 0, network: 0 })).disabled, true);
  });

  it("reads the zone's long configuration once for many looks", async () => {
    const zone = await zoneThatSays(usual);
    await zone.survey({ template: 0, network: 0 });
    await zone.survey({ template: 0, network: 0 });
    assert.equal(methods().filter((method) => method === "one.system.config").length, 1);
  });

  it("does without the configuration where the account is not told", async () => {
    const zone = await zoneThatSays({ ...usual, "one.system.config": recorded("xmlrpc.error-no-such-method") });
    const { rules, disabled } = await zone.survey({ template: 0, network: 0 });
    assert.deepEqual([rules, disabled], [null, false]);
    const { "one.system.config": _untold, ...silent } = usual;
    assert.equal((await (await zoneThatSays(silent)).survey({ template: 0, network: 0 })).rules, null);
  });

  const plain = recordedValue("xmlrpc.template.info-superlink");
  const naming = (image: string) => () => success(plain.replace("<IMAGE_ID><![CDATA[0]]></IMAGE_ID>", image));

  it("tells that a template names another owner's image without the owner", async () => {
    const zone = await zoneThatSays({ ...usual, "one.template.info": naming("<IMAGE>flower-os</IMAGE>") });
    const { template } = await zone.survey({ template: 0, network: 0 });
    assert.ok(template.found);
    assert.deepEqual(template.images, [{ found: false, because: "foreign", asked: "flower-os" }]);
  });

  it("finds an image by its name and its owner, by name or by number", async () => {
    for (const owner of ["<IMAGE_UNAME>oneadmin</IMAGE_UNAME>", "<IMAGE_UID>0</IMAGE_UID>"]) {
      const zone = await zoneThatSays({ ...usual, "one.template.info": naming(`<IMAGE>flower-os</IMAGE>${owner}`) });
      const { template } = await zone.survey({ template: 0, network: 0 });
      assert.ok(template.found);
      assert.deepEqual(
        template.images.map((image) => ("found" in image ? image.because : image.name)),
        ["flower-os"],
      );
    }
  });

  it("takes a disk for a clone of the whole image where the zone does not fill it in", async () => {
    const zone = await zoneThatSays({ ...usual, "one.template.info": () => success(plain) });
    const { template } = await zone.survey({ template: 0, network: 0 });
    assert.ok(template.found);
    assert.deepEqual(template.disks, [{ size: 1024, datastore: "system" }]);
  });

  it("tells that nobody has an image of the name that a template gives", async () => {
    const zone = await zoneThatSays({ ...usual, "one.template.info": naming("<IMAGE>os of tomorrow</IMAGE>") });
    const { template } = await zone.survey({ template: 0, network: 0 });
    assert.ok(template.found);
    assert.deepEqual(template.images, [{ found: false, because: "missing", asked: "os of tomorrow" }]);
  });

  for (const name of ["oneadmin", "primary-oneadmin-group", "secondary-oneadmin-group"]) {
    it(`knows an administrator: ${name}`, async () => {
      const zone = await zoneThatSays({ ...usual, "one.user.info": recorded(`xmlrpc.user.info-${name}`) });
      assert.equal((await zone.survey({ template: 0, network: 0 })).account.administrator, true);
    });
  }

  it("knows an administrator of the account's group", async () => {
    const zone = await zoneThatSays({
      ...usual,
      "one.user.info": recorded("xmlrpc.user.info-group-admin"),
      "one.group.info": recorded("xmlrpc.group.info-with-admins"),
    });
    assert.equal((await zone.survey({ template: 0, network: 0 })).account.administrator, true);
  });

  it("fails when OneFlow cannot be reached, and says where", async () => {
    const nobody = await startDaemons(() => undefined);
    await nobody.close();
    const zone = await zoneThatSays(usual, nobody.url);
    await assert.rejects(
      zone.survey({ template: 0, network: 0 }),
      (error) => error instanceof ZoneError && error.code === "unreachable" && error.message.includes(nobody.url),
    );
  });

  it("shows no secret that somebody gave an object or an account for a name", async () => {
    const named = (name: string): Script[string] => {
      const xml = recordedValue(name).replace(/<NAME>.*?<\/NAME>/, "<NAME>so flbot:flbot-secret</NAME>");
      return () => success(xml);
    };
    const zone = await zoneThatSays({
      ...usual,
      "one.user.info": named("xmlrpc.user.info-self"),
      "one.template.info": named("xmlrpc.template.info-superlink-extended"),
      "one.image.info": named("xmlrpc.image.info"),
      "one.vn.info": named("xmlrpc.vn.info"),
    });
    const { account, template, network } = await zone.survey({ template: 0, network: 0 });
    assert.ok(template.found && network.found);
    const [image] = template.images;
    assert.ok(image !== undefined && "name" in image);
    const names = [account.name, template.name, network.name, image.name];
    assert.deepEqual(names, Array(4).fill("so [secret]"));
  });

  it("fails when OneFlow refuses what oned takes", async () => {
    const zone = await zoneThatSays({
      ...usual,
      "GET /service/2147483647": recorded("oneflow.error-401-bad-password"),
    });
    await assert.rejects(zone.survey({ template: 0, network: 0 }), refusedWith("authentication"));
  });

  it("fails with the credentials that are refused", async () => {
    const zone = await zoneThatSays({
      ...usual,
      "one.system.version": recorded("xmlrpc.system.version-with-wrong-password"),
    });
    await assert.rejects(zone.survey({ template: 0, network: 0 }), refusedWith("authentication"));
  });
});
