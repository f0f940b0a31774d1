/** What a zone's owners can do on its site's card: nothing that would be refused in this state. */
import type { Button } from "@slack/types";
import { runsAsProposed } from "../../federation/deciding/approval.ts";
import { canRetry } from "../../federation/deciding/lifecycle.ts";
import { canReboot } from "../../federation/deciding/reboot.ts";
import { canRotate } from "../../federation/deciding/rotation.ts";
import type { Federation, Proposal, Site } from "../../federation/model/state.ts";
import { conditionsOf, type Status, statusOf } from "../../federation/model/status.ts";
import { cardValue } from "../card-value.ts";
import { ACTION } from "../names.ts";
import { button } from "./elements.ts";
import { REBOOT_BUTTON, rebootButton } from "./reboot.ts";
import { rotateButton } from "./rotation.ts";

/** @param own false where the zone has no channel: its detail then opens for its owners only */
export function siteButtons(federation: Federation, site: Site, proposal: Proposal, own: boolean): readonly Button[] {
  const value = cardValue(federation.id, proposal.card);
  const about = `in ${site.name} for federation ${federation.name}`;
  const see = button("See what runs", ACTION.seeWhatRuns, value, { label: `See what runs ${about}` });
  const detail =
    own || !hasDetail(federation, site)
      ? []
      : [button("See the detail", ACTION.seeDetail, value, { label: `See the detail ${about}` })];
  if (federation.ended !== null || site.approvalState === "excluded") return [see, ...detail];
  const connect = own || site.role === "training" || federation.readyAt === null ? [] : [connectButton(value, about)];
  const seen = site.deployment === null || runsAsProposed(site) ? [see] : [see, seeAsked(value, about)];
  return [
    ...(site.approvalState === "pending" ? decisions(site, value, about) : []),
    ...withdrawal(site, proposal, value, about),
    ...(site.deployment === null ? [] : acting(federation, site, value, about)),
    ...seen,
    ...connect,
    ...detail,
  ];
}

const hasDetail = (federation: Federation, site: Site): boolean =>
  site.problems.length > 0 || site.deployment?.failure != null || conditionsOf(federation, site.name).length > 0;

const seeAsked = (value: string, about: string): Button =>
  button("See what is asked", ACTION.seeWhatIsAsked, value, { label: `See what is asked to run ${about}` });

const connectButton = (value: string, about: string): Button =>
  button("How to start a run", ACTION.seeConnection, value, { label: `See how to start a run ${about}` });

function decisions(site: Site, value: string, about: string): readonly Button[] {
  const what =
    site.role === "coordinator"
      ? "Your zone becomes the coordinator: whoever holds the ssh keys named on the card can run code in every training site's VMs."
      : "You let the coordinator's organisation run code in these VMs, beside the data you attach.";
  return [
    button("Approve", ACTION.approve, value, {
      style: "primary",
      label: `Approve what would run ${about}`,
      confirm: { title: "Approve this version?", text: what, yes: "Approve" },
    }),
    button("Adjust and approve", ACTION.adjust, value, { label: `Adjust and approve what would run ${about}` }),
    button("Reject", ACTION.reject, value, { style: "danger", label: `Reject what would run ${about}` }),
  ];
}

function withdrawal(site: Site, proposal: Proposal, value: string, about: string): readonly Button[] {
  const given = site.consents.some(({ kind, digest }) => kind === "run" && digest === proposal.digest);
  if (!given || runsAsProposed(site)) return [];
  return [button("Withdraw my approval", ACTION.withdraw, value, { label: `Withdraw my approval ${about}` })];
}

/** What an owner can do about a site that has been started. */
function acting(federation: Federation, site: Site, value: string, about: string): readonly Button[] {
  const goesOn = federation.teardown === null;
  const reboot = goesOn && canReboot(federation, site) ? [rebootButton(site, value, about)] : [];
  const retry = goesOn && canRetry(federation, site) ? [retryButton(federation, site, value, about)] : [];
  const rotate = goesOn && canRotate(site) ? [rotateButton(site, value, about)] : [];
  return [...reboot, ...retry, ...rotate, ...(site.role === "coordinator" ? [] : [retireButton(value, about)])];
}

/** Dangerous while something of it serves, or may. */
const retryButton = (federation: Federation, site: Site, value: string, about: string): Button =>
  button("Retry", ACTION.retry, value, {
    style: mayServe(statusOf(federation, site)) ? "danger" : "primary",
    label: `Retry what runs ${about}`,
    confirm: {
      title: "Retry this site?",
      text: `${whatRetryRemoves(site)}${canReboot(federation, site) ? ` A reboot may do: ${REBOOT_BUTTON} keeps disks and keys.` : ""}`,
      yes: "Retry it",
    },
  });

const whatRetryRemoves = ({ role }: Site): string =>
  role === "coordinator"
    ? "Your zone is looked at first. Then the SuperLink's VM is removed with its disks and a new one takes its place: what is only on it is lost. Training sites wait meanwhile."
    : "Your zone is looked at first. Then the VMs that run here are removed with their disks, and new ones take their place.";

const mayServe = ({ online, isSteady }: Status): boolean => online > 0 || !isSteady;

const retireButton = (value: string, about: string): Button =>
  button("Retire this site", ACTION.retire, value, {
    style: "danger",
    label: `Retire the site ${about}`,
    confirm: {
      title: "Retire this site?",
      text: "Its VMs are removed and its keys are no longer admitted. Nobody else has to agree, and nobody else's site is touched.",
      yes: "Retire it",
    },
  });
