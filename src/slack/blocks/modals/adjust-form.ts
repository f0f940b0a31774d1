/** The form with which an owner changes what would run in the own zone, within what the zones file offers. Pure. */
import type { InputBlock, ModalView } from "@slack/types";
import type { Adjustment } from "../../../federation/model/events.ts";
import { SUPERNODES } from "../../../federation/model/limits.ts";
import {
  type DataWish,
  type SitePlan,
  superNodesOf,
  type TunnelWay,
  tunnelWay,
} from "../../../federation/model/plan.ts";
import type { SiteProfile } from "../../../federation/model/policy.ts";
import { REASONS } from "../../../federation/model/reasons.ts";
import type { Federation, Proposal, Site } from "../../../federation/model/state.ts";
import type { ObjectRef } from "../../../federation/model/zone-facts.ts";
import { wholeNumber } from "../../../federation/proposing/whole-number.ts";
import { DATA_SHOWN_AT, parseDataFolder } from "../../../guest-protocol/data.ts";
import { cardValue } from "../../card-value.ts";
import { VIEW } from "../../names.ts";
import { plain, section } from "../elements.ts";
import { numberInput, selectInput, textInput } from "./inputs.ts";
import { type StateValues, typed } from "./state-values.ts";

const BLOCK = {
  template: "template",
  network: "network",
  superNodes: "superNodes",
  folder: "dataFolder",
  image: "dataImage",
  tunnelWay: "tunnelWay",
} as const;

/** Numbers that oned gives. */
const IMAGES = { min: 0, max: 2 ** 31 - 1 } as const;

export interface Adjustable {
  readonly federation: Federation;
  readonly site: Site;
  readonly proposal: Proposal;
  readonly profile: SiteProfile;
}

export function adjustForm({ federation, site, proposal, profile }: Adjustable): ModalView {
  const { adjustment, plan } = proposal;
  const templates = templatesOffered(federation, site, profile);
  const networks = networksOffered(profile);
  return {
    type: "modal",
    callback_id: VIEW.adjust,
    private_metadata: cardValue(federation.id, proposal.card),
    title: plain("Adjust and approve", 24),
    submit: plain("Approve my version", 24),
    close: plain("Go back", 24),
    blocks: [
      section(
        "Your version is looked at in your zone first. It voids earlier votes on this site and counts as your own vote.",
      ),
      choiceOf(BLOCK.template, "VM template", templates, adjustment.template ?? templates[0]),
      choiceOf(BLOCK.network, "Network", networks, adjustment.network ?? profile.network),
      ...tunnelInput(site, plan, profile),
      ...(site.role === "training" ? trainingInputs(site, superNodesOf(plan), adjustment.data) : []),
    ],
  };
}

interface Ways {
  readonly label: string;
  readonly texts: Readonly<Record<TunnelWay, string>>;
  readonly hint: string;
}

const ENDS: Ways = {
  label: "Who has this site's end of the tunnel",
  texts: { own: "Each of the VMs itself", gateway: "A VM beside them, for all", router: "The zone's own router" },
  hint: "A router is configured by its administrator; you then give its public key.",
};

const HUB: Ways = {
  label: "Who is the hub of the tunnels",
  texts: { ...ENDS.texts, own: "The SuperLink's VM itself", gateway: "A VM before it, the gateway" },
  hint: "With a gateway the SuperLink's VM is dialled by that one only, and the UDP port leads to it.",
};

/** Only where there is a tunnel; a gateway where it has a template. */
function tunnelInput(site: Site, { link }: SitePlan, profile: SiteProfile): readonly InputBlock[] {
  if (link.kind !== "wireguard") return [];
  const { label, texts, hint } = site.role === "coordinator" ? HUB : ENDS;
  const choices = waysOffered(site, profile).map((value) => ({ value, text: texts[value] }));
  // One choice is none.
  return choices.length < 2 ? [] : [selectInput(BLOCK.tunnelWay, label, choices, link.way, { hint })];
}

/** A router is no hub. */
const waysOffered = ({ role }: Pick<Site, "role">, { templates }: SiteProfile): readonly TunnelWay[] =>
  tunnelWay.options.filter((way) =>
    way === "gateway" ? templates.gateway !== null : way === "own" || role === "training",
  );

function trainingInputs(site: Site, superNodes: number, data: DataWish | undefined): readonly InputBlock[] {
  return [
    numberInput(BLOCK.superNodes, "SuperNodes", String(superNodes), { min: SUPERNODES.min, max: site.wish.superNodes }),
    textInput(BLOCK.folder, "Data: a folder of the VMs", data?.kind === "folder" ? data.path : "", {
      optional: true,
      placeholder: "/srv/scans",
      hint: `On their image, or mounted by it. Apps read it at ${DATA_SHOWN_AT}, and nothing writes to it there.`,
    }),
    numberInput(
      BLOCK.image,
      "Or a disk: the number of its image",
      data?.kind === "disk" ? String(data.image) : "",
      IMAGES,
      {
        optional: true,
        hint: `Each VM gets a clone of it, mounted read-only at ${DATA_SHOWN_AT}. One VM may have a persistent image itself.`,
      },
    ),
  ];
}

/** Numbers and names of OpenNebula's objects differ in type, so a choice is named by its place in the list. */
function choiceOf(field: string, label: string, offered: readonly ObjectRef[], now: ObjectRef | undefined): InputBlock {
  const choices = offered.map((ref, index) => ({ value: String(index), text: String(ref) }));
  return selectInput(field, label, choices, String(Math.max(0, now === undefined ? 0 : offered.indexOf(now))));
}

function templatesOffered(
  federation: Federation,
  site: Site,
  { templates, alternatives }: SiteProfile,
): readonly ObjectRef[] {
  const usual = site.role === "coordinator" ? templates.superlink : templates.supernode[federation.settings.framework];
  return [...new Set([...(usual === null || usual === undefined ? [] : [usual]), ...alternatives.templates])];
}

const networksOffered = ({ network, alternatives }: SiteProfile): readonly ObjectRef[] => [
  ...new Set([network, ...alternatives.networks]),
];

export function readAdjustment(
  values: StateValues,
  { federation, site, profile }: Adjustable,
): { readonly adjustment: Adjustment } | { readonly mistakes: Readonly<Record<string, string>> } {
  const mistakes: Record<string, string> = {};
  const template = picked(values, BLOCK.template, templatesOffered(federation, site, profile));
  const network = picked(values, BLOCK.network, networksOffered(profile));
  if (template === undefined) mistakes[BLOCK.template] = "Choose one of the VM templates offered.";
  if (network === undefined) mistakes[BLOCK.network] = "Choose one of the networks offered.";
  const training = site.role === "training" ? readTraining(values, site, mistakes) : {};
  const way = tunnelWay.safeParse(typed(values, BLOCK.tunnelWay));
  if (template === undefined || network === undefined || Object.keys(mistakes).length > 0) return { mistakes };
  return { adjustment: { template, network, ...training, ...(way.success ? { tunnelWay: way.data } : {}) } };
}

function picked(values: StateValues, field: string, offered: readonly ObjectRef[]): ObjectRef | undefined {
  return offered[wholeNumber(typed(values, field), 0, offered.length - 1) ?? -1];
}

function readTraining(values: StateValues, site: Site, mistakes: Record<string, string>): Adjustment {
  const superNodes = wholeNumber(typed(values, BLOCK.superNodes), SUPERNODES.min, site.wish.superNodes);
  if (superNodes === null) {
    mistakes[BLOCK.superNodes] =
      `Give a whole number from ${SUPERNODES.min} to ${site.wish.superNodes}, the number asked for.`;
  }
  const data = readData(values, mistakes);
  return {
    ...(superNodes === null ? {} : { superNodes }),
    ...(data === null ? {} : { data }),
  };
}

/** null: nothing is attached, or a mistake was made. */
function readData(values: StateValues, mistakes: Record<string, string>): DataWish | null {
  const [folder, number] = [typed(values, BLOCK.folder).trim(), typed(values, BLOCK.image).trim()];
  if (folder !== "" && number !== "") {
    mistakes[BLOCK.image] = "Data is a folder or a disk. Leave one of the two empty.";
    return null;
  }
  if (number !== "") {
    const image = wholeNumber(number, IMAGES.min, IMAGES.max);
    if (image === null) mistakes[BLOCK.image] = "Give the number that oneimage list shows.";
    return image === null ? null : { kind: "disk", image };
  }
  const path = parseDataFolder(folder);
  if (folder !== "" && !path.ok) mistakes[BLOCK.folder] = REASONS["data-path"];
  return path.ok ? { kind: "folder", path: path.value } : null;
}
