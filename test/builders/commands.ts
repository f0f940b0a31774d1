/** What people ask for, as tests say it: `story.does(approve("beta"))`, `story.refusalOf(retire("beta", STRANGER))`. */
import type * as model from "../../src/federation/model/commands.ts";
import type { Adjustment, ConsentKind, SiteWish } from "../../src/federation/model/events.ts";
import type { CardId, Person } from "../../src/federation/model/identity.ts";
import type { Chronicle } from "./chronicle.ts";
import { ownerOf, REQUESTER, site, zone } from "./decision-context.ts";

/** A command in a story as it stands: on the newest card, and another one each time it is made. */
export type Asking<C extends model.Command = model.Command> = (story: Chronicle) => C;

type Consenting = readonly [name: string, by?: Person, consent?: ConsentKind];

const vote = (story: Chronicle, [name, by = ownerOf(name), consent = "run"]: Consenting): model.Vote => ({
  card: story.proposal(name).card,
  consent,
  by,
  key: story.newKey(),
});

export const approve =
  (...consenting: Consenting): Asking<model.Approve> =>
  (story) => ({ kind: "approve", ...vote(story, consenting) });

export const withdraw =
  (...consenting: Consenting): Asking<model.Withdraw> =>
  (story) => ({ kind: "withdraw", ...vote(story, consenting) });

export const reject =
  (name: string, by = ownerOf(name), because = "not this week", consent: ConsentKind = "run"): Asking<model.Reject> =>
  (story) => ({ kind: "reject", because, ...vote(story, [name, by, consent]) });

/** The zone is looked at with the owner's choices. */
export const adjust =
  (name: string, adjustment: Adjustment, by: Person = ownerOf(name)): Asking<model.Adjust> =>
  (story) => {
    const { card } = story.proposal(name);
    return { kind: "adjust", card, by, adjustment, survey: story.survey(name), key: story.newKey() };
  };

const onSite =
  (kind: model.OnSite["kind"], cardOf: (story: Chronicle, name: string) => CardId) =>
  (name: string, by: Person = ownerOf(name)): Asking<model.OnSite> =>
  (story) => ({ kind, card: cardOf(story, name), by, key: story.newKey() });

const newestCard = (story: Chronicle, name: string): CardId => story.proposal(name).card;
const teardownCard = (story: Chronicle, name: string): CardId =>
  story.site(name).teardown?.card ?? newestCard(story, name);

export const retry = onSite("retry", newestCard);
export const reboot = onSite("reboot", newestCard);
export const rotateTunnelKeys = onSite("rotate-tunnel-keys", newestCard);
export const retire = onSite("retire", newestCard);
export const agreeTeardown = onSite("agree-teardown", teardownCard);
const goOnCard = (story: Chronicle, name: string): CardId =>
  story.site(name).goOns.at(-1)?.card ?? newestCard(story, name);
export const goOn = onSite("go-on", goOnCard);
export const stopCoordinator = onSite("stop-coordinator", teardownCard);

const onFederation =
  (kind: model.OnFederation["kind"]) =>
  (by: Person = REQUESTER): Asking<model.OnFederation> =>
  (story) => ({ kind, by, key: story.newKey() });

export const cancel = onFederation("cancel");
export const checkAgain = onFederation("check-again");
export const askTeardown = onFederation("ask-teardown");
export const withdrawTeardown = onFederation("withdraw-teardown");

export const requestSite =
  (name: string, superNodes = 2, by: Person = REQUESTER, crossing?: SiteWish["crossing"]): Asking<model.RequestSite> =>
  (story) => ({
    kind: "request-site",
    wish: { site: site(name), role: "training", superNodes, ...(crossing === undefined ? {} : { crossing }) },
    by,
    key: story.newKey(),
  });

export const giveRouterKey =
  (name: string, routerKey: string, by: Person = ownerOf(name)): Asking<model.GiveRouterKey> =>
  (story) => ({ kind: "give-router-key", card: newestCard(story, name), by, routerKey, key: story.newKey() });

export const writeOff =
  (name: string): Asking<model.WriteOff> =>
  (story) => ({ kind: "write-off", zone: zone(name), by: null, key: story.newKey() });
