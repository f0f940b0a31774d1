/** What a federation is for, until when it runs, and who issues its certificates. Lines of mrkdwn. */
import type { SitePlan } from "../../federation/model/plan.ts";
import type { Federation } from "../../federation/model/state.ts";
import { escaped } from "./mrkdwn.ts";

/** A day ends for everybody at the same moment, whatever each reader's time zone. */
export const dayWords = (day: string): string => `${day} (UTC)`;

export const purposeLines = (purpose: string): readonly string[] =>
  purpose === "" ? [] : [`*What it is for.* ${escaped(purpose)}`];

/** What an approval is given for. */
export const reasonLines = ({ purpose = "", until }: SitePlan): readonly string[] => [
  ...purposeLines(purpose),
  until === undefined
    ? "*Until when.* No last day is set: it runs until its owners end it."
    : `*Until when.* Its last day is ${dayWords(until)}. Before that you are asked whether your site goes on; without an answer it is taken down.`,
];

/** Nothing where it has no last day, or has ended. */
export const endLines = ({ term, ended }: Federation): readonly string[] =>
  term === null || ended !== null ? [] : [`Its last day is ${dayWords(term.until)}.`];

/** Who can make a certificate that training sites trust; nothing where it is this federation's own CA. */
export const issuerLines = ({ issuer }: Federation): readonly string[] =>
  issuer === "florist"
    ? []
    : [
        "*Certificates.* The coordinator's organisation issues them with a CA of its own: whatever that CA certifies for the SuperLink's names is trusted.",
      ];
