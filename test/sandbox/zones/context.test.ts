import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench } from "./bench.ts";

const superlink = (more: Record<string, unknown>) => ({
  name: "superlink",
  type: "vm",
  cardinality: 1,
  template_id: 0,
  ...more,
});

test("OneFlow merges a role's CONTEXT into the VM template's, and copies every input to CONTEXT and USER_TEMPLATE", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({
      name: "inputs",
      user_inputs: { FLOWER_VERSION: "M|text|version", FL_CERT_EXTRA_SAN: "O|text|names|| " },
      roles: [superlink({ template_contents: { CONTEXT: { FL_ROLE: "superlink", REPORT_READY: "NO" } } })],
    });
    await bench.instantiate(template, {
      user_inputs_values: { FLOWER_VERSION: "1.31.0", FL_CERT_EXTRA_SAN: "" },
      roles: [{ name: "superlink", template_contents: { CONTEXT: { FL_SITE: "zone-a" } } }],
    });
    const { context } = await bench.hypervisor.started("zone-a", 0);
    assert.equal(context["NETWORK"], "YES");
    assert.equal(context["REPORT_READY"], "NO");
    assert.equal(context["FL_ROLE"], "superlink");
    assert.equal(context["FL_SITE"], "zone-a");
    assert.equal(context["FLOWER_VERSION"], "1.31.0");
    assert.equal(context["FL_CERT_EXTRA_SAN"], "");
    assert.equal(context["VMID"], "0");
    assert.equal(context["ETH0_IP"], "203.0.113.19");
    const [vm] = (await bench.control.zone("zone-a")).vms;
    assert.equal(vm?.userTemplate["FLOWER_VERSION"], "1.31.0");
    assert.equal(vm?.userTemplate["ROLE_NAME"], "superlink");
  }));

test("one.template.instantiate replaces the whole CONTEXT", () =>
  onBench({}, async (bench) => {
    await bench.call("one.template.instantiate", 0, "alone", false, 'CONTEXT=[FL_ROLE="superlink",TOKEN="YES"]', false);
    const { context, oneGate } = await bench.hypervisor.started("zone-a", 0);
    assert.equal(context["NETWORK"], undefined);
    assert.equal(context["FL_ROLE"], "superlink");
    assert.equal(context["ONEGATE_ENDPOINT"], oneGate.url);
  }));

test("a reference in curly braces is blanked in a value, and a variable is filled in", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({
      name: "variables",
      user_inputs: { FL_X: "M|text|x" },
      roles: [superlink({ template_contents: { CONTEXT: { FL_Y: "$FL_X-$VMID" } } })],
    });
    await bench.instantiate(template, { user_inputs_values: { FL_X: ["a$", "{b}c"].join("") } });
    const { context } = await bench.hypervisor.started("zone-a", 0);
    assert.equal(context["FL_X"], "ac");
    assert.equal(context["FL_Y"], "ac-0");
  }));

test("a role's NIC replaces the VM template's, but is added to one that the service template's role has", () =>
  onBench({}, async (bench) => {
    const nic = { NAME: "_NIC0", NETWORK_ID: "0", IP: "203.0.113.22" };
    const override = { roles: [{ name: "superlink", template_contents: { NIC: [nic] } }] };
    await bench.instantiate(await bench.createTemplate({ name: "plain", roles: [superlink({})] }), override);
    const own = superlink({ template_contents: { NIC: [{ NAME: "_NIC0", NETWORK_ID: "1" }] } });
    await bench.vmsCome("running", 1);
    await bench.call("one.vm.action", "terminate-hard", 0);
    await bench.vmsCome("done", 1);
    await bench.instantiate(await bench.createTemplate({ name: "with-nic", roles: [own] }), override);
    await bench.vmsCome("running", 1);
    const { vms } = await bench.control.zone("zone-a");
    const nics = vms.map((vm) => vm.nics.map((each) => [each["NETWORK_ID"], each["MODEL"]]));
    assert.deepEqual(nics, [
      [
        ["1", undefined],
        ["0", undefined],
      ],
      [["0", undefined]],
    ]);
  }));

test("a dollar that begins no variable refuses the VM, and $NAME is the VM's name", () =>
  onBench({}, async (bench) => {
    const make = (value: string) =>
      bench.call("one.template.instantiate", 0, "my-vm", false, `CONTEXT=[FL_X="${value}"]`, false);
    for (const value of ["a$", "$$", ["$", "{b}"].join(""), "$(c)", "$ d"]) {
      const refused = await make(value);
      assert.ok("code" in refused && refused.code === 16384, value);
    }
    await make("$NAME");
    await make("cost$5");
    assert.equal((await bench.hypervisor.started("zone-a", 0)).context["FL_X"], "my-vm");
    assert.equal((await bench.hypervisor.started("zone-a", 1)).context["FL_X"], "cost");
  }));

test("through OneFlow a dollar fails the deployment, and a newline gets a comma", () =>
  onBench({}, async (bench) => {
    const with_ = (value: string) => ({
      name: "context",
      roles: [superlink({ template_contents: { CONTEXT: { FL_X: value } } })],
    });
    const failed = await bench.instantiate(await bench.createTemplate(with_("a$")));
    await bench.serviceComesTo(failed, "FAILED_DEPLOYING");
    await bench.instantiate(await bench.createTemplate(with_(" a\nb ")));
    assert.equal((await bench.hypervisor.started("zone-a", 0)).context["FL_X"], "a,\nb");
  }));

test("values lose blanks at both ends, in updates and in CONTEXT", () =>
  onBench({}, async (bench) => {
    await bench.makeVm('CONTEXT=[FL_X="  a b "]');
    assert.equal((await bench.hypervisor.started("zone-a", 0)).context["FL_X"], "a b");
    await bench.call("one.vm.update", 0, 'FL_Y=" \tc\n"', 1);
    assert.match(await bench.text("one.vm.info", 0, false), /<FL_Y><!\[CDATA\[c]]>/);
  }));
