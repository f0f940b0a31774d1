/** The gentler way beside Retry, in words: what is done to which VM, and what came of it. */
import type { Button } from "@slack/types";
import type { RebootAction, RebootOutcome, VmReboot } from "../../federation/model/reboot-words.ts";
import type { Site } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { button } from "./elements.ts";
import { listed } from "./mrkdwn.ts";

export const REBOOT_BUTTON = "Reboot VMs";

export const rebootButton = ({ role }: Site, value: string, about: string): Button =>
  button(REBOOT_BUTTON, ACTION.reboot, value, {
    label: `Reboot the VMs that are not well ${about}`,
    confirm: {
      title: "Reboot these VMs?",
      text:
        role === "coordinator"
          ? "The SuperLink's VM is rebooted, or switched on if it is off. Runs that are under way may fail, and training sites dial again. It keeps its disks, its certificate and every key it was told."
          : "Only VMs of this site that are not well are rebooted, or switched on if they are off. They keep their disks and keys, and nobody has to agree again.",
      yes: "Reboot them",
    },
  });

const DOES: Readonly<Record<RebootAction, string>> = {
  restart: "is asked to restart",
  reset: "is reset, as it does not answer",
  resume: "is switched on",
};

/** VMs that one sentence names. */
const MOST_NAMED = 10;

/** For those who may see the zone's detail. */
export const rebootDetail = (vms: readonly Pick<VmReboot, "vmId" | "action">[]): string =>
  `${listed(
    vms.map(({ vmId, action }) => `VM ${vmId} ${DOES[action]}`),
    MOST_NAMED,
  )}.`;

/** What came of it and what to do now; null where that is told by how the site is. */
export function rebootSentence(outcome: RebootOutcome): string | null {
  switch (outcome) {
    case "well":
      return null;
    case "not-taken":
      return "The zone did nothing: its VMs are in a state that takes no reboot. Look at them in the zone, or retry the site.";
    case "unanswered":
      return "The zone has not answered to the reboot in time. Look at the VMs in the zone, then reboot them again or retry the site.";
    case "no-help":
      return "The reboot has not helped: what was wrong is so still. Look at the VM's console, or retry the site.";
  }
}
