import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { failure, success } from "./daemons.ts";
import { recordedValue } from "./recording.ts";
import { methods, recorded, refusedWith, zoneThatSays } from "./scripted-zone.ts";

describe("the proof that a VM has ended", () => {
  it("is its own state, asked for in one call", async () => {
    const zone = await zoneThatSays({ "one.vm.info": recorded("xmlrpc.vm.info-done") });
    assert.equal(await zone.vmState(2), "done");
    assert.deepEqual(methods(), ["one.vm.info"]);
  });

  for (const name of ["running", "poweroff", "unknown", "shutting-down", "pending", "after-undeploy-hard"]) {
    it(`is not given by a VM that is there: ${name}`, async () => {
      const zone = await zoneThatSays({ "one.vm.info": recorded(`xmlrpc.vm.info-${name}`) });
      assert.equal(await zone.vmState(2), "present");
    });
  }

  for (const name of ["xmlrpc.error-vm.info-not-authorized", "xmlrpc.error-vm-no-exists"]) {
    it(`is not given by a zone that tells the account nothing of it: ${name}`, async () => {
      const zone = await zoneThatSays({ "one.vm.info": recorded(name) });
      assert.equal(await zone.vmState(2), "unproven");
    });
  }

  it("is not given by a zone that fails or does not know the account: that is an error", async () => {
    for (const [code, expected] of [
      [256, "authentication"],
      [8192, "internal"],
    ] as const) {
      const zone = await zoneThatSays({ "one.vm.info": () => failure(code, "no") });
      await assert.rejects(zone.vmState(2), refusedWith(expected));
    }
  });

  it("is in the list where the VM is too large to be shown", async () => {
    const listed = (xml: string) =>
      zoneThatSays({
        "one.vm.info": () => success("x".repeat(8.5 * 1024 * 1024)),
        "one.vmpool.info": () => success(`<VM_POOL>${xml}</VM_POOL>`),
      });
    const one = (state: number) => `<VM><ID>2</ID><STATE>${state}</STATE><LCM_STATE>0</LCM_STATE></VM>`;
    assert.equal(await (await listed(one(6))).vmState(2), "done");
    assert.equal(await (await listed(one(8))).vmState(2), "present");
    assert.equal(await (await listed("")).vmState(2), "unproven");
  });
});

describe("one service", () => {
  it("is read in one call, without a look at all of them", async () => {
    const zone = await zoneThatSays({ "one.document.info": recorded("xmlrpc.document.info-service") });
    const service = await zone.service(2);
    assert.ok(typeof service === "object");
    assert.deepEqual([service.id, service.state, service.vmIds], [2, "running", [1]]);
    assert.deepEqual(methods(), ["one.document.info"]);
  });

  it("is gone when the zone has no such document, or another kind of document", async () => {
    for (const name of ["xmlrpc.error-document-no-exists", "xmlrpc.document.info-service-template"]) {
      const zone = await zoneThatSays({ "one.document.info": recorded(name) });
      assert.equal(await zone.service(9999), "gone");
    }
  });

  it("is unproven where the account may not see it", async () => {
    const zone = await zoneThatSays({
      "one.document.info": () => failure(512, "[one.document.info] User [3] : Not authorized to perform USE DOCUMENT"),
    });
    assert.equal(await zone.service(2), "unproven");
  });

  it("is unproven where it cannot be understood, and an error where the zone cannot be", async () => {
    const odd = recordedValue("xmlrpc.document.info-service").replace(
      '"state":2,"start_time"',
      '"state":99,"start_time"',
    );
    const zone = await zoneThatSays({ "one.document.info": () => success(odd) });
    assert.equal(await zone.service(2), "unproven");
    const proxied = await zoneThatSays({ "one.document.info": () => ({ body: "<html>It works!</html>" }) });
    await assert.rejects(proxied.service(2), (error) => error instanceof ZoneError && error.code === "rubbish");
  });
});
