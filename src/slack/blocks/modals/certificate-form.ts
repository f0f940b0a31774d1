/** The modal in which a certificate is given: a CA's, or a chain; which of them is waited for, the bot knows. Pure. */
import type { ModalView } from "@slack/types";
import type { FederationId } from "../../../federation/model/identity.ts";
import { VIEW } from "../../names.ts";
import { plain, section } from "../elements.ts";
import { fileInput, textInput } from "./inputs.ts";

export const FILES_BLOCK = "files";
export const TEXT_BLOCK = "text";
/** A chain in as many files as people have it in. */
export const MOST_FILES = 5;

export function certificateForm(federation: FederationId, what: string): ModalView {
  return {
    type: "modal",
    callback_id: VIEW.certificate,
    private_metadata: federation,
    title: plain("Give a certificate", 24),
    submit: plain("Give it", 24),
    close: plain("Go back", 24),
    blocks: [
      section(what),
      fileInput(
        FILES_BLOCK,
        "Files in PEM",
        { types: ["pem", "crt", "cer", "txt"], most: MOST_FILES },
        { optional: true },
      ),
      textInput(TEXT_BLOCK, "Or its text", "", { multiline: true, max: 3000, optional: true }),
    ],
  };
}
