import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupIds, parseOpenUdp } from "../../../src/opennebula/parse/security-group.ts";

/** A group with these rules, as `secgroup.info` tells it. */
const groupOf = (...rules: readonly Readonly<Record<string, string>>[]): string => {
  const told = rules.map((rule) => {
    const members = Object.entries(rule).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
    return `<RULE>${members.join("")}</RULE>`;
  });
  return `<SECURITY_GROUP><ID>101</ID><NAME>tight</NAME><TEMPLATE>${told.join("")}</TEMPLATE></SECURITY_GROUP>`;
};

const EVERYTHING = { first: 0, last: 65_535 };

describe("a security group", () => {
  it("lets in the UDP ports of its inbound rules for UDP and for everything", () => {
    assert.deepEqual(parseOpenUdp(groupOf({ PROTOCOL: "ALL", RULE_TYPE: "inbound" }), "inbound"), [EVERYTHING]);
    assert.deepEqual(
      parseOpenUdp(groupOf({ PROTOCOL: "UDP", RULE_TYPE: "INBOUND", RANGE: "53,51820:51830" }), "inbound"),
      [
        { first: 53, last: 53 },
        { first: 51_820, last: 51_830 },
      ],
    );
  });

  it("lets nothing in by rules for other protocols, for what goes out, or that cannot be read", () => {
    const none = groupOf(
      { PROTOCOL: "TCP", RULE_TYPE: "inbound" },
      { PROTOCOL: "UDP", RULE_TYPE: "outbound" },
      { PROTOCOL: "UDP", RULE_TYPE: "inbound", RANGE: "all of them" },
    );
    const outwards = groupOf({ PROTOCOL: "UDP", RULE_TYPE: "outbound", RANGE: "53" });
    assert.deepEqual(parseOpenUdp(outwards, "outbound"), [{ first: 53, last: 53 }]);
    assert.deepEqual(parseOpenUdp(outwards, "inbound"), []);
    assert.deepEqual(parseOpenUdp(none, "inbound"), []);
    assert.deepEqual(parseOpenUdp(groupOf(), "inbound"), []);
  });

  it("is named by its number, several with commas between them", () => {
    assert.deepEqual([groupIds("0, 101"), groupIds(""), groupIds(undefined), groupIds("web")], [[0, 101], [], [], []]);
  });
});
