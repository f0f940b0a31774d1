/** The form with which an owner changes what would run in the own zone, within what the zones file offers. Pure. */
import type { InputBlock, ModalView } from "@slack/types";
import type { Adjustment } from "../../../federation/model/events.ts";
import { SUPERNODES } from "../../../federation/model/limits.ts";
import { type SitePlan, superNodesOf, type TunnelWay, tunnelWay } from "../../../federation/model/plan.ts";
import type { ZoneProfile } from "../../../federation/model/policy.ts";
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
  data: "data",
  tunnelWay: "tunnelWay",
} as const;

export interface Adjustable {
  readonly federation: Federation;
  readonly site: Site;
  readonly proposal: Proposal;
  readonly profile: ZoneProfile;
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
      ...tunnelInput(site, plan),
      ...(site.role === "training" ? trainingInputs(site, superNodesOf(plan), adjustment.data?.path ?? "") : []),
    ],
  };
}

const WAYS: Readonly<Record<TunnelWay, string>> = {
  own: "Each of the VMs itself",
  router: "The zone's own router",
};

/** Only where there is a tunnel, and not of the hub, which is on the SuperLink's VM. */
function tunnelInput({ role }: Site, { link }: SitePlan): readonly InputBlock[] {
  if (role === "coordinator" || link.kind !== "wireguard") return [];
  const choices = tunnelWay.options.map((value) => ({ value, text: WAYS[value] }));
  return [
    selectInput(BLOCK.tunnelWay, "Who has this zone's end of the tunnel", choices, link.way, {
      hint: "A router is configured by its administrator; you then give its public key.",
    }),
  ];
}

function trainingInputs(site: Site, superNodes: number, folder: string): readonly InputBlock[] {
  return [
    numberInput(BLOCK.superNodes, "SuperNodes", String(superNodes), { min: SUPERNODES.min, max: site.wish.superNodes }),
    textInput(BLOCK.data, "Data to attach", folder, {
      optional: true,
      placeholder: "/srv/scans",
      hint: `A folder of the VMs' image, or one that it mounts. Apps read it at ${DATA_SHOWN_AT}, and nothing writes to it there.`,
    }),
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
  { templates, alternatives }: ZoneProfile,
): readonly ObjectRef[] {
  const usual = site.role === "coordinator" ? templates.superlink : templates.supernode[federation.settings.framework];
  return [...new Set([...(usual === null || usual === undefined ? [] : [usual]), ...alternatives.templates])];
}

const networksOffered = ({ network, alternatives }: ZoneProfile): readonly ObjectRef[] => [
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
  if (template === undefined || network === undefined || Object.keys(mistakes).length > 0) return { mistakes };
  return { adjustment: { template, network, ...training } };
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
  const folder = typed(values, BLOCK.data).trim();
  const data = folder === "" ? null : parseDataFolder(folder);
  if (data !== null && !data.ok) mistakes[BLOCK.data] = REASONS["data-path"];
  const way = tunnelWay.safeParse(typed(values, BLOCK.tunnelWay));
  return {
    ...(superNodes === null ? {} : { superNodes }),
    ...(data?.ok ? { data: { kind: "folder" as const, path: data.value } } : {}),
    ...(way.success ? { tunnelWay: way.data } : {}),
  };
}
