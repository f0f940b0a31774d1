/** The bot's home in Slack, as one person sees it: what waits for them, what runs, what they can do. */
import type { HomeView } from "@slack/types";
import { isOwner } from "../../federation/deciding/consent.ts";
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { Waiting } from "../../federation/deciding/waiting.ts";
import type { FederationId, Person } from "../../federation/model/identity.ts";
import { superNodesOf } from "../../federation/model/plan.ts";
import { REASONS } from "../../federation/model/reasons.ts";
import { type Federation, newestFirst } from "../../federation/model/state.ts";
import {
  AUTHORITY_KEY,
  admitCardKey,
  certificateKey,
  goOnCardKey,
  preflightKey,
  routerKey,
  siteCardKey,
  teardownCardKey,
} from "../keys.ts";
import { CARD_KEY } from "../message.ts";
import { type Blocks, context, divider, header, section } from "./elements.ts";
import { type Abilities, abilityLines } from "./help.ts";
import { MARK } from "./marks.ts";
import { code, count, escaped, moment } from "./mrkdwn.ts";
import { phaseOf } from "./phase.ts";
import { progressText, siteProgress } from "./progress.ts";
import { dayWords } from "./term-words.ts";
import { placeTitle } from "./titles.ts";

/** Slack takes a hundred blocks: so many of each, and a sentence for the rest. */
const MOST_WAITING = 40;
const MOST_FEDERATIONS = 40;
/** Zones of one person that are shown under a federation. */
const MOST_ZONES = 10;

export interface HomeContent {
  readonly person: Person;
  /** The oldest first. */
  readonly waiting: readonly Waiting[];
  readonly federations: readonly Federation[];
  /** False when too many channels would have had to be looked through. */
  readonly isComplete: boolean;
  readonly abilities: Abilities;
  readonly directory: Directory;
  /** Where a message stands in Slack; null when it does not yet. */
  readonly addressOf: (federation: FederationId, key: string) => string | null;
}

export function homeView(content: HomeContent): HomeView {
  return {
    type: "home",
    blocks: [
      header("What waits for you"),
      ...waitingBlocks(content),
      divider,
      header("What runs"),
      ...federationBlocks(content),
      divider,
      header("What you can do"),
      section(abilityLines(content.abilities).join("\n")),
      context("Only you see this. It is kept up to date for an hour after you open it."),
    ],
  };
}

function waitingBlocks(content: HomeContent): Blocks {
  const { waiting } = content;
  if (waiting.length === 0) return [section(`${MARK.done} Nothing waits for you.`)];
  const more = waiting.length - MOST_WAITING;
  return [
    ...waiting.slice(0, MOST_WAITING).map((one) => section(waitingText(one, content))),
    ...(more > 0 ? [section(`and ${more} more. Decide on some of these, and they come up here.`)] : []),
  ];
}

function waitingText(waiting: Waiting, { directory, addressOf }: HomeContent): string {
  const { federation, site } = waiting;
  const where = escaped(placeTitle(directory, site), 120);
  const way = (key: string, label: string) => {
    const address = addressOf(federation.id, key) ?? addressOf(federation.id, CARD_KEY);
    return address === null ? "" : ` <${address}|${label}>`;
  };
  const about = `*${federation.name}*, ${where}:`;
  switch (waiting.kind) {
    case "approve": {
      const { card, plan, expiresAt } = waiting.proposal;
      const part = site.role === "coordinator" ? "the coordinator" : count(superNodesOf(plan), "SuperNode");
      const asked = `is asked to run ${part}, until ${moment(expiresAt)}.`;
      return `${MARK.pending} ${about} ${asked}${way(siteCardKey(site.name, card), "Decide on its card")}`;
    }
    case "admit": {
      const { card, expiresAt } = waiting.proposal;
      const asked = `asks to join your coordinator, until ${moment(expiresAt)}.`;
      return `${MARK.pending} ${about} ${asked}${way(admitCardKey(site.name, card), "Decide on its card")}`;
    }
    case "teardown":
      return `${MARK.pending} ${about} is asked to end its part.${way(teardownCardKey(site.name, waiting.teardown.card), "Decide on its card")}`;
    case "go-on": {
      const { card, until, answerBy } = waiting.goOn;
      const asked = `say by ${moment(answerBy)} whether it goes on until ${dayWords(until)}.`;
      return `${MARK.pending} ${about} ${asked}${way(goOnCardKey(site.name, card), "Say so on its card")}`;
    }
    case "certificate": {
      const { awaited } = waiting;
      const [key, what] =
        awaited.kind === "authority"
          ? [AUTHORITY_KEY, "the certificate of your organisation's CA"]
          : [certificateKey(awaited.vm.vmId), "a certificate for its SuperLink"];
      return `${MARK.pending} ${about} waits for ${what}.${way(key, "Give it on its card")}`;
    }
    case "problem": {
      const [problem] = site.problems;
      const sentence = problem === undefined ? "something is in its way." : REASONS[problem.code];
      return `${MARK.down} ${about} ${escaped(sentence)}${way(preflightKey(site.name), "See what is in its way")}`;
    }
    case "router-key": {
      const { card } = waiting.proposal;
      return `${MARK.pending} ${about} waits for the public key of your zone's router.${way(routerKey(site.name, card), "Set the router up and give its key")}`;
    }
    case "unwell": {
      const progress = siteProgress(federation, site, directory);
      const newest = site.proposals.at(-1);
      const key = newest === undefined ? CARD_KEY : siteCardKey(site.name, newest.card);
      return `${MARK[progress.mark]} ${about} ${progressText(progress)}${way(key, "See what you can do on its card")}`;
    }
  }
}

function federationBlocks(content: HomeContent): Blocks {
  const { federations, isComplete, abilities } = content;
  const rest = isComplete ? [] : [section("Not every channel was looked through: ask for a federation by its name.")];
  if (federations.length === 0) {
    const next =
      abilities.command !== null && abilities.mayRequest
        ? ` ${code(`${abilities.command} deploy-site`)} in a channel asks for one.`
        : "";
    return [section(`There is no federation that you can see.${next}`), ...rest];
  }
  const sorted = federations.toSorted(newestFirst);
  const more = sorted.length - MOST_FEDERATIONS;
  const status = abilities.command === null ? "@florist status" : `${abilities.command} status`;
  return [
    ...sorted.slice(0, MOST_FEDERATIONS).map((federation) => section(federationText(federation, content))),
    ...(more > 0 ? [section(`and ${count(more, "more federation")}: ${code(`${status} NAME`)} shows one.`)] : []),
    ...rest,
  ];
}

/** How it stands as a whole, and in the person's own zones. */
function federationText(federation: Federation, { person, directory, addressOf }: HomeContent): string {
  const address = addressOf(federation.id, CARD_KEY);
  const name = address === null ? federation.name : `<${address}|${federation.name}>`;
  const own = [...federation.sites.values()].filter(({ name }) => isOwner(directory, name, person));
  const lines = own.slice(0, MOST_ZONES).map((site) => {
    const progress = siteProgress(federation, site, directory);
    return `${MARK[progress.mark]} ${escaped(placeTitle(directory, site), 120)}: ${progressText(progress, 150)}`;
  });
  return [`*${name}*: ${escaped(phaseOf(federation), 150)}`, ...lines].join("\n");
}

/** What everybody else is told who opens it. */
export const NO_HOME =
  "My home shows the federations of the organisation that installed me, and opens for its members only. Mention me in a channel instead: `@florist status`, `@florist zones` and `@florist help` answer you alone.";
