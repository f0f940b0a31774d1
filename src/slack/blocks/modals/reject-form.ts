/** The modal in which an owner says why not. Pure. */
import type { ModalView } from "@slack/types";
import { z } from "zod";
import { consentKind } from "../../../federation/model/events.ts";
import { cardId, federationId } from "../../../federation/model/identity.ts";
import { VIEW } from "../../names.ts";
import { plain, section } from "../elements.ts";
import { textInput } from "./inputs.ts";

export const REASON_BLOCK = "because";
/** What the modal is about, kept in its private metadata. */
export const rejectMetadata = z.strictObject({ federation: federationId, card: cardId, kind: consentKind });

export function rejectForm(about: z.infer<typeof rejectMetadata>): ModalView {
  const what =
    about.kind === "run"
      ? "Nothing will run at your site for this federation. One owner's rejection is enough."
      : "The new site is not admitted and is left out. One owner's refusal is enough.";
  return {
    type: "modal",
    callback_id: VIEW.reject,
    private_metadata: JSON.stringify(about),
    title: plain("Reject", 24),
    submit: plain("Reject", 24),
    close: plain("Go back", 24),
    blocks: [
      section(what),
      textInput(REASON_BLOCK, "Reason, shown to everybody in the federation's channel", "", {
        multiline: true,
        max: 500,
      }),
    ],
  };
}
