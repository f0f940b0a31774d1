/** Who has decided what about a site and when, and what is still missing. Lines of mrkdwn. */

import { standingConsents } from "../../federation/deciding/consent.ts";
import type { Directory } from "../../federation/deciding/visibility.ts";
import type { ConsentKind } from "../../federation/model/events.ts";
import type { Federation, Proposal, Site } from "../../federation/model/state.ts";
import { MARK } from "./marks.ts";
import { firstOf, mention, moment, quoted } from "./mrkdwn.ts";
import { waitsFor } from "./progress.ts";

/** Votes that are named. */
const MOST_VOTES = 10;

const WORDS: Readonly<Record<ConsentKind, { readonly given: string; readonly refused: string }>> = {
  run: { given: "approved", refused: "rejected it" },
  admit: { given: "agreed to admit it", refused: "refused to admit it" },
};

export function votes(federation: Federation, site: Site, kind: ConsentKind, directory: Directory): readonly string[] {
  const given = standingConsents(federation, site, kind, directory).map(
    ({ by, at }) => `${MARK.done} ${mention(by)} ${WORDS[kind].given} ${moment(at)}.`,
  );
  const lines = [...firstOf(given, MOST_VOTES, "vote")];
  const { refusal } = site;
  if (refusal !== null && refusal.kind === kind) {
    lines.push(
      `${MARK.refused} ${mention(refusal.by)} ${WORDS[kind].refused} ${moment(refusal.at)}: ${quoted(refusal.because)}`,
    );
  }
  return lines;
}

/** What a site that is asked about still needs, and until when. */
export const whatIsMissing = (federation: Federation, site: Site, proposal: Proposal, directory: Directory): string =>
  `${waitsFor(federation, site, directory)} The time to decide ends ${moment(proposal.expiresAt)}.`;
