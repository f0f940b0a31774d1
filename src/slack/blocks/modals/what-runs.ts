/** What would run in a zone, exactly, for its owners only: templates, CONTEXT, manifest, agent. Pure. */
import type { ModalView } from "@slack/types";
import type { Manifests } from "../../../federation/model/manifests.ts";
import type { Federation, Proposal, Site } from "../../../federation/model/state.ts";
import { attemptTag, serviceOrder, serviceTemplateFor } from "../../../federation/proposing/manifest.ts";
import { CONTEXT } from "../../../guest-protocol/names.ts";
import { type Blocks, section } from "../elements.ts";
import { codeBlock } from "../mrkdwn.ts";
import { siteFacts } from "../site-facts.ts";
import { message } from "./modal.ts";

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
