/** Asks the coordinator's owners whether a newcomer may join their running federation. Shows nothing of its zone. */
import type { Button } from "@slack/types";
import { missingConsents, standingConsents } from "../../federation/deciding/consent.ts";
import type { Directory } from "../../federation/deciding/visibility.ts";
import { coordinatorOf, type Federation, type Proposal, type Site } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { actions, type Blocks, button, header, section } from "./elements.ts";
import { zoneTitle } from "./federation-card.ts";
import { clip, count, escaped, mention, mentions, moment, quoted } from "./mrkdwn.ts";

export function admitCard(
  federation: Federation,
  site: Site,
  proposal: Proposal,
  directory: Directory,
): { text: string; blocks: Blocks } {
  const where = escaped(zoneTitle(directory, site));
  const text = `May ${where} join federation ${federation.name}?`;
  if (site.proposals.at(-1)?.card !== proposal.card) {
    return {
      text,
      blocks: [
        section(
          `*${text}*\nWhat would run there has changed. The newer card in this conversation is the one to decide on.`,
        ),
      ],
    };
  }
  const owners = mentions(directory.zones.get(coordinatorOf(federation).zone)?.owners ?? []);
  return {
    text,
    blocks: [
      header(clip(`Admit ${zoneTitle(directory, site)} to ${federation.name}?`, 150)),
      section(
        `${isOpen(federation, site) ? `${owners} ` : ""}${mention(site.requester)} asks that *${where}* joins the running federation *${federation.name}* with *${count(proposal.plan.vms, "SuperNode")}*. Its own owners are asked about what runs in their zone; you are asked whether your SuperLink takes their keys.`,
      ),
      section(votes(federation, site, proposal, directory)),
      ...actions(...buttons(federation, site, proposal)),
    ],
  };
}

const isOpen = (federation: Federation, site: Site): boolean => federation.ended === null && site.standing === "asking";

function votes(federation: Federation, site: Site, proposal: Proposal, directory: Directory): string {
  const lines = standingConsents(federation, site, "admit", directory).map(
    ({ by, at }) => `:white_check_mark: ${mention(by)} agreed ${moment(at)}.`,
  );
  if (site.refusal?.kind === "admit") {
    lines.push(`:x: ${mention(site.refusal.by)} refused ${moment(site.refusal.at)}: ${quoted(site.refusal.because)}`);
  }
  if (site.standing === "approved") lines.push("*Admitted.*");
  else if (!isOpen(federation, site)) lines.push("This is no longer asked.");
  else {
    const missing = missingConsents(federation, site, "admit", directory);
    const need = missing === 0 ? "Waits for the owners of the new site." : `Still needed: ${count(missing, "owner")}.`;
    lines.push(`${need} The time to decide ends ${moment(proposal.expiresAt)}.`);
  }
  return lines.join("\n");
}

function buttons(federation: Federation, site: Site, proposal: Proposal): readonly Button[] {
  if (federation.ended !== null || site.standing === "left-out" || site.run !== null) return [];
  const withdraw = site.consents.some(({ kind }) => kind === "admit")
    ? [button("Withdraw my agreement", ACTION.withdrawAdmission, proposal.card)]
    : [];
  if (site.standing !== "asking") return withdraw;
  return [
    button("Admit", ACTION.admit, proposal.card, { style: "primary" }),
    button("Reject", ACTION.refuseAdmission, proposal.card, { style: "danger" }),
    ...withdraw,
  ];
}
