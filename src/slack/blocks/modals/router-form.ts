/** The modal in which an owner says which key the zone's router has, and what the bot cannot see. Pure. */
import type { ModalView } from "@slack/types";
import { parseTunnelKey } from "../../../guest-protocol/tunnel.ts";
import { VIEW } from "../../names.ts";
import { plain, section } from "../elements.ts";
import { checkboxInput, textInput } from "./inputs.ts";
import { chosen, type StateValues, typed } from "./state-values.ts";

const KEY_BLOCK = "routerKey";
const READY_BLOCK = "routerIsReady";

/** @param about names the federation and the card */
export const routerForm = (about: string): ModalView => ({
  type: "modal",
  callback_id: VIEW.routerKey,
  private_metadata: about,
  title: plain("The router's key", 24),
  submit: plain("Give this key", 24),
  close: plain("Go back", 24),
  blocks: [
    section(
      "The hub is told of this key at once, and of no other of this zone. The bot cannot look into the router: whether it passes traffic shows when the SuperNodes dial.",
    ),
    textInput(KEY_BLOCK, "Public key of the router", "", { placeholder: "as `wg pubkey` prints it", max: 64 }),
    checkboxInput(
      READY_BLOCK,
      "What the bot cannot see",
      { value: "yes", text: "The router has this configuration, and is the VMs' default route" },
      false,
    ),
  ],
});

export function readRouterForm(
  values: StateValues,
): { readonly routerKey: string } | { readonly mistakes: Readonly<Record<string, string>> } {
  const mistakes: Record<string, string> = {};
  const key = parseTunnelKey(typed(values, KEY_BLOCK).trim());
  if (!key.ok) mistakes[KEY_BLOCK] = "Give the public key as `wg pubkey` prints it: 44 characters that end with =.";
  if (chosen(values, READY_BLOCK).length === 0) {
    mistakes[READY_BLOCK] = "Configure the router first, then say so here: the SuperNodes are created next.";
  }
  return key.ok && Object.keys(mistakes).length === 0 ? { routerKey: key.value } : { mistakes };
}

export const takenKey = (sentence: string): Readonly<Record<string, string>> => ({ [KEY_BLOCK]: sentence });
