/** The form with which a running federation gets one more training site. Pure. */
import type { InputBlock, ModalView } from "@slack/types";
import type { SiteWish } from "../../../federation/model/events.ts";
import type { ZoneName } from "../../../federation/model/identity.ts";
import { SUPERNODES } from "../../../federation/model/limits.ts";
import type { ZoneProfile } from "../../../federation/model/policy.ts";
import type { Federation } from "../../../federation/model/state.ts";
import { wholeNumber } from "../../../federation/proposing/whole-number.ts";
import { VIEW } from "../../names.ts";
import { plain, section } from "../elements.ts";
import { numberInput, radioInput, selectInput } from "./inputs.ts";
import { message } from "./modal.ts";
import { type StateValues, typed } from "./state-values.ts";
import { zoneChoice } from "./zone-choice.ts";

interface SiteForm {
  readonly zone: string;
  readonly superNodes: string;
}

export function addSiteForm(
  federation: Federation,
  form: SiteForm,
  zones: ReadonlyMap<ZoneName, ZoneProfile>,
): ModalView {
  const choices = freeZones(federation, zones).map(zoneChoice);
  if (choices.length === 0) {
    return message("Add a site", [
      section("Every zone with a VM template for this federation's framework is part of it already."),
    ]);
  }
  return {
    type: "modal",
    callback_id: VIEW.addSite,
    private_metadata: federation.id,
    title: plain("Add a site", 24),
    submit: plain("Ask the owners", 24),
    close: plain("Cancel", 24),
    blocks: [
      section(
        `One more training site for federation *${federation.name}*. The zone's owners are asked, and so are the coordinator's. The other sites go on undisturbed.`,
      ),
      selectInput("zone", "Training zone", choices, form.zone),
      numberInput("superNodes", "SuperNodes", form.superNodes || String(SUPERNODES.default), SUPERNODES),
      ...wayInput(federation),
    ],
  };
}

const WAY_BLOCK = "crossing";

/** Only where the SuperLink is reached in both ways; a running one is not given another. */
function wayInput({ crossing }: Federation): readonly InputBlock[] {
  if (crossing.kind !== "both") return [];
  const ways = [
    { value: "public-address", text: "To the public address of the SuperLink" },
    { value: "wireguard", text: "Through WireGuard, to one UDP port" },
  ];
  return [radioInput(WAY_BLOCK, "How does its traffic cross?", ways, "public-address")];
}

function wayTyped(values: StateValues, { crossing }: Federation): Pick<SiteWish, "crossing"> {
  if (crossing.kind !== "both") return {};
  return { crossing: typed(values, WAY_BLOCK) === "wireguard" ? "wireguard" : "public-address" };
}

/** Zones that are not in the federation and could train for it. */
function freeZones(federation: Federation, zones: ReadonlyMap<ZoneName, ZoneProfile>): readonly ZoneProfile[] {
  return [...zones.values()].filter((zone) => {
    const present = federation.sites.get(zone.name);
    const free = present === undefined || (present.approvalState === "excluded" && present.role === "training");
    return free && zone.templates.supernode[federation.settings.framework] !== undefined;
  });
}

export function readSiteForm(
  values: StateValues,
  federation: Federation,
  zones: ReadonlyMap<ZoneName, ZoneProfile>,
): { readonly wish: SiteWish } | { readonly mistakes: Readonly<Record<string, string>> } {
  const mistakes: Record<string, string> = {};
  const wanted = typed(values, "zone");
  const zone = freeZones(federation, zones).find(({ name }) => name === wanted);
  if (zone === undefined) mistakes["zone"] = "Choose a zone that is not part of this federation.";
  const superNodes = wholeNumber(typed(values, "superNodes"), SUPERNODES.min, SUPERNODES.max);
  if (superNodes === null) mistakes["superNodes"] = `Give a whole number from ${SUPERNODES.min} to ${SUPERNODES.max}.`;
  if (zone === undefined || superNodes === null) return { mistakes };
  return { wish: { zone: zone.name, role: "training", superNodes, ...wayTyped(values, federation) } };
}
