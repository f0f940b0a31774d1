/** Asks a zone's owners whether their part of a federation goes on after its last day. */

import type { Button } from "@slack/types";
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { Federation, Site } from "../../federation/model/state.ts";
import type { GoOn } from "../../federation/model/term.ts";
import { cardValue } from "../card-value.ts";
import { ACTION } from "../names.ts";
import { ownersOf } from "./conditions.ts";
import { actions, type Blocks, button, section } from "./elements.ts";
import { MARK } from "./marks.ts";
import { escaped, mention, mentions, moment } from "./mrkdwn.ts";
import { dayWords } from "./term-words.ts";
import { placeTitle } from "./titles.ts";

export function goOnCard(
  federation: Federation,
  site: Site,
  goOn: GoOn,
  directory: Directory,
): { text: string; blocks: Blocks } {
  const where = escaped(placeTitle(directory, site));
  const title = `${where}: does federation ${federation.name} go on?`;
  const standing = standingOf(federation, site, goOn);
  const said = isAsked(federation, site, goOn) ? questionOf(federation, site, goOn, directory) : standing;
  return {
    text: `${title} ${said}`,
    blocks: [section(`*${title}*\n${said}`), ...actions(...buttons(federation, site, goOn))],
  };
}

/** Its owners have not answered yet, and are still to. */
export const isAsked = (federation: Federation, site: Site, { outcome, agreedBy }: GoOn): boolean =>
  federation.ended === null && outcome === "open" && agreedBy === null && site.approvalState !== "excluded";

function questionOf(federation: Federation, site: Site, { until, answerBy }: GoOn, directory: Directory): string {
  const owners = ownersOf(directory, site.name);
  const asked = owners.length === 0 ? "" : `For ${mentions(owners)}: `;
  const last =
    federation.term === null ? "" : `The last day of this federation is ${dayWords(federation.term.until)}. `;
  const otherwise =
    site.role === "coordinator"
      ? "the whole federation is taken down then: training sites first, the SuperLink last, and with it every run and model that is only there"
      : "your SuperNodes are removed then; the other sites decide for themselves";
  return `${asked}${last}Say by ${moment(answerBy)} whether your site goes on until ${dayWords(until)}. Without an answer ${otherwise}.`;
}

function standingOf(federation: Federation, site: Site, { until, agreedBy, outcome }: GoOn): string {
  const agreed = agreedBy === null ? "" : `${MARK.done} ${mention(agreedBy)} said that it goes on. `;
  if (outcome === "run-out") return `${MARK.tooLate} Nobody said so in time, so what runs here is taken down.`;
  if (outcome === "dropped") return `${MARK.out} Nobody need say so any more: the federation is being torn down.`;
  if (federation.ended !== null || site.approvalState === "excluded") return `${MARK.out} Nobody need say so any more.`;
  if (outcome === "goes-on") return `${agreed}It goes on until ${dayWords(until)}.`;
  return `${agreed}The other sites are still to answer.`;
}

function buttons(federation: Federation, site: Site, goOn: GoOn): readonly Button[] {
  if (!isAsked(federation, site, goOn)) return [];
  const value = cardValue(federation.id, goOn.card);
  const about = `${site.name} in federation ${federation.name}`;
  return [
    button("Go on", ACTION.goOn, value, {
      style: "primary",
      label: `Go on with ${about}`,
      confirm: {
        title: "Go on?",
        text: `What was approved runs at your site until the end of ${dayWords(goOn.until)}. Then you are asked again.`,
        yes: "Go on",
      },
    }),
    ending(federation, site, value, about),
  ];
}

const ending = (federation: Federation, site: Site, value: string, about: string): Button =>
  site.role === "training"
    ? button("End it here", ACTION.retire, value, {
        style: "danger",
        label: `End ${about}`,
        confirm: {
          title: "End it here?",
          text: "The VMs of this federation at your site are removed with their disks, now. The other sites go on.",
          yes: "End it here",
        },
      })
    : button("Ask for teardown", ACTION.askTeardown, federation.id, {
        style: "danger",
        label: `Ask for the teardown of federation ${federation.name}`,
        confirm: {
          title: "Ask for teardown?",
          text: "Every site's owners are asked about their own site. Training sites end first, the coordinator last.",
          yes: "Ask the owners",
        },
      });
