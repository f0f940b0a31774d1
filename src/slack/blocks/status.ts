/** Answers to `status`: private, and only about federations that the person may know of. */

import type { Directory } from "../../federation/deciding/visibility.ts";
import { coordinatorOf, type Federation } from "../../federation/model/state.ts";
import { type Blocks, context, header, section } from "./elements.ts";
import { zoneTitle } from "./federation-card.ts";
import { escaped, moment } from "./mrkdwn.ts";
import { phaseOf, sign, siteProgress } from "./progress.ts";

export function statusOf(federation: Federation, directory: Directory): { text: string; blocks: Blocks } {
  const sites = [...federation.sites.values()].slice(0, 40).map((site) => {
    const progress = siteProgress(federation, site, directory);
    const kind = site.role === "coordinator" ? ", coordinator" : "";
    return `${sign(progress)} *${escaped(zoneTitle(directory, site))}*${kind}: ${escaped(progress.sentence, 220)}`;
  });
  return {
    text: `Federation ${federation.name}: ${phaseOf(federation)}`,
    blocks: [
      header(`Federation ${federation.name}`),
      section(`*${phaseOf(federation)}*`),
      ...inSections(sites),
      context(certificateLine(federation)),
    ],
  };
}

/** Lines gathered into as few sections as hold them. */
function inSections(lines: readonly string[]): Blocks {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last !== undefined && last.length + line.length < 2900) texts[texts.length - 1] = `${last}\n${line}`;
    else texts.push(line);
  }
  return texts.map(section);
}

function certificateLine(federation: Federation): string {
  const guests = [...(coordinatorOf(federation).run?.guests.values() ?? [])];
  const issued = guests
    .flatMap(({ certificate }) => (certificate === null ? [] : [certificate.expiresAt]))
    .sort()
    .at(-1);
  const server =
    issued === undefined
      ? "no certificate has been issued yet"
      : `the SuperLink's certificate is valid until ${moment(issued)} and is renewed before`;
  const authority = federation.authority === null ? "" : `; the CA until ${moment(federation.authority.expiresAt)}`;
  return `Certificates: ${server}${authority}.`;
}

export function overview(federations: readonly Federation[], commandName: string): { text: string; blocks: Blocks } {
  if (federations.length === 0) {
    const text = `There is no federation that you can see here. ${commandName} deploy-site asks for one.`;
    return { text, blocks: [section(text)] };
  }
  const newestFirst = [...federations].sort((one, other) => other.requestedAt.localeCompare(one.requestedAt));
  const living = newestFirst.filter(({ ended }) => ended === null);
  const past = newestFirst.filter(({ ended }) => ended !== null).slice(0, 5);
  const lines = [...living, ...past].slice(0, 40).map((one) => `• *${one.name}*: ${phaseOf(one)}`);
  return { text: "Your federations", blocks: inSections(lines) };
}
