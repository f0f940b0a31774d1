/** The card on top of a federation's thread: always current, and free of anything that only a zone may see. */

import type { Button } from "@slack/types";
import type { Directory } from "../../federation/deciding/visibility.ts";
import { isOfZone } from "../../federation/model/conditions.ts";
import { siteOfZone } from "../../federation/model/identity.ts";
import { coordinatorOf, type Federation } from "../../federation/model/state.ts";
import { raisedConditions } from "../../federation/model/status.ts";
import type { TunnelWish } from "../../federation/tunnels/crossing.ts";
import { ACTION } from "../names.ts";
import { plainSentence, sinceWords } from "./conditions.ts";
import { actions, type Blocks, button, context, header, section, sections } from "./elements.ts";
import { MARK } from "./marks.ts";
import { count, escaped, mention } from "./mrkdwn.ts";
import { phaseOf } from "./phase.ts";
import { type ListOptions, siteBlocks } from "./site-list.ts";
import { endLines, purposeLines } from "./term-words.ts";
import { placeTitle } from "./titles.ts";

export type CardOptions = ListOptions;

/** Zones named as not to be seen; more are counted. */
const MOST_AWAY = 8;

export function federationCard(federation: Federation, options: CardOptions): { text: string; blocks: Blocks } {
  const phase = phaseOf(federation);
  return {
    text: `Federation ${federation.name}: ${phase}`,
    blocks: [
      header(`Federation ${federation.name}`),
      section(`*${phase}*\n${[`Asked for by ${mention(federation.requester)}.`, ...endLines(federation)].join(" ")}`),
      ...sections(purposeLines(federation.purpose)),
      ...unseenZones(federation, options.directory),
      ...siteBlocks(federation, options),
      section(connections(federation, options.directory)),
      context(versions(federation)),
      ...actions(...buttons(federation)),
    ],
  };
}

/** What is shown of these zones is old, or may be. */
function unseenZones(federation: Federation, directory: Directory): Blocks {
  if (federation.ended !== null) return [];
  const away = raisedConditions(federation).flatMap((condition) =>
    condition.subject.kind === "zone" && isOfZone(condition.code) ? [{ zone: condition.subject.zone, condition }] : [],
  );
  if (away.length === 0) return [];
  const lines = away.slice(0, MOST_AWAY).map(({ zone, condition }) => {
    const where = escaped(placeTitle(directory, { name: siteOfZone(zone) }));
    const what = condition.flapping ? "at times it cannot be looked at." : plainSentence(condition.code);
    return `${MARK.unknown} *${where}*, ${sinceWords(condition)}: ${escaped(what)}`;
  });
  if (away.length > MOST_AWAY) lines.push(`and ${count(away.length - MOST_AWAY, "more zone")}`);
  return [section(lines.join("\n"))];
}

function connections(federation: Federation, directory: Directory): string {
  const coordinator = escaped(placeTitle(directory, coordinatorOf(federation)));
  const { crossing } = federation;
  switch (crossing.kind) {
    case "public-address":
      return `Every training site dials the SuperLink of ${coordinator} over TLS, port ${crossing.address.port}. Nothing dials a training site.`;
    case "wireguard":
      return `Every SuperNode reaches the SuperLink of ${coordinator} through a WireGuard tunnel of its own to ${hubOf(crossing)} over UDP, and dials it inside over TLS. Nothing dials a training site.`;
    case "both":
      return `Training sites dial the SuperLink of ${coordinator} over TLS, port ${crossing.address.port}, or inside WireGuard tunnels to ${hubOf(crossing)} over UDP. Nothing dials a training site.`;
  }
}

const hubOf = ({ hub }: TunnelWish): string => escaped(`${hub.host}:${hub.port}`);

function versions(federation: Federation): string {
  const { flowerVersion, framework, keepaliveTime, keepaliveTimeout } = federation.settings;
  const needs = `at least ${count(federation.minimumTrainingSites, "training site")}`;
  return `Flower ${escaped(flowerVersion)} · framework ${framework} · keepalive ${keepaliveTime} s, timeout ${keepaliveTimeout} s · starts with ${needs}`;
}

const withdrawal = ({ id, name }: Federation): Button =>
  button("Withdraw the teardown", ACTION.withdrawTeardown, id, {
    label: `Withdraw the teardown of federation ${name}`,
    confirm: {
      title: "Withdraw the teardown?",
      text: "The sites that still run go on. Those whose owners have agreed already are removed all the same, and can be asked for again.",
      yes: "Withdraw it",
    },
  });

function buttons(federation: Federation): readonly Button[] {
  const { id, name, ended, teardown, trustedAt, sites } = federation;
  if (ended !== null) return [];
  if (teardown !== null) return coordinatorOf(federation).deployment === null ? [] : [withdrawal(federation)];
  const isBlocked = [...sites.values()].some(({ problems }) => problems.length > 0);
  const shown: Button[] = [];
  if (isBlocked) {
    const label = `Check the zones of federation ${name} again`;
    shown.push(button("Check again", ACTION.checkAgain, id, { style: "primary", label }));
  }
  if (trustedAt !== null)
    shown.push(button("Add a site", ACTION.addSite, id, { label: `Add a site to federation ${name}` }));
  const created = [...sites.values()].some(({ attempts }) => attempts > 0);
  shown.push(
    created
      ? button("Ask for teardown", ACTION.askTeardown, id, {
          label: `Ask for the teardown of federation ${name}`,
          confirm: {
            title: "Ask for teardown?",
            text: "Every site's owners are asked about their own site. Training sites end first, the coordinator last.",
            yes: "Ask the owners",
          },
        })
      : button("Cancel the request", ACTION.cancel, id, {
          style: "danger",
          label: `Cancel the request for federation ${name}`,
          confirm: {
            title: "Cancel the request?",
            text: "Nothing has been created. The request ends.",
            yes: "Cancel it",
          },
        }),
  );
  return shown;
}
