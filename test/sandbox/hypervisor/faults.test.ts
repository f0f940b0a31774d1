import assert from "node:assert/strict";
import { verify } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Fault } from "../../../sandbox/hypervisor/faults.ts";
import type { VmAddress } from "../../../sandbox/hypervisor/hypervisor.ts";
import { makeTlsKey } from "../../../sandbox/hypervisor/tls-identity.ts";
import { decodePem, encodePem } from "../../../src/guest-protocol/certificates.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../../src/guest-protocol/names.ts";
import { nodeKeyPem } from "../../../src/guest-protocol/node-key.ts";
import { decodeNodeList } from "../../../src/guest-protocol/node-list.ts";
import { decodeNodeProof, nodeProofBytes } from "../../../src/guest-protocol/node-proof.ts";
import { encodeTrust } from "../../../src/guest-protocol/trust.ts";
import { eventually } from "../../waiting.ts";
import { GuestsFixture } from "./guests-fixture.ts";
import { describeRequest, TestAuthority } from "./test-authority.ts";

let guests: GuestsFixture;
let other: TestAuthority;
before(async () => {
  [guests, other] = await Promise.all([GuestsFixture.start(), TestAuthority.create()]);
});
after(() => guests.close());

let zones = 0;

/** A zone of a test's own, with an address that no other dials. */
function newZone() {
  zones += 1;
  const zone = `zone-${zones}`;
  const host = `203.0.113.${zones}`;
  const [superlink, node, second] = [1, 2, 3].map((vmId): VmAddress => ({ zone, vmId }));
  assert.ok(superlink && node && second);
  return {
    ...{ zone, superlink, node, second, host },
    startSuperlink: () => guests.startSuperlink(superlink, { [CONTEXT.dialledAddress]: `${host}:9092` }),
    startNode: (vm: VmAddress, extra: Record<string, string> = {}) =>
      guests.startSupernode(vm, { [CONTEXT.superlinkAddress]: `${host}:9092`, ...extra }),
    fault: (fault: Fault, vm?: VmAddress) => guests.client.addFault({ ...(vm ?? { zone }), fault }),
    async serve() {
      await this.startSuperlink();
      await guests.certify(superlink);
      await guests.shows(superlink, PUBLISHED.stage, "serving");
    },
  };
}

describe("a SuperLink's certificate", () => {
  it("is refused from another authority, for another key, without the dialled name, expired, not valid yet, or unreadable", async () => {
    const { startSuperlink, superlink, host } = newZone();
    await startSuperlink();
    const request = await guests.published(superlink, PUBLISHED.certificateRequest);
    const says = (reason: string) => guests.shows(superlink, PUBLISHED.reason, reason);

    guests.give(superlink, GIVEN.certificateAuthority, guests.authority.encoded);
    guests.give(superlink, GIVEN.certificate, other.sign(request));
    await says("certificate-untrusted");
    guests.give(
      superlink,
      GIVEN.certificate,
      encodePem([guests.authority.issueForNewKey(await makeTlsKey(2048), [host])]),
    );
    await says("certificate-key-mismatch");
    await guests.certify(superlink, { names: ["localhost", "203.0.113.250"] });
    await says("certificate-name-missing");
    await guests.certify(superlink, { days: -1 });
    await says("certificate-expired");
    await guests.certify(superlink, { fromDays: 1 });
    await says("clock");
    guests.give(superlink, GIVEN.certificate, "rubbish");
    await says("certificate-malformed");

    assert.equal(await guests.published(superlink, PUBLISHED.stage), "awaiting-certificate");
    await guests.certify(superlink);
    await guests.shows(superlink, PUBLISHED.stage, "serving");
  });
});

describe("what a SuperNode finds when it dials", () => {
  it("that the data its owner attached is not there, and joins once it is", async () => {
    const site = newZone();
    await site.serve();
    await site.fault({ kind: "data-missing" }, site.node);
    await site.startNode(site.node, { [CONTEXT.data]: "/srv/scans" });
    await guests.admit(site.superlink, 1, [site.node]);
    await guests.shows(site.node, PUBLISHED.stage, "starting");
    await guests.shows(site.node, PUBLISHED.reason, "data-missing");
    await guests.client.clearFaults();
    await guests.shows(site.node, PUBLISHED.stage, "serving");
    await site.fault({ kind: "data-empty" }, site.node);
    await guests.shows(site.node, PUBLISHED.reason, "data-empty");
    await guests.sees(site.superlink, [[site.node, "online"]]);
    await guests.client.clearFaults();
    await guests.shows(site.node, PUBLISHED.reason, "none");
  });

  it("that the disk with its owner's data is not one of the VM's", async () => {
    const site = newZone();
    await site.serve();
    await site.startNode(site.node, { [CONTEXT.data]: "disk" });
    await guests.admit(site.superlink, 1, [site.node]);
    await guests.shows(site.node, PUBLISHED.reason, "data-missing");
  });

  it("an address where nobody is, until somebody comes", async () => {
    const site = newZone();
    await site.startNode(site.node);
    await guests.shows(site.node, PUBLISHED.link, "unreachable");
    assert.equal(guests.oneGate.attributes(site.node).has(PUBLISHED.ready), false);
    await site.serve();
    await guests.shows(site.node, PUBLISHED.link, "ok");
  });

  it("a CA that did not sign the SuperLink's certificate, until FL_TRUST brings the right one", async () => {
    const site = newZone();
    await site.serve();
    await site.startNode(site.node, { [CONTEXT.caCertificate]: other.encoded });
    await guests.shows(site.node, PUBLISHED.link, "untrusted-ca");
    const address = { host: { kind: "ip", value: site.host }, port: 9092 } as const;
    const authorities = [other.pem, guests.authority.pem];
    guests.give(site.node, GIVEN.trust, encodeTrust({ sequence: 1, address, authorities }));
    await guests.shows(site.node, PUBLISHED.link, "ok");
  });

  it("a name that the certificate does not cover, and takes over the address it is told", async () => {
    const site = newZone();
    await site.serve();
    const { port } = await guests.guest(site.superlink);
    await guests.client.route("elsewhere.example:9092", port ?? 0);
    await site.startNode(site.node, { [CONTEXT.superlinkAddress]: "elsewhere.example:9092" });
    await guests.shows(site.node, PUBLISHED.link, "name-mismatch");
    const address = { host: { kind: "ip", value: site.host }, port: 9092 } as const;
    guests.give(site.node, GIVEN.trust, encodeTrust({ sequence: 1, address, authorities: [guests.authority.pem] }));
    await guests.shows(site.node, PUBLISHED.link, "ok");
  });

  it("a changed CA while it serves makes it connect anew; an unreadable one changes nothing", async () => {
    const site = newZone();
    await site.serve();
    await site.startNode(site.node);
    await guests.admit(site.superlink, 1, [site.node]);
    await guests.shows(site.node, PUBLISHED.stage, "serving");
    guests.give(site.node, GIVEN.trust, "rubbish");
    await guests.shows(site.node, PUBLISHED.reason, "trust-malformed");
    await guests.sees(site.superlink, [[site.node, "online"]]);
    const address = { host: { kind: "ip", value: site.host }, port: 9092 } as const;
    guests.give(site.node, GIVEN.trust, encodeTrust({ sequence: 1, address, authorities: [other.pem] }));
    await guests.shows(site.node, PUBLISHED.link, "untrusted-ca");
    await guests.sees(site.superlink, [[site.node, "offline"]]);
  });

  it("what FL_TRUST said, also after a reboot and with the attribute gone", async () => {
    const site = newZone();
    await site.serve();
    await site.startNode(site.node, { [CONTEXT.caCertificate]: other.encoded });
    const address = { host: { kind: "ip", value: site.host }, port: 9092 } as const;
    guests.give(site.node, GIVEN.trust, encodeTrust({ sequence: 5, address, authorities: [guests.authority.pem] }));
    await guests.shows(site.node, PUBLISHED.link, "ok");
    guests.oneGate.attributes(site.node).delete(GIVEN.trust);
    guests.oneGate.attributes(site.node).delete(PUBLISHED.link);
    await guests.client.reboot(site.node);
    await guests.shows(site.node, PUBLISHED.link, "ok");
  });

  it("a SuperLink that is cut off, with all its SuperNodes", async () => {
    const site = newZone();
    await site.serve();
    await Promise.all([site.startNode(site.node), site.startNode(site.second)]);
    await guests.admit(site.superlink, 1, [site.node, site.second]);
    const all = (status: string) => [site.node, site.second].map((vm) => [vm, status] as const);
    await guests.sees(site.superlink, all("online"));
    await guests.client.cut(site.superlink);
    await guests.sees(site.superlink, all("offline"));
    await guests.shows(site.node, PUBLISHED.link, "unreachable");
    await guests.client.heal(site.superlink);
    await guests.sees(site.superlink, all("online"));
  });

  it("a SuperLink that was removed", async () => {
    const site = newZone();
    await site.serve();
    await site.startNode(site.node);
    await guests.shows(site.node, PUBLISHED.link, "ok");
    await guests.client.remove(site.superlink);
    await guests.shows(site.node, PUBLISHED.link, "unreachable");
  });
});

describe("CONTEXT", () => {
  it("that is not ours makes a VM that only exists", async () => {
    const { node, startNode } = newZone();
    await startNode(node, { [CONTEXT.protocol]: "" });
    assert.equal((await guests.guest(node)).role, "dummy");
    assert.deepEqual(guests.oneGate.updates(node), []);
  });

  it("with a wrong value ends in failed and a reason, and the guest goes on with its heartbeat", async () => {
    for (const [name, value, reason] of [
      [CONTEXT.superlinkAddress, "[::1]:9092", "context-invalid"],
      [CONTEXT.caCertificate, "AAAA", "context-invalid"],
      [CONTEXT.protocol, "2", "context-invalid"],
      [CONTEXT.role, "gateway", "context-invalid"],
      [CONTEXT.attempt, "f3k9/zone-b", "context-invalid"],
      [CONTEXT.flowerVersion, "latest", "context-invalid"],
      [CONTEXT.framework, "jax", "context-invalid"],
      [CONTEXT.nodeConfig, "a=b", "context-invalid"],
      [CONTEXT.tlsEnabled, "NO", "context-invalid"],
      [CONTEXT.keepaliveTimeout, "60", "keepalive-invalid"],
      [CONTEXT.keepaliveTime, "9", "keepalive-invalid"],
      [CONTEXT.keepaliveTime, "60.5", "keepalive-invalid"],
    ] as const) {
      const { node, startNode } = newZone();
      await startNode(node, { [name]: value });
      await guests.shows(node, PUBLISHED.stage, "failed");
      assert.equal(await guests.published(node, PUBLISHED.reason), reason);
      await guests.published(node, PUBLISHED.heartbeat);
    }
  });
});

describe("OneGate", () => {
  it("may be away for a while: nothing that was said is lost", async () => {
    const site = newZone();
    guests.oneGate.broken = true;
    await site.startNode(site.node);
    await eventually("a guest that waits for OneGate", async () => {
      const { stage } = await guests.guest(site.node);
      return stage === "awaiting-admission" ? true : undefined;
    });
    guests.oneGate.broken = false;
    await guests.published(site.node, PUBLISHED.nodeKey);
    await guests.shows(site.node, PUBLISHED.stage, "awaiting-admission");
  });
});

describe("faults of a SuperLink", () => {
  it("foreign-name and weak-key change what it asks for", async () => {
    const site = newZone();
    await site.fault({ kind: "foreign-name" });
    await site.fault({ kind: "weak-key" });
    await site.startSuperlink();
    const request = describeRequest(await guests.published(site.superlink, PUBLISHED.certificateRequest));
    assert.equal(request.bits, 1024);
    assert.ok(request.names.includes("bank.example"));
  });

  it("false-ca, false-endpoint and wrong-version are lies about what it serves, and end with the fault", async () => {
    const site = newZone();
    await site.fault({ kind: "false-ca" });
    await site.fault({ kind: "false-endpoint" });
    await site.fault({ kind: "wrong-version" });
    await site.serve();
    const ca = decodePem(await guests.published(site.superlink, PUBLISHED.caCertificate), "CERTIFICATE");
    assert.ok(ca.ok);
    assert.notDeepEqual(ca.value, [guests.authority.pem]);
    assert.equal(await guests.published(site.superlink, PUBLISHED.endpoint), "198.51.100.66:9092");
    assert.equal(await guests.published(site.superlink, PUBLISHED.version), "1.25.0");
    await guests.client.clearFaults();
    await guests.shows(site.superlink, PUBLISHED.endpoint, `${site.host}:9092`);
    await guests.shows(site.superlink, PUBLISHED.caCertificate, guests.authority.encoded);
  });

  it("claims-all-online and lists-unknown-node are lies in FL_NODES", async () => {
    const site = newZone();
    await site.serve();
    await site.startNode(site.node);
    guests.giveKeys(site.superlink, GIVEN.admit, 1, [await guests.keyOf(site.node)]);
    await guests.sees(site.superlink, [[site.node, "registered"]]);
    await site.fault({ kind: "claims-all-online" }, site.superlink);
    await guests.sees(site.superlink, [[site.node, "online"]]);
    await site.fault({ kind: "lists-unknown-node" }, site.superlink);
    await eventually("an unknown node", () => {
      const nodes = decodeNodeList(guests.oneGate.attributes(site.superlink).get(PUBLISHED.nodes) ?? "");
      return nodes.ok && nodes.value.length === 2 ? true : undefined;
    });
  });
});

describe("faults of any guest", () => {
  it("never-ready never says READY or serving, and goes on with its heartbeat", async () => {
    const site = newZone();
    await site.fault({ kind: "never-ready" });
    await site.startSuperlink();
    await guests.certify(site.superlink);
    await guests.published(site.superlink, PUBLISHED.endpoint);
    const heartbeat = await guests.published(site.superlink, PUBLISHED.heartbeat);
    await guests.published(site.superlink, PUBLISHED.heartbeat, (value) => value !== heartbeat);
    const values = guests.oneGate.attributes(site.superlink);
    assert.equal(values.has(PUBLISHED.ready) || values.has(PUBLISHED.flowerReady), false);
    assert.equal(values.get(PUBLISHED.stage), "starting");
  });

  it("slow-boot takes its time, and silent says nothing at all", async () => {
    const site = newZone();
    await site.fault({ kind: "slow-boot", ms: 20_000 }, site.node);
    await site.fault({ kind: "silent" }, site.second);
    const started = Date.now();
    await Promise.all([site.startNode(site.node), site.startNode(site.second)]);
    await guests.published(site.node, PUBLISHED.stage);
    assert.ok(Date.now() - started >= 500);
    await eventually("the silent guest to run", async () => {
      return (await guests.guest(site.second)).stage === "awaiting-admission" ? true : undefined;
    });
    assert.deepEqual(guests.oneGate.updates(site.second), []);
  });

  it("hostile-attributes puts what a shell, Slack and OneGate would trip over into values", async () => {
    const site = newZone();
    await site.fault({ kind: "hostile-attributes" });
    await site.startNode(site.node);
    const reason = await guests.published(site.node, PUBLISHED.reason);
    for (const part of ["<!channel>", "$(", "`", "*"]) {
      assert.ok(reason.includes(part));
    }
  });

  it("foreign-key publishes another's key with a proof that does not fit, copied-key its proof too", async () => {
    const site = newZone();
    const elsewhere = newZone();
    await site.fault({ kind: "foreign-key" }, site.node);
    await site.fault({ kind: "copied-key" }, site.second);
    await elsewhere.startNode(elsewhere.node);
    await guests.published(elsewhere.node, PUBLISHED.nodeKey);
    await Promise.all([site.startNode(site.node), site.startNode(site.second)]);
    for (const vm of [site.node, site.second]) {
      const key = await guests.keyOf(vm);
      const own = (await guests.guest(vm)).fingerprint;
      assert.notEqual(key.fingerprint, own);
      const proof = decodeNodeProof(await guests.published(vm, PUBLISHED.nodeProof));
      const attempt = `f3k9/${vm.zone}/0123456789ab/1`;
      const subject = nodeProofBytes({ federation: "f3k9", site: vm.zone, attempt, vmId: vm.vmId });
      assert.ok(proof.ok);
      assert.equal(verify("sha384", subject, nodeKeyPem(key), proof.value), false);
    }
    const victims = (await guests.client.guests()).filter(({ zone }) => zone !== site.zone);
    const proofs = victims.map((vm) => guests.oneGate.attributes(vm).get(PUBLISHED.nodeProof));
    assert.ok(proofs.includes(await guests.published(site.second, PUBLISHED.nodeProof)));
    assert.ok(!proofs.includes(await guests.published(site.node, PUBLISHED.nodeProof)));
  });
});
