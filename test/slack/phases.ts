/** Federations at every point of their lives, for looking at what is said about them. */
import { libraryOf } from "../../src/federation/model/manifests.ts";
import type { DecisionContext } from "../../src/federation/model/policy.ts";
import { routerLink } from "../../src/federation/model/router.ts";
import {
  adjust,
  agreeTeardown,
  approve,
  askTeardown,
  giveRouterKey,
  reboot,
  reject,
  requestSite,
  retire,
  retry,
  rotateTunnelKeys,
  stopCoordinator,
  writeOff,
} from "../builders/commands.ts";
import {
  aDecisionContext,
  aZone,
  LATER,
  ownerOf,
  SECOND,
  sitesOf,
  zone,
  zoneNames,
} from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";
import type { aSurvey } from "../builders/survey.ts";
import { aTunnelKey } from "../builders/tunnel-key.ts";

type Asked = Parameters<typeof aFederation>[0];
type Phase = readonly [name: string, story: () => Story];

/** A context with one zone more than the federation has sites. */
export function roomy(count = 4): DecisionContext {
  return aDecisionContext({ sites: sitesOf(zoneNames(count).map((name) => aZone(name))) });
}

export function phases(asked: Asked = {}): readonly Phase[] {
  const context = asked?.context ?? roomy();
  const start = () => aFederation({ ...asked, context });
  const tunnelled = () => aFederation({ ...asked, context, crossing: TUNNELS });
  return [
    ["asked for", start],
    ["with a problem in a zone", () => problem(start())],
    ["waiting for its owners", () => start().planned()],
    ["adjusted", () => adjusted(start().planned())],
    ["with a changed template", () => changed(start().planned())],
    [
      "rejected by a training site",
      () =>
        start()
          .planned()
          .does(reject("beta", ownerOf("beta"), HOSTILE_REASON)),
    ],
    ["rejected by the coordinator", () => start().planned().does(reject("alpha"))],
    ["approved", () => start().approved()],
    ["with its coordinator on the way", () => start().approved().deployed("alpha")],
    ["trusted", () => start().trusted()],
    ["running", () => start().running()],
    ["waiting for its owners with tunnels", () => tunnelled().planned()],
    ["running with tunnels", () => tunnelled().running()],
    ["with tunnel keys that are changed", () => tunnelled().running().does(rotateTunnelKeys("beta"))],
    ["with tunnel keys that were not changed", () => keptKeys(tunnelled().running())],
    ["waiting for a router's key", () => routed(tunnelled().planned()).trusted()],
    ["running with a router", () => givenRouter(routed(tunnelled().planned()).trusted()).running()],
    ["with a copied tunnel key", () => copied(tunnelled().running())],
    ["with a silent SuperNode", () => silent(start().running())],
    ["with a VM that is rebooted", () => rebooting(start().running())],
    ["with a reboot that has not helped", () => rebootedInVain(start().running())],
    ["with a zone that does not answer", () => away(start().running())],
    ["with a site that goes up and down", () => flapping(start().running())],
    ["with a failed site", () => failed(start().running())],
    ["with a site to be tried again", () => failed(start().running()).does(retry("beta"))],
    ["upgraded while a site is to be tried again", () => upgraded(start().running())],
    ["with a newcomer asked for", () => joinedLater(start().running())],
    ["with a newcomer admitted", () => admitted(joinedLater(start().running()))],
    ["with a retired site", () => start().running().does(retire("gamma"))],
    ["with a zone written off", () => start().running().does(writeOff("gamma"))],
    ["being torn down", () => start().running().does(askTeardown()).does(agreeTeardown("beta"))],
    ["with its coordinator stopping", () => start().running().does(askTeardown()).does(stopCoordinator("alpha"))],
  ];
}

/** Traffic crosses by WireGuard. */
export const TUNNELS = { kind: "wireguard", hub: { host: "hub.example.org", port: 51820 }, range: null } as const;

/** Gamma's end is to be its router's, where the zone has a channel to say how. */
const routed = (story: Story): Story =>
  story.context.sites.get(zone("gamma"))?.channel === null
    ? story
    : story.does(adjust("gamma", { tunnelWay: "router" }));

const givenRouter = (story: Story): Story =>
  routerLink(story.site("gamma")) === null ? story : story.does(giveRouterKey("gamma", aTunnelKey("gamma's router")));

const copied = (story: Story): Story =>
  story
    .showsTunnelKey("beta", 1, `beta/${story.vm("beta", 0).vmId}`)
    .observes("beta")
    .tunnels();

export function phase(name: string): Story {
  const [, story] = phases().find(([known]) => known === name) ?? [];
  if (story === undefined) throw new Error(`There is no phase "${name}".`);
  return story();
}

const HOSTILE_REASON = "no <!channel> today & not\ntomorrow";

export const joinedLater = (story: Story): Story => story.does(requestSite("delta")).planned();

const admitted = (story: Story): Story =>
  story.does(approve("delta")).does(approve("delta", ownerOf("alpha"), "admit"));

function problem(story: Story): Story {
  return story.hides("beta", { code: "zone-timeout", detail: "https://beta.example.org:2633 <b> & `rest`" }).planned();
}

const adjusted = (story: Story): Story =>
  story.does(
    adjust("beta", { template: "Flower SuperNode large", superNodes: 1, data: { kind: "folder", path: "/srv/scans" } }),
  );

/** An owner has approved, then the VM template is another: owners are asked again. */
function changed(story: Story): Story {
  const remade = (memory: number) => (usual: ReturnType<typeof aSurvey>) => ({
    ...usual,
    template: usual.template.found ? { ...usual.template, memory, contentDigest: "d".repeat(64) } : usual.template,
  });
  return story.approved().trusted().shows("beta", remade(8192)).begins("beta");
}

const rebooting = (story: Story): Story => {
  const { vmId } = story.vm("beta");
  story.zone("beta").changeVm(vmId, (vm) => ({ ...vm, state: "poweroff" }));
  return story.watches("beta", 40).does(reboot("beta"));
};

const keptKeys = (story: Story): Story =>
  story.does(rotateTunnelKeys("alpha")).happens({
    type: "tunnel-rotation-ended",
    site: zone("alpha"),
    outcome: "not-changed",
  });

const rebootedInVain = (story: Story): Story => {
  const rebooted = rebooting(story);
  const { vmId } = rebooted.vm("beta");
  return rebooted.happens(
    { type: "reboot-intended", site: zone("beta"), vmId },
    { type: "reboot-answered", site: zone("beta"), vmId, answer: "wrong-state" },
    { type: "reboot-ended", site: zone("beta"), outcome: "not-taken" },
  );
};

function silent(story: Story): Story {
  story.says("gamma", { FL_LINK: "untrusted-ca" });
  return story.watchesAll(40, { silent: new Set([story.vm("beta").vmId]) });
}

const away = (story: Story): Story => {
  story.losesSightOf("gamma");
  for (let second = 0; second < 40; second += 1) story.losesSightOf("gamma");
  return story;
};

function flapping(story: Story): Story {
  for (let turn = 0; turn < 3; turn += 1) {
    story.says("beta", { FL_LINK: "unreachable", FL_STAGE: "starting" }).watchesAll(40);
    story.says("beta", { FL_LINK: "ok", FL_STAGE: "serving" }).watchesAll(40);
  }
  return story.says("beta", { FL_LINK: "unreachable", FL_STAGE: "starting" }).watchesAll(40);
}

function failed(story: Story): Story {
  const reason = { code: "deployment-failed" as const, detail: "quota <exceeded> & `more`\n".repeat(400) };
  return story.passes(SECOND).happens({ type: "site-failed", site: zone("beta"), reason });
}

/** The agent is another since, and nobody kept the one that runs: whoever asked for the retry is asked about that. */
const upgraded = (story: Story): Story =>
  failed(story)
    .does(retry("beta"))
    .inContext({ manifests: libraryOf(LATER) })
    .begins("beta");
