import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupIds, parseOpenPorts } from "../../../src/opennebula/parse/security-group.ts";

/** A group with these rules, as `secgroup.info` tells it. */
const groupOf = (...rules: readonly Readonly<Record<string, string>>[]): string => {
  const told = rules.map((rule) => {
    const members = Object.entries(rule).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
    return `<RULE>${members.join("")}</RULE>`;
  });
  return `<SECURITY_GROUP><ID>101</ID><NAME>tight</NAME><TEMPLATE>${told.join("")}</TEMPLATE></SECURITY_GROUP>`;
};

const UDP_IN = { protocol: "udp", direction: "inbound" } as const;
const UDP_OUT = { protocol: "udp", direction: "outbound" } as const;
const EVERYTHING = { first: 0, last: 65_535 };

describe("a security group", () => {
  it("lets in the UDP ports of its inbound rules for UDP and for everything", () => {
    assert.deepEqual(parseOpenPorts(groupOf({ PROTOCOL: "ALL", RULE_TYPE: "inbound" }), UDP_IN), [EVERYTHING]);
    assert.deepEqual(
      parseOpenPorts(groupOf({ PROTOCOL: "UDP", RULE_TYPE: "INBOUND", RANGE: "53,51820:51830" }), UDP_IN),
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
    assert.deepEqual(parseOpenPorts(outwards, UDP_OUT), [{ first: 53, last: 53 }]);
    assert.deepEqual(parseOpenPorts(outwards, UDP_IN), []);
    assert.deepEqual(parseOpenPorts(none, UDP_IN), []);
    assert.deepEqual(parseOpenPorts(groupOf(), UDP_IN), []);
  });

  it("lets out TCP as its rules say, to everybody or to the addresses that a rule names", () => {
    const out = { PROTOCOL: "TCP", RULE_TYPE: "outbound", RANGE: "9092" };
    const rules = groupOf(
      out,
      { ...out, IP: "10.99.0.0", SIZE: "16" },
      { ...out, NETWORK_ID: "3" },
      { PROTOCOL: "UDP", RULE_TYPE: "outbound" },
    );
    const span = { first: 9092, last: 9092 };
    const first = 10 * 2 ** 24 + 99 * 2 ** 16;
    assert.deepEqual(parseOpenPorts(rules, { protocol: "tcp", direction: "outbound" }), [
      span,
      { ...span, target: { first, last: first + 15 } },
      { ...span, target: "a network" },
    ]);
  });

  it("is named by its number, several with commas between them", () => {
    assert.deepEqual([groupIds("0, 101"), groupIds(""), groupIds(undefined), groupIds("web")], [[0, 101], [], [], []]);
  });
});
