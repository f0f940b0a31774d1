import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneadmin } from "./bench.ts";

test("VMs and templates are renamed by whoever manages them, templates to no name that another has", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    assert.equal(await bench.text("one.vm.rename", 0, "other"), "0");
    assert.match(await bench.text("one.vm.info", 0, false), /<NAME>other<\/NAME>/);
    assert.equal((await bench.refusal("one.template.rename", 0, "mine"))[0], 512);
    const make = async (name: string): Promise<number> =>
      Number(await bench.text("one.template.allocate", `NAME="${name}"\nCPU="1"`));
    const [one, two] = [await make("one"), await make("two")];
    assert.deepEqual(await bench.refusal("one.template.rename", one, "two"), [
      2048,
      `virtual machine template cannot be renamed to two because it collides with virtual machine template ${two}`,
    ]);
    assert.equal(await bench.text("one.template.rename", one, "three"), String(one));
    assert.deepEqual(await bench.refusal("one.vm.rename", 0, "a<b"), [
      2048,
      "Invalid NAME, character '<' is not allowed",
    ]);
    assert.equal((await bench.refusal("one.vm.rename", 77, "x"))[0], 1024);
  }));

test("permissions change bit by bit, and rights of administration only by those who have them", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    const keep = [-1, -1, -1];
    assert.equal(await bench.text("one.vm.chmod", 0, ...keep, 1, 1, -1, ...keep), "0");
    assert.match(await bench.text("one.vm.info", 0, false), /<GROUP_U>1<\/GROUP_U><GROUP_M>1<\/GROUP_M><GROUP_A>0/);
    assert.equal((await bench.refusal("one.vm.chmod", 0, ...keep, ...keep, -1, -1, 1))[0], 512);
    assert.ok("value" in (await bench.callAs(oneadmin, "one.vm.chmod", 0, ...keep, ...keep, -1, -1, 1)));
  }));

test("documents of any type are kept, changed and deleted beside OneFlow's", () =>
  onBench({}, async (bench) => {
    assert.equal(await bench.text("one.document.allocate", 'NAME="note"\nX="1"', 200), "0");
    assert.match(await bench.text("one.document.info", 0, false), /<TYPE>200<\/TYPE>.*<X><!\[CDATA\[1]]><\/X>/);
    await bench.text("one.document.update", 0, 'Y="2"', 1);
    await bench.text("one.document.rename", 0, "letter");
    assert.match(await bench.text("one.documentpool.info", -2, -1, -1, 200), /<NAME>letter<\/NAME>.*<Y>/);
    assert.equal((await bench.flow("GET", "/service/0")).status, 404);
    assert.equal(await bench.createTemplate({ name: "next", roles: [] }), 1);
    await bench.text("one.document.delete", 0);
    assert.equal((await bench.refusal("one.document.info", 0, false))[0], 1024);
    assert.equal((await bench.refusal("one.document.allocate", 'X="1"', 200))[0], 8192);
  }));

test("administrators set quotas, an ordinary user reads the configuration and no hosts", () =>
  onBench({}, async (bench) => {
    assert.equal((await bench.refusal("one.user.quota", 2, 'VM=[VMS="0"]'))[0], 512);
    assert.ok("value" in (await bench.callAs(oneadmin, "one.user.quota", 2, 'VM=[VMS="0"]')));
    assert.match((await bench.refusal("one.template.instantiate", 0, "x", false, "", false))[1], /limit of 0 reached/);
    assert.match(await bench.text("one.system.config"), /^<OPENNEBULA_CONFIGURATION>/);
    assert.equal(await bench.text("one.hostpool.info"), "<HOST_POOL></HOST_POOL>");
    assert.equal((await bench.refusal("one.zone.raftstatus"))[0], 512);
  }));
