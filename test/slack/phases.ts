/** Federations at every point of their lives, for looking at what is said about them. */
import { giveConsent, refuseConsent } from "../../src/federation/deciding/approval.ts";
import { askTeardown, requestSite, retireSite, stopCoordinatorSoon } from "../../src/federation/deciding/lifecycle.ts";
import type { DecisionContext } from "../../src/federation/model/policy.ts";
import { adjustProposal } from "../../src/federation/proposing/proposal.ts";
import {
  aDecisionContext,
  aZone,
  ownerOf,
  REQUESTER,
  SECOND,
  zone,
  zoneNames,
  zonesOf,
} from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import { aSurvey } from "../builders/survey.ts";

type Asked = Parameters<typeof aFederation>[0];
type Phase = readonly [name: string, story: () => Story];

/** A world with one zone more than the federation has sites. */
export function roomy(count = 4): DecisionContext {
  return aDecisionContext({ zones: zonesOf(zoneNames(count).map((name) => aZone(name))) });
}

export function phases(asked: Asked = {}): readonly Phase[] {
  const context = asked?.context ?? roomy();
  const start = () => aFederation({ ...asked, context });
  return [
    ["asked for", start],
    ["with a problem in a zone", () => problem(start())],
    ["waiting for its owners", () => start().planned()],
    ["adjusted", () => adjusted(start().planned())],
    ["with a changed template", () => changed(start().planned())],
    ["rejected by a training site", () => rejected(start().planned(), "beta")],
    ["rejected by the coordinator", () => rejected(start().planned(), "alpha")],
    ["approved", () => start().approved()],
    ["with its coordinator on the way", () => start().approved().deployed("alpha")],
    ["trusted", () => start().trusted()],
    ["running", () => start().running()],
    ["with a silent SuperNode", () => silent(start().running())],
    ["with a failed site", () => failed(start().running())],
    ["with a newcomer asked for", () => joinedLater(start().running())],
    ["with a newcomer admitted", () => admitted(joinedLater(start().running()))],
    ["with a retired site", () => retired(start().running())],
    ["being torn down", () => leaving(start().running())],
    ["with its coordinator stopping", () => stopping(leaving(start().running()))],
  ];
}

export function joinedLater(story: Story): Story {
  const wish = { zone: zone("delta"), role: "training" as const, superNodes: 2 };
  return story.takes(requestSite(story.federation, story.context, wish, REQUESTER)).planned();
}

const admitted = (story: Story): Story =>
  story
    .approvedBy("delta")
    .takes(giveConsent(story.federation, story.context, story.ballot("delta", ownerOf("alpha"), "admit")));

function problem(story: Story): Story {
  return story.hides("beta", { code: "zone-timeout", detail: "https://beta.example.org:2633 <b> & `rest`" }).planned();
}

function adjusted(story: Story): Story {
  const adjustment = { template: "Flower SuperNode large", superNodes: 1, dataPath: "/mnt/data" };
  const look = { ok: true as const, survey: aSurvey() };
  return story.takes(adjustProposal(story.federation, story.context, story.ballot("beta"), adjustment, look));
}

/** An owner has approved, then the VM template is another: owners are asked again. */
function changed(story: Story): Story {
  const remade = (memory: number) => (usual: ReturnType<typeof aSurvey>) => ({
    ...usual,
    template: usual.template.found ? { ...usual.template, memory, contentDigest: "d".repeat(64) } : usual.template,
  });
  return story.approved().trusted().shows("beta", remade(8192)).begins("beta");
}

const rejected = (story: Story, name: string): Story =>
  story.takes(
    refuseConsent(story.federation, story.context, {
      ...story.ballot(name),
      because: "no <!channel> today & not\ntomorrow",
    }),
  );

function silent(story: Story): Story {
  const [first] = story.guests("beta");
  return story
    .observes("beta", new Set(first === undefined ? [] : [first.vmId]))
    .says("gamma", { FL_LINK: "untrusted-ca" })
    .observes("gamma");
}

function failed(story: Story): Story {
  const reason = { code: "deployment-failed" as const, detail: "quota <exceeded> & `more`\n".repeat(400) };
  return story.passes(SECOND).happens({ type: "site-failed", site: zone("beta"), reason });
}

const retired = (story: Story): Story =>
  story.takes(retireSite(story.federation, story.context, zone("gamma"), ownerOf("gamma")));

const leaving = (story: Story): Story => story.takes(askTeardown(story.federation, story.context, REQUESTER));

function stopping(story: Story): Story {
  const card = story.site("alpha").teardown?.card;
  if (card === undefined) throw new Error("Nobody asked for a teardown.");
  return story.takes(stopCoordinatorSoon(story.federation, story.context, card, ownerOf("alpha")));
}
