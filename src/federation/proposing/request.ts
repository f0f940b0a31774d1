/** What a person asks for with the form: parsed field by field, all mistakes at once. */

import { z } from "zod";
import type { Crossing, Issuer, SiteWish } from "../model/events.ts";
import { type ChannelId, type FederationId, type Person, type SiteName, slug } from "../model/identity.ts";
import { MAX_PURPOSE, MAX_SUPERNODES, MAX_TERM_DAYS, SUPERNODES } from "../model/limits.ts";
import { type Framework, framework, KEEPALIVE, type Settings } from "../model/plan.ts";
import type { SiteProfile, TakenTunnel } from "../model/policy.ts";
import { REFUSALS } from "../model/reasons.ts";
import { nameBeside } from "../model/site-profiles.ts";
import { DAY_MS, dayOf } from "../model/term.ts";
import { parseCrossing } from "./crossing-request.ts";
import { wholeNumber } from "./whole-number.ts";

export const FLOWER = { default: "1.31.0", oldest: 29, newest: 34 } as const;

/** The form's fields as typed, all text; a field that was not shown is absent. */
export interface RequestForm {
  readonly name: string;
  readonly coordinator: string;
  readonly training: readonly { readonly site: string; readonly superNodes: string }[];
  readonly crossing: Crossing["kind"];
  /** Training sites that come through WireGuard, where some do. */
  readonly tunnelled: readonly string[];
  /** For a public address. */
  readonly addressKind: "given" | "picked";
  readonly host: string;
  readonly port: string;
  /** For WireGuard: where the hub is reached over UDP, and the network of the tunnels' addresses. */
  readonly hub: string;
  readonly range: string;
  readonly privateIsReachable: boolean;
  readonly framework: string;
  readonly flowerVersion: string;
  readonly keepaliveTime: string;
  readonly keepaliveTimeout: string;
  readonly minimumTrainingSites: string;
  readonly purpose: string;
  readonly issuer: Issuer;
  /** A day such as `2027-03-01`; empty for no end. */
  readonly until: string;
}

export type FormField =
  | "name"
  | "coordinator"
  | "training"
  | `superNodes:${string}`
  | "host"
  | "port"
  | "tunnelled"
  | "hub"
  | "range"
  | "framework"
  | "flowerVersion"
  | "keepaliveTime"
  | "keepaliveTimeout"
  | "minimumTrainingSites"
  | "purpose"
  | "until";

export interface Request {
  readonly federation: FederationId;
  readonly name: ReturnType<typeof slug.parse>;
  readonly homeChannel: ChannelId;
  readonly requester: Person;
  readonly settings: Settings;
  readonly crossing: Crossing;
  readonly sites: readonly SiteWish[];
  readonly minimumTrainingSites: number;
  readonly purpose: string;
  readonly issuer: Issuer;
  readonly until: string | null;
}

export type ParsedForm =
  | { readonly ok: true; readonly request: Omit<Request, "federation" | "homeChannel" | "requester"> }
  | { readonly ok: false; readonly mistakes: Readonly<Partial<Record<FormField, string>>> };

/** What other federations that have not ended have. */
export interface Taken {
  readonly names: ReadonlySet<string>;
  readonly tunnels: Iterable<TakenTunnel>;
}

/** Holds every field to what the bot can carry out. `now`: ISO 8601. */
export function parseForm(
  form: RequestForm,
  sites: ReadonlyMap<SiteName, SiteProfile>,
  taken: Taken,
  now: string,
): ParsedForm {
  const mistakes: Partial<Record<FormField, string>> = {};
  const name = slug.safeParse(form.name.trim());
  if (!name.success) mistakes.name = "Use 2 to 31 of a-z, 0-9 and -, starting with a letter.";
  else if (taken.names.has(name.data)) mistakes.name = REFUSALS["name-taken"];

  const chosenFramework = framework.safeParse(form.framework);
  if (!chosenFramework.success) mistakes.framework = "Choose one of the frameworks offered.";
  const wishes = parseSites(form, sites, chosenFramework.data, mistakes);
  judgeTunnelled(form, mistakes);
  const minimumTrainingSites = parseMinimum(form, mistakes);
  const tunnels = wishes.reduce((sum, site) => sum + (site.crossing === "public-address" ? 0 : site.superNodes), 0);
  const { crossing, mistakes: ofCrossing } = parseCrossing(form, tunnels, taken.tunnels);
  Object.assign(mistakes, ofCrossing);
  const flower = parseFlower(form, mistakes);
  const purpose = parsePurpose(form, mistakes);
  const until = parseUntil(form, now, mistakes);
  if (Object.keys(mistakes).length > 0 || !name.success || !chosenFramework.success) return { ok: false, mistakes };
  return {
    ok: true,
    request: {
      name: name.data,
      settings: { ...flower, framework: chosenFramework.data },
      crossing,
      sites: wishes,
      minimumTrainingSites,
      purpose,
      issuer: form.issuer,
      until,
    },
  };
}

type Mistakes = Partial<Record<FormField, string>>;

function parseSites(
  form: RequestForm,
  sites: ReadonlyMap<SiteName, SiteProfile>,
  wanted: Framework | undefined,
  mistakes: Mistakes,
): readonly SiteWish[] {
  const byName = new Map<string, SiteProfile>([...sites.values()].map((site) => [site.name, site]));
  const coordinator = byName.get(form.coordinator);
  if (coordinator === undefined) mistakes.coordinator = "Choose the zone that runs the SuperLink.";
  else if (coordinator.templates.superlink === null) {
    mistakes.coordinator = "This zone does not offer to coordinate. Choose another one.";
  }
  const told: string[] = form.training.length === 0 ? ["Choose at least one training site."] : [];
  const training = form.training.flatMap(({ site, superNodes }, nth) => {
    const profile = byName.get(site);
    if (profile === undefined) {
      told.push(`There is no site ${site}. Choose from the list.`);
      return [];
    }
    if (form.training.findIndex((other) => other.site === site) < nth) told.push(`${profile.title} is listed twice.`);
    if (wanted !== undefined && profile.templates.supernode[wanted] === undefined) {
      told.push(`${profile.title} has no VM template for ${wanted}. Choose another framework or site.`);
    }
    const count = wholeNumber(superNodes, SUPERNODES.min, SUPERNODES.max);
    if (count === null) {
      mistakes[`superNodes:${site}`] = `Give a whole number from ${SUPERNODES.min} to ${SUPERNODES.max}.`;
    }
    const name = coordinator === undefined ? profile.name : nameBeside(coordinator.name, profile);
    return [{ site: name, role: "training" as const, superNodes: count ?? 0, ...wayOf(form, site) }];
  });
  const superNodes = training.reduce((sum, site) => sum + site.superNodes, 0);
  if (superNodes > MAX_SUPERNODES) {
    told.push(`A SuperLink can be told of ${MAX_SUPERNODES} SuperNodes, and these are ${superNodes}. Ask for fewer.`);
  }
  if (told.length > 0) mistakes.training = told.join(" ");
  if (coordinator === undefined) return training;
  return [{ site: coordinator.name, role: "coordinator", superNodes: 0 }, ...training];
}

/** Of a site that trains; nothing where all cross in the same way. */
const wayOf = ({ crossing, tunnelled }: RequestForm, site: string): Pick<SiteWish, "crossing"> =>
  crossing === "both" ? { crossing: tunnelled.includes(site) ? "wireguard" : "public-address" } : {};

/** Sites that were chosen and then taken out above would be forgotten without a word. */
function judgeTunnelled({ crossing, tunnelled, training }: RequestForm, mistakes: Mistakes): void {
  if (crossing !== "both" || tunnelled.every((name) => training.some(({ site }) => site === name))) return;
  mistakes.tunnelled = "Choose among the training sites above.";
}

function parseMinimum(form: RequestForm, mistakes: Mistakes): number {
  const minimum = wholeNumber(form.minimumTrainingSites, 1, Math.max(1, form.training.length));
  if (minimum === null) {
    mistakes.minimumTrainingSites = `Give a whole number from 1 to ${Math.max(1, form.training.length)}, the number of training sites.`;
  }
  return minimum ?? 1;
}

/** What neither can be seen nor is a space, and what turns the direction of reading, would make owners read something else. */
const UNSEEN = /[\s\p{Cc}\p{Bidi_Control}]+/gu;

function parsePurpose(form: RequestForm, mistakes: Mistakes): string {
  const purpose = form.purpose.replaceAll(UNSEEN, " ").trim();
  if (purpose === "") mistakes.purpose = "Say what it is for: every owner reads it before deciding.";
  else if (purpose.length > MAX_PURPOSE) mistakes.purpose = `Say it in at most ${MAX_PURPOSE} characters.`;
  return purpose;
}

function parseUntil(form: RequestForm, now: string, mistakes: Mistakes): string | null {
  const typed = form.until.trim();
  if (typed === "") return null;
  const [today, last] = [dayOf(Date.parse(now)), dayOf(Date.parse(now) + MAX_TERM_DAYS * DAY_MS)];
  const day = z.iso.date().safeParse(typed);
  if (!day.success) mistakes.until = "Choose a day, such as 2027-03-01.";
  else if (day.data <= today) mistakes.until = "Choose a day that is still to come.";
  else if (day.data > last)
    mistakes.until = `Choose a day up to ${last}; its owners are asked then whether it goes on.`;
  return typed;
}

function parseFlower(form: RequestForm, mistakes: Mistakes): Omit<Settings, "framework"> {
  const flowerVersion = form.flowerVersion.trim();
  const parts = /^1\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(flowerVersion);
  const minor = Number(parts?.[1] ?? Number.NaN);
  if (parts === null) mistakes.flowerVersion = `Give a version such as ${FLOWER.default}.`;
  else if (minor < FLOWER.oldest) {
    mistakes.flowerVersion = `Before 1.${FLOWER.oldest} a training app can read its node's key. Use 1.${FLOWER.oldest} to 1.${FLOWER.newest}.`;
  } else if (minor > FLOWER.newest) {
    mistakes.flowerVersion = `From 1.${FLOWER.newest + 1} on Flower's interfaces differ. Use 1.${FLOWER.oldest} to 1.${FLOWER.newest}.`;
  }
  const keepaliveTime = wholeNumber(form.keepaliveTime, KEEPALIVE.serverMinimum, KEEPALIVE.max);
  if (keepaliveTime === null) {
    mistakes.keepaliveTime = `Give ${KEEPALIVE.serverMinimum} to ${KEEPALIVE.max} seconds: the SuperLink allows no pings more often than every ${KEEPALIVE.serverMinimum} s.`;
  }
  const keepaliveTimeout = wholeNumber(form.keepaliveTimeout, 1, KEEPALIVE.max);
  if (keepaliveTimeout === null) mistakes.keepaliveTimeout = "Give a whole number of seconds, at least 1.";
  else if (keepaliveTime !== null && keepaliveTimeout >= keepaliveTime) {
    mistakes.keepaliveTimeout = "The timeout must be shorter than the keepalive interval.";
  }
  return {
    flowerVersion,
    keepaliveTime: keepaliveTime ?? KEEPALIVE.time,
    keepaliveTimeout: keepaliveTimeout ?? KEEPALIVE.timeout,
  };
}
