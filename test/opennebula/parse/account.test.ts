import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headroom, parseGroup, parseUser } from "../../../src/opennebula/parse/account.ts";
import { aHeadroom } from "../../builders/survey.ts";
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
    assert.deepEqual(headroom(quotas, 0), aHeadroom({ vms: 2, cpu: 3, memory: 5000, leases: 3 }));
    assert.deepEqual(headroom(quotas, 7).leases, null);
  });

  it("without any quota has no limit", () => {
    const quotas = [userOf("self").quotas, groupOf("minus-one").quotas];
    assert.deepEqual(headroom(quotas, 0), aHeadroom());
  });

  it("is held to the zone's default where its own quota says nothing", () => {
    const quotas = [userOf("default-quotas").quotas, groupOf("minus-one").quotas];
    assert.deepEqual(headroom(quotas, 0), aHeadroom({ vms: 0 }));
  });

  const limited = (list: "DATASTORE" | "IMAGE" | "NETWORK", rows: string) =>
    parseUser(
      recordedValue("xmlrpc.user.info-self").replace(
        new RegExp(`<${list}_QUOTA>.*?</${list}_QUOTA>|<${list}_QUOTA/>`),
        `<${list}_QUOTA>${rows}</${list}_QUOTA>`,
      ),
    ).quotas;

  it("is held to the quotas of system disks, of datastores and of images", () => {
    const disks = recordedValue("xmlrpc.user.info-with-vm-and-network-quotas")
      .replace("<SYSTEM_DISK_SIZE><![CDATA[-1]]>", "<SYSTEM_DISK_SIZE><![CDATA[1500]]>")
      .replace("<SYSTEM_DISK_SIZE_USED><![CDATA[0]]>", "<SYSTEM_DISK_SIZE_USED><![CDATA[1024]]>");
    assert.equal(headroom([parseUser(disks).quotas], 0).systemDisk, 476);
    const datastore = "<DATASTORE><ID>5</ID><SIZE>100</SIZE><SIZE_USED>40</SIZE_USED></DATASTORE>";
    assert.deepEqual(headroom([limited("DATASTORE", datastore)], 0).datastores, new Map([[5, 60]]));
    const images =
      "<IMAGE><ID>7</ID><RVMS>2</RVMS><RVMS_USED>2</RVMS_USED></IMAGE><IMAGE><ID>8</ID><RVMS>-2</RVMS></IMAGE>";
    assert.deepEqual(headroom([limited("IMAGE", images)], 0).imageVms, new Map([[7, 0]]));
  });

  it("has nothing left where the limit is 0, and no limit where it is -2, whatever the default says", () => {
    const row = (leases: number) =>
      `<NETWORK><ID>0</ID><LEASES>${leases}</LEASES><LEASES_USED>0</LEASES_USED></NETWORK>`;
    const leasesLeft = (own: number, standard: number) => {
      const quotas = limited("NETWORK", row(own));
      return headroom([{ ...quotas, standard: limited("NETWORK", row(standard)).own }], 0).leases;
    };
    assert.deepEqual([leasesLeft(0, 5), leasesLeft(-2, 5), leasesLeft(-1, 5), leasesLeft(-1, -2)], [0, null, 5, null]);
  });

  it("has nothing left when the quota is used up", () => {
    assert.equal(headroom([userOf("quota-used-up").quotas], 0).vms, 0);
  });
});
