import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneadmin } from "./bench.ts";

const hour = 3_600_000;

test("a VM that boots cannot be ended, not even hard", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "slow-boots", times: 1, ms: 1000 * hour });
    await bench.makeVm();
    await bench.vmsCome("boot", 1);
    for (const action of ["terminate", "terminate-hard"]) {
      assert.deepEqual(await bench.refusal("one.vm.action", action, 0), [
        2048,
        `Error performing action "${action}": Could not terminate VM 0, wrong state BOOT.`,
      ]);
    }
    const other = await bench.refusal("one.vm.action", "poweroff", 0);
    assert.match(other[1], /This action is not available for state BOOT$/);
  }));

test("a VM that shuts down is not ended again, but a hard end overtakes it", () =>
  onBench({ speed: 1 }, async (bench) => {
    await bench.control.command("zone-a", { do: "add-template", name: "bare", text: 'CPU="1"\nMEMORY="64"' });
    await bench.makeVm("", 2);
    await bench.vmsCome("running", 1);
    await bench.call("one.vm.action", "terminate", 0);
    assert.match((await bench.refusal("one.vm.action", "terminate", 0))[1], /wrong state SHUTDOWN\.$/);
    assert.ok("value" in (await bench.call("one.vm.action", "terminate-hard", 0)));
    await bench.vmsCome("done", 1);
  }));

test("a VM that failed to boot says so, has left its host, and was never deployed", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "fail-boots", times: 1 });
    await bench.makeVm();
    await bench.vmsCome("bootFailure", 1);
    const seen = await bench.text("one.vm.info", 0, false);
    assert.match(seen, /<ERROR><!\[CDATA\[\w{3} \w{3} \d\d [\d:]+ \d{4} : Error deploying virtual machine]]>/);
    assert.match(seen, /<RETIME>[1-9]/);
    assert.match(seen, /<DEPLOY_ID><\/DEPLOY_ID>/);
  }));

test("an administrator recovers a VM: tries its boot again, takes it as done or failed, or deletes it", () =>
  onBench({}, async (bench) => {
    const recover = (operation: number) => bench.callAs(oneadmin, "one.vm.recover", 0, operation);
    await bench.control.command("zone-a", { do: "slow-boots", times: 2, ms: 1000 * hour });
    await bench.makeVm();
    await bench.vmsCome("boot", 1);
    assert.ok("value" in (await recover(0)));
    await bench.vmsCome("bootFailure", 1);
    assert.ok("value" in (await recover(2)));
    await bench.vmsCome("boot", 1);
    assert.ok("value" in (await recover(1)));
    await bench.vmsCome("running", 1);
    const wrong = await recover(2);
    assert.ok("code" in wrong && wrong.code === 2048);
    assert.equal((await bench.refusal("one.vm.recover", 0, 3))[0], 512);
    assert.ok("value" in (await recover(3)));
    await bench.vmsCome("done", 1);
  }));

test("an action that no VM has is refused as not supported", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    assert.deepEqual(await bench.refusal("one.vm.action", "fly", 0), [2048, 'Action "fly" is not supported']);
  }));

test("a boot takes as long as the control API says", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "slow-boots", times: 1, ms: 1000 * hour });
    await bench.makeVm();
    await bench.makeVm();
    await bench.vmsCome("running", 1);
    await bench.vmsCome("boot", 1);
  }));
