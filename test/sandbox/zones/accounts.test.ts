import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bench, onBench, oneadmin, role } from "./bench.ts";

const FLORIST = "florist:florist-of-zone-a";

const answered = async (answer: ReturnType<Bench["callAs"]>): Promise<number> => {
  const found = await answer;
  assert.ok("value" in found, JSON.stringify(found));
  return Number(found.value);
};
const refused = async (answer: ReturnType<Bench["callAs"]>): Promise<readonly [number, string]> => {
  const found = await answer;
  assert.ok("code" in found, JSON.stringify(found));
  return [found.code, found.message.replace(/^\[[\w.]+\] /, "")];
};
const asAdmin = (bench: Bench, method: string, ...parameters: unknown[]): Promise<number> =>
  answered(bench.callAs(oneadmin, method, ...parameters));

test("an administrator makes groups and users, nobody else may, and each name is one's own", () =>
  onBench({}, async (bench) => {
    const group = await asAdmin(bench, "one.group.allocate", "research");
    const user = await asAdmin(bench, "one.user.allocate", "ada", "lovelace", "core", [group]);
    const own = await bench.callAs("ada:lovelace", "one.user.info", -1);
    assert.ok("value" in own);
    assert.match(String(own.value), new RegExp(`<ID>${user}</ID><GID>${group}</GID>`));
    assert.deepEqual(await refused(bench.callAs(oneadmin, "one.user.allocate", "ada", "x", "core", [])), [
      8192,
      `NAME is already taken by USER ${user}.`,
    ]);
    assert.equal((await refused(bench.callAs(oneadmin, "one.group.allocate", "research")))[0], 8192);
    for (const [method, ...parameters] of [
      ["one.group.allocate", "mine"],
      ["one.user.allocate", "eve", "x", "core", [group]],
      ["one.user.chgrp", user, 0],
      ["one.acl.addrule", "100000002", "1000000000", "8"],
    ] as const) {
      assert.equal((await refused(bench.callAs("ada:lovelace", method, ...parameters)))[0], 512, method);
    }
    assert.equal((await refused(bench.callAs(oneadmin, "one.user.allocate", "bob", "x", "core", [77])))[0], 1024);
  }));

test("a user changes the own password, an administrator anybody's, and the old one lets nobody in", () =>
  onBench({}, async (bench) => {
    const id = Number(/<ID>(\d+)</.exec(await bench.text("one.user.info", -1))?.[1]);
    assert.equal(await answered(bench.callAs(FLORIST, "one.user.passwd", id, "another")), id);
    assert.equal((await refused(bench.callAs(FLORIST, "one.user.info", -1)))[0], 256);
    await asAdmin(bench, "one.user.passwd", id, "florist-of-zone-a");
    assert.match(await bench.text("one.user.info", -1), /<NAME>florist</);
    assert.equal((await refused(bench.callAs(FLORIST, "one.user.passwd", 0, "mine")))[0], 512);
  }));

test("what a group may create is a rule that can be read, taken away and given again", () =>
  onBench({}, async (bench) => {
    const rules = String(((await bench.callAs(oneadmin, "one.acl.info")) as { value: string }).value);
    const rule =
      /<ACL><ID>(\d+)<\/ID><USER>(\w+)<\/USER><RESOURCE>(\w+)<\/RESOURCE><RIGHTS>8<.*?@100 VM\+TEMPLATE\+DOCUMENT\/\* CREATE \*/.exec(
        rules,
      );
    assert.ok(rule, rules);
    const [, id, user, resource] = rule;
    await asAdmin(bench, "one.acl.delrule", Number(id));
    const [code, words] = await bench.refusal("one.template.instantiate", 0, "made", false, "MEMORY=64", false);
    assert.deepEqual(
      [code, words.replace(/^User \[\d+\] : /, "")],
      [512, "Not authorized to perform CREATE TEMPLATE."],
    );
    const template = { name: "made", roles: [role("a", 1)] };
    assert.equal((await bench.flow("POST", "/service_template", template)).status, 401);
    const again = await asAdmin(bench, "one.acl.addrule", user, resource, "8", "100000000");
    assert.ok(again > Number(id));
    assert.ok("value" in (await bench.call("one.template.instantiate", 0, "made", false, "MEMORY=64", false)));
    assert.match(
      (await refused(bench.callAs(oneadmin, "one.acl.addrule", user, resource, "8", "100000000")))[1],
      /already exists/,
    );
    assert.equal((await refused(bench.callAs(oneadmin, "one.acl.addrule", "@100", "VM", "8")))[0], 8192);
  }));

test("a rule for another zone gives nothing here", () =>
  onBench({}, async (bench) => {
    const group = await asAdmin(bench, "one.group.allocate", "research");
    await asAdmin(bench, "one.user.allocate", "ada", "lovelace", "core", [group]);
    const makes = () => bench.callAs("ada:lovelace", "one.template.allocate", 'NAME="of ada"\nCPU="1"\nMEMORY="64"');
    const whom = (0x200000000 + group).toString(16);
    await asAdmin(bench, "one.acl.addrule", whom, "20400000000", "8", "100000007");
    assert.equal((await refused(makes()))[0], 512);
    await asAdmin(bench, "one.acl.addrule", whom, "20400000000", "8", "400000000");
    await answered(makes());
  }));

test("rights by a rule reach objects of others, and nobody can see who has them", () =>
  onBench({}, async (bench) => {
    const group = await asAdmin(bench, "one.group.allocate", "research");
    const ada = await asAdmin(bench, "one.user.allocate", "ada", "lovelace", "core", [group]);
    await bench.makeVm();
    const sees = () => bench.callAs("ada:lovelace", "one.vm.info", 0, false);
    assert.equal((await refused(sees()))[0], 512);
    await asAdmin(bench, "one.acl.addrule", (0x100000000 + ada).toString(16), "1100000000", "1");
    assert.ok("value" in (await sees()));
    assert.equal((await refused(bench.callAs("ada:lovelace", "one.vm.action", "poweroff", 0)))[0], 512);
    const own = await bench.callAs("ada:lovelace", "one.user.info", -1);
    assert.ok("value" in own && !String(own.value).includes("ACL"));
  }));

test("who is put into another group loses what the first one gave, and keeps it as a further group", () =>
  onBench({}, async (bench) => {
    const id = Number(/<ID>(\d+)</.exec(await bench.text("one.user.info", -1))?.[1]);
    const group = await asAdmin(bench, "one.group.allocate", "elsewhere");
    const makes = () => bench.call("one.template.instantiate", 0, "made", false, "MEMORY=64", false);
    await asAdmin(bench, "one.user.chgrp", id, group);
    assert.ok("code" in (await makes()));
    await asAdmin(bench, "one.user.addgroup", id, 100);
    assert.ok("value" in (await makes()));
    assert.match((await refused(bench.callAs(oneadmin, "one.user.delgroup", id, group)))[1], /primary group/);
    await asAdmin(bench, "one.user.delgroup", id, 100);
    assert.ok("code" in (await makes()));
    await asAdmin(bench, "one.user.delete", id);
    assert.equal((await bench.refusal("one.user.info", -1))[0], 256);
  }));

test("in a federation what is made at one zone is there in all, and nothing is made without the first", () =>
  onBench({ zones: 2, federated: true }, async (bench) => {
    const made = await answered(bench.callAt(1, oneadmin, "one.user.allocate", "ada", "lovelace", "core", [100]));
    for (const zone of [0, 1]) {
      const own = await bench.callAt(zone, "ada:lovelace", "one.user.info", -1);
      assert.ok("value" in own && String(own.value).startsWith(`<USER><ID>${made}</ID>`));
    }
    await bench.control.command("zone-a", { do: "down", part: "oned" });
    const answer = await refused(bench.callAt(1, oneadmin, "one.user.passwd", made, "another"));
    assert.deepEqual(answer, [8192, "Could not connect to the federation master oned"]);
  }));
