/** What holds in a federation of zones of every kind: what runs where, and which channel was told what. */
import { X509Certificate } from "node:crypto";
import { CONTEXT } from "../../src/guest-protocol/names.ts";
import type { KindSite } from "../kinds-of-zones.ts";
import { homeChannel, zoneChannel } from "../zones-file.ts";
import type { IssuingOrganisation } from "./issuing-organisation.ts";
import type { Performance } from "./performance.ts";

const ELSEWHERE = "C0RANDOM01";
/** The names of sites as they stand in brackets behind their titles. */
const SITE = /\((zone-[a-z](?:\/[a-z]+)?)\)/g;

/** Each site's channel has the CA and what is about that site; where nobody takes part there is nothing. */
export async function tellApart(
  stage: Performance,
  sites: readonly KindSite[],
  { root }: IssuingOrganisation,
): Promise<void> {
  const { fingerprint256: fingerprint } = new X509Certificate(root);
  for (const { people } of sites) await stage.reads(zoneChannel(people), "BEGIN CERTIFICATE", fingerprint);
  await stage.reads(homeChannel, "BEGIN CERTIFICATE", fingerprint);
  stage.checks.hold("Trust in the organisation's root CA is posted at home and in each site's channel.", true);
  for (const people of new Set(sites.map((site) => site.people))) {
    const told = namesIn(await stage.texts(zoneChannel(people)));
    const own = sites.filter((site) => site.people === people).map(({ name }) => name);
    stage.checks.hold(
      `${zoneChannel(people)} is told of ${own.join(" and ")}, and of no other site.`,
      told.size === own.length && own.every((name) => told.has(name)),
    );
  }
  const elsewhere = (await stage.texts(ELSEWHERE)).join("\n");
  stage.checks.hold(`Nothing of it is posted in ${ELSEWHERE}.`, !elsewhere.includes(fingerprint));
}

const namesIn = (texts: readonly string[]): ReadonlySet<string> =>
  new Set(texts.flatMap((text) => [...text.matchAll(SITE)].map(([, name = ""]) => name)));

/** What each zone shows of its services and VMs. */
export async function lookAtZones(
  stage: Performance,
  training: readonly KindSite[],
  { root }: IssuingOrganisation,
): Promise<void> {
  const { checks } = stage;
  for (const [zone, services, vms] of [
    ["zone-a", 2, 2],
    ["zone-b", 0, 2],
    ["zone-c", 1, 1],
  ] as const) {
    const shown = (await stage.zones.zone(zone)).services.length;
    const holds = shown === services && (await stage.runningVms(zone)) === vms;
    checks.hold(`In ${zone} run: services ${services}, VMs ${vms}, and nothing else.`, holds);
  }
  for (const { name, zone, hasDisk } of training) {
    const own = (await stage.contexts(zone)).filter((context) => context[CONTEXT.site] === name.replace("/", "."));
    const attached = own.map((context) => context[CONTEXT.data] ?? "");
    checks.hold(
      `${name} has one SuperNode, ${hasDisk ? "with the disk" : "and no data attached"}.`,
      attached.length === 1 && attached[0] === (hasDisk ? "disk" : ""),
    );
    const trusted = own.map((context) => Buffer.from(context[CONTEXT.caCertificate] ?? "", "base64").toString());
    checks.hold(
      `${name} trusts the organisation's root CA and nothing else.`,
      trusted.length === 1 && trusted[0]?.trim() === root.trim(),
    );
  }
}
