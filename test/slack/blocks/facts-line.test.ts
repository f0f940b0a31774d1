/** What a site's card says in one line once nobody is asked any more. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { currentProposal } from "../../../src/federation/model/state.ts";
import { factsLine } from "../../../src/slack/blocks/site-facts.ts";
import { adjust } from "../../builders/commands.ts";
import { aFederation } from "../../builders/federation.ts";

describe("The line of facts on a site's card", () => {
  it("names the data that its owner attached, and nothing where there is none", () => {
    const story = aFederation().planned();
    const line = (): string => {
      const proposal = currentProposal(story.site("beta"));
      assert.ok(proposal);
      return factsLine(proposal.plan);
    };
    assert.doesNotMatch(line(), /data/);
    story.does(adjust("beta", { data: { kind: "folder", path: "/srv/scans 2" } }));
    assert.match(line(), / · data: the folder `\/srv\/scans 2` of each VM$/);
  });
});
