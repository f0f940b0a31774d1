/** What would run in a zone, exactly, for its owners only: templates, CONTEXT, manifest, agent. */
import type { App } from "@slack/bolt";
import type { ModalView } from "@slack/types";
import { isOwner } from "../../federation/consent.ts";
import { attemptTag, type Manifests, serviceOrder, serviceTemplateFor } from "../../federation/manifest.ts";
import type { Federation, Proposal, Site } from "../../federation/state.ts";
import { CONTEXT } from "../../guest-protocol/names.ts";
import { type Bot, findCard, refusalText } from "../bot.ts";
import { type Blocks, section } from "../cards/blocks.ts";
import { siteFacts } from "../cards/site-facts.ts";
import { type Answer, onClick } from "../handling.ts";
import type { Click } from "../interaction.ts";
import { codeBlock } from "../mrkdwn.ts";
import { ACTION } from "../names.ts";
import { message } from "./modal.ts";

export function register(app: App, bot: Bot): void {
  onClick(app, bot, ACTION.seeWhatRuns, (click) => open(bot, click));
}

async function open(bot: Bot, { value, person, triggerId }: Click): Promise<Answer> {
  const found = findCard(bot, value);
  if (found === null) return refusalText("unknown-card");
  const { federation, site, card } = found;
  if (!isOwner(bot.configuration.zones.get(site.zone), person)) return refusalText("not-an-owner");
  const proposal = site.proposals.find((candidate) => candidate.card === card);
  if (proposal === undefined) return refusalText("unknown-card");
  await bot.slack.views.open({
    trigger_id: triggerId,
    view: whatRuns(federation, site, proposal, bot.configuration.manifests),
  });
  return null;
}

export function whatRuns(federation: Federation, site: Site, proposal: Proposal, manifests: Manifests): ModalView {
  const { plan, digest } = proposal;
  const tag = attemptTag(federation.id, plan, digest, site.sequences + 1);
  const order = serviceOrder(plan, manifests, tag, federation.authority?.certificate ?? "");
  const template = serviceTemplateFor(plan.role, plan.template.id, manifests);
  const inputs = withoutCertificate(order.userInputs, plan.caFingerprint);
  return message("See what runs", [
    ...siteFacts(plan),
    ...listing("What is filled into the service template", JSON.stringify(inputs, null, 2)),
    ...listing("What is added to CONTEXT", JSON.stringify(order.context, null, 2)),
    ...listing("The network card", JSON.stringify(order.nic, null, 2)),
    ...listing("The service template", withoutAgent(JSON.stringify(template, null, 2), manifests)),
    ...listing(
      "Images",
      plan.template.images.map(({ id, name, registeredAt }) => `${id} ${name} ${registeredAt}`).join("\n"),
    ),
    ...listing("ssh keys for runs", plan.sshKeys.join("\n") || "none"),
    section(
      `*Digest of this version*\n\`${digest}\`\nAn approval is bound to it: whatever of the above changes voids the approval.`,
    ),
  ]);
}

/** The certificate itself is told after the approval; before, its fingerprint stands for it. */
const withoutCertificate = (inputs: Readonly<Record<string, string>>, fingerprint: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      name === CONTEXT.caCertificate ? `the CA certificate with fingerprint ${fingerprint}` : value,
    ]),
  );

const withoutAgent = (text: string, { agent }: Manifests): string =>
  text.replaceAll(agent.base64, `the guest agent, packed from the source with SHA-256 ${agent.sha256}`);

/** Long text in as many blocks as it needs, at most twenty. */
function listing(title: string, text: string): Blocks {
  const parts = text.match(/[\s\S]{1,2400}/g) ?? [" "];
  return parts
    .slice(0, 20)
    .map((part, index) => section(`${index === 0 ? `*${title}*\n` : ""}${codeBlock(part, 2600)}`));
}
