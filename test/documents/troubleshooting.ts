/** The page on every code that people, the log, the doctor or a metric may show: made from the sentences of the code. */
import { CONDITION_CODES } from "../../src/federation/model/conditions.ts";
import { REASONS, REFUSALS } from "../../src/federation/model/reasons.ts";
import type { Cause } from "../../src/slack/blocks/cause.ts";
import { CAUSES } from "../../src/slack/blocks/condition-causes.ts";
import { CLOSED_FOR_ALL, CLOSED_FOR_SOME } from "../../src/slack/refusals.ts";

export function troubleshooting(): string {
  return `# Troubleshooting, by code

Every code that cards, the log, \`npm run doctor\` or a metric may show, with what it means and who does what. This page is made
from the program by \`npm run documents\`; what stands here is what people read in Slack.

Where to look first: \`npm run doctor\` for a set-up that does not work yet, \`@florist zones\` for a zone, the site's card for what
runs, and the log for the rest ([operating](operating.md)).

## What is wrong with something that runs

These are the codes of \`florist_conditions\` and of the log's \`began\` and \`over\`. Owners read them on their site's card.

| code | what it means | who does what |
| --- | --- | --- |
${CONDITION_CODES.map((code) => row(code, CAUSES[code].what, actions(CAUSES[code]))).join("\n")}

## Why a site cannot be planned, or has failed

In zones' lists, on cards, from the doctor, and in the log behind \`cannot be planned\` and \`failed\`.

| code | what it means, and what to do |
| --- | --- |
${rows(REASONS)}

## Why a request was refused

In the log behind \`refused\`; nothing has changed then.

| code | what whoever asked has read |
| --- | --- |
${rows(REFUSALS)}

## What Slack says of a channel

A message that cannot be posted is given up, told in the federation's thread, and posted once it can be.

| Slack's word | the bot cannot post in the channel, because |
| --- | --- |
${rows({ ...CLOSED_FOR_ALL, ...CLOSED_FOR_SOME })}
`;
}

const row = (...cells: readonly string[]): string => {
  const [code = "", ...others] = cells;
  return `| ${[`\`${code}\``, ...others.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;"))].join(" | ")} |`;
};

const rows = (sentences: Readonly<Record<string, string>>): string =>
  Object.entries(sentences)
    .map(([code, sentence]) => row(code, sentence))
    .join("\n");

function actions({ owner, coordinator, operator, requester, itself }: Cause): string {
  const parts = [
    ["The zone's owner", owner],
    ["The coordinator's owner", coordinator],
    ["The bot's operator", operator],
    ["Whoever asked for the federation", requester],
    ["By itself", itself],
  ].flatMap(([who, told]) => (told === undefined ? [] : [`${who}: ${told}`]));
  return parts.length > 0 ? parts.join(" ") : "Its card's buttons are what can be done.";
}
