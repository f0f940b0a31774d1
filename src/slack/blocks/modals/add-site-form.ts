/** The form with which a running federation gets one more training site. Pure. */
import type { InputBlock, ModalView } from "@slack/types";
import type { SiteWish } from "../../../federation/model/events.ts";
import type { SiteName } from "../../../federation/model/identity.ts";
import { SUPERNODES } from "../../../federation/model/limits.ts";
import type { SiteProfile } from "../../../federation/model/policy.ts";
import { nameBeside, trainingChoices } from "../../../federation/model/site-profiles.ts";
import { coordinatorOf, type Federation } from "../../../federation/model/state.ts";
import { wholeNumber } from "../../../federation/proposing/whole-number.ts";
import { VIEW } from "../../names.ts";
import { plain, section } from "../elements.ts";
import { numberInput, radioInput, selectInput } from "./inputs.ts";
import { message } from "./modal.ts";
import { siteChoice } from "./site-choice.ts";
import { type StateValues, typed } from "./state-values.ts";

interface SiteForm {
  readonly site: string;
  readonly superNodes: string;
}

export function addSiteForm(
  federation: Federation,
  form: SiteForm,
  sites: ReadonlyMap<SiteName, SiteProfile>,
): ModalView {
  const choices = freeSites(federation, sites).map(siteChoice);
  if (choices.length === 0) {
    return message("Add a site", [
      section("Every site with a VM template for this federation's framework is part of it already."),
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
        `One more training site for federation *${federation.name}*. The site's owners are asked, and so are the coordinator's. The other sites go on undisturbed.`,
      ),
      selectInput("site", "Training site", choices, form.site),
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

/** Sites that are not in the federation and could train for it. */
function freeSites(federation: Federation, sites: ReadonlyMap<SiteName, SiteProfile>): readonly SiteProfile[] {
  const coordinator = coordinatorOf(federation).name;
  return trainingChoices(sites).filter((site) => {
    const present = federation.sites.get(nameBeside(coordinator, site));
    const free = present === undefined || present.approvalState === "excluded";
    return free && site.templates.supernode[federation.settings.framework] !== undefined;
  });
}

export function readSiteForm(
  values: StateValues,
  federation: Federation,
  sites: ReadonlyMap<SiteName, SiteProfile>,
): { readonly wish: SiteWish } | { readonly mistakes: Readonly<Record<string, string>> } {
  const mistakes: Record<string, string> = {};
  const wanted = typed(values, "site");
  const site = freeSites(federation, sites).find(({ name }) => name === wanted);
  if (site === undefined) mistakes["site"] = "Choose a site that is not part of this federation.";
  const superNodes = wholeNumber(typed(values, "superNodes"), SUPERNODES.min, SUPERNODES.max);
  if (superNodes === null) mistakes["superNodes"] = `Give a whole number from ${SUPERNODES.min} to ${SUPERNODES.max}.`;
  if (site === undefined || superNodes === null) return { mistakes };
  const name = nameBeside(coordinatorOf(federation).name, site);
  return { wish: { site: name, role: "training", superNodes, ...wayTyped(values, federation) } };
}
