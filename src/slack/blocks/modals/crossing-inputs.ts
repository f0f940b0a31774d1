/** The part of the form of `deploy-site` that asks how traffic crosses. */
import type { InputBlock } from "@slack/types";
import type { SiteName } from "../../../federation/model/identity.ts";
import type { SiteProfile } from "../../../federation/model/policy.ts";
import { trainingChoices } from "../../../federation/model/site-profiles.ts";
import type { RequestForm } from "../../../federation/proposing/request.ts";
import { HUB_PORT } from "../../../federation/tunnels/planner.ts";
import { ACTION } from "../../names.ts";
import { type Choice, checkboxInput, multiSelectInput, numberInput, radioInput, textInput } from "./inputs.ts";
import { siteChoice } from "./site-choice.ts";
import { type StateValues, typed } from "./state-values.ts";

const CROSSING_BLOCK = "crossing";
export const TUNNELLED_BLOCK = "tunnelled";
export const ADDRESS_KIND_BLOCK = "addressKind";
export const PRIVATE_BLOCK = "privateIsReachable";

type Sites = ReadonlyMap<SiteName, SiteProfile>;

export function crossingInputs(form: RequestForm, sites: Sites): readonly InputBlock[] {
  const kinds: Choice[] = [
    { value: "public-address", text: "To a public address of the SuperLink" },
    { value: "wireguard", text: "Through WireGuard, to one UDP port" },
    { value: "both", text: "Some sites in one way, some in the other" },
  ];
  return [
    radioInput(CROSSING_BLOCK, "How does traffic cross?", kinds, form.crossing, {
      hint: "Either way over TLS. WireGuard is for a SuperLink that has no public address, or may have no TCP port open.",
      redraws: ACTION.crossingChosen,
    }),
    ...waysOf(form, sites),
    privateInput(form),
  ];
}

function waysOf(form: RequestForm, sites: Sites): readonly InputBlock[] {
  switch (form.crossing) {
    case "public-address":
      return addressInputs(form);
    case "wireguard":
      return tunnelInputs(form);
    case "both":
      return [tunnelledInput(form, sites), ...addressInputs(form), ...tunnelInputs(form)];
  }
}

const tunnelledInput = ({ tunnelled }: RequestForm, sites: Sites): InputBlock =>
  multiSelectInput(
    TUNNELLED_BLOCK,
    "Training sites that come through WireGuard",
    trainingChoices(sites).map(siteChoice),
    tunnelled,
    { hint: "The others dial the public address. A site that is added later can come in either way.", optional: true },
  );

/** The way that was chosen; to a public address where none was yet. */
export function crossingTyped(values: StateValues): RequestForm["crossing"] {
  const way = typed(values, CROSSING_BLOCK);
  return way === "wireguard" || way === "both" ? way : "public-address";
}

function addressInputs(form: RequestForm): readonly InputBlock[] {
  const kinds: Choice[] = [
    { value: "picked", text: "Pick a free address of the coordinator's network" },
    { value: "given", text: "I give the address or DNS name" },
  ];
  const host =
    form.addressKind === "given"
      ? [textInput("host", "Address or DNS name of the SuperLink", form.host, { placeholder: "203.0.113.20" })]
      : [];
  return [
    radioInput(ADDRESS_KIND_BLOCK, "Address that training sites dial", kinds, form.addressKind, {
      hint: "Traffic goes to it directly, over TLS.",
      redraws: ACTION.addressKindChosen,
    }),
    ...host,
    numberInput("port", "Port", form.port, { min: 1, max: 65_535 }),
  ];
}

function tunnelInputs(form: RequestForm): readonly InputBlock[] {
  return [
    textInput("hub", "Public address and UDP port of the hub", form.hub, {
      placeholder: `203.0.113.20:${HUB_PORT}`,
      hint: `It leads to the same UDP port of the SuperLink's VM, by a forward or because the VM has the address. Without a port it is ${HUB_PORT}.`,
    }),
    textInput("range", "Network for the tunnels' addresses", form.range, {
      placeholder: "10.99.0.0/23",
      hint: "Leave it empty, and one is taken that overlaps no zone's network.",
      optional: true,
    }),
  ];
}

const privateInput = (form: RequestForm): InputBlock =>
  checkboxInput(
    PRIVATE_BLOCK,
    "Private addresses",
    { value: "yes", text: "All sites reach the address even if it is private" },
    form.privateIsReachable,
  );
