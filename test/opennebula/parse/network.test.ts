import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAllocated, parseNetwork } from "../../../src/opennebula/parse/network.ts";
import { recordedValue } from "../recording.ts";

describe("a network", () => {
  const xml = recordedValue("xmlrpc.vn.info");

  it("tells its ranges and leases", () => {
    const network = parseNetwork(xml);
    assert.deepEqual(network.ranges, [{ first: "10.10.10.10", last: "10.10.10.209" }]);
    assert.deepEqual(network.leased, ["10.10.10.10", "10.10.10.11"]);
    assert.deepEqual(parseNetwork(recordedValue("xmlrpc.vn.info-ar-pool")).leased, []);
  });

  it("tells mask, driver, security groups, and the MTU of its VMs' cards where it says one", () => {
    const { mask, driver, securityGroups, guestMtu } = parseNetwork(xml);
    assert.deepEqual([mask, driver, securityGroups, guestMtu], ["255.255.255.0", "dummy", [0], null]);
    const said = xml.replace("<NETWORK_MASK>", "<GUEST_MTU><![CDATA[1450]]></GUEST_MTU><NETWORK_MASK>");
    assert.equal(parseNetwork(said).guestMtu, 1450);
    const odd = said.replace("<![CDATA[255.255.255.0]]>", "<![CDATA[255.0.255.0]]>").replace("[1450]", "[big]");
    assert.deepEqual([parseNetwork(odd).mask, parseNetwork(odd).guestMtu], [null, null]);
  });

  it("tells its gateway, and which ranges hold a card to its own address, where the driver does that", () => {
    assert.deepEqual([parseNetwork(xml).gateway, parseNetwork(xml).filtered], ["10.10.10.1", []]);
    const all = [{ first: "10.10.10.10", last: "10.10.10.209" }];
    const told = (driver: string, ofNetwork: string, ofRange: string) =>
      parseNetwork(
        xml
          .replaceAll("[dummy]", `[${driver}]`)
          .replace("<NETWORK_MASK>", `${ofNetwork}<NETWORK_MASK>`)
          .replace("<AR_ID>", `${ofRange}<AR_ID>`),
      ).filtered;
    const says = (word: string): string => `<FILTER_IP_SPOOFING><![CDATA[${word}]]></FILTER_IP_SPOOFING>`;
    for (const [driver, ofNetwork, ofRange, filtered] of [
      ["vxlan", says("YES"), "", all],
      ["ovswitch", "", says("yes"), all],
      ["fw", says("YES"), says("NO"), []],
      ["vxlan", says("NO"), "", []],
      ["bridge", says("YES"), "", []],
    ] as const) {
      assert.deepEqual(told(driver, ofNetwork, ofRange), filtered, `${driver} ${ofNetwork} ${ofRange}`);
    }
  });

  it("counts a range's end from its size when it is not said", () => {
    const unsaid = xml.replace(/<IP_END>.*?<\/IP_END>/, "").replace("<![CDATA[200]]>", "<![CDATA[500]]>");
    assert.deepEqual(parseNetwork(unsaid).ranges, [{ first: "10.10.10.10", last: "10.10.11.253" }]);
  });

  it("has no range to dial where it hands out no IPv4 addresses", () => {
    const other = xml.replace(/<IP><!\[CDATA\[10.10.10.10\]\]><\/IP><MAC>/, "<MAC>");
    assert.deepEqual(parseNetwork(other).ranges, []);
  });

  it("tells in a list which addresses are in use, whoever uses them", () => {
    const list = recordedValue("xmlrpc.vnpool.info");
    assert.deepEqual(parseAllocated(list, 0), { leased: ["10.10.10.10", "10.10.10.11"], held: [] });
    assert.deepEqual(parseAllocated(list, 1).leased, []);
    assert.deepEqual(parseAllocated(list, 77).leased, []);
  });

  it("counts indexes from a range's first address, over the end of a byte, and passes over what it cannot read", () => {
    const list = recordedValue("xmlrpc.vnpool.info").replace(" 0 68719476736 1 68719476737", " 250 73014444031 x 1");
    assert.deepEqual(parseAllocated(list, 0), { leased: ["10.10.11.4"], held: ["10.10.11.4"] });
  });
});
