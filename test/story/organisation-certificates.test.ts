/** A federation under the CA of its coordinator's organisation, from the CA's certificate to training. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Sandbox } from "../../sandbox/composition.ts";
import { CertificateOwner } from "../../sandbox/story/certificate-owner.ts";
import { IssuingOrganisation } from "../../sandbox/story/issuing-organisation.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { zoneChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "./federation-story.ts";
import { startStory } from "./story-sandbox.ts";

const [COORDINATOR, TRAINING] = ["zone-a", "zone-b"] as const;

describe("A federation with certificates of the coordinator's organisation", () => {
  const aster = new IssuingOrganisation("Aster");
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;
  let owner: CertificateOwner;

  before(async () => {
    sandbox = await startStory({ zones: 2, speed: 20, seed: "organisation", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, {
      name: "aster-study",
      coordinator: COORDINATOR,
      training: [TRAINING],
      fields: { "Certificates by": "organisation" },
    });
    owner = new CertificateOwner(stage, story.wish);
    await story.ask();
  });
  after(async () => {
    await sandbox.stop();
    aster.end();
  });

  it("asks for the CA before anybody is asked to approve, and takes no other certificate for it", async () => {
    await story.zoneReads(COORDINATOR, "Give the certificate of its root CA");
    assert.match(await owner.gives("Give the CA's certificate", aster.issuing), /not that of a root CA/);
    assert.deepEqual(await story.buttons(TRAINING), []);
    const file = { name: "root.pem", content: aster.root };
    await stage.slack.mention({
      person: stage.owner(COORDINATOR).id,
      channel: zoneChannel(COORDINATOR),
      text: "certificate aster-study",
      files: [file],
    });
    await stage.owner(COORDINATOR).told("Thank you");
    const { fingerprint256: fingerprint } = new X509Certificate(aster.root);
    for (const zone of story.zones) await story.zoneReads(zone, fingerprint, "Certificates.", "Approve");
  });

  it("puts the SuperLink's request under a card, and takes the whole chain for it only", async () => {
    for (const zone of story.zones) await story.press(zone, "Approve");
    const certificate = aster.certificateFor(await owner.request());
    assert.match(await owner.gives("Give the certificate", certificate), /certificate of an issuer is missing/);
    assert.equal(await owner.gives("Give the certificate", certificate, aster.issuing), "");
  });

  it("serves with it, and its sites train", async () => {
    await story.isUp(TRAINING);
    await story.offersNoMore(COORDINATOR, "Give the certificate");
    const given = (await stage.attributes(COORDINATOR)).map(({ FL_TLS_CERT: chain }) =>
      Buffer.from(String(chain), "base64").toString(),
    );
    assert.equal(
      given.join("").split("BEGIN CERTIFICATE").length - 1,
      2,
      "the SuperLink's and the issuing CA's, without the root",
    );
  });
});
