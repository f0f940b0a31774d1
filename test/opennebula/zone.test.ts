import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import { type Daemons, startDaemons, success } from "./daemons.ts";
import { asked, methods, recorded, refusedWith, zoneThatSays } from "./scripted-zone.ts";

describe("ending a VM", () => {
  const ended = { "one.vm.action": recorded("xmlrpc.vm.action-terminate") };

  it("asks its guest to shut down", async () => {
    const zone = await zoneThatSays(ended);
    await zone.terminateVm(2);
    assert.deepEqual(asked()[0]?.parameters.slice(1), ["terminate", "2"]);
  });

  it("is done when there is no such VM", async () => {
    const zone = await zoneThatSays({ "one.vm.action": recorded("xmlrpc.error-vm.action-no-such-vm") });
    await zone.terminateVm(9999);
  });

  it("is done when it is already ending", async () => {
    const zone = await zoneThatSays({
      "one.vm.action": recorded("xmlrpc.error-vm.action-wrong-state"),
      "one.vm.info": recorded("xmlrpc.vm.info-shutting-down"),
    });
    await zone.terminateVm(2);
    assert.deepEqual(methods(), ["one.vm.action", "one.vm.info"]);
  });

  it("does without the guest where the guest cannot be asked", async () => {
    const zone = await zoneThatSays({
      "one.vm.action": ({ parameters }) =>
        parameters[1] === "terminate"
          ? recorded("xmlrpc.error-vm.action-wrong-state")()
          : recorded("xmlrpc.vm.action-terminate-hard")(),
      "one.vm.info": () => success("<VM><STATE>3</STATE><LCM_STATE>1</LCM_STATE></VM>"),
    });
    await zone.terminateVm(2);
    assert.deepEqual(asked().at(-1)?.parameters.slice(1), ["terminate-hard", "2"]);
  });

  it("of somebody else is forbidden", async () => {
    const zone = await zoneThatSays({ "one.vm.action": recorded("xmlrpc.error-vm.action-not-authorized") });
    await assert.rejects(zone.terminateVm(2), refusedWith("forbidden"));
  });
});

describe("rebooting a VM", () => {
  for (const [action, said, call] of [
    ["restart", "xmlrpc.vm.action-reboot-while-running", "reboot"],
    ["reset", "xmlrpc.vm.action-reboot-hard-while-running", "reboot-hard"],
    ["resume", "xmlrpc.vm.action-resume", "resume"],
  ] as const) {
    it(`asks oned for ${call} where it is to ${action}`, async () => {
      const zone = await zoneThatSays({ "one.vm.action": recorded(said) });
      assert.equal(await zone.reboot(457, action), "taken");
      assert.deepEqual(
        asked().map(({ parameters }) => parameters.slice(1)),
        [[call, "457"]],
      );
    });
  }

  for (const [state, refusal, info, answer] of [
    ["is off", "error-vm.action-reboot-while-poweroff", "vm.info-poweroff", "wrong-state"],
    ["has been lost sight of", "error-vm.action-reboot-while-unknown", "vm.info-unknown", "wrong-state"],
    ["is done", "error-vm.action-reboot-on-done", "vm.info-done", "not-shown"],
    ["has not been placed yet", "error-vm.action-wrong-state", "vm.info-pending", "taken"],
  ] as const) {
    it(`is an answer, not a failure, where the VM ${state}`, async () => {
      const zone = await zoneThatSays({
        "one.vm.action": recorded(`xmlrpc.${refusal}`),
        "one.vm.info": recorded(`xmlrpc.${info}`),
      });
      assert.equal(await zone.reboot(457, "reset"), answer);
    });
  }

  it("has been taken when what was to be switched on runs already: an earlier answer was lost", async () => {
    const zone = await zoneThatSays({
      "one.vm.action": recorded("xmlrpc.error-vm.action-wrong-state"),
      "one.vm.info": recorded("xmlrpc.vm.info-running"),
    });
    assert.equal(await zone.reboot(457, "resume"), "taken");
  });

  it("is an answer where there is no such VM, and a failure where the account may not", async () => {
    const none = await zoneThatSays({ "one.vm.action": recorded("xmlrpc.error-vm.action-no-such-vm") });
    assert.equal(await none.reboot(9999, "restart"), "not-shown");
    const foreign = await zoneThatSays({ "one.vm.action": recorded("xmlrpc.error-vm.action-not-authorized") });
    await assert.rejects(foreign.reboot(2, "restart"), refusedWith("forbidden"));
  });
});

describe("publishing to a VM", () => {
  it("appends quoted attributes", async () => {
    const zone = await zoneThatSays({ "one.vm.update": recorded("xmlrpc.vm.update-append") });
    await zone.publish(2, { FL_ADMITTED: "YES", FL_TLS_CERT: "QUJD+/=" });
    assert.deepEqual(asked()[0]?.parameters.slice(1), ["2", 'FL_ADMITTED="YES"\nFL_TLS_CERT="QUJD+/="\n', "1"]);
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
  let daemons: Daemons | undefined;
  afterEach(async () => {
    await daemons?.close();
    daemons = undefined;
  });

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
    await zone.instantiate(1, { name: "x", userInputs: {}, roles: [role] });
    await zone.removeService(1);
    await zone.publish(1, { FL_ADMITTED: "YES" });
    await zone.terminateVm(1);
    await zone.reboot(1, "reset");
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
      "zone:before-reboot",
      "one.vm.action",
      "zone:after-reboot",
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
