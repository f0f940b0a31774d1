import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { digestOf } from "../../../src/federation/model/digest.ts";
import type { VmTemplateFacts, ZoneSurvey } from "../../../src/federation/model/zone-facts.ts";
import { siteCard } from "../../../src/slack/blocks/site-card.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aTemplate } from "../../builders/survey.ts";

const withTemplate =
  (changes: Partial<VmTemplateFacts>) =>
  (usual: ZoneSurvey): ZoneSurvey => ({ ...usual, template: aTemplate(changes) });

const cardOf = (story: Story): string =>
  JSON.stringify(
    siteCard(story.federation, story.site("beta"), story.proposal("beta"), { directory: story.context, own: true }),
  );

describe("what a VM template has beside the plan", () => {
  it("is on the card before anybody approves: cards that go, cards that stay, a start script that does not run", () => {
    const story = aFederation().shows(
      "beta",
      withTemplate({ otherNics: ["storage", "number 7"], pciNics: ["sriov"], hasStartScript: true }),
    );
    const card = cardOf(story.planned());
    assert.match(card, /further network cards \(NICs\) go, so the VMs do not reach: `storage`, `number 7`/);
    assert.match(card, /PCI network cards \(NICs\) stay beside the one named above: `sriov`/);
    assert.match(card, /start script does not run: the guest agent runs in its place/);
  });

  it("is not spoken of where the template is taken as it is", () => {
    assert.doesNotMatch(cardOf(aFederation().planned()), /Different from the VM template/);
  });

  it("is part of what is approved", () => {
    const plain = aFederation().planned().proposal("beta");
    const other = aFederation()
      .shows("beta", withTemplate({ otherNics: ["storage"] }))
      .planned()
      .proposal("beta");
    assert.notEqual(other.digest, plain.digest);
  });

  it("voids no approval that an earlier version of plans was given, which could not say it", () => {
    const story = aFederation()
      .shows("beta", withTemplate({ otherNics: ["storage"] }))
      .planned();
    const { aside: _unsaid, ...plan } = story.proposal("beta").plan;
    const { card, disk, expiresAt } = story.proposal("beta");
    const before = { ...plan, version: 1 };
    story.happens({
      type: "site-planned",
      site: plan.site,
      card,
      plan: before,
      digest: digestOf(before),
      disk,
      cause: "requested",
      by: null,
      adjustment: {},
      expiresAt,
    });
    story.approved().trusted().begins("beta");
    assert.equal(story.deployment("beta").digest, digestOf(before));
  });
});
