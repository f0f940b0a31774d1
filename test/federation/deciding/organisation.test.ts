import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitingFor } from "../../../src/federation/deciding/waiting.ts";
import type { GiveAuthority, GiveCertificate } from "../../../src/federation/model/commands.ts";
import { sha256 } from "../../../src/federation/model/digest.ts";
import type { Person } from "../../../src/federation/model/identity.ts";
import { nextWake } from "../../../src/federation/running/due-tasks.ts";
import { AUTHORITY } from "../../builders/chronicle.ts";
import type { Asking } from "../../builders/commands.ts";
import { DAY, HOUR, MINUTE, ownerOf, STRANGER } from "../../builders/decision-context.ts";
import { aFederation, certificateFingerprint, type Story } from "../../builders/federation.ts";

const inYears = "2036-03-02T08:00:00.000Z";
const giveAuthority =
  (by: Person = ownerOf("alpha")): Asking<GiveAuthority> =>
  (story) => ({ kind: "give-authority", by, key: story.newKey(), authority: { ...AUTHORITY, expiresAt: inYears } });

const giveCertificate =
  (
    serial: number,
    { by = ownerOf("alpha"), request }: { by?: Person; request?: string } = {},
  ): Asking<GiveCertificate> =>
  (story) => ({
    kind: "give-certificate",
    by,
    key: story.newKey(),
    vmId: story.vm("alpha").vmId,
    request: request ?? story.vm("alpha").asked?.request ?? "",
    certificate: {
      serial: String(serial),
      fingerprint: certificateFingerprint(serial),
      certificate: "certificate",
      expiresAt: new Date(Date.parse(story.context.now) + 80 * DAY).toISOString(),
    },
  });

const asked = (): Story => aFederation({ zones: ["alpha", "beta"], issuer: "organisation" });
const kinds = (story: Story): readonly string[] => story.tasks().map(({ kind }) => kind);

/** The SuperLink's VM has published its request. */
const requests = (story: Story): Story =>
  story.says("alpha", { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" }).observes("alpha");
/** What the task comes to. */
const isAsked = (story: Story): Story =>
  story.happens({
    type: "certificate-asked",
    site: story.site("alpha").name,
    vmId: story.vm("alpha").vmId,
    request: story.vm("alpha").seen.request ?? sha256("request"),
    csr: "-----BEGIN CERTIFICATE REQUEST-----",
  });
const waiting = (): Story => isAsked(requests(asked().does(giveAuthority()).approved().deployed("alpha")));

describe("certificates by the coordinator's organisation", () => {
  it("begin with its CA: nobody is asked to approve before an owner of the coordinator has given it", () => {
    const story = asked();
    assert.deepEqual(kinds(story), []);
    assert.equal(story.refusalOf(giveAuthority(STRANGER)), "not-an-owner");
    assert.equal(story.refusalOf(giveAuthority(ownerOf("beta"))), "not-an-owner");
    story.does(giveAuthority());
    assert.deepEqual(kinds(story), ["propose"]);
    story.planned();
    for (const name of ["alpha", "beta"]) {
      assert.equal(story.proposal(name).plan.caFingerprint, AUTHORITY.fingerprint);
    }
    assert.equal(story.refusalOf(giveAuthority()), "no-certificate-asked");
  });

  it("end the request when nobody gives a CA for as long as owners may take to decide", () => {
    const story = asked();
    const { approvalExpiry } = story.context.policy.durations;
    assert.equal(nextWake(story.federation, story.context), Date.parse(story.context.now) + approvalExpiry);
    assert.deepEqual(kinds(story.passes(approvalExpiry)), ["expire"]);
  });

  it("are asked of it for each request, and issued by nobody else", () => {
    const story = requests(asked().does(giveAuthority()).approved().deployed("alpha"));
    assert.deepEqual(kinds(story), ["certify"]);
    isAsked(story);
    assert.deepEqual(kinds(story), []);
    assert.equal(story.refusalOf(giveCertificate(1, { by: ownerOf("beta") })), "not-an-owner");
    assert.equal(story.refusalOf(giveCertificate(1, { request: sha256("an older one") })), "request-replaced");
    story.does(giveCertificate(1));
    assert.deepEqual(kinds(story), ["deliver-certificate"]);
    assert.equal(story.refusalOf(giveCertificate(2)), "no-certificate-asked");
  });

  it("wait for the coordinator's owners, as their home says", () => {
    const waits = (story: Story, by: Person) =>
      waitingFor(by, story.federation, story.context).flatMap((one) =>
        one.kind === "certificate" ? [one.awaited.kind] : [],
      );
    assert.deepEqual(waits(asked(), ownerOf("alpha")), ["authority"]);
    assert.deepEqual(waits(waiting(), ownerOf("alpha")), ["certificate"]);
    assert.deepEqual(waits(waiting(), ownerOf("beta")), []);
    assert.deepEqual(waits(waiting().does(giveCertificate(1)), ownerOf("alpha")), []);
  });

  it("take people's time: the SuperLink is late only when it has had its certificate for long", () => {
    const story = waiting()
      .passes(20 * DAY)
      .observes("alpha");
    assert.deepEqual(kinds(story), []);
    story.does(giveCertificate(1)).observes("alpha");
    assert.ok(!kinds(story).includes("time-out"));
    const { serve } = story.context.policy.durations;
    story.passes(serve + MINUTE).observes("alpha");
    assert.ok(kinds(story).includes("time-out"));
  });

  it("are asked for anew at half of their life, and twice more, and the old ones serve meanwhile", () => {
    const story = waiting().does(giveCertificate(1));
    const { vmId } = story.vm("alpha");
    story.happens({ type: "certificate-delivered", site: story.site("alpha").name, vmId, serial: "1" });
    story.says("alpha", { ...story.announcement(), FL_STAGE: "serving" }).observes("alpha");
    assert.equal(story.federation.verifiedVm, vmId);
    story.passes(40 * DAY - HOUR);
    assert.ok(!kinds(story).includes("certify"));
    for (const days of [40, 20, 10]) {
      story.passes(HOUR);
      assert.ok(kinds(story).includes("certify"), `${days} days left`);
      isAsked(story);
      assert.ok(!kinds(story).includes("certify"));
      story.passes((days / 2) * DAY - HOUR);
    }
    story.does(giveCertificate(2));
    assert.deepEqual(story.vm("alpha").previousFingerprints, [certificateFingerprint(1)]);
    assert.equal(story.refusalOf(giveCertificate(3)), "no-certificate-asked");
  });
});
