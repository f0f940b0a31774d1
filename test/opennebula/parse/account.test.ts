import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headroom, parseGroup, parseUser } from "../../../src/opennebula/parse/account.ts";
import { recordedValue } from "../recording.ts";

describe("an account", () => {
  const groupOf = (name: string) => parseGroup(recordedValue(`xmlrpc.group.info-${name}`));
  const userOf = (name: string) => parseUser(recordedValue(`xmlrpc.user.info-${name}`));

  it("tells its groups, and never the hash of its password", () => {
    const user = userOf("secondary-oneadmin-group");
    assert.deepEqual([user.id, user.name, user.primaryGroup, user.groups], [5, "wire-adm", 100, [0, 100]]);
    assert.doesNotMatch(JSON.stringify(user), /PASSWORD|0{20}/);
  });

  it("of a group's administrator stands among the group's ADMINS only", () => {
    assert.deepEqual(groupOf("with-admins").admins, [5]);
    assert.deepEqual(groupOf("minus-one").admins, []);
  });

  it("has what the smaller quota of user and group leaves", () => {
    const quotas = [userOf("with-vm-and-network-quotas").quotas, groupOf("with-quotas").quotas];
    assert.deepEqual(headroom(quotas, 0), { vms: 2, cpu: 3, memory: 5000, leases: 3 });
    assert.deepEqual(headroom(quotas, 7).leases, null);
  });

  it("without any quota has no limit", () => {
    const quotas = [userOf("self").quotas, groupOf("minus-one").quotas];
    assert.deepEqual(headroom(quotas, 0), { vms: null, cpu: null, memory: null, leases: null });
  });

  it("is held to the zone's default where its own quota says nothing", () => {
    const quotas = [userOf("default-quotas").quotas, groupOf("minus-one").quotas];
    assert.deepEqual(headroom(quotas, 0), { vms: 0, cpu: null, memory: null, leases: null });
  });

  it("has nothing left when the quota is used up", () => {
    assert.equal(headroom([userOf("quota-used-up").quotas], 0).vms, 0);
  });
});
