/** Changing a site's tunnel keys, in words. */
import type { Button } from "@slack/types";
import type { RotationOutcome } from "../../federation/model/rotation-words.ts";
import type { Site } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { button } from "./elements.ts";

export const rotateButton = ({ role }: Site, value: string, about: string): Button =>
  button("Change tunnel keys", ACTION.rotateTunnelKeys, value, {
    label: `Change the tunnel keys ${about}`,
    confirm: {
      title: "Change the tunnel keys?",
      text:
        role === "coordinator"
          ? "The hub's VM makes a new WireGuard key. Every site's VMs learn its public half before it is used, so that runs go on. The old key is forgotten afterwards."
          : "Each VM of this site makes a new WireGuard key. The hub learns the public halves before they are used, so that runs go on. The old keys are forgotten afterwards.",
      yes: "Change them",
    },
  });

/** What came of it, and what to do now where something is left to be done. */
export function rotationSentence(outcome: RotationOutcome): string {
  switch (outcome) {
    case "changed":
      return "the tunnel keys were changed, and the old ones count no more.";
    case "partly":
      return "some tunnel keys were changed, others not in time: those VMs keep the keys that they had. Look whether all VMs report, then change the keys again.";
    case "not-changed":
      return "the tunnel keys were not changed in time, so the ones that there were go on. Look whether both ends' VMs report, then change the keys again or retry the site.";
  }
}
