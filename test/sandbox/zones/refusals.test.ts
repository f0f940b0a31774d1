import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneadmin } from "./bench.ts";

const cannot = (what: string) => [16384, `Error allocating a new virtual machine template. ${what}`];

test("what a VM cannot be made of is refused with oned's words", () =>
  onBench({}, async (bench) => {
    const make = (extra: string) => bench.refusal("one.template.instantiate", 0, "a", false, extra, false);
    assert.deepEqual(
      await make('NIC=[NETWORK="public"]'),
      cannot("User 2 does not own a network with name: public . Set NETWORK_UNAME or NETWORK_UID of owner in NIC."),
    );
    assert.deepEqual(await make('NIC=[NETWORK_ID="77"]'), cannot("Virtual network with ID: 77 does not exist"));
    assert.deepEqual(
      await make('DISK=[IMAGE="Flower SuperLink 1.31.0"]'),
      cannot(
        "DISK 0: User 2 does not own an image with name: Flower SuperLink 1.31.0 . Set IMAGE_UNAME or IMAGE_UID of owner in DISK.",
      ),
    );
    assert.deepEqual(await make('MEMORY="abc"'), cannot("MEMORY attribute must be a positive integer value."));
    assert.deepEqual(await make('CPU="0"'), cannot("CPU attribute must be a positive float or integer value."));
    assert.deepEqual(
      await bench.refusal("one.template.instantiate", 0, "n".repeat(129), false, "", false),
      cannot("Invalid NAME, max length is 128 chars"),
    );
    assert.equal((await bench.control.zone("zone-a")).vms.length, 0);
  }));

test("a network or an image of another owner is found by name and owner", () =>
  onBench({}, async (bench) => {
    await bench.makeVm('NIC=[NETWORK="public",NETWORK_UNAME="oneadmin"]');
    await bench.makeVm('DISK=[IMAGE="Flower SuperLink 1.31.0",IMAGE_UID="0"]');
  }));

test("a quota of the system datastore counts what disks take", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "set-quota", of: { user: "florist" }, vm: { SYSTEM_DISK_SIZE: 5000 } });
    await bench.makeVm();
    assert.deepEqual(await bench.refusal("one.template.instantiate", 0, "b", false, "", false), [
      512,
      "User [2] : user [2] limit of 5000 reached for SYSTEM_DISK_SIZE quota in VM.",
    ]);
  }));

test("a filter, a state or a kind of update that does not exist is an error of the call", () =>
  onBench({}, async (bench) => {
    await bench.makeVm();
    assert.deepEqual(await bench.refusal("one.vmpool.info", -5, -1, -1, -1), [4096, "Incorrect filter_flag"]);
    assert.deepEqual(await bench.refusal("one.imagepool.info", -9, -1, -1), [4096, "Incorrect filter_flag"]);
    assert.deepEqual(await bench.refusal("one.vmpool.info", -2, -1, -1, 12), [4096, "Incorrect filter_flag, state"]);
    assert.deepEqual(await bench.refusal("one.vm.update", 0, 'X="1"', 2), [4096, "Wrong update type"]);
  }));

test("ten login tokens are the most, an unknown one is not revoked, and a foreign group gives none", () =>
  onBench({}, async (bench) => {
    const login = (token: string, seconds: number, group: number) =>
      ["one.user.login", "florist", token, seconds, group] as const;
    const [first] = await Promise.all(Array.from({ length: 10 }, () => bench.text(...login("", 600, -1))));
    assert.deepEqual(await bench.refusal(...login("", 600, -1)), [4096, "Max number of tokens limit reached."]);
    assert.deepEqual(await bench.refusal(...login("nobody's", 0, -1)), [4096, "Could not find token: nobody's"]);
    assert.equal(await bench.text(...login(first ?? "", 0, -1)), first);
    assert.deepEqual(await bench.refusal(...login("", 600, 101)), [4096, "EGID is not in user group list"]);
    assert.match(
      await bench.text("one.user.info", -1, false),
      /<ENABLED>1<\/ENABLED><LOGIN_TOKEN><TOKEN>[0-9a-f]{64}<\/TOKEN><EXPIRATION_TIME>\d+<\/EXPIRATION_TIME><EGID>-1<\/EGID><\/LOGIN_TOKEN>/,
    );
    assert.equal(await bench.text(...login("", 0, -1)), "");
    assert.doesNotMatch(await bench.text("one.user.info", -1, false), /LOGIN_TOKEN/);
  }));

test("a token for one group makes its bearer a member of that group alone", () =>
  onBench({}, async (bench) => {
    await bench.control.command("zone-a", { do: "promote-user", user: "florist" });
    const token = await bench.text("one.user.login", "florist", "", 600, 100);
    assert.ok("value" in (await bench.call("one.acl.info")));
    const asMember = await bench.callAs(`florist:${token}`, "one.acl.info");
    assert.ok("code" in asMember && asMember.code === 512);
    assert.ok("value" in (await bench.callAs(oneadmin, "one.user.info", 2, false)));
  }));
