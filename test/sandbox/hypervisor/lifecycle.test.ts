import assert from "node:assert/strict";
import { verify } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { decodePem } from "../../../src/guest-protocol/certificates.ts";
import { GIVEN, PUBLISHED } from "../../../src/guest-protocol/names.ts";
import { nodeKeyPem } from "../../../src/guest-protocol/node-key.ts";
import { decodeNodeProof, nodeProofBytes } from "../../../src/guest-protocol/node-proof.ts";
import { DIALLED, FIRST, GuestsFixture, SECOND, SUPERLINK } from "./guests-fixture.ts";
import { describeRequest } from "./test-authority.ts";

let guests: GuestsFixture;
before(async () => {
  guests = await GuestsFixture.start();
});
after(() => guests.close());

describe("a federation of quick guests", () => {
  it("the SuperLink asks for a certificate with the names it is dialled by", async () => {
    await guests.startSuperlink();
    await guests.shows(SUPERLINK, PUBLISHED.stage, "awaiting-certificate");
    const request = describeRequest(await guests.published(SUPERLINK, PUBLISHED.certificateRequest));
    assert.deepEqual(
      { ...request, names: [...request.names].sort() },
      {
        names: ["10.0.0.5", "127.0.0.1", "203.0.113.20", "::1", "fl.example.org", "localhost"].sort(),
        bits: 2048,
        genuine: true,
      },
    );
  });

  it("it serves once its certificate holds, and says everything a site needs in one update", async () => {
    await guests.certify(SUPERLINK);
    await guests.shows(SUPERLINK, PUBLISHED.stage, "serving");
    const [update, ...others] = guests.oneGate.updates(SUPERLINK).filter((values) => values.has(PUBLISHED.ready));
    assert.equal(others.length, 0);
    assert.equal(update?.get(PUBLISHED.endpoint), DIALLED);
    assert.equal(update?.get(PUBLISHED.version), "1.31.0");
    assert.equal(update?.get(PUBLISHED.flowerReady), "YES");
    assert.deepEqual(decodePem(update?.get(PUBLISHED.caCertificate) ?? "", "CERTIFICATE"), {
      ok: true,
      value: [guests.authority.pem],
    });
    assert.match(update?.get(PUBLISHED.fingerprint) ?? "", /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  it("a SuperNode proves its key, dials, opens the gate of its zone and waits to be admitted", async () => {
    await Promise.all([guests.startSupernode(FIRST), guests.startSupernode(SECOND)]);
    for (const vm of [FIRST, SECOND]) {
      await guests.shows(vm, PUBLISHED.link, "ok");
      await guests.shows(vm, PUBLISHED.stage, "awaiting-admission");
      await guests.shows(vm, PUBLISHED.ready, "YES");
      const proof = decodeNodeProof(await guests.published(vm, PUBLISHED.nodeProof));
      const attempt = `f3k9/${vm.zone}/0123456789ab/1`;
      const subject = nodeProofBytes({ federation: "f3k9", site: vm.zone, attempt, vmId: vm.vmId });
      assert.ok(proof.ok);
      assert.equal(verify("sha384", subject, nodeKeyPem(await guests.keyOf(vm)), proof.value), true);
    }
  });

  it("a key that is registered and not told to its SuperNode is seen as registered", async () => {
    guests.giveKeys(SUPERLINK, GIVEN.admit, 1, [await guests.keyOf(FIRST)]);
    await guests.sees(SUPERLINK, [[FIRST, "registered"]]);
    assert.equal(guests.oneGate.attributes(FIRST).get(PUBLISHED.stage), "awaiting-admission");
  });

  it("a SuperNode that is told too early is turned away, says so, and the SuperLink counts it", async () => {
    const { fingerprint } = await guests.keyOf(SECOND);
    guests.give(SECOND, GIVEN.admitted, fingerprint);
    await guests.shows(SECOND, PUBLISHED.reason, "not-admitted");
    const superlink = await guests.guest(SUPERLINK);
    assert.ok((superlink.refused[fingerprint] ?? 0) > 0);
  });

  it("admitted SuperNodes serve and are seen online", async () => {
    await guests.admit(SUPERLINK, 2, [FIRST, SECOND]);
    for (const vm of [FIRST, SECOND]) {
      await guests.shows(vm, PUBLISHED.stage, "serving");
      await guests.shows(vm, PUBLISHED.reason, "none");
    }
    await guests.sees(SUPERLINK, [
      [FIRST, "online"],
      [SECOND, "online"],
    ]);
  });

  it("every guest's heartbeat goes on", async () => {
    for (const vm of [SUPERLINK, FIRST, SECOND]) {
      const before = Number(await guests.published(vm, PUBLISHED.heartbeat));
      const heartbeat = await guests.published(vm, PUBLISHED.heartbeat, (value) => Number(value) !== before);
      assert.ok(Number(heartbeat) > before);
    }
  });

  it("one that is cut off goes offline, says that its link is down, and returns when it is healed", async () => {
    await guests.client.cut(FIRST);
    await guests.sees(SUPERLINK, [
      [FIRST, "offline"],
      [SECOND, "online"],
    ]);
    await guests.shows(FIRST, PUBLISHED.link, "unreachable");
    await guests.shows(FIRST, PUBLISHED.reason, "link-down");
    await guests.client.heal(FIRST);
    await guests.shows(FIRST, PUBLISHED.link, "ok");
    await guests.shows(FIRST, PUBLISHED.stage, "serving");
    await guests.sees(SUPERLINK, [
      [FIRST, "online"],
      [SECOND, "online"],
    ]);
  });

  it("a renewed certificate is taken without a restart, and no connection falls", async () => {
    const old = await guests.published(SUPERLINK, PUBLISHED.fingerprint);
    const { port } = await guests.guest(SUPERLINK);
    const updates = guests.oneGate.updates(FIRST).length;
    await guests.certify(SUPERLINK);
    const renewed = await guests.published(SUPERLINK, PUBLISHED.fingerprint, (value) => value !== old);
    assert.equal(await guests.fingerprintAt(port ?? 0), renewed);
    assert.equal((await guests.guest(SUPERLINK)).port, port);
    const since = guests.oneGate.updates(FIRST).slice(updates);
    assert.equal(
      since.some((values) => values.has(PUBLISHED.stage)),
      false,
    );
  });

  it("a certificate that does not hold is refused, and the one in force stays", async () => {
    const inForce = await guests.published(SUPERLINK, PUBLISHED.fingerprint);
    await guests.certify(SUPERLINK, { names: ["localhost"] });
    await guests.shows(SUPERLINK, PUBLISHED.reason, "certificate-name-missing");
    await guests.shows(SUPERLINK, PUBLISHED.stage, "serving");
    const { port } = await guests.guest(SUPERLINK);
    assert.equal(await guests.fingerprintAt(port ?? 0), inForce);
    await guests.certify(SUPERLINK);
    await guests.shows(SUPERLINK, PUBLISHED.reason, "none");
  });

  it("a SuperNode keeps its key over reboot, stop and start", async () => {
    const { fingerprint } = await guests.keyOf(SECOND);
    await guests.client.reboot(SECOND);
    await guests.servesAgain(SECOND);
    await guests.client.stop(SECOND);
    await guests.sees(SUPERLINK, [
      [FIRST, "online"],
      [SECOND, "offline"],
    ]);
    assert.equal((await guests.guest(SECOND)).state, "stopped");
    await guests.startSupernode(SECOND);
    await guests.servesAgain(SECOND);
    assert.equal((await guests.keyOf(SECOND)).fingerprint, fingerprint);
  });

  it("a rebooted SuperLink has the same key and nodes, and its SuperNodes come back by themselves", async () => {
    const request = await guests.published(SUPERLINK, PUBLISHED.certificateRequest);
    const nodes = await guests.published(SUPERLINK, PUBLISHED.nodes);
    await guests.client.reboot(SUPERLINK);
    await guests.servesAgain(SUPERLINK);
    await guests.sees(SUPERLINK, [
      [FIRST, "online"],
      [SECOND, "online"],
    ]);
    assert.equal(await guests.published(SUPERLINK, PUBLISHED.certificateRequest), request);
    assert.equal(await guests.published(SUPERLINK, PUBLISHED.nodes), nodes);
  });

  it("a killed guest falls silent while its VM goes on running", async () => {
    await guests.client.kill(SECOND);
    await guests.sees(SUPERLINK, [
      [FIRST, "online"],
      [SECOND, "offline"],
    ]);
    const killed = await guests.guest(SECOND);
    assert.deepEqual([killed.state, killed.alive, killed.stage], ["running", false, "serving"]);
    await guests.client.reboot(SECOND);
    await guests.servesAgain(SECOND);
  });

  it("a list that is older or incomplete changes nothing", async () => {
    guests.giveKeys(SUPERLINK, GIVEN.revoke, 0, [await guests.keyOf(FIRST)]);
    await guests.shows(SUPERLINK, PUBLISHED.reason, "admission-malformed");
    guests.oneGate.attributes(SUPERLINK).delete(GIVEN.revoke);
    await guests.shows(SUPERLINK, PUBLISHED.reason, "none");
    guests.giveKeys(SUPERLINK, GIVEN.admit, 1, []);
    await guests.sees(SUPERLINK, [
      [FIRST, "online"],
      [SECOND, "online"],
    ]);
  });

  it("a revoked key is cut off, and stays out for ever", async () => {
    guests.giveKeys(SUPERLINK, GIVEN.revoke, 1, [await guests.keyOf(FIRST)]);
    await guests.sees(SUPERLINK, [[SECOND, "online"]]);
    await guests.shows(FIRST, PUBLISHED.reason, "not-admitted");
    await guests.admit(SUPERLINK, 3, [FIRST, SECOND]);
    const { refused } = await guests.guest(SUPERLINK);
    const { fingerprint } = await guests.keyOf(FIRST);
    await guests.refusesAgain(SUPERLINK, fingerprint, refused[fingerprint] ?? 0);
    await guests.sees(SUPERLINK, [[SECOND, "online"]]);
  });

  it("a VM that is removed is gone with its disk", async () => {
    const { fingerprint } = await guests.keyOf(FIRST);
    await guests.client.remove(FIRST);
    assert.deepEqual(
      (await guests.client.vms()).map((vm) => vm.vmId),
      [SUPERLINK.vmId, SECOND.vmId],
    );
    guests.oneGate.attributes(FIRST).clear();
    await guests.startSupernode(FIRST);
    assert.notEqual((await guests.keyOf(FIRST)).fingerprint, fingerprint);
  });
});
