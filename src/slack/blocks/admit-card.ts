/** Asks the coordinator's owners whether a newcomer may join their running federation. Shows nothing of its zone. */
import type { Button } from "@slack/types";
import type { Directory } from "../../federation/deciding/visibility.ts";
import { superNodesOf } from "../../federation/model/plan.ts";
import { coordinatorOf, type Federation, type Proposal, type Site } from "../../federation/model/state.ts";
import { cardValue } from "../card-value.ts";
import { admitCardKey } from "../keys.ts";
import { linkTo } from "../message.ts";
import { ACTION } from "../names.ts";
import { ownersOf } from "./conditions.ts";
import { actions, type Blocks, button, header, section, sections } from "./elements.ts";
import { clip, count, escaped, mention, mentions } from "./mrkdwn.ts";
import { isAsked } from "./site-card.ts";
import { reasonLines } from "./term-words.ts";
import { placeTitle } from "./titles.ts";
import { votes, whatIsMissing } from "./votes.ts";

export function admitCard(
  federation: Federation,
  site: Site,
  proposal: Proposal,
  directory: Directory,
): { text: string; blocks: Blocks } {
  const where = escaped(placeTitle(directory, site));
  const question = `May ${where} join federation ${federation.name}?`;
  const current = site.proposals.at(-1);
  if (current !== undefined && current.card !== proposal.card) {
    const newer = `What would run there has changed. ${linkTo(admitCardKey(site.name, current.card), "The newer card")} in this conversation is the one to decide on.`;
    return { text: `${question} ${newer}`, blocks: [section(`*${question}*\n${newer}`)] };
  }
  const open = isAsked(federation, site);
  const owners = ownersOf(directory, coordinatorOf(federation).name);
  const asked = `${open && owners.length > 0 ? `For ${mentions(owners)}: ` : ""}${mention(site.requester)} asks that *${where}* joins the running federation *${federation.name}* with *${count(superNodesOf(proposal.plan), "SuperNode")}*.`;
  const outcome = outcomeOf(federation, site, proposal, directory);
  return {
    text: open ? `${asked} Admit or reject it on this card.` : `${question} ${outcome}`,
    blocks: [
      header(clip(`Admit ${placeTitle(directory, site)} to ${federation.name}?`, 150)),
      section(
        `${asked} Its own owners are asked about what runs there; you are asked whether your SuperLink takes their keys.`,
      ),
      ...sections(reasonLines(proposal.plan)),
      ...sections([...votes(federation, site, "admit", directory), outcome]),
      ...actions(...buttons(federation, site, proposal)),
    ],
  };
}

function outcomeOf(federation: Federation, site: Site, proposal: Proposal, directory: Directory): string {
  if (site.approvalState === "approved") return "*Admitted.*";
  return isAsked(federation, site) ? whatIsMissing(federation, site, proposal, directory) : "This is no longer asked.";
}

function buttons(federation: Federation, site: Site, proposal: Proposal): readonly Button[] {
  if (federation.ended !== null || site.approvalState === "excluded" || site.deployment !== null) return [];
  const value = cardValue(federation.id, proposal.card);
  const about = `${site.name} to federation ${federation.name}`;
  const given = site.consents.some(({ kind, digest }) => kind === "admit" && digest === proposal.digest);
  const withdraw = given
    ? [button("Withdraw my agreement", ACTION.withdrawAdmission, value, { label: `No longer admit ${about}` })]
    : [];
  if (!isAsked(federation, site)) return withdraw;
  return [
    button("Admit", ACTION.admit, value, {
      style: "primary",
      label: `Admit ${about}`,
      confirm: {
        title: "Admit this site?",
        text: "Your SuperLink takes the keys of its SuperNodes, and they take part in runs beside those of the other sites.",
        yes: "Admit it",
      },
    }),
    button("Reject", ACTION.refuseAdmission, value, { style: "danger", label: `Refuse to admit ${about}` }),
    ...withdraw,
  ];
}
