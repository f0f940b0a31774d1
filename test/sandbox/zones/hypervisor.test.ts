import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench } from "./bench.ts";

test("the hypervisor starts, stops, boots again and removes a VM as its phases go", () =>
  onBench({}, async (bench) => {
    await bench.call("one.template.instantiate", 0, "a", false, "", false);
    await bench.hypervisor.started("zone-a", 0);
    await bench.vmsCome("running", 1);
    await bench.call("one.vm.action", "reboot", 0);
    await bench.call("one.vm.action", "poweroff", 0);
    await bench.vmsCome("poweroff", 1);
    await bench.call("one.vm.action", "resume", 0);
    await bench.vmsCome("running", 1);
    await bench.call("one.vm.action", "terminate", 0);
    await bench.hypervisor.called("DELETE /vms/zone-a/0");
    assert.deepEqual(bench.hypervisor.calls, [
      "POST /vms",
      "POST /vms/zone-a/0/reboot",
      "POST /vms/zone-a/0/stop",
      "POST /vms",
      "POST /vms/zone-a/0/stop",
      "DELETE /vms/zone-a/0",
    ]);
    assert.deepEqual([...bench.hypervisor.authorizations], ["Bearer of the bench"]);
  }));

test("a host that is lost leaves the guest running, or takes it with it", () =>
  onBench({}, async (bench) => {
    await bench.call("one.template.instantiate", 0, "runs-on", false, "", false);
    await bench.call("one.template.instantiate", 0, "dies", false, "", false);
    await bench.vmsCome("running", 2);
    await bench.control.command("zone-a", { do: "host-lost", vm: 0 });
    await bench.control.command("zone-a", { do: "host-lost", vm: 1, guest: "dies" });
    await bench.vmsCome("unknown", 2);
    await bench.hypervisor.called("POST /vms/zone-a/1/stop");
    assert.ok(!bench.hypervisor.calls.includes("POST /vms/zone-a/0/stop"));
  }));
