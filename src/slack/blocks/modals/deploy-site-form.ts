/** The form of `deploy-site`: what was typed so far -> the modal, and back. Pure. */
import type { InputBlock, ModalView } from "@slack/types";
import { z } from "zod";
import { type ChannelId, channelId, type SiteName } from "../../../federation/model/identity.ts";
import { MAX_PURPOSE, SUPERNODES } from "../../../federation/model/limits.ts";
import { FLEET_PORT, framework, KEEPALIVE } from "../../../federation/model/plan.ts";
import type { SiteProfile } from "../../../federation/model/policy.ts";
import { trainingChoices } from "../../../federation/model/site-profiles.ts";
import type { Federation } from "../../../federation/model/state.ts";
import { FLOWER, type FormField, type RequestForm } from "../../../federation/proposing/request.ts";
import { ACTION, VIEW } from "../../names.ts";
import { plain } from "../elements.ts";
import {
  ADDRESS_KIND_BLOCK,
  crossingInputs,
  crossingTyped,
  PRIVATE_BLOCK,
  TUNNELLED_BLOCK,
} from "./crossing-inputs.ts";
import { type Choice, dateInput, multiSelectInput, numberInput, radioInput, selectInput, textInput } from "./inputs.ts";
import { siteChoice } from "./site-choice.ts";
import { chosen, type StateValues, typed } from "./state-values.ts";

const NEW_FEDERATION = "new";
const ISSUER_BLOCK = "issuer";
const FEDERATION_BLOCK = "federation";
/** One number for every training site: so many of them have no field each. No site has this name. */
const EVERY_SITE = "superNodes:*";
/** A modal holds a hundred blocks. */
const MOST_FIELDS = 40;
/** Running federations that are offered; the others are named with the command. */
const MOST_RUNNING = 95;

export const EMPTY_FORM: RequestForm = {
  name: "",
  coordinator: "",
  training: [],
  crossing: "public-address",
  tunnelled: [],
  addressKind: "picked",
  host: "",
  port: String(FLEET_PORT),
  hub: "",
  range: "",
  privateIsReachable: false,
  framework: "none",
  flowerVersion: FLOWER.default,
  keepaliveTime: String(KEEPALIVE.time),
  keepaliveTimeout: String(KEEPALIVE.timeout),
  minimumTrainingSites: "1",
  purpose: "",
  issuer: "florist",
  until: "",
};

const metadata = z.strictObject({ channel: channelId });

export const channelOfForm = (privateMetadata: string): ChannelId =>
  metadata.parse(JSON.parse(privateMetadata)).channel;

export interface FormSetting {
  /** Becomes the federation's home channel. */
  readonly channel: ChannelId;
  readonly sites: ReadonlyMap<SiteName, SiteProfile>;
  /** Running federations of that channel, to which a site can be added instead. */
  readonly running: readonly Federation[];
}

export function deploySiteForm(form: RequestForm, setting: FormSetting): ModalView {
  return {
    type: "modal",
    callback_id: VIEW.deploySite,
    private_metadata: JSON.stringify({ channel: setting.channel }),
    title: plain("Deploy a federation", 24),
    submit: plain("Ask the owners", 24),
    close: plain("Cancel", 24),
    blocks: [
      ...federationChoice(setting.running),
      textInput("name", "Name of the federation", form.name, { placeholder: "spring-trial", max: 31 }),
      ...reasonInputs(form),
      ...siteInputs(form, setting.sites),
      ...crossingInputs(form, setting.sites),
      issuerInput(form),
      ...flowerInputs(form),
    ],
  };
}

function reasonInputs({ purpose, until }: RequestForm): readonly InputBlock[] {
  return [
    textInput("purpose", "What it is for", purpose, {
      multiline: true,
      max: MAX_PURPOSE,
      hint: "Every site's owners read it before they decide.",
    }),
    dateInput("until", "Last day", until, {
      optional: true,
      hint: "By UTC. Before it, each site's owners are asked whether it goes on. Without one it runs until they end it.",
    }),
  ];
}

function federationChoice(running: readonly Federation[]): readonly InputBlock[] {
  if (running.length === 0) return [];
  const choices: Choice[] = [
    { value: NEW_FEDERATION, text: "A new federation" },
    ...running.slice(0, MOST_RUNNING).map(({ id, name }) => ({ value: id, text: `Add a site to ${name}` })),
  ];
  const more = running.length - MOST_RUNNING;
  const hint = more > 0 ? { hint: `And ${more} more: name one with the command to add a site to it.` } : {};
  return [
    selectInput(FEDERATION_BLOCK, "Federation", choices, NEW_FEDERATION, { redraws: ACTION.federationChosen, ...hint }),
  ];
}

function siteInputs(form: RequestForm, sites: FormSetting["sites"]): readonly InputBlock[] {
  const coordinators = [...sites.values()].filter(({ templates }) => templates.superlink !== null);
  return [
    selectInput("coordinator", "Coordinator zone", coordinators.map(siteChoice), form.coordinator, {
      hint: "Runs the SuperLink that all training sites dial.",
      redraws: ACTION.coordinatorChosen,
    }),
    multiSelectInput(
      "training",
      "Training sites",
      trainingChoices(sites).map(siteChoice),
      form.training.map(({ site }) => site),
      {
        hint: "Each runs SuperNodes beside its own data. The coordinator's zone may train too.",
        redraws: ACTION.trainingChosen,
      },
    ),
    ...superNodesInputs(form, [...sites.values()]),
    numberInput("minimumTrainingSites", "Start with at least this many training sites", form.minimumTrainingSites, {
      min: 1,
      max: 100,
    }),
  ];
}

function superNodesInputs({ training }: RequestForm, sites: readonly SiteProfile[]): readonly InputBlock[] {
  if (training.length <= MOST_FIELDS) {
    return training.map(({ site, superNodes }) => superNodesInput(site, superNodes, sites));
  }
  const label = `SuperNodes at each of these ${training.length} sites`;
  const hint = "An owner can lower the number for the own site.";
  return [numberInput(EVERY_SITE, label, String(SUPERNODES.default), SUPERNODES, { hint })];
}

function superNodesInput(site: string, superNodes: string, sites: readonly SiteProfile[]): InputBlock {
  const title = sites.find(({ name }) => name === site)?.title ?? site;
  const field: FormField = `superNodes:${site}`;
  return numberInput(field, `SuperNodes in ${title}`, superNodes, SUPERNODES);
}

const issuerInput = ({ issuer }: RequestForm): InputBlock =>
  radioInput(
    ISSUER_BLOCK,
    "Certificates by",
    [
      { value: "florist", text: "florist, with a CA for this federation alone" },
      { value: "organisation", text: "The coordinator's organisation, with a CA of its own" },
    ],
    issuer,
    { hint: "Its owners then give the CA's certificate before anybody is asked, and sign the SuperLink's request." },
  );

function flowerInputs(form: RequestForm): readonly InputBlock[] {
  const frameworks = framework.options.map((value) => ({ value, text: value }));
  const seconds = { min: 1, max: KEEPALIVE.max };
  return [
    selectInput("framework", "Framework on the SuperNodes", frameworks, form.framework),
    textInput("flowerVersion", "Flower version, the same everywhere", form.flowerVersion, { max: 20 }),
    numberInput("keepaliveTime", "Keepalive interval in seconds", form.keepaliveTime, seconds),
    numberInput("keepaliveTimeout", "Keepalive timeout in seconds", form.keepaliveTimeout, seconds),
  ];
}

/** A field that was not shown yet has its default. */
export function readForm(values: StateValues): RequestForm {
  const field = (
    name: Exclude<
      keyof RequestForm,
      "issuer" | "training" | "privateIsReachable" | "addressKind" | "crossing" | "tunnelled"
    >,
  ): string => (values[name] === undefined ? EMPTY_FORM[name] : typed(values, name));
  const coordinator = field("coordinator");
  return {
    name: field("name"),
    coordinator,
    training: chosen(values, "training").map((site) => ({ site, superNodes: superNodesTyped(values, site) })),
    crossing: crossingTyped(values),
    tunnelled: chosen(values, TUNNELLED_BLOCK),
    addressKind: typed(values, ADDRESS_KIND_BLOCK) === "given" ? "given" : "picked",
    host: field("host"),
    port: field("port"),
    hub: field("hub"),
    range: field("range"),
    privateIsReachable: chosen(values, PRIVATE_BLOCK).length > 0,
    framework: field("framework"),
    flowerVersion: field("flowerVersion"),
    keepaliveTime: field("keepaliveTime"),
    keepaliveTimeout: field("keepaliveTimeout"),
    minimumTrainingSites: field("minimumTrainingSites"),
    purpose: field("purpose"),
    issuer: typed(values, ISSUER_BLOCK) === "organisation" ? "organisation" : "florist",
    until: field("until"),
  };
}

function superNodesTyped(values: StateValues, site: string): string {
  const block = [`superNodes:${site}`, EVERY_SITE].find((name) => values[name] !== undefined);
  return block === undefined ? String(SUPERNODES.default) : typed(values, block);
}

/** The federation chosen at the top of the form. */
export const federationChosen = (values: StateValues): string => typed(values, FEDERATION_BLOCK) || NEW_FEDERATION;

/** Slack takes a mistake only on a field that is shown; one on another field goes to the first that is. */
export function placed(
  mistakes: Readonly<Partial<Record<string, string>>>,
  values: StateValues,
): Readonly<Record<string, string>> {
  const shown: Record<string, string> = {};
  for (const [field, sentence] of Object.entries(mistakes)) {
    if (sentence === undefined) continue;
    const block = blockOf(field, values);
    if (shown[block]?.includes(sentence) === true) continue;
    shown[block] = shown[block] === undefined ? sentence : `${shown[block]} ${sentence}`;
  }
  return shown;
}

function blockOf(field: string, values: StateValues): string {
  if (values[field] !== undefined) return field;
  if (field.startsWith("superNodes:") && values[EVERY_SITE] !== undefined) return EVERY_SITE;
  return Object.keys(values)[0] ?? field;
}
